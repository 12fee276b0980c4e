"""Where a picture lies on the wafer: an affine from its pixels, made by hand or from landmarks. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point, Rigid, turn

Row = tuple[float, float, float]
Rows = tuple[Row, Row]

SIMILAR_FROM, AFFINE_FROM = 2, 4
"""Landmarks from which on a picture is also turned and scaled, and from which on it is also sheared."""
MIRROR_FITS = 0.5
"""Three landmarks say that a picture is mirrored when they then fit so much better."""
LEAST_SPREAD = 0.02
"""Landmarks closer to a point or a line than this share of their extent fix nothing across it."""


class PlacementRefused(ValueError):
    """A picture cannot be placed like this; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Placement:
    """``wafer_um = A[:, :2] @ (column, row) + A[:, 2]``; pixel (0, 0) is the centre of the first one."""

    to_wafer: Rows

    def __post_init__(self) -> None:
        finite = all(math.isfinite(value) for row in self.to_wafer for value in row)
        if not finite or not 1e-6 < self.pixel_um < 1e6:
            raise PlacementRefused(
                "A picture must be placed by finite numbers, and not flattened to a line."
            )

    @staticmethod
    def centred(width_px: int, height_px: int, pixel_um: float, at_um: Point = (0.0, 0.0)) -> Placement:
        """An upright picture about a point of the wafer; its rows run down."""
        x, y = at_um
        left, top = (width_px - 1) / 2 * pixel_um, (height_px - 1) / 2 * pixel_um
        return Placement(((pixel_um, 0.0, x - left), (0.0, -pixel_um, y + top)))

    @property
    def pixel_um(self) -> float:
        """The edge of a square as large as a pixel."""
        return math.sqrt(abs(self._determinant))

    @property
    def mirrored(self) -> bool:
        """Whether the wafer is seen as in a mirror."""
        return self._determinant > 0

    @property
    def _determinant(self) -> float:
        (a, b, _), (c, d, _) = self.to_wafer
        return a * d - b * c

    def wafer_um(self, px: Point) -> Point:
        """Where a pixel (column, row) lies."""
        (a, b, x), (c, d, y) = self.to_wafer
        return a * px[0] + b * px[1] + x, c * px[0] + d * px[1] + y

    def px(self, wafer_um: Point) -> Point:
        """The pixel (column, row) at a point of the wafer."""
        (a, b, x), (c, d, y) = self.to_wafer
        u, v = wafer_um[0] - x, wafer_um[1] - y
        return (d * u - b * v) / self._determinant, (a * v - c * u) / self._determinant

    def moved(self, dx_um: float, dy_um: float) -> Placement:
        (a, b, x), (c, d, y) = self.to_wafer
        return Placement(((a, b, x + dx_um), (c, d, y + dy_um)))

    def turned(self, about_um: Point, angle_deg: float) -> Placement:
        """Turned counter-clockwise about a point of the wafer."""
        return self._after(Rigid.about(about_um, angle_deg).apply)

    def scaled(self, about_um: Point, factor: float) -> Placement:
        x, y = about_um
        return self._after(lambda p: (x + factor * (p[0] - x), y + factor * (p[1] - y)))

    def flipped(self, about_um: Point) -> Placement:
        """Left and right exchanged as the picture lies, about a point of the wafer."""
        right, up = (row[0] for row in self.to_wafer)
        angle_deg = math.degrees(math.atan2(up, right))
        x, y = about_um

        def flip(p: Point) -> Point:
            u, v = turn((p[0] - x, p[1] - y), -angle_deg)
            u, v = turn((-u, v), angle_deg)
            return x + u, y + v

        return self._after(flip)

    def _after(self, change: Callable[[Point], Point]) -> Placement:
        """Followed by an affine change of the wafer's plane, given by what it does to points."""
        origin, right, down = (change(self.wafer_um(p)) for p in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
        columns = [(right[n] - origin[n], down[n] - origin[n], origin[n]) for n in (0, 1)]
        return Placement((columns[0], columns[1]))


@dataclass(frozen=True, slots=True)
class Landmark:
    """A pixel (column, row) of a picture and the point of the wafer that it shows."""

    px: Point
    wafer_um: Point


def fitted(landmarks: Sequence[Landmark], now: Placement) -> tuple[Placement, float]:
    """The placement through landmarks, and the largest distance [um] that is left at one of them.

    One shifts ``now``; two or three also turn and scale it, mirrored as it is now; from four on it is the
    affine of least squares. Raises ``PlacementRefused`` for landmarks too close together or on a line.
    """
    if not landmarks:
        raise PlacementRefused("A picture is placed by one landmark at least.")
    px = np.array([mark.px for mark in landmarks])
    um = np.array([mark.wafer_um for mark in landmarks])
    if len(landmarks) < SIMILAR_FROM:
        there, here = landmarks[0].wafer_um, now.wafer_um(landmarks[0].px)
        placement = now.moved(there[0] - here[0], there[1] - here[1])
    elif len(landmarks) < AFFINE_FROM:
        placement = _similar(px, um, mirrored=now.mirrored)
    else:
        placement = _affine(px, um)
    return placement, max(math.dist(placement.wafer_um(m.px), m.wafer_um) for m in landmarks)


def fitted_either_way(landmarks: Sequence[Landmark], now: Placement) -> tuple[Placement, float]:
    """The same, mirrored where three landmarks, which can tell, then fit so much better."""
    placement, worst_um = fitted(landmarks, now)
    if SIMILAR_FROM < len(landmarks) < AFFINE_FROM:
        turned_over, its_worst_um = fitted(landmarks, now.flipped(landmarks[0].wafer_um))
        if its_worst_um < MIRROR_FITS * worst_um:
            return turned_over, its_worst_um
    return placement, worst_um


def _similar(px: NDArray[np.float64], um: NDArray[np.float64], *, mirrored: bool) -> Placement:
    """Least squares in complex numbers; rows run down, so that the plain view has them conjugate."""
    z = px[:, 0] + (1j if mirrored else -1j) * px[:, 1]
    w = um[:, 0] + 1j * um[:, 1]
    about, where = z - z.mean(), w - w.mean()
    if min(np.ptp(px, 0).max(), np.ptp(um, 0).max()) == 0:
        raise PlacementRefused("These landmarks lie at one point; choose them far apart.")
    factor = complex((about.conj() * where).sum() / (np.abs(about) ** 2).sum())
    shift = complex(w.mean() - factor * z.mean())
    down = factor * (1j if mirrored else -1j)
    return Placement(((factor.real, down.real, shift.real), (factor.imag, down.imag, shift.imag)))


def _affine(px: NDArray[np.float64], um: NDArray[np.float64]) -> Placement:
    for points in (px, um):
        extents = np.linalg.svd(points - points.mean(0), compute_uv=False)
        if extents[1] <= LEAST_SPREAD * extents[0]:
            raise PlacementRefused("These landmarks lie on a line; choose one well beside it.")
    centre = px.mean(0)
    design = np.column_stack([px - centre, np.ones(len(px))])
    solution, *_ = np.linalg.lstsq(design, um, rcond=None)
    linear = solution[:2].T
    shift = solution[2] - linear @ centre
    (a, b), (c, d) = linear.tolist()
    return Placement(((a, b, float(shift[0])), (c, d, float(shift[1]))))
