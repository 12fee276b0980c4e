"""How far a run is, counted from its plan and its progress. Pure."""

from __future__ import annotations

from scopeacq.events import Progressed
from scopeacq.progress import Progress
from scopeacq.runfolder import Plan


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
