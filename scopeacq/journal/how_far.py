"""How far a run is, counted from its plan and its progress. Pure."""

from __future__ import annotations

from scopeacq.engine.events import MillProgressed, Progressed
from scopeacq.journal.progress import Progress
from scopeacq.journal.records import MillKey
from scopeacq.plan.runfolder import Plan


def how_far(plan: Plan, progress: Progress, at_s: float = 0.0) -> Progressed:
    """Planes and passes, done and in all. ``at_s``: the instrument's time."""
    cycles, done, milling = plan.project.cycles, progress.totals, plan.project.milling
    begun = progress.cycle < cycles
    per_cycle = sum(len(progress.tiles[section]) for section in progress.active())
    later = max(cycles - progress.cycle - 1, 0) * per_cycle
    return Progressed(
        cycle=progress.cycle,
        cycles=cycles,
        planes_done=done.planes,
        planes_total=done.planes + begun * len(progress.open_keys) + later,
        passes_done=done.passes,
        passes_total=cycles * milling.rounds * len(milling.azimuths_deg),
        at_s=at_s,
    )


def how_far_milled(progress: Progress, key: MillKey, current_na: float) -> MillProgressed:
    """How far a pass of the cycle that is being milled is, by its last heartbeat."""
    assert progress.gate is not None
    mill, state = progress.gate.mill, progress.mill(key)
    passes = dict(mill.passes(key.cycle))
    delivered_uc = state.delivered_uc + (state.heartbeat_uc if state.opening is not None else 0.0)
    return MillProgressed(
        number=list(passes).index(key) + 1,
        passes=len(passes),
        azimuth_deg=mill.azimuths_deg[key.azimuth],
        delivered_uc=delivered_uc,
        requested_uc=passes[key],
        left_s=max(passes[key] - delivered_uc, 0.0) / current_na * 1e3,
    )
