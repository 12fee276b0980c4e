"""Pictures, read off the GUI thread and kept up to a budget of memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PyQt5.QtCore import QObject, QRunnable, QThreadPool, pyqtSignal
from PyQt5.QtGui import QImage

from scopeacq.journal.records import PlaneKey
from scopeacq.plan.placement import Placement
from scopeacq.storage.pyramid_tiff import Picture
from scopeacq.storage.run_pictures import PlacedPicture

BUDGET_BYTES = 384 * 2**20
MOST_WAITING = 64
"""Pictures asked for at once; more wait until they are looked at again."""
AGAIN_S = 5.0
"""What was not there is looked for again after so long: smaller levels are written after the plane."""


class Source(Protocol):
    """Where pictures come from, as ``scopeacq.storage.run_pictures``; asked on one thread."""

    def whole(self, plane: PlaneKey, edge_px: int) -> PlacedPicture | None: ...

    def part(self, plane: PlaneKey, level: int, row: int, column: int) -> PlacedPicture | None: ...

    def overview(self, path: Path, level: int, row: int, column: int) -> PlacedPicture | None: ...

    def section(self, section: str) -> PlacedPicture | None: ...


class Wanted(Protocol):
    """Names a picture and knows how to read it; equal names are one picture."""

    def read(self, source: Source) -> PlacedPicture | None: ...


@dataclass(frozen=True, slots=True)
class WholePlane:
    """A plane in one size. ``seen`` tells takes apart: another one is another picture."""

    plane: PlaneKey
    edge_px: int
    seen: object = None

    def read(self, source: Source) -> PlacedPicture | None:
        return source.whole(self.plane, self.edge_px)


@dataclass(frozen=True, slots=True)
class PlanePart:
    """A part of one level of a plane."""

    plane: PlaneKey
    level: int
    row: int
    column: int
    seen: object = None

    def read(self, source: Source) -> PlacedPicture | None:
        return source.part(self.plane, self.level, self.row, self.column)


@dataclass(frozen=True, slots=True)
class OverviewPart:
    """A part of one level of an overview."""

    path: Path
    level: int
    row: int
    column: int

    def read(self, source: Source) -> PlacedPicture | None:
        return source.overview(self.path, self.level, self.row, self.column)


@dataclass(frozen=True, slots=True)
class SectionLook:
    """The low-dose look at a section. ``seen`` tells looks apart."""

    section: str
    seen: object = None

    def read(self, source: Source) -> PlacedPicture | None:
        return source.section(self.section)


@dataclass(frozen=True)
class Shown:
    """A picture ready to be painted."""

    image: QImage
    placement: Placement | None = None


class Pictures(QObject):
    """A cache in front of a source. ``loaded`` says that something new can be painted."""

    loaded = pyqtSignal()
    _arrived = pyqtSignal(object, object)

    def __init__(self, parent: QObject | None = None, budget_bytes: int = BUDGET_BYTES) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self._budget_bytes, self._used_bytes = budget_bytes, 0
        self._kept: OrderedDict[Wanted, Shown | None] = OrderedDict()
        self._absent_s: dict[Wanted, float] = {}
        self._waiting: set[Wanted] = set()
        self._asked = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._arrived.connect(self._keep)

    def set_source(self, source: Source | None) -> None:
        """Read from another run, or from none."""
        self._pool.clear()
        self._source = source
        for kept in (self._kept, self._absent_s, self._waiting):
            kept.clear()
        self._used_bytes = 0

    def of(self, wanted: Wanted) -> Shown | None:
        """The picture if it is at hand; otherwise it is asked for and announced by ``loaded``."""
        if wanted not in self._kept:
            self._ask(wanted)
            return None
        self._kept.move_to_end(wanted)
        shown = self._kept[wanted]
        if shown is None and time.monotonic() - self._absent_s.get(wanted, 0.0) > AGAIN_S:
            self._ask(wanted)
        return shown

    def at_hand(self, wanted: Wanted) -> Shown | None:
        """The picture if it is at hand; it is not asked for."""
        return self._kept.get(wanted)

    @property
    def reading(self) -> bool:
        """Whether pictures that were asked for are still to come."""
        return bool(self._waiting)

    def close(self) -> None:
        """Forget what waits and wait for what is being read."""
        self.set_source(None)
        self._pool.waitForDone()

    def _ask(self, wanted: Wanted) -> None:
        if self._source is None or wanted in self._waiting or len(self._waiting) >= MOST_WAITING:
            return
        self._waiting.add(wanted)
        self._asked += 1
        # what was asked for last is what is looked at now
        self._pool.start(_Read(self._source, wanted, self._arrived.emit), self._asked)

    def _keep(self, wanted: Wanted, shown: Shown | None) -> None:
        if wanted not in self._waiting:
            return
        self._waiting.discard(wanted)
        if shown is None:
            self._absent_s[wanted] = time.monotonic()
        else:
            self._absent_s.pop(wanted, None)
        self._used_bytes += _bytes(shown) - _bytes(self._kept.get(wanted))
        self._kept[wanted] = shown
        while self._used_bytes > self._budget_bytes and len(self._kept) > 1:
            name, oldest = self._kept.popitem(last=False)
            self._absent_s.pop(name, None)
            self._used_bytes -= _bytes(oldest)
        if shown is not None:
            self.loaded.emit()


class _Read(QRunnable):
    """One reading, on the pool's thread."""

    def __init__(
        self, source: Source, wanted: Wanted, done: Callable[[Wanted, Shown | None], None]
    ) -> None:
        super().__init__()
        self._source, self._wanted, self._done = source, wanted, done

    def run(self) -> None:
        picture = self._wanted.read(self._source)
        shown = None if picture is None else Shown(as_image(picture.pixels), picture.placement)
        self._done(self._wanted, shown)


def as_image(pixels: Picture) -> QImage:
    """Grey or colour in the format that is painted fastest when turned and scaled."""
    height, width = pixels.shape[:2]
    grey = pixels.ndim == 2
    form = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    data = np.ascontiguousarray(pixels)
    made = QImage(data.tobytes(), width, height, data.strides[0], form)
    # converted, and so copied: a QImage does not keep the bytes alive that it was made from
    return made.convertToFormat(QImage.Format.Format_RGB32)


def _bytes(shown: Shown | None) -> int:
    return 0 if shown is None else shown.image.sizeInBytes()
