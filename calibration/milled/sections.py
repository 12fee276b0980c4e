"""Sections of a run that were milled through: a square of each, slice by slice, and what fell on it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.milled.breakthrough import FirstWafer, Height, first_wafer
from calibration.milled.charges import Fallen, MillHistory
from hardware.types import Image
from scopeacq.journal.journal import JournalReader
from scopeacq.journal.journal_planes import PlaneRow
from scopeacq.plan.geometry import Point
from scopeacq.plan.instrument import MillSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.section import Section
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.plane_windows import PlaneShape, Take, Window, plane_shape, read_window

LEAST_PX = 16
"""Slices that share a smaller square cannot be compared."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Where and when one section was milled through. Plain values, kept as a measurement.

    ``slices``: how many show it. ``through``: the share of pixels where the wafer came. ``first``: how
    many pixels show the wafer first in each slice, and at last those that never do. ``at_um``: wafer frame.
    ``fallen`` at the mean of the first occurrence; ``spread_uc_per_um2``: standard deviation over pixels;
    ``slice_uc_per_um2``: what one slice is there; ``by_source_uc_per_um2``: by the source's rule.
    """

    section: str
    at_um: Point
    thickness_nm: float
    slices: int
    through: float
    mean: float
    sd: float
    first: tuple[int, ...]
    fallen: Fallen
    spread_uc_per_um2: float
    slice_uc_per_um2: float
    by_source_uc_per_um2: float


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look through a section came to; None where fewer than two slices can be compared."""

    broken: Broken | None


@dataclass(frozen=True)
class MilledRun:
    """A run with a journal, whose planes can be read."""

    plan: Plan
    mill: MillSettings
    """By which volts of the raster become micrometres."""

    @classmethod
    def of(cls, plan: Plan, elsewhere: str) -> MilledRun:
        """The run of a plan, or the one in the folder ``elsewhere``. Raises ``SettingsError``."""
        run = Plan.read(Path(elsewhere)) if elsewhere else plan
        if not run.folder.journal_file.exists():
            problem, advice = "this run has no journal", "Choose a run that was milled through."
            raise SettingsError(run.folder.root, [problem], advice)
        return cls(run, plan.instrument.mill)

    @cached_property
    def history(self) -> MillHistory:
        """Raises ``JournalError``."""
        return MillHistory.of((row.record for row in self._journal.read()), self.mill)

    @property
    def _journal(self) -> JournalReader:
        return JournalReader(self.plan.folder.journal_file)

    @property
    def _images(self) -> Path:
        return self.plan.folder.images(self.plan.project)

    def sections(self, names: Sequence[str]) -> tuple[Section, ...]:
        """The named sections, or all that are imaged. Raises ``SettingsError`` for an unknown name."""
        known = {section.id: section for section in self.plan.wafer.sections}
        if unknown := [name for name in names if name not in known]:
            problem = f"there is no section {', '.join(unknown)}"
            raise SettingsError(
                self.plan.folder.wafer_file, [problem], "Correct the names of the sections."
            )
        imaging = self.plan.project.imaging
        return tuple(known[n] for n in names) or tuple(s for s in known.values() if s.imaged(imaging))

    def look(self, section: Section, square_px: int, dark_below: int) -> Looked:
        """Look through a section's slices in its middle.

        Raises ``JournalError``, and ``StorageError`` where a plane cannot be read.
        """
        planes = self._planes(section)
        if len(planes) < 2:
            return Looked(None)
        shape = plane_shape(self._images, section.id, planes[0].key.tile)
        corners, window = shared_window([_to_wafer(p) for p in planes], shape, square_px)
        if min(window.height, window.width) < LEAST_PX:
            return Looked(None)
        seen = first_wafer(self._slices(planes, corners, window, shape), dark_below)
        return Looked(self._broken(section, planes, window, seen))

    def _broken(self, section: Section, planes: list[PlaneRow], window: Window, seen: FirstWafer) -> Broken:
        height, by_source = Height.of(seen.least_contradicted), Height.of(seen.behind_last_tissue)
        before = self.history.before_slices(planes[-1].key.cycle + 1)
        fallen = [before[plane.key.cycle] for plane in planes]
        middle = (window.left + (window.width - 1) / 2, window.top + (window.height - 1) / 2, 1.0)
        at_um = _to_wafer(planes[0]) @ middle
        return Broken(
            section.id,
            (float(at_um[0]), float(at_um[1])),
            section.thickness_nm,
            seen.slices,
            seen.through,
            height.mean,
            height.sd,
            tuple(np.bincount(seen.least_contradicted.ravel(), minlength=seen.slices + 1).tolist()),
            fallen_at(fallen, height.mean),
            height.sd * slice_at(fallen, height.mean),
            slice_at(fallen, height.mean),
            fallen_at(fallen, by_source.mean).uc_per_um2,
        )

    def _planes(self, section: Section) -> list[PlaneRow]:
        """The chosen takes of the tile in the section's middle, one per slice, from the top."""
        x_um, y_um = section.roi_centre_um
        tiles = section.tiles(self.plan.project.imaging)
        if not tiles:
            return []
        middle = min(tiles, key=lambda t: math.hypot(t.centre_um[0] - x_um, t.centre_um[1] - y_um))
        rows = self._journal.planes(section=section.id)
        return [row for row in rows if row.key.tile == middle.index and row.chosen and row.exposed]

    def _slices(
        self, planes: list[PlaneRow], corners: NDArray[np.intp], window: Window, shape: PlaneShape
    ) -> Iterator[Image]:
        for plane, (column, row) in zip(planes, corners, strict=True):
            there = Window(0, int(row), int(column), window.height, window.width)
            yield read_window(self._images, Take(plane.key, plane.take, chosen=True), shape, there)


def fallen_at(fallen: Sequence[Fallen], first: float) -> Fallen:
    """What had fallen when the wafer came through, before each slice given.

    It showed in the slice ``first`` and not yet in the one before: it came half-way between them.
    """
    numbers, at = np.arange(len(fallen)), max(first - 0.5, 0.0)
    names = Fallen.__dataclass_fields__
    return Fallen(*(float(np.interp(at, numbers, [getattr(f, name) for f in fallen])) for name in names))


def slice_at(fallen: Sequence[Fallen], first: float) -> float:
    """What fell between two slices, where the wafer came through [uC/um^2]."""
    later, sooner = fallen_at(fallen, first + 0.5), fallen_at(fallen, first - 0.5)
    return later.uc_per_um2 - sooner.uc_per_um2


def shared_window(
    to_wafer: Sequence[NDArray[np.float64]], shape: PlaneShape, square_px: int
) -> tuple[NDArray[np.intp], Window]:
    """A square that all planes show, at most so large, by where each says that it lies.

    Returns its corner (column, row) in each plane, (n, 2), and the square in the first one.
    """
    height, width = shape.shape_yx
    centre = to_wafer[0] @ ((width - 1) / 2, (height - 1) / 2, 1.0)
    there = np.array([np.linalg.solve(m[:, :2], centre - m[:, 2]) for m in to_wafer])
    off = np.rint(there - there[0]).astype(np.intp)
    low, high = (
        np.maximum(-off, 0).max(axis=0),
        (np.array([width, height]) - np.maximum(off, 0)).min(axis=0),
    )
    edges = np.clip(high - low, 0, square_px)
    corner = low + (high - low - edges) // 2
    return off + corner, Window(0, int(corner[1]), int(corner[0]), int(edges[1]), int(edges[0]))


def _to_wafer(plane: PlaneRow) -> NDArray[np.float64]:
    assert plane.exposed is not None
    return np.array(plane.exposed.to_wafer, np.float64).reshape(2, 3)
