"""Frames of reference as values: wafer (um) <-> stage (um) <-> lab (um) <-> image (px).

Conventions stand in :mod:`hardware.types`. Everything here is pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hardware.types import SQUARE, FrameSettings, PixelShape, StagePose

Point = tuple[float, float]
Affine = NDArray[np.float64]
"""Shape (2, 3), float64: ``out = A[:, :2] @ in + A[:, 2]``."""


def rotation(angle_deg: float) -> NDArray[np.float64]:
    """The 2 x 2 matrix that turns vectors counter-clockwise (x right, y up)."""
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.array([[c, -s], [s, c]])


def turn(point: Point, angle_deg: float) -> Point:
    """A point turned counter-clockwise about the origin."""
    x, y = rotation(angle_deg) @ point
    return float(x), float(y)


def full_turn_deg(angle_deg: float) -> float:
    """The same direction in [0, 360)."""
    return angle_deg % 360.0 % 360.0  # the first remainder of a tiny negative angle rounds up to 360


@dataclass(frozen=True, slots=True)
class Rigid:
    """A rotation about the origin, then a shift [um]: ``out = R @ in + (x, y)``."""

    x_um: float = 0.0
    y_um: float = 0.0
    rotation_deg: float = 0.0

    def apply(self, point: Point) -> Point:
        x, y = turn(point, self.rotation_deg)
        return x + self.x_um, y + self.y_um

    def inverse(self) -> Rigid:
        x, y = turn((-self.x_um, -self.y_um), -self.rotation_deg)
        return Rigid(x, y, -self.rotation_deg)

    def after(self, first: Rigid) -> Rigid:
        """The transform that does ``first`` and then this one."""
        x, y = self.apply((first.x_um, first.y_um))
        return Rigid(x, y, self.rotation_deg + first.rotation_deg)

    @staticmethod
    def about(centre: Point, angle_deg: float, shift: Point = (0.0, 0.0)) -> Rigid:
        """A rotation about ``centre`` followed by ``shift``."""
        x, y = turn(centre, angle_deg)
        return Rigid(centre[0] - x + shift[0], centre[1] - y + shift[1], angle_deg)

    @staticmethod
    def fit(source: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[Rigid, NDArray[np.float64]]:
        """Least squares from ``source`` to ``target``, both (n, 2) with n >= 2; and residuals (n,) [um].

        Kabsch in two dimensions. Raises ``ValueError`` for fewer than two distinct points.
        """
        if len(source) < 2 or float(np.ptp(source, axis=0).max(initial=0.0)) == 0.0:
            raise ValueError("a rigid transform needs at least two distinct points")
        a, b = source - source.mean(0), target - target.mean(0)
        angle = math.degrees(
            math.atan2(float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()), float((a * b).sum()))
        )
        shift = target.mean(0) - rotation(angle) @ source.mean(0)
        result = Rigid(float(shift[0]), float(shift[1]), angle)
        moved = source @ rotation(angle).T + shift
        return result, np.linalg.norm(moved - target, axis=1)


def shaped(shape: PixelShape) -> NDArray[np.float64]:
    """What the shape of pixels makes of vectors in an image (x right, y up): 2 x 2, of determinant 1."""
    edge = math.sqrt(shape.aspect)
    return np.array([[1 / edge, shape.shear], [0.0, edge]])


def pixel_to_lab(
    settings: FrameSettings, beam_shift_um: Point = (0.0, 0.0), shape: PixelShape = SQUARE
) -> Affine:
    """From pixels (col, row) to the lab [um]; the beam axis is at 0. Rows run down."""
    pixel_um = settings.pixel_size_nm * 1e-3
    linear = rotation(settings.scan_rot_deg) @ shaped(shape) @ np.diag([pixel_um, -pixel_um])
    centre = np.array([(settings.width_px - 1) / 2, (settings.height_px - 1) / 2])
    return np.column_stack([linear, np.asarray(beam_shift_um) - linear @ centre])


def pixel_to_wafer(
    settings: FrameSettings,
    stage: StagePose,
    wafer_to_stage: Rigid,
    beam_shift_um: Point = (0.0, 0.0),
    shape: PixelShape = SQUARE,
) -> Affine:
    """From pixels to the wafer frame [um], for a frame taken at stage rotation 0.

    At rotation 0 the stage at (x, y) shows the stage-frame point (x, y) on the beam axis.
    """
    if stage.x_um is None or stage.y_um is None:
        raise ValueError("the stage's x and y must have been read back")
    lab = pixel_to_lab(settings, beam_shift_um, shape)
    back = wafer_to_stage.inverse()
    linear = rotation(back.rotation_deg)
    shift = lab[:, 2] + (stage.x_um, stage.y_um)
    return np.column_stack([linear @ lab[:, :2], linear @ shift + (back.x_um, back.y_um)])


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a grid: where its centre lies on the wafer and how its columns are turned."""

    section: str
    index: int
    centre_um: Point
    rotation_deg: float


@lru_cache(maxsize=16)  # asked for once per tile, always for the section at hand
def grid(
    section: str, centre_um: Point, rotation_deg: float, rows: int, columns: int, step_um: Point
) -> tuple[Tile, ...]:
    """A grid of tiles centred on a point and turned with its section; rows run down, row by row.

    ``step_um`` is the distance of neighbouring centres (tile less overlap) along columns and rows.
    """
    return tuple(
        Tile(section, row * columns + column, _offset(centre_um, rotation_deg, dx, dy), rotation_deg)
        for row in range(rows)
        for column in range(columns)
        for dx in [(column - (columns - 1) / 2) * step_um[0]]
        for dy in [-(row - (rows - 1) / 2) * step_um[1]]
    )


def inside(point: Point, outline: tuple[Point, ...]) -> bool:
    """Whether a point lies in a polygon, by how often a ray to the right crosses it."""
    x, y = point
    crossed = False
    for (x0, y0), (x1, y1) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            crossed = not crossed
    return crossed


def _offset(centre: Point, angle_deg: float, dx: float, dy: float) -> Point:
    x, y = turn((dx, dy), angle_deg)
    return centre[0] + x, centre[1] + y
