"""What to do next, as a pure function of the plan, the progress and the writes in flight.

The order of the questions below *is* the engine's behaviour: nothing else decides. The
cost does not grow with the run: open planes are looked at in order, and at most as many
are passed over as there are writes in flight.
"""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.engine.steps import (
    AcquireTile,
    AwaitPlanes,
    Clean,
    DropSection,
    EndCycle,
    Finish,
    FitSurface,
    Focus,
    JudgePlane,
    MillAzimuth,
    PassGate,
    Pause,
    RecoverImaging,
    RegisterSection,
    RegisterWafer,
    SettleBurn,
    SettleMill,
    Step,
    Wait,
    WaivePlane,
)
from scopeacq.focus.focus_policy import TileSituation, correction_due
from scopeacq.journal.progress import PlaneState, Progress
from scopeacq.journal.records import MillPlan, PlaneKey, WaitReason
from scopeacq.plan.mill_rate import charge_uc_per_azimuth, depth_nm
from scopeacq.plan.project import FocusPolicy, FocusSettings, GateSettings
from scopeacq.plan.runfolder import Plan

InFlight = frozenset[PlaneKey]


@dataclass(frozen=True, slots=True)
class Target:
    """How far this call of ``run`` is to go."""

    cycles: int


def next_step(plan: Plan, progress: Progress, in_flight: InFlight, target: Target) -> Step:
    """The next step. Pure: the same arguments give the same step."""
    for question in (_unsettled_mill, _finished, _milling, _looking, _imaging, _closing):
        step = question(plan, progress, in_flight, target)
        if step is not None:
            return step
    raise AssertionError("the planner always has an answer")


def _unsettled_mill(_: Plan, progress: Progress, __: InFlight, ___: Target) -> Step | None:
    for key, state in progress.mills.items():
        if state.opening is not None:
            return SettleMill(key, state.opening.opening)
    burn = progress.burns.open
    return SettleBurn(burn.key, burn.opening) if burn is not None else None


def _finished(_: Plan, progress: Progress, __: InFlight, target: Target) -> Step | None:
    if progress.cycles_done >= target.cycles or not progress.active():
        return Finish()
    return None


def _milling(_: Plan, progress: Progress, __: InFlight, ___: Target) -> Step | None:
    """Once the gate is passed a cycle only mills: its surface is no longer what was imaged."""
    if progress.gate is None:
        return None
    mill = progress.gate.mill
    for key, requested_uc in mill.passes(progress.cycle):
        state = progress.mill(key)
        if not state.done:
            azimuth_deg = mill.azimuths_deg[key.azimuth]
            return MillAzimuth(key, azimuth_deg, requested_uc, max(requested_uc - state.delivered_uc, 0.0))
    return EndCycle(progress.cycle)


def _looking(plan: Plan, progress: Progress, _: InFlight, __: Target) -> Step | None:
    """Before anything is imaged: column, cleaning, where the wafer lies, its focus surface."""
    if progress.open_keys:
        if _cleaning_due(plan, progress):
            return Clean(progress.cycle)
        if progress.recovered is None:
            return RecoverImaging(progress.cycle)
        if progress.wafer is None:
            return RegisterWafer(progress.cycle)
        if needs_surface(plan.project.focus) and not progress.surface_asked:
            return FitSurface(progress.cycle)
    return None


def _cleaning_due(plan: Plan, progress: Progress) -> bool:
    every = plan.project.cleaning.every_cycles
    return bool(every) and progress.cycle > 0 and progress.cycle % every == 0 and not progress.cleaned


def _imaging(plan: Plan, progress: Progress, in_flight: InFlight, _: Target) -> Step | None:
    for key in progress.open_keys:
        if key in in_flight or progress.sections[key.section].passed_over:
            continue
        plane = progress.plane(key)
        if plane.unjudged is not None:
            return JudgePlane(key, plane.unjudged)
        if plane.refused_takes - plane.forgiven_takes <= plan.project.imaging.retakes:
            return _take(plan, progress, key, plane)
    return AwaitPlanes() if in_flight else None


def _take(plan: Plan, progress: Progress, key: PlaneKey, plane: PlaneState) -> Step:
    state = progress.sections[key.section]
    if state.pause_before:
        return Pause(progress.cycle, key.section)
    if not state.found:
        return RegisterSection(progress.cycle, key.section)
    unfocused = plane.focused is None and not plane.focus_given_up
    if unfocused and focus_due(plan.project.focus, progress, key):
        return Focus(key)
    return AcquireTile(key, len(plane.takes))


def _closing(plan: Plan, progress: Progress, _: InFlight, __: Target) -> Step | None:
    """Everything is imaged as well as it can be: waive, drop, or pass the gate."""
    for key in progress.open_keys:
        reason = waiver(plan.project.gate, progress, key)
        return WaivePlane(key, reason) if reason else _gate_shut(progress, key)
    dark = [s for s in progress.active() if progress.shows_wafer(s)]
    if dark and len(dark) == len(progress.active()):
        return Wait(
            WaitReason.OPERATOR,
            "Every section of this cycle shows bare wafer, or the electron beam is lost: nothing is "
            "milled. Look at the live image; when all sections are milled through, the run is complete.",
        )
    for section in dark:
        state = progress.sections[section]
        if len(state.dark_fractions) + 1 >= plan.project.drop.cycles and not state.drop_refused:
            return DropSection(progress.cycle, section)
    return PassGate(progress.cycle)


def _gate_shut(progress: Progress, key: PlaneKey) -> Wait:
    missing = len(progress.open_keys)
    others = f" and {missing - 1} more" if missing > 1 else ""
    if progress.sections[key.section].left_out:
        return Wait(
            WaitReason.MILL_GATE,
            f"The mill gate is shut: section {key.section} was left out of cycle {key.cycle + 1} as you "
            "asked. Image it after all, or accept the section under [gate] in project.toml.",
        )
    return Wait(
        WaitReason.MILL_GATE,
        f"The mill gate is shut: section {key.section}, tile {key.tile + 1}{others} of cycle "
        f"{key.cycle + 1} is missing or not sharp. Focus by hand and run again for new takes, or accept "
        "the section under [gate] in project.toml.",
    )


def waiver(gate: GateSettings, progress: Progress, key: PlaneKey) -> str | None:
    """Why the operator's policy lets the cycle mill without this plane, if it does."""
    if key.section in gate.accept_sections:
        return f"section {key.section} is accepted by the project"
    waived = sum(p.waived and k.section not in gate.accept_sections for k, p in progress.planes.items())
    if waived < gate.accept_tiles_per_cycle:
        return f"tile {waived + 1} of {gate.accept_tiles_per_cycle} that each cycle may lack"
    return None


def needs_surface(focus: FocusSettings) -> bool:
    """Whether some tiles trust the wafer's focus surface instead of a correction of their own."""
    return focus.policy is not FocusPolicy.EVERY_TILE


def focus_due(focus: FocusSettings, progress: Progress, key: PlaneKey) -> bool:
    """Whether a correction precedes this tile."""
    if progress.sections[key.section].focus_first:
        return True
    situation = TileSituation(
        position=progress.tiles[key.section].index(key.tile),
        surface_known=progress.surface is not None,
        section_score_um=progress.sections[key.section].last_score_um,
        retake=progress.plane(key).refused_takes > 0,
    )
    return correction_due(focus, situation)


def mill_plan(plan: Plan) -> MillPlan:
    """How the next cycle is to be milled, by the project and the instrument's mill rate."""
    milling = plan.project.milling
    charge_uc = charge_uc_per_azimuth(plan.instrument.mill, milling)
    nm_per_uc = depth_nm(plan.instrument.mill, milling, 1.0)
    return MillPlan(milling.azimuths_deg, milling.rounds, charge_uc, milling.raster_vpp, nm_per_uc)
