"""A calibration in a terminal: with a bar on stderr, a pause by Ctrl-C, and a result as text or JSON."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from calibration.catalogue import procedure_of
from calibration.figures import Figure
from calibration.keeping import put_back
from calibration.procedure import Compared, Need, Procedure
from calibration.sitting import Finished, calibrate
from hardware.errors import Halted, HardwareError
from hardware.model_problems import located_problems
from scopeacq.commands.interruption import interruptible
from scopeacq.manual import open_manual
from scopeacq.plan.accepting import accept
from scopeacq.plan.as_found import NAME, left_changed
from scopeacq.plan.calibration_kinds import CalibrationKind
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings
from scopeacq.plan.templates import to_toml
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.locks import OwnerLock
from scopeacq.telling.as_json import as_json_text
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import Explained, expected_code, explaining

if TYPE_CHECKING:
    from scopeacq.manual import Manual

PAUSED = "The calibration is paused: what was measured is kept, and the same command goes on with it."
ENDS_EARLY = "With --end it ends with what it has."


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. ``choices``: settings as ``key=value``; ``ions``: the ion beam may be opened.

    ``end``: end what was paused with what it has.
    """

    kind: CalibrationKind
    project: Path
    choices: tuple[str, ...] = ()
    anew: bool = False
    end: bool = False
    accept: bool = False
    ions: bool = False


@dataclass(frozen=True, slots=True)
class Reported:
    """What came of a calibration. ``accepted`` says what changed in the run's files."""

    kind: CalibrationKind
    good: bool
    reasons: tuple[str, ...]
    values: tuple[dict[str, Any], ...]
    conditions: dict[str, Any]
    comparison: tuple[Compared, ...]
    profile: str
    report: str
    accepted: tuple[str, ...] = ()


@dataclass
class _Terminal:
    """An audience: a bar with what happens now, and a pause at Ctrl-C. Figures are in the report."""

    bars: Progress
    task: TaskID
    halted: threading.Event

    def told(self, share: float, saying: str) -> None:
        if self.halted.is_set():
            raise Halted("calibration", "stopped by the operator")
        self.bars.update(self.task, completed=share, description=escape(saying))

    def shown(self, key: str, figure: Figure) -> None:
        """A terminal has no pictures."""

    def called(self, what: str) -> None:
        self.bars.console.bell()
        self.bars.console.print(escape(what))


def show_in_console(order: Order) -> None:
    """Say what a calibration does, takes and can be told."""
    plan, procedure = Plan.read(order.project), procedure_of(order.kind)
    settings = _settings(procedure, order.choices)
    cost = procedure.cost(plan, settings)
    does = ", ".join(sorted(need.value for need in procedure.needs)) or "works on files"
    typer.echo(f"{procedure.title}. {procedure.about} It {does}.")
    typer.echo(
        f"It takes about {cost.duration_s / 60:.1f} min and {cost.frames} frames; no place is given more "
        f"than {cost.electron_dose_per_nm2:.3g} e-/nm2. {' '.join(cost.said)}".strip()
    )
    typer.echo(to_toml(settings, "Settings; change them by --set key=value."))


def measure_in_console(order: Order, as_json: bool) -> ExitCode:
    """Calibrate, with its result on stdout; ``FAILED`` where the verdict is that it must not be used."""
    plan, procedure = Plan.read(order.project), procedure_of(order.kind)
    settings = _settings(procedure, order.choices)
    if Need.IONS in procedure.needs and not order.ions:
        raise typer.BadParameter(
            f"{procedure.title} opens the ion beam, which removes what it hits: allow it by "
            "--open-ion-beam."
        )
    if order.end and (order.anew or not procedure.ends_early):
        raise typer.BadParameter(f"{procedure.title} cannot be ended with what it has; --anew begins anew.")
    with explaining(plan.folder.logs):
        done = _measured(procedure, settings, plan, order)
        wanted = order.accept and done.profile.verdict.good and done.profile.values
        changed = accept(plan, done.profile_file).said if wanted else ()
    report = _reported(done, changed)
    if as_json:
        typer.echo(as_json_text(report))
    else:
        _show(report, order)
    return ExitCode.FINISHED if report.good else ExitCode.FAILED


def _measured(procedure: Procedure[Any], settings: Settings, plan: Plan, order: Order) -> Finished:
    with Progress(console=Console(stderr=True)) as bars, interruptible() as halted:
        terminal = _Terminal(bars, bars.add_task(procedure.title, total=1.0), halted)
        with _noting(procedure), _hand(procedure, plan, halted) as manual:
            return calibrate(procedure, settings, plan, terminal, manual, anew=order.anew, ends=order.end)


@contextmanager
def _hand(procedure: Procedure[Any], plan: Plan, halted: threading.Event) -> Iterator[Manual | None]:
    """The instrument, for a procedure that needs it."""
    if not procedure.needs:
        yield None
        return
    with open_manual(plan) as manual:
        manual.begin(halted)
        yield manual


@contextmanager
def _noting(procedure: Procedure[Any]) -> Iterator[None]:
    """An error says in its one paragraph as well what could not be put back."""
    try:
        yield
    except Halted as halt:
        paused = f"{PAUSED} {ENDS_EARLY}" if procedure.ends_early else PAUSED
        raise Explained(ExitCode.PAUSED, _with_notes(paused, halt)) from halt
    except (HardwareError, OSError) as error:
        code = expected_code(error) or ExitCode.FAILED
        raise Explained(code, _with_notes(str(error), error)) from error


def _with_notes(sentence: str, error: Exception) -> str:
    return " ".join([sentence, *getattr(error, "__notes__", ())])


def _settings(procedure: Procedure[Any], choices: tuple[str, ...]) -> Settings:
    """The usual settings with what was chosen. Raises ``typer.BadParameter``."""
    data: dict[str, Any] = {}
    for choice in choices:
        key, equals, text = choice.partition("=")
        if not (equals and key.strip()):
            raise typer.BadParameter(f"'{choice}' is not KEY=VALUE.")
        *tables, last = key.strip().split(".")
        table = data
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise typer.BadParameter(f"'{choice}': {name} is no table of settings.")
        table[last] = _value(text.strip())
    if problems := [problem for _, problem in located_problems(procedure.settings, data)]:
        raise typer.BadParameter(f"{'; '.join(problems)}.")
    found: Settings = procedure.settings.model_validate(data)
    return found


def _value(text: str) -> object:
    """A number, switch or list as in a settings file; anything else is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _reported(done: Finished, changed: tuple[str, ...]) -> Reported:
    profile = done.profile
    return Reported(
        profile.kind,
        profile.verdict.good,
        profile.verdict.reasons,
        tuple(v.model_dump() for v in profile.values),
        profile.conditions.model_dump(exclude_none=True),
        done.result.comparison,
        str(done.profile_file),
        str(done.report_file),
        changed,
    )


def _show(report: Reported, order: Order) -> None:
    console = Console()
    if report.comparison:
        table = Table("Value", "In use", "Measured", "Change")
        for row in report.comparison:
            table.add_row(row.what, row.before, row.after, row.change)
        console.print(table)
    verdict = "Good." if report.good else "Not good: what is in use stays."
    next_step = "" if report.accepted or not report.good or not report.values else _how_to_accept(order)
    lines = (verdict, *report.reasons, f"Residuals: {report.report}", *report.accepted, next_step)
    for line in filter(None, lines):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def _how_to_accept(order: Order) -> str:
    return f"`scopeacq calibrate accept {order.project} {order.kind.value}` has the run go by it."


def restore_in_console(project: Path) -> None:
    """Put the instrument back as it was before a calibration that did not do so itself."""
    plan = Plan.read(project)
    found = left_changed(plan.instrument_folder)
    if found is None:
        typer.echo("The instrument is as it was before the last calibration: there is nothing to put back.")
        return
    with explaining(plan.folder.logs), interruptible() as halted, open_manual(plan) as manual:
        manual.begin(halted)
        put_back(manual, found, DiskFiles())
    typer.echo(f"The instrument is as it was before the calibration {found.kind.value}.")


def forget_in_console(project: Path) -> None:
    """Take the instrument as it is for as it should be."""
    plan = Plan.read(project)
    with OwnerLock.of_run(plan.folder.root):
        DiskFiles().remove(plan.instrument_folder / NAME)
    typer.echo("The instrument stays as it is.")
