"""A whole run in a terminal: pre-flight, session, progress, summary."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console

from scopeacq import preflight
from scopeacq.console import supervise
from scopeacq.estimate import Pace, estimate
from scopeacq.exit_codes import ExitCode, of_run_end
from scopeacq.explain import explaining
from scopeacq.findings import Severity
from scopeacq.history import read_history
from scopeacq.runfolder import Plan
from scopeacq.session import open_session
from scopeacq.showing import show_findings, show_status
from scopeacq.status import read_status
from scopeacq.time_left import TimeLeft
from scopeacq.wording import counted


def run_in_console(plan: Plan, cycles: int | None, console: Console) -> ExitCode:
    """Go on with a run until it ends, and say how it stands. Nothing is touched when pre-flight objects.

    Raises:
        Explained: something went wrong; an unexpected error was logged in the run's folder.
    """
    with explaining(plan.folder.logs):
        history = read_history(plan)
        if not show_findings(console, preflight.check(plan, history=history), Severity.WARNING):
            return ExitCode.BAD_INPUT
        target = plan.project.cycles if cycles is None else min(cycles, plan.project.cycles)
        if history.cycles_done >= target:
            done = counted(history.cycles_done, "cycle")
            _say(console, f"{done} done, {target} asked for: nothing to do.")
            return ExitCode.FINISHED
        with open_session(plan) as session:
            if not show_findings(console, preflight.check_stage(plan, session.rig.devices.stage)):
                return ExitCode.BAD_INPUT
            time_left = _time_left(plan, session.rig.devices.clock.pace)
            end = supervise(session.engine, cycles, console, time_left)
        show_status(console, read_status(plan))
        _say(console, what_now(code := of_run_end(end), plan.folder.root))
        return code


def what_now(code: ExitCode, root: Path) -> str:
    """What the operator can do after a run ended so; an empty string after its end."""
    command = f"`scopeacq run {shlex.quote(str(root))}`"
    match code:
        case ExitCode.PAUSED | ExitCode.FAILED:
            return f"Go on with {command}."
        case ExitCode.WAITING:
            return (
                f"{command} takes again what is missing or unsharp. To mill without it, name the sections "
                "in gate.accept_sections or raise gate.accept_tiles_per_cycle in project.toml before."
            )
        case _:
            return ""


def _say(console: Console, sentence: str) -> None:
    if sentence:
        console.print(sentence, soft_wrap=True, markup=False, highlight=False)


def _time_left(plan: Plan, pace: float) -> TimeLeft:
    """``pace``: instrument's seconds per real second, infinite for a virtual clock."""
    cost = estimate(plan.project, plan.wafer, plan.instrument)
    plane_s = (cost.imaging_s + cost.focus_s) / cost.planes_per_cycle
    return TimeLeft(plane_s / pace, (cost.pass_s + Pace().mill_pass_s) / pace)
