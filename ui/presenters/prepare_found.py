"""What there is of each step of the preparation, found in the plan, its candidates and its overviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scopeacq.plan.coverage import coverage
from scopeacq.plan.findings import Finding as PlanFinding
from scopeacq.plan.findings import Severity
from scopeacq.plan.grid_checks import grid_findings
from scopeacq.plan.landmarks import judge
from scopeacq.plan.mark_checks import LEAST_FIDUCIALS, fiducial_findings
from scopeacq.plan.runfolder import Plan
from scopeacq.route.starts import strips
from scopeacq.route.stops import stops_of
from scopeacq.sections.candidates import Candidates, Verdict
from scopeacq.telling.wording import counted
from ui.presenters.durations import spoken
from ui.presenters.found import Standing, standing_of
from ui.presenters.prepare import Finding, State, Step


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is. ``overviews``: names of the pictures under the map."""

    plan: Plan
    candidates: Candidates
    overviews: tuple[str, ...]


def found_in(stock: Stock) -> Mapping[Step, Finding]:
    """How each step stands. Takes up to a second for a thousand sections."""
    return {
        Step.OVERVIEW: _overview(stock.overviews),
        Step.LANDMARKS: _landmarks(stock.plan),
        Step.SECTIONS: _sections(stock),
        Step.GRIDS: _grids(stock.plan),
        Step.FIDUCIALS: _fiducials(stock.plan),
        Step.ROUTE: _route(stock.plan),
    }


def _overview(names: tuple[str, ...]) -> Finding:
    if not names:
        return Finding(State.TO_DO, "No picture of the wafer yet.")
    return Finding(State.DONE, f"{counted(len(names), 'picture')}: {', '.join(names)}.")


def _landmarks(plan: Plan) -> Finding:
    marks = plan.wafer.landmarks
    if not marks:
        return Finding(State.OPTIONAL, "None: the wafer counts as mounted as it is drawn.")
    mounting = judge(marks, plan.project.registration.max_shift_um)
    fits = mounting.sound and mounting.misfit is None
    return Finding(State.DONE if fits else State.LOOK, mounting.verdict)


def _sections(stock: Stock) -> Finding:
    candidates, sections = stock.candidates.sections, stock.plan.wafer.sections
    waiting = [c for c in candidates if c.verdict is Verdict.OPEN]
    if not candidates and not sections:
        return Finding(State.TO_DO, "No section yet.")
    planned = f"{counted(len(sections), 'section')} in the plan"
    if not waiting:
        return Finding(State.DONE if sections else State.LOOK, f"{planned}.")
    doubtful = sum(standing_of(c) is Standing.DOUBTFUL for c in waiting)
    doubts = f", {doubtful} doubtful" if doubtful else ""
    return Finding(State.LOOK, f"{len(waiting)} found and not judged{doubts}; {planned}.")


def _grids(plan: Plan) -> Finding:
    active = [s for s in plan.wafer.sections if s.active]
    if not active:
        return Finding(State.TO_DO, "No section to put a grid on yet.")
    tiles = sum(len(s.imaged(plan.project.imaging)) for s in active)
    shares = [coverage(s, plan.project.imaging).share for s in active if s.roi_um is not None]
    covered = f", ROIs covered to {min(shares):.0%}" if shares else ""
    there_is = f"{counted(len(active), 'section')}, {counted(tiles, 'tile')}{covered}"
    return _judged(grid_findings(plan), there_is)


def _fiducials(plan: Plan) -> Finding:
    count = len(plan.wafer.fiducials)
    if not count:
        return Finding(State.TO_DO, f"None yet; {LEAST_FIDUCIALS} at least, far apart.")
    return _judged(fiducial_findings(plan), counted(count, "fiducial"))


def _route(plan: Plan) -> Finding:
    if sum(bool(s.imaged(plan.project.imaging)) for s in plan.wafer.sections) < 2:
        return Finding(State.TO_DO, "Two sections at least are put in order.")
    stops = stops_of(plan.project, plan.wafer, plan.instrument.stage)
    present_s, usual_s = stops.tour_s(stops.as_given), stops.tour_s(strips(stops))
    sentence = f"The way through {counted(stops.count, 'section')} takes {spoken(present_s)} in each cycle."
    return Finding(State.DONE if present_s <= usual_s else State.TO_DO, sentence)


def _judged(findings: Iterable[PlanFinding], there_is: str) -> Finding:
    """Done, unless something is wrong: then the first thing that is, and how many more there are."""
    wrong = [found for found in findings if found.severity is not Severity.NOTE]
    if not wrong:
        return Finding(State.DONE, f"{there_is}.")
    worst = next((found for found in wrong if found.severity is Severity.ERROR), wrong[0])
    others = f" {len(wrong) - 1} more in Pre-flight." if len(wrong) > 1 else ""
    return Finding(State.LOOK, f"{there_is}. {worst.text}{others}")
