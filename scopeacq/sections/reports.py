"""What the commands about sections have come to: values for programs, sentences for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely
from rich.table import Table
from rich.text import Text

from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import Candidate, Candidates, Origin, Verdict
from scopeacq.sections.flags import Flag
from scopeacq.sections.ways import Learned, Way
from scopeacq.telling.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    from scopeacq.sections.on_wafer import Found
    from scopeacq.sections.reviewing import Reviewed

_STYLES = {Verdict.ACCEPTED: "green", Verdict.REJECTED: "dim", Verdict.OPEN: ""}


@dataclass(frozen=True, slots=True)
class Counts:
    """Candidates by verdict, open ones that have a flag, and sections of the plan."""

    open: int
    flagged: int
    accepted: int
    rejected: int
    in_plan: int

    @classmethod
    def of(cls, candidates: Candidates, wafer: Wafer) -> Counts:
        verdicts = Counter(c.verdict for c in candidates.sections)
        flagged = sum(bool(c.flags) for c in candidates.sections if c.verdict is Verdict.OPEN)
        return cls(
            verdicts[Verdict.OPEN],
            flagged,
            verdicts[Verdict.ACCEPTED],
            verdicts[Verdict.REJECTED],
            len(wafer.sections),
        )

    def told(self) -> str:
        doubts = f" ({self.flagged} flagged)" if self.flagged else ""
        return (
            f"{self.open} open{doubts}, {self.accepted} accepted, {self.rejected} rejected; "
            f"{counted(self.in_plan, 'section')} in the plan."
        )


@dataclass(frozen=True, slots=True)
class DetectReport:
    """Of a search: ``new`` ones, and the length and width of a usual section where any was found."""

    overview: str
    way: str
    new: int
    section_length_um: float | None
    section_width_um: float | None
    candidates: Counts

    @classmethod
    def of(cls, overview: str, way: Way, found: Found, wafer: Wafer) -> DetectReport:
        length_um, width_um = found.section_um or (None, None)
        counts = Counts.of(found.candidates, wafer)
        return cls(overview, _named(way), found.new, length_um, width_um, counts)

    def told(self) -> str:
        if self.section_length_um is None or self.section_width_um is None:
            return (
                f"No section found on {self.overview}. Draw one and name it with --example, or try "
                "--learned or --unlearned."
            )
        size = f"{self.section_length_um:.0f} x {self.section_width_um:.0f} um"
        return (
            f"{counted(self.new, 'new candidate')} of about {size} on {self.overview} ({self.way}).\n"
            f"{self.candidates.told()}"
        )


@dataclass(frozen=True, slots=True)
class TrainReport:
    """Of a teaching: ``kept_back_iou`` is how well the best did on sections that it was not shown."""

    weights: str
    steps: int
    elapsed_s: float
    outlined: int
    kept_back_iou: float
    stopped: bool

    def told(self) -> str:
        end = "Stopped" if self.stopped else "Done"
        return (
            f"{end} after {counted(self.steps, 'step')} in {self.elapsed_s:.0f} s: taught by "
            f"{counted(self.outlined, 'section')}, overlap {self.kept_back_iou:.2f} on those kept back.\n"
            f"`scopeacq wafer detect` uses {self.weights} from now on."
        )


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One candidate; ``x_um`` and ``y_um`` are its centre of area on the wafer."""

    id: str
    x_um: float
    y_um: float
    area_um2: float
    confidence: float
    flags: tuple[Flag, ...]
    verdict: Verdict
    origin: Origin

    @classmethod
    def of(cls, candidate: Candidate) -> CandidateRow:
        polygon = shapely.Polygon(candidate.outline_um)
        flags = tuple(sorted(candidate.flags, key=lambda flag: flag.value))
        return cls(
            candidate.id,
            polygon.centroid.x,
            polygon.centroid.y,
            polygon.area,
            candidate.confidence,
            flags,
            candidate.verdict,
            candidate.origin,
        )


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """All candidates after a review, how many of them were ``imported`` just now, and what was written."""

    counts: Counts
    imported: int
    exported_to: str | None
    candidates: tuple[CandidateRow, ...]

    @classmethod
    def of(cls, done: Reviewed, exported_to: Path | None) -> ReviewReport:
        rows = tuple(map(CandidateRow.of, done.candidates.sections))
        counts = Counts.of(done.candidates, done.wafer)
        return cls(counts, done.imported, None if exported_to is None else str(exported_to), rows)

    def told(self) -> Iterator[Table | str]:
        """A table and a sentence or two."""
        if self.candidates:
            yield _table(self.candidates)
        if self.imported:
            yield f"{counted(self.imported, 'candidate')} imported."
        if self.exported_to:
            yield f"Written: {self.exported_to}"
        yield self.counts.told()


def _named(way: Way) -> str:
    if isinstance(way, Learned):
        return "by the network" if way.weights is None else "by the network taught this wafer"
    return "without training" if way.example_um is None else "by one example"


def _table(rows: tuple[CandidateRow, ...]) -> Table:
    table = Table(
        "id", "x [um]", "y [um]", "area [um\N{SUPERSCRIPT TWO}]", "sure", "verdict", "look at", box=None
    )
    for row in rows:
        cells = (
            row.id,
            f"{row.x_um:.0f}",
            f"{row.y_um:.0f}",
            f"{row.area_um2:.0f}",
            f"{row.confidence:.2f}",
            row.verdict.value,
            "; ".join(flag.meaning for flag in row.flags),
        )
        table.add_row(*(Text(cell, _STYLES[row.verdict]) for cell in cells))
    return table
