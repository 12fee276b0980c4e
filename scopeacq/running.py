"""A whole run in a terminal: findings, progress, summary."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from scopeacq.conduct import conduct
from scopeacq.engine.time_left import TimeLeft
from scopeacq.journal.records import RunEnd
from scopeacq.plan.findings import Finding, Severity
from scopeacq.plan.runfolder import Plan
from scopeacq.session import Session
from scopeacq.telling.console import supervise
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import explaining
from scopeacq.telling.showing import show_findings, show_status
from scopeacq.telling.status import read_status


@dataclass(frozen=True, slots=True)
class Terminal:
    """An operator in front of a terminal."""

    console: Console

    def tell(self, findings: Sequence[Finding]) -> None:
        show_findings(self.console, findings, Severity.WARNING)

    def attend(self, session: Session, cycles: int | None, time_left: TimeLeft) -> RunEnd:
        return supervise(session.engine, cycles, self.console, time_left)


def run_in_console(plan: Plan, cycles: int | None, console: Console) -> ExitCode:
    """Go on with a run until it ends, and say how it stands. Nothing is touched when pre-flight objects.

    Raises:
        Explained: something went wrong; an unexpected error was logged in the run's folder.
    """
    with explaining(plan.folder.logs):
        outcome = conduct(plan, cycles, Terminal(console))
        _say(console, outcome.sentence)
        if outcome.end is not None:
            show_status(console, read_status(plan))
            _say(console, what_now(outcome.code, plan.folder.root))
        return outcome.code


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
