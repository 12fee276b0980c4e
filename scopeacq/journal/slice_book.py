"""What became of every plane of a run, and why one is not there: a fold over the journal.

Of a plane that is there it keeps one mark; numbers and places are in the journal's table of planes, and
reasons are kept for what did not go as planned. So it stays small at hundreds of thousands of planes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import Enum

from scopeacq.journal import records as r
from scopeacq.journal.records import PlaneKey, Record, Verdict
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.wording import sentence


class PlaneMark(Enum):
    """What became of a plane, in the words an operator reads; the later ones are the worse ones."""

    SHARP = "sharp"
    RETAKEN = "sharp after a retake"
    ACCEPTED = "accepted without texture to judge"
    OPEN = "not imaged yet"
    PENDING = "scanned, not accepted yet"
    LEFT_OUT = "left out by the plan"
    WAIVED = "accepted by policy"
    DROPPED = "section dropped"
    MISSING = "missing"


_SEVERITY = {mark: n for n, mark in enumerate(PlaneMark)}


def worst(marks: list[PlaneMark]) -> PlaneMark:
    """The mark that counts for several planes together; ``OPEN`` for none."""
    return max(marks, key=_SEVERITY.__getitem__, default=PlaneMark.OPEN)


@dataclass(slots=True)
class SliceBook:
    """Marks and reasons of all planes. ``tiles``: the imaged tiles of each section, by their indices.

    ``removed_nm``: depth milled in each cycle inside the raster, by delivered charge.
    """

    tiles: dict[str, tuple[int, ...]]
    planned_cycles: int
    dropped: dict[str, r.SectionDropped] = field(default_factory=dict)
    removed_nm: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    cycle: int = 0
    _marks: dict[tuple[str, int], dict[int, PlaneMark]] = field(default_factory=lambda: defaultdict(dict))
    _reasons: dict[PlaneKey, str] = field(default_factory=dict)
    _skipped: dict[tuple[int, str], str] = field(default_factory=dict)
    _verdicts: dict[tuple[PlaneKey, int], Verdict] = field(default_factory=dict)
    _changes: Counter[tuple[str, int]] = field(default_factory=Counter)
    _rates: dict[int, float] = field(default_factory=dict)
    _milled_below: int = 0

    @classmethod
    def of(cls, plan: Plan) -> SliceBook:
        """The empty book of a plan."""
        return cls(_imaged_tiles(plan), plan.project.cycles)

    def take_plan(self, plan: Plan) -> None:
        """Go on with a plan that was edited: what is imaged, and for how long."""
        self.tiles, self.planned_cycles = _imaged_tiles(plan), plan.project.cycles

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        match record:
            case r.PlaneExposing(key) | r.PlaneExposed(key) | r.PlaneDurable(key):
                self._note(key, PlaneMark.PENDING)
            case r.PlaneJudged(key, take, verdict):
                self._verdicts[key, take] = verdict
                self._note(key, PlaneMark.PENDING)
            case r.PlaneChosen(key, take):
                self._note(key, self._chosen(key, take), chosen=True)
            case r.PlaneLost(key, _, reason):
                self._forget(key)
                self._reasons[key] = reason
                self._note(key, PlaneMark.PENDING)
            case r.PlaneWaived(key, reason):
                self._reasons[key] = reason
                self._note(key, PlaneMark.WAIVED, chosen=True)
            case r.Incident(plane=PlaneKey() as key):
                self._reasons[key] = record.text
                self._changes[key.section, key.cycle] += 1
            case r.SectionDropped(_, section):
                self.dropped.setdefault(section, record)
            case r.SectionSkipped(cycle, section, reason):
                self._skipped[cycle, section] = reason
            case _:
                self._mill(record)

    def mark(self, key: PlaneKey) -> PlaneMark:
        """What became of a plane."""
        noted = self._marks.get((key.section, key.tile), {}).get(key.cycle)
        if noted is not None and noted is not PlaneMark.PENDING:
            return noted
        dropped = self.dropped.get(key.section)
        if dropped is not None and key.cycle >= dropped.cycle:
            return PlaneMark.DROPPED
        if noted is None and key.tile not in self.tiles.get(key.section, ()):
            return PlaneMark.LEFT_OUT
        if key.cycle < self._milled_below:
            return PlaneMark.MISSING
        return noted or PlaneMark.OPEN

    def why(self, key: PlaneKey) -> str:
        """Why a plane is as it is, a sentence; empty where the mark says it all."""
        skipped = self._skipped.get((key.cycle, key.section))
        match self.mark(key):
            case PlaneMark.DROPPED:
                dropped = self.dropped[key.section]
                said = " ".join(dropped.evidence)
                return f"The section was milled through in cycle {dropped.cycle + 1}. {said}".strip()
            case PlaneMark.MISSING if skipped:
                return sentence(f"The section was left out of this cycle: {skipped}")
            case PlaneMark.MISSING if key not in self._reasons:
                return "The slice was milled away before this tile was accepted."
            case PlaneMark.LEFT_OUT:
                return "The wafer file leaves this tile out."
            case _:
                return sentence(self._reasons.get(key, ""))

    def slice_mark(self, section: str, cycle: int, tile: int | None = None) -> PlaneMark:
        """The mark of one tile of a slice, or the worst of all its tiles."""
        tiles = self.tiles.get(section, ()) if tile is None else (tile,)
        return worst([self.mark(PlaneKey(cycle, section, n)) for n in tiles])

    def changes(self, section: str, cycle: int) -> int:
        """Rises whenever something became known of a slice."""
        return self._changes[section, cycle]

    @property
    def cycles(self) -> int:
        """How many cycles there are to look at: the planned ones, or more where more were begun."""
        return max(self.planned_cycles, self.cycle + 1)

    def depth_nm(self, cycle: int) -> float:
        """How deep under the first slice that of a cycle lies, inside the raster."""
        return sum(removed for n, removed in self.removed_nm.items() if n < cycle)

    def _mill(self, record: Record) -> None:
        match record:
            case r.GatePassed(cycle, mill=mill):
                self._rates[cycle] = mill.nm_per_uc
            case r.MillBegin(key):
                self._milled_below = max(self._milled_below, key.cycle + 1)
            case r.MillEnd(key, _, delivered_uc):
                self.removed_nm[key.cycle] += delivered_uc * self._rates.get(key.cycle, 0.0)
            case r.CycleDone():
                self._verdicts.clear()
            case _:
                pass

    def _chosen(self, key: PlaneKey, take: int) -> PlaneMark:
        if self._verdicts.get((key, take)) is not Verdict.SHARP:
            return PlaneMark.ACCEPTED
        return PlaneMark.RETAKEN if take > 0 else PlaneMark.SHARP

    def _note(self, key: PlaneKey, mark: PlaneMark, chosen: bool = False) -> None:
        self.cycle = max(self.cycle, key.cycle)
        marks = self._marks[key.section, key.tile]
        if chosen or key.cycle not in marks:
            marks[key.cycle] = mark
        self._changes[key.section, key.cycle] += 1

    def _forget(self, key: PlaneKey) -> None:
        self._marks[key.section, key.tile].pop(key.cycle, None)


def _imaged_tiles(plan: Plan) -> dict[str, tuple[int, ...]]:
    imaging = plan.project.imaging
    return {s.id: tuple(t.index for t in s.tiles(imaging)) for s in plan.wafer.sections}
