"""What a run has focused on so far, as shown: its corrections, and how focus lies on the wafer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scopeacq.journal.focus_history import FocusedTile, WaferFocus
from scopeacq.journal.records import Correction, FocusDone, FocusTried, PlaneKey
from scopeacq.telling.wording import counted, sentence
from ui.presenters.focusing import MICRO, past_ending, signed
from ui.presenters.tone import Badge, Sign, Tone


@dataclass(frozen=True, slots=True)
class PastFilter:
    """Which past corrections are wanted; empty text and None are all. Tiles and cycles count from 1."""

    section: str = ""
    tile: int | None = None
    cycle: int | None = None

    def takes(self, done: Correction) -> bool:
        """Whether a correction is wanted; one by hand is of no tile."""
        if isinstance(done, FocusTried):
            return self == PastFilter()
        return (
            (not self.section or done.key.section == self.section)
            and (self.tile is None or done.key.tile + 1 == self.tile)
            and (self.cycle is None or done.key.cycle + 1 == self.cycle)
        )


@dataclass(frozen=True, slots=True)
class PastRow:
    """One past correction in a list."""

    done: Correction
    badge: Badge
    text: str
    detail: str


MOST_ROWS = 200


def past_rows(corrections: Iterable[Correction], wanted: PastFilter) -> tuple[PastRow, ...]:
    """Those wanted, in the given order, not more than a list can hold."""
    rows: list[PastRow] = []
    for done in corrections:
        if wanted.takes(done):
            rows.append(_past_row(done))
        if len(rows) == MOST_ROWS:
            break
    return tuple(rows)


NO_CORRECTION = Badge(Tone.QUIET, Sign.INFO, "No correction")


def correction_row(rows: Sequence[PastRow], plane: PlaneKey) -> int | None:
    """The row of the correction before a plane: of its cycle, else the newest of an earlier one."""
    keys = ((row.done.key, -n) for n, row in enumerate(rows) if isinstance(row.done, FocusDone))
    of_tile = [
        (key.cycle, place)
        for key, place in keys
        if (key.section, key.tile) == (plane.section, plane.tile) and key.cycle <= plane.cycle
    ]
    return -max(of_tile)[1] if of_tile else None


def no_correction_text(plane: PlaneKey) -> str:
    """Why nothing of a plane's focus is shown."""
    return (
        f"No correction on section {plane.section}, tile {plane.tile + 1} up to cycle {plane.cycle + 1} is "
        "kept: it was imaged by the focus of the tiles around it, or so long ago that it left the list."
    )


def _past_row(done: Correction) -> PastRow:
    badge = past_ending(done).badge
    pairs = counted(len(done.iterations), "pair")
    wd = f"{signed(done.after.wd_um - done.before.wd_um)} {MICRO}m" if done.applied else "not applied"
    return PastRow(done, badge, _where(done), f"{badge.word}, {pairs}, {wd}")


def _where(done: Correction) -> str:
    if isinstance(done, FocusTried):
        return f"By hand at {done.x_um:,.0f}, {done.y_um:,.0f} {MICRO}m"
    return f"{done.key.section}, tile {done.key.tile + 1}, cycle {done.key.cycle + 1}"


def wafer_sentence(focus: WaferFocus | None) -> str:
    """How focus lies on the wafer, in words."""
    if focus is None:
        return (
            "Nothing yet: when four tiles of a cycle have been focused, their working distances stand here."
        )
    tiles, cycle = counted(len(focus.tiles), "tile"), focus.cycle + 1
    if focus.surface is None:
        return f"Cycle {cycle}: {tiles} on a line or at one place; no plane goes through them."
    slope = 1e3 * math.hypot(focus.surface.slope_x, focus.surface.slope_y)
    n = len(focus.outliers)
    off = (
        f"{counted(n, 'tile')} off it by more than {focus.limit_um:g} {MICRO}m"
        if n
        else "no tile is off it"
    )
    refused = f" The run trusted no plane: {sentence(focus.refused)}" if focus.refused else ""
    return f"Cycle {cycle}: a plane through {tiles}, tilted by {slope:.2f} {MICRO}m/mm; {off}.{refused}"


def outlier_text(tile: FocusedTile) -> str:
    """One tile off the plane."""
    return f"{tile.section}, tile {tile.tile + 1}: {signed(tile.residual_um)} {MICRO}m"
