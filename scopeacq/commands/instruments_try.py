"""``scopeacq instruments test`` and ``monitor``: an instrument in hand, without a run."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from scopeacq.commands.arguments import AsJson
from scopeacq.commands.interruption import interruptible

if TYPE_CHECKING:
    from rich.table import Table

    from hardware.instruments_file import PlannedDevice
    from hardware.monitoring import Reading, Value
    from hardware.parts import Parts
    from hardware.self_test import Checked
    from hardware.self_test_report import SelfTestReport
    from scopeacq.plan.assembly import Target

TargetPath = Annotated[
    Path, typer.Argument(help="A run's folder or a file of devices.", show_default=False)
]
Device = Annotated[
    str | None, typer.Option("--device", metavar="NAME", help="Only this device, without its instrument.")
]

_STYLES = {"passed": "green", "failed": "bold red", "left out": "yellow"}


def test(
    target: TargetPath,
    device: Device = None,
    with_beam: Annotated[
        bool, typer.Option("--with-beam", help="Scan one small frame, where EHT is on already.")
    ] = False,
    known_current_na: Annotated[
        float | None,
        typer.Option(help="Fed into the irradiation meter by a calibrated source; electrons are negative."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="File to write: Markdown, or JSON by its ending.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try all that is safe: nothing moves, no high voltage is switched, the ion beam stays blanked."""
    from hardware.self_test import passes
    from hardware.self_test_report import as_json as json_of
    from hardware.self_test_report import save, verdict
    from scopeacq.plan.assembly import target_of
    from scopeacq.telling.exit_codes import ExitCode

    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
    result = _tried(target_of(target), device, with_beam, known_current_na, told=not as_json)
    typer.echo(json_of(result) if as_json else verdict(result.checks))
    if report is not None:
        save(result, report)
    if not passes(result.checks):
        raise typer.Exit(ExitCode.FAILED)


def monitor(
    target: TargetPath,
    device: Device = None,
    every_s: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds between two rounds.")] = 1.0,
    rounds: Annotated[int | None, typer.Option(min=1, help="End after so many; else by Ctrl-C.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show pressures, currents and states as they are now; a line for each round with --json."""
    from hardware.monitoring import readings
    from scopeacq.plan.assembly import target_of

    found = target_of(target)
    with interruptible() as halted, _in_hand(found, device) as parts, _shown(found.name, as_json) as show:
        done = 0
        while not halted.is_set():
            show(list(readings(parts)))
            done += 1
            if done == rounds or halted.wait(every_s):
                break


def _tried(
    target: Target, device: str | None, with_beam: bool, known_na: float | None, told: bool
) -> SelfTestReport:
    """Carry out the self-test; Ctrl-C ends it between two checks."""
    from datetime import datetime

    from hardware.self_test import carried_out
    from hardware.self_test_checks import checks
    from hardware.self_test_report import SelfTestReport

    begun, console, done = datetime.now().astimezone(), Console(), []
    with interruptible() as halted, _in_hand(target, device) as parts:
        for checked in carried_out(checks(parts, target.folder, with_beam, known_na)):
            done.append(checked)
            if told:
                style = _STYLES[checked.outcome.value]
                console.print(_line(checked), style=style, markup=False, highlight=False, soft_wrap=True)
            if halted.is_set():
                break
    return SelfTestReport(device or target.name, begun, with_beam, tuple(done))


def _line(checked: Checked) -> str:
    part = checked.part.value.replace("_", " ")
    return f"{checked.outcome.value:8} {part}: {checked.title}: {checked.said}"


@contextmanager
def _in_hand(target: Target, device: str | None) -> Iterator[Parts]:
    """The instrument, or one device of it, connected and locked. Raises ``HardwareError``.

    Which device is waited for is said beside the results.
    """
    from hardware import assembled
    from hardware.claim import LOCK_FILE, InstrumentLock
    from hardware.connection import supervise
    from hardware.registry import connect_devices
    from hardware.self_test import parts_of
    from scopeacq.telling.logs import overheard

    target.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lock = InstrumentLock(target.folder / LOCK_FILE)
        stack.callback(lock.release)
        stack.enter_context(lock.claim("scopeacq instruments"))
        stack.enter_context(overheard(assembled.LOG, lambda line: typer.echo(f"{line} ...", err=True)))
        if device is not None:
            yield stack.enter_context(assembled.tried_alone(_named(target, device), target.folder))
            return
        devices = supervise(connect_devices(target.driver, target.settings, target.folder))
        stack.callback(devices.close)
        yield parts_of(devices)


def _named(target: Target, device: str) -> PlannedDevice:
    """Raises ``typer.BadParameter``."""
    devices = target.assembly.devices if target.assembly is not None else ()
    for planned in devices:
        if planned.name == device:
            return planned
    known = ", ".join(planned.name for planned in devices) or "none: its driver is one for the whole"
    raise typer.BadParameter(f"There is no device '{device}' in this instrument. Devices are: {known}.")


@contextmanager
def _shown(name: str, as_json: bool) -> Iterator[Callable[[list[Reading]], None]]:
    """Where rounds of readings are shown: lines of JSON, or a table that stays in its place."""
    from rich.live import Live

    if as_json:
        yield lambda readings: typer.echo(_json_line(readings))
        return
    with Live(console=Console(), auto_refresh=False) as live:
        yield lambda readings: live.update(_table(name, readings), refresh=True)


def _json_line(readings: list[Reading]) -> str:
    values: dict[str, dict[str, Value | str]] = {}
    for reading in readings:
        values.setdefault(reading.part.value, {}).update(map(_plain, reading.values.items()))
    troubles = {reading.part.value: reading.trouble for reading in readings if reading.trouble}
    return json.dumps({"at_s": round(time.time(), 3), **values, "troubles": troubles})


def _plain(item: tuple[str, Value]) -> tuple[str, Value | str]:
    """JSON has no infinity, as a load into high impedance is."""
    name, value = item
    return name, str(value) if value is not None and not math.isfinite(value) else value


def _table(name: str, readings: list[Reading]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("part", "what", "value", "unit", title=Text(f"{name}, {time.strftime('%H:%M:%S')}"))
    for reading in readings:
        part = reading.part.value.replace("_", " ")
        if reading.trouble:
            table.add_row(part, "", Text(reading.trouble, "bold red"), "")
        for key, value in reading.values.items():
            table.add_row(part, *map(Text, _row(key, value)))
    return table


def _row(key: str, value: Value) -> tuple[str, str, str]:
    from scopeacq.plan.templates import unit_of, without_unit

    match value:
        case bool():
            told = "yes" if value else "no"
        case None:
            told = "not known"
        case _:
            told = f"{value:.6g}"
    return without_unit(key).replace("_", " "), told, unit_of(key)
