"""What stands in the chamber, and whether a pose or a path of the stage would touch it.

Lengths of solids are in mm in the lab frame of :mod:`hardware.types`, with z = 0 at the
face of the pole piece. The stage's z carries the tilt axis, which lies in the wafer's
surface on the beam axis; the tilt carries x, y and the rotation. A positive tilt turns the
surface towards the ion gun, so that the far (+y) edge rises.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hardware.types import StagePose

Points = NDArray[np.float64]

SPACING_MM = 0.5
"""Between samples of the holder's surface, so that a true distance is met within 0.4 mm."""

STEP_UM = 200.0
"""The shortest travel between two checked poses of a path."""


@dataclass(frozen=True, slots=True)
class Frustum:
    """A cone or cylinder: from the centre of its tip face, ``length_mm`` along ``axis``."""

    name: str
    tip_mm: tuple[float, float, float]
    axis: tuple[float, float, float]
    tip_radius_mm: float
    base_radius_mm: float
    length_mm: float

    def distance_mm(self, points: Points) -> NDArray[np.float64]:
        """Exact signed distance of lab points, shape (n, 3) [mm] -> (n,); negative inside."""
        axis = np.asarray(self.axis) / np.linalg.norm(self.axis)
        offset = points - np.asarray(self.tip_mm)
        along = offset @ axis
        radius = np.sqrt(np.maximum(np.einsum("ij,ij->i", offset, offset) - along * along, 0.0))
        corners = np.array(
            [
                [0.0, 0.0],
                [self.tip_radius_mm, 0.0],
                [self.base_radius_mm, self.length_mm],
                [0.0, self.length_mm],
            ]
        )
        return _profile_distance(np.stack([radius, along], axis=1), corners)


def _profile_distance(points: Points, corners: Points) -> NDArray[np.float64]:
    """Signed distance of (radius, height) points, shape (n, 2), to a half profile.

    ``corners`` runs from the axis along tip, flank and base back to the axis, which is no wall.
    """
    nearest_squared = np.full(len(points), np.inf)
    inside = np.ones(len(points), bool)
    for start, end in pairwise(corners):
        edge, (r, h) = end - start, (points - start).T
        share = np.clip((r * edge[0] + h * edge[1]) / (edge @ edge), 0.0, 1.0)
        squared = (r - share * edge[0]) ** 2 + (h - share * edge[1]) ** 2
        nearest_squared = np.minimum(nearest_squared, squared)
        inside &= edge[0] * h - edge[1] * r > 0
    distance: Points = np.where(inside, -1.0, 1.0) * np.sqrt(nearest_squared)
    return distance


POLE_PIECE = Frustum("pole piece", (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 10.0, 60.0, 30.0)
GUN_NOSE = Frustum("ion gun's nose", (0.0, -35.0, -25.0), (0.0, -1.0, 0.0), 6.0, 20.0, 60.0)
SE_DETECTOR = Frustum("electron detector", (27.0, 27.0, 6.0), (1.0, 1.0, 0.7), 8.0, 8.0, 60.0)


@dataclass(frozen=True, slots=True)
class ChamberModel:
    """The wafer's holder as it moves, and the solids around it.

    ``wd_at_z0_um - z`` is the distance from the pole piece to the wafer's surface on the beam
    axis. The holder is a disc with the wafer flush on top. A clearance below ``margin_um`` is
    a collision; the margin also covers the sampling of the surface.
    """

    wd_at_z0_um: float = 30_000.0
    wafer_diameter_mm: float = 25.4
    holder_rim_mm: float = 1.3
    holder_thickness_mm: float = 6.0
    rotation_centre_um: tuple[float, float] = (0.0, 0.0)
    solids: tuple[Frustum, ...] = (POLE_PIECE, GUN_NOSE, SE_DETECTOR)
    margin_um: float = 1_000.0

    @property
    def holder_radius_mm(self) -> float:
        return self.wafer_diameter_mm / 2 + self.holder_rim_mm

    def clearance_um(self, pose: StagePose) -> float:
        """The smallest distance from the holder to any solid; negative inside one [um].

        Raises ``ValueError`` when ``pose`` is not complete.
        """
        return min(self._clearances_um(pose).values(), default=math.inf)

    def collisions(self, pose: StagePose) -> list[str]:
        """One sentence for each solid that a complete ``pose`` comes too near; empty is safe."""
        return [
            f"The wafer holder would come within {max(clearance_um, 0.0) / 1e3:.1f} mm of the {name} "
            f"at {_spoken(pose)}"
            for name, clearance_um in self._clearances_um(pose).items()
            if not clearance_um >= self.margin_um
        ]

    def path_collisions(self, poses: Sequence[StagePose]) -> list[str]:
        """As :meth:`collisions`, for straight moves through complete ``poses``, in order.

        Each step is no longer than what is left of the clearance, or ``STEP_UM``: nothing
        that is closer than the margin less ``STEP_UM`` slips through between two steps.
        """
        for start, end in pairwise(poses):
            if found := self._leg_collisions(start, end):
                return found
        return self.collisions(poses[-1]) if poses else []

    def _leg_collisions(self, start: StagePose, end: StagePose) -> list[str]:
        travel_um = self._longest_travel_um(start, end)
        done_um, pose = 0.0, start
        while True:
            clearance_um = self.clearance_um(pose)
            if not clearance_um >= self.margin_um:
                return self.collisions(pose)
            done_um += max(clearance_um - self.margin_um, STEP_UM)
            if done_um > travel_um:
                return []
            pose = _between(start, end, done_um / travel_um)

    def _longest_travel_um(self, start: StagePose, end: StagePose) -> float:
        """An upper bound of how far any point of the holder goes on a straight leg [um]."""
        dx, dy, dz, tilt, rotation = _numbers(end) - _numbers(start)
        body_um = 1e3 * math.hypot(self.holder_radius_mm, self.holder_thickness_mm)
        reach_um = (
            body_um
            + max(math.dist(_numbers(pose)[:2], (0.0, 0.0)) for pose in (start, end))
            + 2 * math.hypot(*self.rotation_centre_um)
        )
        swing_um = math.radians(abs(tilt) + abs(rotation)) * reach_um
        return float(math.hypot(dx, dy) + abs(dz) + swing_um)

    def _clearances_um(self, pose: StagePose) -> dict[str, float]:
        """By solid; a lower bound for those that cannot be the nearest."""
        body_mm = math.hypot(self.holder_radius_mm, self.holder_thickness_mm)
        surface = self._holder_in_lab_mm(pose)
        clearances: dict[str, float] = {}
        for solid in self.solids:
            bound_um = 1e3 * (float(solid.distance_mm(surface[:1])[0]) - body_mm)
            if bound_um < max(min(clearances.values(), default=math.inf), self.margin_um):
                clearances[solid.name] = 1e3 * float(solid.distance_mm(surface).min())
            else:
                clearances[solid.name] = bound_um
        return clearances

    def _holder_in_lab_mm(self, pose: StagePose) -> Points:
        """Samples of the holder's surface in the lab, shape (n, 3) [mm]."""
        x, y, z, tilt, rotation = _numbers(pose)
        disc_u, disc_v, w = _disc_surface(self.holder_radius_mm, self.holder_thickness_mm).T
        centre_u, centre_v = self._wafer_centre_mm(x, y, rotation)
        u, v = disc_u + centre_u, disc_v + centre_v
        c, s = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        height = 1e-3 * (z - self.wd_at_z0_um)
        return np.stack([u, c * v - s * w, s * v + c * w + height], axis=1)

    def _wafer_centre_mm(self, x_um: float, y_um: float, rotation_deg: float) -> tuple[float, float]:
        """Where the wafer's point (0, 0) lies on the tilted plane."""
        cx, cy = self.rotation_centre_um
        c, s = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
        return 1e-3 * (cx - c * cx + s * cy - x_um), 1e-3 * (cy - s * cx - c * cy - y_um)


@lru_cache(maxsize=4)
def _disc_surface(radius_mm: float, thickness_mm: float) -> Points:
    """Samples of a disc's top, from its centre on, and side, shape (n, 3) [mm]; nothing stands below."""
    rings = [(r, 0.0) for r in np.linspace(0.0, radius_mm, math.ceil(radius_mm / SPACING_MM) + 1)] + [
        (radius_mm, -w)
        for w in np.linspace(0.0, thickness_mm, math.ceil(thickness_mm / SPACING_MM) + 1)[1:]
    ]
    circles = []
    for r, w in rings:
        n = max(math.ceil(2 * math.pi * r / SPACING_MM), 1)
        angle = np.linspace(0.0, 2 * math.pi, n, endpoint=False)
        circles.append(np.stack([r * np.cos(angle), r * np.sin(angle), np.full(n, w)], axis=1))
    return np.concatenate(circles)


def _numbers(pose: StagePose) -> NDArray[np.float64]:
    if not pose.complete:
        raise ValueError(f"A collision can only be judged for a complete pose, not for {pose}.")
    return np.array(astuple(pose), np.float64)


def _between(start: StagePose, end: StagePose, share: float) -> StagePose:
    a, b = _numbers(start), _numbers(end)
    return StagePose(*(float(value) for value in a + share * (b - a)))


def _spoken(pose: StagePose) -> str:
    x, y, z, tilt, rotation = _numbers(pose)
    where = f"x {x / 1e3:.2f}, y {y / 1e3:.2f}, z {z / 1e3:.2f} mm"
    return f"{where}, tilt {tilt:.1f}, rotation {rotation:.1f} degrees"
