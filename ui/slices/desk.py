"""What is looked at: shows a slice as soon as what is in view of it is there, and reads ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from PyQt5.QtCore import QObject, QTimer, pyqtSignal
from PyQt5.QtGui import QImage

from hardware.types import Image
from scopeacq.journal.journal import PlaneRow
from scopeacq.journal.slice_book import SliceBook
from scopeacq.plan.geometry import Point
from scopeacq.plan.runfolder import Plan
from ui.after.fetching import Fetch, Fetcher
from ui.presenters.contrast import Contrast, fitting
from ui.presenters.slice_scene import Block, Eye, blocks_in_view, coarse
from ui.presenters.slices import Looked, SliceScene, stepped
from ui.slices.cuts import Cut, Cuts
from ui.slices.stock import Stock, take_of

PATIENCE_MS = 150
"""After this a slice is shown with what there is of it."""
AHEAD = (1, 2, -1)
"""Slices in the direction of the last step that are read before they are asked for."""

ALONE = "This tile is not there in the slice before; a take is compared with the accepted one."
MOST_AHEAD = 64
"""Blocks in view of one slice, above which nothing is read ahead: the store must hold what is looked at."""


class SliceDesk(QObject):
    """Keeps a slice on show.

    Signals:
        changed: another slice is shown, more of it, or more is known of it.
        cut_changed: more of the cuts through the stack has been read.
    """

    changed = pyqtSignal()
    cut_changed = pyqtSignal()

    def __init__(self, plan: Plan, book: SliceBook, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.plan, self.book = plan, book
        self.looked = Looked(next(iter(book.tiles), ""))
        self.shown = SliceScene(self.looked)
        self.contrast: Contrast | None = None
        self.selected: int | None = None
        self._eye, self._direction, self._due = Eye(), 1, True
        self._arrivals = _timer(self, 0, self._advance)
        self._patience = _timer(self, PATIENCE_MS, self._show_what_there_is)
        self._stock = Stock(plan, book, self._arrivals.start)
        self._cuts = Cuts(self._stock.source, book, self.cut_changed.emit)
        self._fetcher = Fetcher(self)

    def take_plan(self, plan: Plan) -> None:
        """Go on with a plan that was edited; what is looked at stays."""
        self.plan = plan
        self._stock.take_plan(plan)

    # -- what is asked for ------------------------------------------------------------------

    def look(self, looked: Looked) -> None:
        """Look at another slice; it is shown as soon as what is in view of it has been read."""
        self._direction = 1 if looked.cycle >= self.looked.cycle else -1
        self.looked, self._due = looked, True
        self._stock.forgive()
        self._patience.start()
        self._advance()

    def look_from(self, eye: Eye) -> None:
        """Another part of the slice is in view."""
        self._eye = eye
        self._ask()

    def select(self, tile: int | None) -> None:
        """Tell of this tile."""
        self.selected = tile
        self._advance()

    def cut(self, cut: Cut | None) -> None:
        """Cut the stack here; None for no more cuts."""
        self._cuts.cut = cut
        self.cut_changed.emit()
        self._ask()

    def refresh(self) -> None:
        """The book knows more."""
        self._advance()

    def retry(self) -> None:
        """Try again what could not be read."""
        self._stock.forgive()
        self._advance()

    def forget(self) -> None:
        """Read all anew that is looked at from now on."""
        self._stock.forget()

    def set_contrast(self, contrast: Contrast | None) -> None:
        """Show grey values between these limits, or between those that suit the slice on show."""
        self.contrast = contrast or fitting(self.coarse_pixels())
        self.changed.emit()

    def close(self) -> None:
        """Read no more."""
        self._patience.stop()
        self._fetcher.close()
        self._arrivals.stop()
        self._stock.shelf.clear()

    # -- what there is ----------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether the slice that is looked at is the one on show."""
        return not self._due

    @property
    def whole(self) -> bool:
        """Whether nothing of what is in view is missing that could be read."""
        return self.settled and self._whole(self.shown)

    @property
    def cuts(self) -> Cuts:
        """The lines of the stack that is looked at."""
        return self._cuts

    def picture(self, block: Block) -> QImage | None:
        """A block of the slice on show, as it is painted."""
        minus = self._minus(self.shown.looked, block)
        if self.shown.looked.difference and minus is None:
            return None
        return self._stock.shelf.picture(block, minus, self.contrast or Contrast())

    def coarse_pixels(self) -> list[Image]:
        """Grey values of the slice on show, of its smallest level."""
        return self._stock.shelf.of(coarse(plane) for plane in self.shown.planes)

    def value_at(self, at: Point) -> tuple[int, int, int] | None:
        """Column, row and grey value of the pixel at a point of the scene, where it has been read.

        Far from full resolution the value is the mean of the pixels that are shown as one.
        """
        for plane in reversed(self.shown.planes):
            x, y = plane.frame.back(at)
            found = self._stock.shelf.value(blocks_in_view(self._eye, plane), plane, x, y)
            if found is not None:
                return int(x), int(y), found
        return None

    def told_tile(self) -> int | None:
        """The tile whose facts are told: the only one, or the one that was clicked."""
        return self.looked.tile if self.looked.tile is not None else self.selected

    def row(self) -> tuple[PlaneRow | None, list[PlaneRow]]:
        """What is known of that tile: the take on show, and all takes."""
        read, tile = self._stock.read_of(self.looked), self.told_tile()
        if read is None or tile is None:
            return None, []
        return read.shown(tile, self.looked.take), read.takes(tile)

    def damage(self, row: PlaneRow) -> str | None:
        """What is wrong with a take's file; empty when it is whole, None when nobody has looked yet."""
        return self._stock.damage(row)

    # -- reading ----------------------------------------------------------------------------

    def _advance(self) -> None:
        """Show what is looked at when all of it that is in view is there, and ask for what is not."""
        scene = self._scene_of(self.looked)
        if scene is not None and self._whole(scene):
            self._show(scene)
        self._ask()

    def _whole(self, scene: SliceScene) -> bool:
        partner = self._partner(scene.looked)
        known = partner is None or self._stock.read_of(partner) is not None
        return known and all(map(self._stock.has, self._in_view(scene)))

    def _show_what_there_is(self) -> None:
        scene = self._scene_of(self.looked)
        if scene is not None:
            self._show(scene)

    def _show(self, scene: SliceScene) -> None:
        self._patience.stop()
        self.shown, self._due = scene, False
        if self.contrast is None:
            self.contrast = fitting(self.coarse_pixels())
        self.changed.emit()

    def _ask(self) -> None:
        row, _ = self.row()
        self._fetcher.want(
            [
                *self._fetches_for(self.looked),
                *self._fetches_ahead(),
                *self._cuts.fetches(self.looked),
                *self._stock.fetches_to_check(row),
            ]
        )

    def _fetches_for(self, looked: Looked) -> Iterator[Fetch[Any]]:
        yield from self._stock.fetches_to_read(looked)
        if (partner := self._partner(looked)) is not None:
            yield from self._stock.fetches_to_read(partner)
        if (scene := self._scene_of(looked)) is not None:
            yield from self._stock.fetches_for(self._in_view(scene))

    def _fetches_ahead(self) -> Iterator[Fetch[Any]]:
        many = sum(1 for _ in self._in_view(self.shown)) > MOST_AHEAD
        for step in AHEAD if self.looked.take is None and not many else ():
            near = stepped(self.looked, self.looked.cycle + step * self._direction, self.book)
            yield from self._fetches_for(near)

    def _in_view(self, scene: SliceScene) -> Iterator[Block]:
        """Blocks that a slice needs to be shown; the smallest level first, which all else is laid over."""
        seen = [p for p in scene.planes if p.frame.box(p.shape.shape_yx).meets(self._eye.seen)]
        blocks = [coarse(plane) for plane in seen]
        blocks += [block for plane in seen for block in blocks_in_view(self._eye, plane)]
        for block in dict.fromkeys(blocks):
            yield block
            if (minus := self._minus(scene.looked, block)) is not None:
                yield minus

    # -- differences ------------------------------------------------------------------------

    def _partner(self, looked: Looked) -> Looked | None:
        """What a slice is compared with: the slice before, or the chosen take of the same plane."""
        if not looked.difference:
            return None
        if looked.take is not None:
            return replace(looked, take=None, difference=False)
        return replace(looked, cycle=looked.cycle - 1, difference=False) if looked.cycle > 0 else None

    def _scene_of(self, looked: Looked) -> SliceScene | None:
        """A slice at its places; holes where a difference has nothing to compare with."""
        scene, partner = self._stock.scene_of(looked), self._partner(looked)
        if scene is None or not looked.difference:
            return scene
        if partner is not None and self._stock.read_of(partner) is None:
            return scene
        alone = [plane for plane in scene.planes if self._minus(looked, coarse(plane)) is None]
        return scene.without(alone, "Nothing to compare with", ALONE)

    def _minus(self, looked: Looked, block: Block) -> Block | None:
        partner = self._partner(looked)
        read = self._stock.read_of(partner) if partner is not None else None
        row = read.shown(block.take.key.tile) if read is not None else None
        if row is None or take_of(row) == block.take:
            return None
        return replace(block, take=take_of(row))


def _timer(owner: QObject, after_ms: int, do: Callable[[], None]) -> QTimer:
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(after_ms)
    timer.timeout.connect(do)
    return timer
