"""A run from pre-flight to its end: the same decisions in the same order, whoever watches.

Command line and window differ only in their :class:`Attendant`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from scopeacq.engine.time_left import TimeLeft
from scopeacq.journal.history import read_history
from scopeacq.journal.records import RunEnd
from scopeacq.plan import preflight
from scopeacq.plan.estimate import Pace, estimate
from scopeacq.plan.findings import Finding, permit
from scopeacq.plan.runfolder import Plan
from scopeacq.session import Session, open_session
from scopeacq.telling.exit_codes import ExitCode, of_run_end
from scopeacq.telling.wording import counted

SessionOpener = Callable[[Plan], AbstractContextManager[Session]]


class Attendant(Protocol):
    """Whoever shows a run to its operator."""

    def tell(self, findings: Sequence[Finding]) -> None:
        """Show what a check has found; whether the run may start is decided elsewhere."""

    def attend(self, session: Session, cycles: int | None, time_left: TimeLeft) -> RunEnd:
        """Run the session's engine to its end while showing what it tells. Raises what it raises."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. ``end`` is None where the engine never ran; then ``sentence`` may say why."""

    code: ExitCode
    end: RunEnd | None = None
    sentence: str = ""


def conduct(
    plan: Plan,
    cycles: int | None,
    attendant: Attendant,
    opener: SessionOpener = open_session,
    site: preflight.Site | None = None,
) -> Outcome:
    """Go on with a run until it ends. Nothing is touched when pre-flight objects.

    Args:
        cycles: end when so many are done in all; None is what the project asks for.
        opener, site: where microscope and computer come from; tests have their own.

    Raises what reading, connecting and running raise; see ``open_session`` and ``Engine.run``.
    """
    history = read_history(plan)
    if not _cleared(attendant, preflight.check(plan, site, history)):
        return Outcome(ExitCode.BAD_INPUT)
    target = plan.project.cycles if cycles is None else min(cycles, plan.project.cycles)
    if history.cycles_done >= target:
        done = counted(history.cycles_done, "cycle")
        return Outcome(ExitCode.FINISHED, None, f"{done} done, {target} asked for: nothing to do.")
    with opener(plan) as session:
        if not _cleared(attendant, preflight.check_stage(plan, session.rig.devices.stage)):
            return Outcome(ExitCode.BAD_INPUT)
        end = attendant.attend(session, cycles, _time_left(plan, session.rig.devices.clock.pace))
    return Outcome(of_run_end(end), end)


def _cleared(attendant: Attendant, findings: Sequence[Finding]) -> bool:
    attendant.tell(findings)
    return permit(findings)


def _time_left(plan: Plan, pace: float) -> TimeLeft:
    """``pace``: instrument's seconds per real second, infinite for a virtual clock."""
    cost = estimate(plan.project, plan.wafer, plan.instrument)
    plane_s = (cost.imaging_s + cost.focus_s) / cost.planes_per_cycle
    return TimeLeft(plane_s / pace, (cost.pass_s + Pace().mill_pass_s) / pace)
