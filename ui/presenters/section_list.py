"""The sections as rows of a list: filtered, sorted, each made anew only when its section has changed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from scopeacq.telling.status import SectionPhase
from ui.presenters.sections import SectionShown, TileState
from ui.presenters.tone import Badge, Sign, Tone
from ui.presenters.wafer_map import WaferMap

PASSING = frozenset(
    {TileState.SHARP, TileState.BLANK, TileState.WAFER, TileState.WAIVED, TileState.INACTIVE}
)
TROUBLED = frozenset({TileState.UNSHARP, TileState.CANNOT_TELL, TileState.FAULTY, TileState.LOST})


class SectionState(Enum):
    """What a section is in this cycle; also what a list may be filtered by."""

    OPEN = Badge(Tone.QUIET, Sign.HOURGLASS, "To be imaged")
    IN_WORK = Badge(Tone.ACTIVE, Sign.PLAY, "In work")
    TROUBLED = Badge(Tone.CAUTION, Sign.WARNING, "Taken again")
    COMPLETE = Badge(Tone.GOOD, Sign.CHECK, "Complete")
    SKIPPED = Badge(Tone.CAUTION, Sign.PAUSE, "Skipped")
    DROPPED = Badge(Tone.GOOD, Sign.LAYERS, "Milled through")
    LEFT_OUT = Badge(Tone.QUIET, Sign.CROSS, "Left out")


class Column(Enum):
    """What a row tells; ``value`` is its title."""

    PLACE = "#"
    NAME = "Section"
    STATE = "State"
    TILES = "Tiles"
    SCORE = "Score"


TIPS = {
    Column.PLACE: "Its place in the route: sections are imaged in this order",
    Column.NAME: "Its name in the wafer file",
    Column.STATE: "What it is in this cycle",
    Column.TILES: "How many of its tiles pass the mill gate in this cycle",
    Column.SCORE: "The worst blur of the last scans of its tiles, as \N{MICRO SIGN}m of defocus",
}


@dataclass(frozen=True, slots=True)
class SectionRow:
    """One row."""

    place: int
    name: str
    state: SectionState
    passing: int
    imaged: int
    score_um: float | None

    def text(self, column: Column) -> str:
        """What stands in a column."""
        match column:
            case Column.PLACE:
                return str(self.place)
            case Column.NAME:
                return self.name
            case Column.STATE:
                return self.state.value.word
            case Column.TILES:
                return f"{self.passing}/{self.imaged}"
            case Column.SCORE:
                return "" if self.score_um is None else f"{self.score_um:.2f} \N{MICRO SIGN}m"

    def key(self, column: Column) -> tuple[float, str]:
        """What a column is sorted by; what is not known comes last."""
        match column:
            case Column.NAME:
                return 0.0, self.name
            case Column.STATE:
                return float(list(SectionState).index(self.state)), ""
            case Column.TILES:
                return self.passing / max(self.imaged, 1), ""
            case Column.SCORE:
                return (math.inf if self.score_um is None else self.score_um), ""
            case _:
                return float(self.place), ""


@dataclass
class SectionRows:
    """Keeps rows as long as their sections stay the very same."""

    _kept: dict[str, tuple[SectionShown, SectionRow]] = field(default_factory=dict)

    def of(self, shown: WaferMap) -> list[SectionRow]:
        """A row for each section, in the order of the route."""
        rows = [self._row(place, section) for place, section in enumerate(shown.sections, 1)]
        self._kept = {s.id: (s, row) for s, row in zip(shown.sections, rows, strict=True)}
        return rows

    def _row(self, place: int, section: SectionShown) -> SectionRow:
        kept = self._kept.get(section.id)
        if kept is not None and kept[0] is section and kept[1].place == place:
            return kept[1]
        states = [tile.state for tile in section.tiles if tile.state is not TileState.INACTIVE]
        scores = [t.score_um for t in section.tiles if t.score_um is not None and math.isfinite(t.score_um)]
        return SectionRow(
            place,
            section.id,
            state_of(section),
            sum(state in PASSING for state in states),
            len(states),
            max(scores, default=None),
        )


_OF_PHASE = {
    SectionPhase.SKIPPED: SectionState.SKIPPED,
    SectionPhase.DROPPED: SectionState.DROPPED,
    SectionPhase.INACTIVE: SectionState.LEFT_OUT,
}


def state_of(section: SectionShown) -> SectionState:
    """What a section is, from what its tiles are."""
    if section.phase in _OF_PHASE:
        return _OF_PHASE[section.phase]
    states = {tile.state for tile in section.tiles}
    if states & TROUBLED:
        return SectionState.TROUBLED
    if states <= PASSING:
        return SectionState.COMPLETE
    begun = states - {TileState.OPEN, TileState.INACTIVE}
    return SectionState.IN_WORK if begun else SectionState.OPEN


def chosen_rows(
    rows: Iterable[SectionRow],
    state: SectionState | None,
    words: str,
    column: Column = Column.PLACE,
    *,
    downwards: bool = False,
) -> list[SectionRow]:
    """Rows of one state (None: of any) whose name holds ``words``, sorted by a column."""
    sought = words.strip().casefold()
    found = [r for r in rows if state in (None, r.state) and sought in r.name.casefold()]
    return sorted(found, key=lambda row: row.key(column), reverse=downwards)
