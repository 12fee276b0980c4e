"""Reads of a run's files what the view of slices shows. Nothing of it is kept but the shapes of planes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from hardware.types import Image
from scopeacq.journal.journal import JournalReader, PlaneRow
from scopeacq.plan.geometry import Point
from scopeacq.plan.runfolder import Plan
from scopeacq.storage import takes
from scopeacq.storage.plane_windows import PlaneShape, Take, Window, file_of, plane_shape, read_window
from scopeacq.storage.storage import StorageError
from scopeacq.storage.takes import Written
from ui.presenters.slice_scene import Block, Placed
from ui.presenters.slices import Looked, SliceRead, frame_of, planes_of

STITCHED_OVERLAP_PX = 32
"""Overlaps are compared where they are at least so wide, and less than twice as wide."""
STAGE_MISSES_UM = 0.3
"""Of short moves, which nothing reads back; see :mod:`scopeacq.engine.sightings`."""


class Axis(Enum):
    """Which way a stack is cut beside its slices."""

    XZ = "xz"
    YZ = "yz"


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a line through a slice: where it begins in the scene, pixels of the scene per value."""

    start: float
    step: float
    values: NDArray[np.generic]


Line = tuple[Piece, ...]
"""What one slice holds along a row or column of the scene; empty where nothing is there."""


@dataclass
class SliceSource:
    """The files of one run. Used by one thread."""

    plan: Plan
    _shapes: dict[tuple[str, int], PlaneShape] = field(default_factory=dict)
    _stitched: dict[str, Mapping[int, Point]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._images = self.plan.folder.images(self.plan.project)
        self._reader = JournalReader(self.plan.folder.journal_file)

    def take_plan(self, plan: Plan) -> bool:
        """Go on with a plan that was edited; whether its images lie elsewhere. Any thread."""
        before, self.plan = self._images, plan
        self._images = plan.folder.images(plan.project)
        if self._images == before:
            return False
        self._shapes, self._stitched = {}, {}
        return True

    def slice(self, section: str, cycle: int) -> SliceRead:
        """What is there of a slice. Raises ``JournalError``."""
        if self.plan.folder.without_journal:
            return SliceRead()
        rows = tuple(self._reader.planes(cycle, section))
        shapes: dict[int, PlaneShape] = {}
        unread: dict[int, str] = {}
        for tile in {row.key.tile for row in rows if row.durable is not None}:
            try:
                shapes[tile] = self.shape(section, tile)
            except StorageError as error:
                unread[tile] = str(error)
        return SliceRead(rows, shapes, unread, moves=self._moves(section))

    def _moves(self, section: str) -> Mapping[int, Point]:
        """How a section's tiles fit together, once its first slice is there; empty before."""
        if section not in self._stitched:
            first = self._first_slice(section)
            if not first:
                return {}
            try:
                self._stitched[section] = self._fitting(section, first)
            except StorageError:
                return {}
        return self._stitched[section]

    def _first_slice(self, section: str) -> list[PlaneRow]:
        """The planes by which a section's tiles are put together; empty while some are missing."""
        wanted = {tile.index for tile in self.plan.wafer.section(section).tiles(self.plan.project.imaging)}
        rows = [row for row in self._reader.planes(0, section) if row.chosen and row.durable is not None]
        return rows if len(rows) > 1 and wanted <= {row.key.tile for row in rows} else []

    def _fitting(self, section: str, rows: list[PlaneRow]) -> Mapping[int, Point]:
        """From smaller levels, on which the overlaps are still wide enough to see how far tiles are off."""
        from scopeacq.vision.stitching import stitched  # SciPy's solvers take long to load

        imaging, looked = self.plan.imaging(section), Looked(section)
        fitting = max(0, (imaging.overlap_px // STITCHED_OVERLAP_PX).bit_length() - 1)
        level = min(fitting, len(self.shape(section, rows[0].key.tile).levels) - 1)
        scale, pictures, corners = 2**level, {}, {}
        for row in rows:
            tile = row.key.tile
            pictures[tile] = self._whole(row, level)
            x, y = frame_of(self.plan, looked, row).apply((0.0, 0.0))
            corners[tile] = x / scale, y / scale
        sd_px = STAGE_MISSES_UM / (imaging.pixel_size_nm * 1e-3 * scale)
        moves = stitched(pictures, corners, imaging.overlap_px // scale, sd_px)
        return {tile: (scale * x, scale * y) for tile, (x, y) in moves.items()}

    def _whole(self, row: PlaneRow, level: int) -> Image:
        shape = self.shape(row.key.section, row.key.tile)
        take = Take(row.key, row.take, row.chosen)
        return read_window(self._images, take, shape, Window(level, 0, 0, *shape.levels[level]))

    def shape(self, section: str, tile: int) -> PlaneShape:
        """Raises ``StorageError``."""
        if (section, tile) not in self._shapes:
            self._shapes[section, tile] = plane_shape(self._images, section, tile)
        return self._shapes[section, tile]

    def block(self, block: Block) -> Image:
        """The pixels of a block. Raises ``StorageError``."""
        shape = self.shape(block.take.key.section, block.take.key.tile)
        return read_window(self._images, block.take, shape, block.window(shape))

    def damage(self, row: PlaneRow) -> str:
        """What is wrong with the file of a durable take, empty when it holds what was written."""
        assert row.durable is not None
        path = file_of(self._images, Take(row.key, row.take, row.chosen))
        written = Written(row.durable.path, row.durable.size_bytes, row.durable.checksum)
        if takes.holds(path, written):
            return ""
        what = "differs from what was written" if path.exists() else "is missing"
        return f"The file {path} {what}."

    def line(self, tiles: tuple[int, ...], looked: Looked, axis: Axis, at: float, level: int) -> Line:
        """What a slice holds at a row (``XZ``) or column (``YZ``) of the scene, tiles one after another.

        A slight turn of a tile is left out of account: its line runs through where its middle has it.

        Raises ``JournalError``, ``StorageError``.
        """
        read = self.slice(looked.section, looked.cycle)
        planes = planes_of(self.plan, tiles, replace(looked, take=None), read)
        return tuple(piece for placed in planes for piece in self._piece(placed, axis, at, level))

    def _piece(self, placed: Placed, axis: Axis, at: float, level: int) -> Iterator[Piece]:
        box = placed.frame.box(placed.shape.shape_yx)
        level = min(level, len(placed.shape.levels) - 1)
        middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        across = (middle[0], at) if axis is Axis.XZ else (at, middle[1])
        column, row = (int(n // 2**level) for n in placed.frame.back(across))
        height, width = placed.shape.levels[level]
        if not (0 <= row < height and 0 <= column < width):
            return
        window = Window(level, row, 0, 1, width) if axis is Axis.XZ else Window(level, 0, column, height, 1)
        values = read_window(self._images, placed.take, placed.shape, window).ravel()
        yield Piece(box.left if axis is Axis.XZ else box.top, float(2**level), values)
