"""Cuts through a stack beside its slices: one line of pixels of each slice, read as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from scopeacq.journal.slice_book import SliceBook
from scopeacq.plan.geometry import Point
from ui.after.fetching import Fetch, Unread
from ui.presenters.kept import Kept
from ui.presenters.slice_source import Axis, Line, SliceSource
from ui.presenters.slices import Looked, tiles_of

LINES_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a stack is cut, in the scene, and of which level its lines are."""

    at: Point
    level: int

    def along(self, axis: Axis) -> float:
        """The row or column of the scene."""
        return self.at[1] if axis is Axis.XZ else self.at[0]


class Cuts:
    """Lines of the stack that is looked at. ``arrived``: one more is here."""

    def __init__(self, source: SliceSource, book: SliceBook, arrived: Callable[[], None]) -> None:
        self.cut: Cut | None = None
        self._source, self._book, self._arrived = source, book, arrived
        self._lines: Kept[Hashable, Line] = Kept(LINES_BYTES)

    def line(self, looked: Looked, cycle: int, axis: Axis) -> Line | None:
        """The line of a cycle; None while it has not been read."""
        return None if self.cut is None else self._lines.get(self._key(looked, cycle, axis, self.cut))

    def fetches(self, looked: Looked) -> Iterator[Fetch[Any]]:
        """Fetches of the lines that are not here, those near the slice that is looked at first."""
        if self.cut is None:
            return
        tiles = tiles_of(self._book, looked)
        for cycle in sorted(range(self._book.cycles), key=lambda cycle: abs(cycle - looked.cycle)):
            for axis in Axis:
                key = self._key(looked, cycle, axis, self.cut)
                if key not in self._lines:
                    at, slice_ = self.cut.along(axis), replace(looked, cycle=cycle)
                    read = partial(self._source.line, tiles, slice_, axis, at, self.cut.level)
                    yield Fetch(key, read, partial(self._keep, key))

    def _key(self, looked: Looked, cycle: int, axis: Axis, cut: Cut) -> Hashable:
        stamp = self._book.changes(looked.section, cycle)
        return looked.section, looked.tile, cycle, axis, cut.along(axis), cut.level, stamp

    def _keep(self, key: Hashable, line: Line | Unread) -> None:
        kept = () if isinstance(line, Unread) else line
        self._lines.put(key, kept, 200 + sum(piece.values.nbytes for piece in kept))
        self._arrived()
