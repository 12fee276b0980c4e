"""How sections lie, told from their outlines: centre, and turn against the outline of one. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point, Rigid

SAMPLES = 128
"""Points along an outline, evenly spaced."""
REFINEMENTS = 4
"""Newton steps from the best of these to the best start between them."""
CLEARLY = 2.0
"""Another turn is ruled out where it fits the outline worse than the best one by so much."""
LEAST_MISFIT = 0.02
"""Outlines are not drawn better than this."""
QUARTERS = (1j, -1, -1j)
"""Turns by which a square, and the second by which a rectangle comes to lie on itself."""
FULL_TURN_DEG = 360.0

Floats = NDArray[np.float64]
Waves = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Pose:
    """A turn about the origin, then a shift of the origin to ``centre_um``, the outline's centroid.

    ``alternatives_deg``: other turns that fit the outline about as well, such as half a turn more of any
    rectangle. ``misfit``: rms distance of the outlines, scaled alike, over their rms radius.
    """

    centre_um: Point
    rotation_deg: float
    alternatives_deg: tuple[float, ...] = ()
    misfit: float = 0.0

    @property
    def ambiguous(self) -> bool:
        """Whether the outline leaves open how the section is turned."""
        return bool(self.alternatives_deg)

    @property
    def place(self) -> Rigid:
        """From the section's own frame, its centroid at the origin, to the wafer."""
        return Rigid(*self.centre_um, self.rotation_deg)

    def ways(self) -> tuple[Pose, ...]:
        """The pose and all others that the section may have."""
        return self, *(self.turned_to(angle_deg) for angle_deg in self.alternatives_deg)

    def turned_to(self, rotation_deg: float) -> Pose:
        """The pose that it is when one of the alternatives is the right one."""
        others = (self.rotation_deg, *self.alternatives_deg)
        return replace(
            self,
            rotation_deg=rotation_deg,
            alternatives_deg=tuple(angle for angle in others if angle != rotation_deg),
        )

    def nearest_to(self, rotation_deg: float) -> Pose:
        """Of the ways that the section may lie, the one turned most like this."""
        return min(self.ways(), key=lambda way: abs(within_half_turn_deg(way.rotation_deg - rotation_deg)))


def within_half_turn_deg(angle_deg: float) -> float:
    """The same direction in [-180, 180)."""
    return (angle_deg + FULL_TURN_DEG / 2) % FULL_TURN_DEG - FULL_TURN_DEG / 2


def centroid_um(outline_um: Sequence[Point]) -> Point:
    """The centre of area of a polygon."""
    middle = shapely.Polygon(outline_um).centroid
    return middle.x, middle.y


def pose_of(outline_um: Sequence[Point], template_um: Sequence[Point] | None = None) -> Pose:
    """Where an outline lies, and by how much it is turned from the template's.

    Without a template the turn is that of the long side of the smallest rectangle about it, in [-90, 90).
    """
    if template_um is not None:
        return poses_of([outline_um], template_um)[0]
    angle_deg = _long_side_deg(outline_um)
    return Pose(centroid_um(outline_um), angle_deg, (within_half_turn_deg(angle_deg + FULL_TURN_DEG / 2),))


def poses_of(outlines_um: Sequence[Sequence[Point]], template_um: Sequence[Point]) -> list[Pose]:
    """The same for many outlines at once.

    Contours are complex functions of the way along them. For each start on one of them the turn of
    least squares is the angle of their correlation (Procrustes), and all starts come from one Fourier
    transform.
    """
    if not outlines_um:
        return []
    template = np.fft.fft(_contour(template_um))
    contours = np.fft.fft(np.array([_contour(outline) for outline in outlines_um]))
    energy = np.sqrt((np.abs(contours) ** 2).sum(1) * (np.abs(template) ** 2).sum()) / SAMPLES
    peaks = np.array(list(_peaks(contours * template.conj())))
    misfits = np.sqrt(np.clip(1 - (np.abs(peaks) / energy) ** 2, 0, None))
    possible = misfits < CLEARLY * np.maximum(misfits[0], LEAST_MISFIT)
    angles_deg = np.degrees(np.angle(peaks))
    return [
        Pose(
            centroid_um(outline),
            float(angles_deg[0, n]),
            tuple(angles_deg[1:, n][possible[1:, n]].tolist()),
            float(misfits[0, n]),
        )
        for n, outline in enumerate(outlines_um)
    ]


def _peaks(product: Waves) -> Iterator[Waves]:
    """The largest correlation of each pair, and the largest about each quarter turn from there."""
    starts = np.fft.ifft(product)
    best = np.abs(starts).argmax(1)
    yield _refined(product, best)
    turns = starts * np.take_along_axis(starts, best[:, None], 1).conj()
    for quarter in QUARTERS:
        about = turns * np.conj(quarter)
        near = about.real > np.abs(about.imag)
        yield _refined(product, np.where(near, np.abs(starts), 0.0).argmax(1))


def _refined(product: Waves, starts: NDArray[np.intp]) -> Waves:
    """The correlation at the start between samples, near each of ``starts``, where it is largest."""
    frequency = 2j * np.pi * np.fft.fftfreq(SAMPLES)
    at = starts.astype(np.float64)
    for _ in range(REFINEMENTS):
        wave = product * np.exp(frequency * at[:, None]) / SAMPLES
        c, slope, bend = (wave @ frequency**power for power in range(3))
        rise = (slope * c.conj()).real
        curve = (bend * c.conj()).real + np.abs(slope) ** 2
        at -= np.clip(np.divide(rise, curve, out=np.zeros_like(rise), where=curve < 0), -0.5, 0.5)
    return np.asarray((product * np.exp(frequency * at[:, None])).mean(1))


def _contour(outline_um: Sequence[Point]) -> Waves:
    """Points along an outline, counter-clockwise, from its centroid."""
    polygon = shapely.Polygon(outline_um)
    corners = shapely.get_coordinates(polygon.exterior)
    if not shapely.is_ccw(polygon.exterior):
        corners = corners[::-1]
    z = corners[:, 0] + 1j * corners[:, 1] - complex(*centroid_um(outline_um))
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(z)))])
    contour: Waves = np.interp(np.arange(SAMPLES) * (way[-1] / SAMPLES), way, z)
    return contour


def _long_side_deg(outline_um: Sequence[Point]) -> float:
    """In [-90, 90)."""
    corners = shapely.get_coordinates(shapely.Polygon(outline_um).minimum_rotated_rectangle)
    sides: Floats = np.diff(corners[:3], axis=0)
    dx, dy = sides[np.hypot(*sides.T).argmax()].tolist()
    return (math.degrees(math.atan2(dy, dx)) + 90) % 180 - 90
