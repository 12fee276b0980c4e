"""What has been read of a run's slices, and fetches of what has not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from hardware.types import Image
from scopeacq.journal.journal import PlaneRow
from scopeacq.journal.slice_book import SliceBook
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.plane_windows import Take
from ui.after.fetching import Fetch, Unread
from ui.presenters.kept import Kept
from ui.presenters.slice_scene import Block
from ui.presenters.slice_source import SliceSource
from ui.presenters.slices import Looked, SliceRead, SliceScene, scene_of
from ui.slices.shelf import Shelf

ROW_BYTES = 1_000
READS_BYTES = 32 * 2**20
Read = tuple[int, SliceRead]
"""How much the book knew of a slice when it was read, and what was read."""


class Stock:
    """Slices, blocks and checks of files, as far as they were read. ``arrived``: something new is here."""

    def __init__(self, plan: Plan, book: SliceBook, arrived: Callable[[], None]) -> None:
        self.plan, self.book, self.source, self.shelf = plan, book, SliceSource(plan), Shelf()
        self._arrived = arrived
        self._reads: Kept[tuple[str, int], Read] = Kept(READS_BYTES)
        self._troubled: set[tuple[str, int]] = set()
        self._problems: dict[Take, str] = {}
        self._checks: dict[tuple[Take, str], str] = {}

    def take_plan(self, plan: Plan) -> None:
        """Go on with a plan that was edited; what was read stays, unless its images lie elsewhere."""
        self.plan = plan
        if self.source.take_plan(plan):
            self.forget()

    def forgive(self) -> None:
        """Try again what could not be read."""
        self._problems.clear()
        self._checks.clear()
        for place in self._troubled:
            self._reads.drop(place)
        self._troubled.clear()

    def forget(self) -> None:
        """Let go of all that was read."""
        self.forgive()
        self._reads.clear()
        self.shelf.clear()

    def read_of(self, looked: Looked) -> SliceRead | None:
        """What is known of a slice, maybe not the newest; None before it was read."""
        if not looked.section:
            return SliceRead()
        known = self._reads.get((looked.section, looked.cycle))
        return known[1] if known is not None else None

    def scene_of(self, looked: Looked) -> SliceScene | None:
        """A slice at its places; None before it was read."""
        read = self.read_of(looked)
        return None if read is None else scene_of(self.plan, self.book, looked, read, self._problems)

    def damage(self, row: PlaneRow) -> str | None:
        """What is wrong with a take's file; empty when it is whole, None when nobody has looked yet."""
        return self._checks.get(_checked(row))

    def has(self, block: Block) -> bool:
        """Whether there is nothing to wait for."""
        return block in self.shelf or block.take in self._problems

    # -- fetches -----------------------------------------------------------------------------

    def fetches_to_read(self, looked: Looked) -> Iterator[Fetch[Any]]:
        """A fetch of what the journal says of a slice, unless that is known."""
        place, stamp = (looked.section, looked.cycle), self.book.changes(looked.section, looked.cycle)
        known = self._reads.get(place)
        if looked.section and (known is None or known[0] != stamp):
            yield Fetch(
                (place, stamp), partial(self.source.slice, *place), partial(self._keep, place, stamp)
            )

    def fetches_for(self, blocks: Iterable[Block]) -> Iterator[Fetch[Any]]:
        """Fetches of those blocks that are not here."""
        for block in blocks:
            if not self.has(block):
                yield Fetch(block, partial(self.source.block, block), partial(self._shelve, block))

    def fetches_to_check(self, row: PlaneRow | None) -> Iterator[Fetch[Any]]:
        """A fetch that compares a file with its checksum, unless that was done."""
        if row is not None and row.durable is not None and self.damage(row) is None:
            checked = _checked(row)
            yield Fetch(checked, partial(self.source.damage, row), partial(self._note, checked))

    def _keep(self, place: tuple[str, int], stamp: int, read: SliceRead | Unread) -> None:
        if isinstance(read, Unread):
            read = SliceRead(trouble=read.why)
        if read.trouble or read.unread:
            self._troubled.add(place)
        self._reads.put(place, (stamp, read), ROW_BYTES * (1 + len(read.rows)))
        self._arrived()

    def _shelve(self, block: Block, pixels: Image | Unread) -> None:
        if isinstance(pixels, Unread):
            self._problems[block.take] = pixels.why
        else:
            self.shelf.put(block, pixels)
        self._arrived()

    def _note(self, checked: tuple[Take, str], damage: str | Unread) -> None:
        self._checks[checked] = damage.why if isinstance(damage, Unread) else damage
        self._arrived()


def take_of(row: PlaneRow) -> Take:
    """The scan that a row of the journal's table tells of."""
    return Take(row.key, row.take, row.chosen)


def _checked(row: PlaneRow) -> tuple[Take, str]:
    return take_of(row), row.durable.checksum if row.durable is not None else ""
