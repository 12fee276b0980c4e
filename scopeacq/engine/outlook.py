"""What a run has ahead of it, and what the mill gate waits for. Pure; the cost does not grow with the run.

Durations are the instrument's, from the estimate: a virtual clock does not take them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from scopeacq.engine.planner import InFlight, mill_plan
from scopeacq.engine.steps import AwaitPlanes, Finish, SettleBurn, SettleMill, Step, Wait, section_of
from scopeacq.engine.wishes import Offer, offers
from scopeacq.journal.progress import Progress
from scopeacq.journal.records import PlaneKey
from scopeacq.plan.estimate import Estimate, Pace, estimate
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.wording import counted

SECTIONS_SHOWN = 6
"""Sections ahead that are named one by one."""
PLANES_LOOKED_AT = 2_000
"""Open planes that are looked at; the rest is counted."""


class GateState(Enum):
    """Why the ion beam may or may not open in this cycle."""

    CLOSED = "closed"
    SHUT = "shut"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Gate:
    """The mill gate: closed while planes are to come, shut until an operator acts, or passed."""

    state: GateState
    missing: int
    text: str


class Kind(Enum):
    """What kind of work lies ahead."""

    NOW = "now"
    LOOK = "look"
    PAUSE = "pause"
    IMAGE = "image"
    LEFT_OUT = "left out"
    GATE = "gate"
    MILL = "mill"
    CYCLE = "cycle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Ahead:
    """One entry of what happens next. ``duration_s``: instrument's time, 0 where it hardly takes any.

    ``offers``: what an operator may change of it.
    """

    kind: Kind
    text: str
    duration_s: float = 0.0
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where a run goes from here; the first entry is what it does now."""

    cycle: int
    cycles: int
    gate: Gate
    ahead: tuple[Ahead, ...]


def outlook(plan: Plan, progress: Progress, in_flight: InFlight, step: Step) -> Outlook:
    """The outlook of a run that is about to do ``step``."""
    cycles = plan.project.cycles
    gate = gate_of(progress, in_flight, step)
    if isinstance(step, Finish):
        return Outlook(min(progress.cycle, cycles - 1), cycles, gate, (_end(progress),))
    entries = (Ahead(Kind.NOW, str(step)), *_ahead(plan, progress, step))
    return Outlook(min(progress.cycle, cycles - 1), cycles, gate, entries)


def gate_of(progress: Progress, in_flight: InFlight, step: Step) -> Gate:
    """The mill gate of the current cycle, in one sentence."""
    missing, cycle = len(progress.open_keys), progress.cycle + 1
    if progress.gate is not None:
        return Gate(GateState.PASSED, 0, f"Every tile of cycle {cycle} was verified before milling.")
    match step:
        case Wait():
            return Gate(GateState.SHUT, missing, str(step))
        case SettleMill():
            return Gate(GateState.SHUT, missing, "An interrupted mill pass is settled first.")
        case SettleBurn():
            return Gate(GateState.SHUT, missing, "An interrupted burn of a calibration is settled first.")
        case Finish():
            return Gate(GateState.CLOSED, 0, "There is nothing left to mill.")
    if not missing:
        return Gate(
            GateState.CLOSED, 0, f"Every tile of cycle {cycle} is sharp; it is verified on the disk next."
        )
    return Gate(GateState.CLOSED, missing, _waits_for(progress, in_flight))


def _waits_for(progress: Progress, in_flight: InFlight) -> str:
    missing, cycle = len(progress.open_keys), progress.cycle + 1
    if in_flight and all(key in in_flight for key in islice(progress.open_keys, len(in_flight) + 1)):
        return f"Milling waits until {counted(missing, 'tile')} of cycle {cycle} are written and judged."
    first = next((key for key in progress.open_keys if key not in in_flight), None)
    assert first is not None
    others = f" and {counted(missing - 1, 'other')}" if missing > 1 else ""
    tile = f"section {first.section}, tile {first.tile + 1}{_why_missing(progress, first)}{others}"
    return f"Milling waits for {tile} of cycle {cycle}."


def _why_missing(progress: Progress, key: PlaneKey) -> str:
    if progress.sections[key.section].left_out:
        return ", which you left out,"
    if progress.sections[key.section].skipped:
        return ", which was skipped after trouble,"
    if key in progress.planes and progress.planes[key].refused_takes > 0:
        return ", which was not sharp,"
    return ""


def _end(progress: Progress) -> Ahead:
    return Ahead(Kind.END, f"Nothing more: {counted(progress.cycles_done, 'cycle')} done")


def _ahead(plan: Plan, progress: Progress, step: Step) -> Iterator[Ahead]:
    if isinstance(step, Wait):
        yield from _left_out(progress)
        return
    cost = estimate(plan.project, plan.wafer, plan.instrument)
    if progress.gate is None:
        yield from _imaging(plan, progress, step, cost)
        yield Ahead(Kind.GATE, f"Verify every tile of cycle {progress.cycle + 1} on the disk")
    yield from _milling(plan, progress, step, cost)
    later = plan.project.cycles - progress.cycle - 1
    if later > 0:
        yield Ahead(
            Kind.CYCLE, f"{counted(later, 'more cycle')}, {progress.cycle + 2} next", later * cost.cycle_s
        )
    yield Ahead(Kind.END, "The run is finished")


def _imaging(plan: Plan, progress: Progress, step: Step, cost: Estimate) -> Iterator[Ahead]:
    if progress.wafer is None and progress.open_keys and not isinstance(step, AwaitPlanes):
        yield Ahead(
            Kind.LOOK, "Find the wafer by its fiducials", len(plan.wafer.fiducials) * Pace().registration_s
        )
    seen = Counter(key.section for key in islice(progress.open_keys, PLANES_LOOKED_AT))
    tile_s = (cost.imaging_s + cost.focus_s) / cost.planes_per_cycle
    imaged = {s: tiles for s, tiles in seen.items() if not progress.sections[s].passed_over}
    shown = list(islice(imaged.items(), SECTIONS_SHOWN))
    for section, tiles in shown:
        yield from _section(progress, section, tiles, section == section_of(step), tiles * tile_s)
    not_shown = len(progress.open_keys) - sum(seen.values())
    tiles_left = sum(imaged.values()) - sum(tiles for _, tiles in shown) + not_shown
    if tiles_left > 0:
        yield Ahead(
            Kind.IMAGE, f"Image {counted(tiles_left, 'tile')} of other sections", tiles_left * tile_s
        )
    yield from _left_out(progress)


def _section(
    progress: Progress, section: str, tiles: int, begun: bool, duration_s: float
) -> Iterator[Ahead]:
    state = progress.sections[section]
    if state.pause_before:
        yield Ahead(Kind.PAUSE, f"Pause before section {section}")
    verb = "Focus again and image" if state.focus_first else "Image"
    rest = "the rest of section" if begun else "section"
    text = f"{verb} {rest} {section}: {counted(tiles, 'tile')}"
    yield Ahead(Kind.IMAGE, text, duration_s, offers(progress, section))


def _left_out(progress: Progress) -> Iterator[Ahead]:
    """Sections that nothing is imaged of any more in this cycle, although the gate asks for them."""
    if progress.gate is not None:
        return
    seen = dict.fromkeys(key.section for key in islice(progress.open_keys, PLANES_LOOKED_AT))
    for section in (s for s in seen if progress.sections[s].passed_over):
        yield Ahead(Kind.LEFT_OUT, f"Left out: section {section}", offers=offers(progress, section))


def _milling(plan: Plan, progress: Progress, step: Step, cost: Estimate) -> Iterator[Ahead]:
    mill = progress.gate.mill if progress.gate is not None else mill_plan(plan)
    for key, requested_uc in mill.passes(progress.cycle):
        state = progress.mills.get(key)
        if (state is not None and state.done) or getattr(step, "key", None) == key:
            continue
        round_ = f", round {key.round + 1} of {mill.rounds}" if mill.rounds > 1 else ""
        azimuth = f"{mill.azimuths_deg[key.azimuth]:g}\N{DEGREE SIGN}"
        text = f"Mill from {azimuth}{round_}, {requested_uc:.2f} \u00b5C"
        yield Ahead(Kind.MILL, text, cost.pass_s + Pace().mill_pass_s)
