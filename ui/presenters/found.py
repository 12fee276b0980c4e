"""What was found, as it is shown: how each one stands, rows of a list, counts, and whom to look at next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import shapely

from scopeacq.sections.candidates import Candidate, Candidates, Origin, Verdict
from scopeacq.sections.flags import Flag
from scopeacq.sections.review import acceptable
from scopeacq.telling.wording import counted
from ui.presenters.hover import Card
from ui.presenters.tone import Badge, Sign, Tone

DOUBTFUL_BELOW = 0.5
"""A candidate that is surer and has no flag is not pointed out."""


class Standing(Enum):
    """How a found section stands, those to look at first; ``value`` is how that is shown."""

    DOUBTFUL = Badge(Tone.CAUTION, Sign.QUESTION, "Doubtful")
    OPEN = Badge(Tone.ACTIVE, Sign.EYE, "Open")
    ACCEPTED = Badge(Tone.GOOD, Sign.CHECK, "Accepted")
    REJECTED = Badge(Tone.QUIET, Sign.CROSS, "Rejected")


GLYPHS = {
    Standing.DOUBTFUL: "?",
    Standing.OPEN: "",
    Standing.ACCEPTED: "\N{CHECK MARK}",
    Standing.REJECTED: "\N{MULTIPLICATION X}",
}
"""Beside the colours, which not everybody can tell apart."""


def standing_of(candidate: Candidate) -> Standing:
    """What an operator has said of it, or whether there is something to look at."""
    match candidate.verdict:
        case Verdict.ACCEPTED:
            return Standing.ACCEPTED
        case Verdict.REJECTED:
            return Standing.REJECTED
    odd = bool(candidate.flags) or candidate.confidence < DOUBTFUL_BELOW
    return Standing.DOUBTFUL if odd else Standing.OPEN


class Column(Enum):
    """What a row tells; ``value`` is its title."""

    NAME = "Name"
    CONFIDENCE = "Sure"
    AREA = "mm\N{SUPERSCRIPT TWO}"
    FLAGS = "Odd"
    STANDING = "Verdict"


TIPS = {
    Column.NAME: "Its name; an accepted one is the section of this name",
    Column.CONFIDENCE: "How section-like it is: its inside, its surroundings, its size",
    Column.AREA: "The area of its outline",
    Column.FLAGS: "What an operator should look at",
    Column.STANDING: "What was said of it; those to look at come first",
}


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One row."""

    candidate: Candidate
    standing: Standing
    area_um2: float

    @property
    def name(self) -> str:
        return self.candidate.id

    @property
    def badge(self) -> Badge:
        return self.standing.value

    @property
    def tip(self) -> str:
        return card_of(self.candidate).text

    def text(self, column: Column) -> str:
        """What stands in a column."""
        match column:
            case Column.NAME:
                return self.name
            case Column.CONFIDENCE:
                return sure(self.candidate)
            case Column.AREA:
                return f"{self.area_um2 * 1e-6:.3f}"
            case Column.FLAGS:
                return ", ".join(flag.value for flag in _flags(self.candidate))
            case Column.STANDING:
                return self.standing.value.word

    def key(self, column: Column) -> tuple[float, float, str]:
        """What a column is sorted by."""
        match column:
            case Column.NAME:
                return 0.0, 0.0, self.name
            case Column.CONFIDENCE:
                return self.candidate.confidence, 0.0, self.name
            case Column.AREA:
                return self.area_um2, 0.0, self.name
            case Column.FLAGS:
                return -float(len(self.candidate.flags)), self.candidate.confidence, self.name
            case Column.STANDING:
                place = float(list(Standing).index(self.standing))
                return place, self.candidate.confidence, self.name


def sure(candidate: Candidate) -> str:
    """Its confidence; of what a person has drawn, that it was drawn."""
    return "drawn" if candidate.origin is Origin.DRAWN else f"{100 * candidate.confidence:.0f} %"


def rows_of(candidates: Candidates) -> list[FoundRow]:
    """A row for each candidate, in the order of the file."""
    areas = shapely.area([shapely.Polygon(c.outline_um) for c in candidates.sections])
    return [
        FoundRow(candidate, standing_of(candidate), float(area))
        for candidate, area in zip(candidates.sections, areas, strict=True)
    ]


def chosen_rows(
    rows: Iterable[FoundRow], standing: Standing | None, column: Column, *, downwards: bool
) -> list[FoundRow]:
    """Rows of one standing (None: of any), sorted by a column."""
    found = [row for row in rows if standing in (None, row.standing)]
    return sorted(found, key=lambda row: row.key(column), reverse=downwards)


def in_words(rows: Sequence[FoundRow]) -> str:
    """How many there are, and how they stand."""
    if not rows:
        return "Nothing was found yet. Find sections in Prepare, or draw one on the map (D)."
    counts = {standing: sum(row.standing is standing for row in rows) for standing in Standing}
    parts = [
        f"{count} {words}"
        for standing, words in (
            (Standing.DOUBTFUL, "doubtful"),
            (Standing.OPEN, "open"),
            (Standing.ACCEPTED, "accepted"),
            (Standing.REJECTED, "rejected"),
        )
        if (count := counts[standing])
    ]
    return f"{counted(len(rows), 'section')} found: {', '.join(parts)}."


def acceptable_above(candidates: Candidates, confidence: float) -> int:
    """How many would be accepted along with all that are this sure."""
    return sum(acceptable(candidate, confidence) for candidate in candidates.sections)


def next_doubtful(candidates: Candidates, chosen: str | None, *, back: bool = False) -> str | None:
    """The next one to look at, from the one that is chosen and round again; None when there is none.

    Those to look at come first; when there are none left, any that is open.
    """
    for standing in (Standing.DOUBTFUL, Standing.OPEN):
        waiting = [n for n, c in enumerate(candidates.sections) if standing_of(c) is standing]
        if waiting:
            here = next((n for n, c in enumerate(candidates.sections) if c.id == chosen), -1)
            ahead = [n for n in waiting if n > here] if not back else [n for n in waiting if n < here]
            ordered = ahead or waiting
            return candidates.sections[ordered[-1 if back else 0]].id
    return None


def card_of(candidate: Candidate) -> Card:
    """What stands beside the cursor."""
    standing = standing_of(candidate)
    lines = [f"{standing.value.word}. {_ORIGINS[candidate.origin]}"]
    if candidate.origin is Origin.FOUND:
        lines.append(f"Confidence {sure(candidate)}.")
    lines += [f"It {flag.meaning}." for flag in _flags(candidate)]
    if candidate.verdict is Verdict.OPEN:
        lines.append("A accepts it, R rejects it, N goes to the next one to look at.")
    return Card(f"Found section {candidate.id}", tuple(lines))


_ORIGINS = {
    Origin.FOUND: "It was found on the overview.",
    Origin.DRAWN: "It was drawn by hand.",
    Origin.IMPORTED: "It was imported from a file.",
}


def _flags(candidate: Candidate) -> list[Flag]:
    return sorted(candidate.flags, key=lambda flag: flag.value)
