"""Where planes lie in the picture of a slice, and which of their blocks have to be read to show it.

The scene is measured in pixels of full resolution, x right and y down. A tile alone lies in it as it was
recorded, its first corner at 0; the tiles of a section lie where they were found, the middle of the
section's grid at 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from scopeacq.plan.geometry import Affine, Point, rotation
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.wafer import Section
from scopeacq.storage.ome_zarr import chunk_shape
from scopeacq.storage.plane_windows import PlaneShape, Take, Window

NEAREST, FARTHEST = 32.0, 1e-3
"""Screen pixels per pixel of the scene."""
MARGIN = 1.04


@dataclass(frozen=True, slots=True)
class Eye:
    """The window onto the scene: what lies in its middle, and screen pixels per pixel of the scene."""

    centre: Point = (0.0, 0.0)
    zoom: float = 0.1
    width_px: int = 800
    height_px: int = 600

    def to_screen(self, at: Point) -> Point:
        x = (at[0] - self.centre[0]) * self.zoom + self.width_px / 2
        y = (at[1] - self.centre[1]) * self.zoom + self.height_px / 2
        return x, y

    def to_scene(self, at_px: Point) -> Point:
        x = self.centre[0] + (at_px[0] - self.width_px / 2) / self.zoom
        y = self.centre[1] + (at_px[1] - self.height_px / 2) / self.zoom
        return x, y

    def panned(self, dx_px: float, dy_px: float) -> Eye:
        x, y = self.centre
        return replace(self, centre=(x - dx_px / self.zoom, y - dy_px / self.zoom))

    def zoomed(self, factor: float, at_px: Point | None = None) -> Eye:
        """``factor`` > 1 comes nearer; what is under ``at_px`` (the middle by default) stays there."""
        fixed = at_px or (self.width_px / 2, self.height_px / 2)
        moved = replace(self, zoom=min(max(self.zoom * factor, FARTHEST), NEAREST))
        (x0, y0), (x1, y1) = self.to_scene(fixed), moved.to_scene(fixed)
        return replace(moved, centre=(self.centre[0] + x0 - x1, self.centre[1] + y0 - y1))

    def resized(self, width_px: int, height_px: int) -> Eye:
        return replace(self, width_px=max(width_px, 1), height_px=max(height_px, 1))

    def fitted(self, box: Box) -> Eye:
        """So near that a box of the scene fills the window."""
        zoom = min(self.width_px / max(box.width, 1), self.height_px / max(box.height, 1)) / MARGIN
        middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        return replace(self, centre=middle, zoom=min(max(zoom, FARTHEST), NEAREST))

    @property
    def seen(self) -> Box:
        """What of the scene is in the window."""
        (left, top), (right, bottom) = self.to_scene((0, 0)), self.to_scene((self.width_px, self.height_px))
        return Box(left, top, right, bottom)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the scene."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def corners(self) -> tuple[Point, Point, Point, Point]:
        a, b, c, d = self.left, self.top, self.right, self.bottom
        return (a, b), (c, b), (c, d), (a, d)


def around(points: Iterable[Point]) -> Box:
    """The smallest box that holds some points, of which there is at least one."""
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a plane lies: ``scene = linear @ (x, y) + shift``, (x, y) in pixels from its first corner."""

    xx: float = 1.0
    xy: float = 0.0
    yx: float = 0.0
    yy: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    def apply(self, at: Point) -> Point:
        x, y = at
        return self.xx * x + self.xy * y + self.dx, self.yx * x + self.yy * y + self.dy

    def moved(self, by: Point) -> Frame:
        return replace(self, dx=self.dx + by[0], dy=self.dy + by[1])

    def back(self, at: Point) -> Point:
        """From the scene into the plane."""
        u, v = at[0] - self.dx, at[1] - self.dy
        area = self.xx * self.yy - self.xy * self.yx
        return (self.yy * u - self.xy * v) / area, (self.xx * v - self.yx * u) / area

    def box(self, shape_yx: tuple[int, int]) -> Box:
        """What a plane of this shape covers."""
        height, width = shape_yx
        return around(self.apply(corner) for corner in ((0, 0), (width, 0), (width, height), (0, height)))


AS_RECORDED = Frame()


def section_frame(to_wafer: Affine, section: Section, pixel_um: float) -> Frame:
    """Where a plane lies among the tiles of its section; ``to_wafer`` maps centres of pixels."""
    turned = rotation(-section.rotation_deg)
    # wafer y points up, the scene's down
    flip = np.diag([1.0, -1.0]) / pixel_um
    linear = flip @ turned @ to_wafer[:, :2]
    first_corner = to_wafer[:, :2] @ np.array([-0.5, -0.5]) + to_wafer[:, 2]
    shift = flip @ turned @ (first_corner - np.asarray(section.roi_centre_um))
    (xx, xy), (yx, yy) = linear.tolist()
    return Frame(xx, xy, yx, yy, float(shift[0]), float(shift[1]))


def planned_frame(section: Section, imaging: ImagingSettings, tile: int) -> Frame:
    """Where a tile was to be, for one that was never scanned."""
    row, column = divmod(tile, imaging.grid_columns)
    step = imaging.tile_width_px - imaging.overlap_px, imaging.tile_height_px - imaging.overlap_px
    x = (column - (imaging.grid_columns - 1) / 2) * step[0] - imaging.tile_width_px / 2
    y = (row - (imaging.grid_rows - 1) / 2) * step[1] - imaging.tile_height_px / 2
    return Frame(dx=x, dy=y)


@dataclass(frozen=True, slots=True)
class Placed:
    """A take of a plane at its place in the scene."""

    take: Take
    shape: PlaneShape
    frame: Frame


@dataclass(frozen=True, slots=True)
class Block:
    """What is read at once: one chunk of one level of a take."""

    take: Take
    level: int
    row: int
    column: int

    def window(self, shape: PlaneShape) -> Window:
        """Its pixels in the level."""
        (height, width), chunk = shape.levels[self.level], chunk_shape(shape.levels[self.level])
        top, left = self.row * chunk[0], self.column * chunk[1]
        return Window(self.level, top, left, min(chunk[0], height - top), min(chunk[1], width - left))


def level_of(zoom: float) -> int:
    """The coarsest level that has a pixel for each pixel of the screen."""
    return math.floor(math.log2(1 / zoom) + 1e-9) if zoom < 1 else 0


def level_for(zoom: float, shape: PlaneShape) -> int:
    """The same among the levels that there are."""
    return min(level_of(zoom), len(shape.levels) - 1)


def coarse(plane: Placed) -> Block:
    """The whole plane in one block."""
    return Block(plane.take, len(plane.shape.levels) - 1, 0, 0)


def blocks_in_view(eye: Eye, plane: Placed) -> Iterator[Block]:
    """The blocks of one plane that are in view, of the level that fits; row by row."""
    height, width = plane.shape.shape_yx
    seen = around(plane.frame.back(corner) for corner in eye.seen.corners())
    if not seen.meets(Box(0, 0, width, height)):
        return
    level = level_for(eye.zoom, plane.shape)
    (rows, columns), chunk = plane.shape.levels[level], chunk_shape(plane.shape.levels[level])
    for row in _touched(seen.top / 2**level, seen.bottom / 2**level, chunk[0], rows):
        for column in _touched(seen.left / 2**level, seen.right / 2**level, chunk[1], columns):
            yield Block(plane.take, level, row, column)


def _touched(first: float, last: float, chunk: int, size: int) -> range:
    low, high = max(math.floor(first / chunk), 0), min(math.ceil(last / chunk), -(-size // chunk))
    return range(low, max(high, low))
