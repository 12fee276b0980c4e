"""``scopeacq instruments list``, ``find`` and ``new``: from drivers and cables to a file of devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from scopeacq.commands.arguments import AsJson

if TYPE_CHECKING:
    from hardware.addresses import Address
    from hardware.discovery import Found
    from hardware.parts import DeviceDriver, Part
    from scopeacq.plan.assembly import Target

TargetOrNone = Annotated[
    Path | None,
    typer.Argument(help="A run's folder or a file of devices; also says what it uses.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class DriverRow:
    """A driver that is installed."""

    driver: str
    title: str
    plays: tuple[str, ...]
    needs: str


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device of an instrument."""

    device: str
    driver: str
    plays: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is installed, and what an instrument uses of it. ``troubles``: drivers that cannot be loaded."""

    drivers: tuple[DriverRow, ...]
    devices: tuple[DeviceRow, ...]
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of an address."""

    address: str
    wire: str
    system_says: str
    driver: str
    device_says: str
    settings: Mapping[str, object]
    trouble: str


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, and where could not be looked."""

    findings: tuple[Finding, ...]
    troubles: tuple[str, ...]


def list_all(target: TargetOrNone = None, as_json: AsJson = False) -> None:
    """Name the installed drivers, and the devices of an instrument."""
    from hardware.discovery import installed_drivers
    from scopeacq.plan.assembly import target_of
    from scopeacq.telling.as_json import as_json_text

    drivers, troubles = installed_drivers()
    used = _devices(target_of(target)) if target is not None else ()
    rows = tuple(DriverRow(name, d.title, _named(d.plays), d.needs) for name, d in drivers.items())
    inventory = Inventory(rows, used, tuple(troubles))
    if as_json:
        typer.echo(as_json_text(inventory))
    else:
        _show(inventory)


def find(
    ports: Annotated[
        list[str] | None,
        typer.Option(
            "--port", metavar="ADDRESS", help="Ask this serial port, VISA resource or host:port, too."
        ),
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="Ask at the given addresses only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask who is at serial ports, VISA resources and usual addresses, with questions that change nothing.

    A question on a serial line can disturb a device that nobody knows: ports are asked that are behind a
    known adapter, or that you name.
    """
    from hardware.discovery import find as found_at
    from hardware.discovery import installed_drivers
    from scopeacq.telling.as_json import as_json_text

    drivers, troubles = installed_drivers()
    if only and not ports:
        raise typer.BadParameter("--only needs addresses. Write for instance --port COM3 --only.")
    addresses, more = _to_ask(drivers, ports or [], only)
    findings = []
    for found in found_at(addresses, drivers):
        findings.append(_finding(found))
        if not as_json:
            typer.echo(_told(findings[-1]))
    search = Search(tuple(findings), (*troubles, *more))
    if as_json:
        typer.echo(as_json_text(search))
    else:
        _show_troubles(search.troubles)


def new(
    file: Annotated[Path, typer.Argument(help="File to make, instruments.toml.", show_default=False)],
    devices: Annotated[
        list[str] | None,
        typer.Option("--device", metavar="NAME=DRIVER", help="A device of it; asked for where left out."),
    ] = None,
    name: Annotated[str, typer.Option(help="How the instrument is called.")] = "My instrument",
) -> None:
    """Make a file of devices with all their settings as comments, to edit."""
    import shlex

    from hardware.discovery import installed_drivers
    from scopeacq.plan.instrument_templates import devices_template

    if file.exists():
        raise FileExistsError(f"{file} exists already; choose another name.")
    drivers, _ = installed_drivers()
    _refuse_names([name])
    chosen = list(_pairs(devices, drivers) if devices else _asked(drivers))
    _refuse_names(device for device, _ in chosen)
    text = devices_template(name, {device: (d, drivers[d]) for device, d in chosen})
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    typer.echo(f"Made {file}: edit it, then `scopeacq instruments test {shlex.quote(str(file))}`.")


def _devices(target: Target) -> tuple[DeviceRow, ...]:
    if target.assembly is None:
        return (DeviceRow(target.name, target.driver, ()),)
    return tuple(DeviceRow(d.name, d.driver_name, _named(d.plays)) for d in target.assembly.devices)


def _named(parts: frozenset[Part]) -> tuple[str, ...]:
    from hardware.parts import Part

    return tuple(part.value for part in Part if part in parts)


def _show(inventory: Inventory) -> None:
    from rich.table import Table
    from rich.text import Text

    console = Console()
    drivers = Table("driver", "device", "plays", "needs")
    for row in inventory.drivers:
        drivers.add_row(*map(Text, (row.driver, row.title, ", ".join(row.plays), row.needs)))
    console.print(drivers)
    if inventory.devices:
        devices = Table("device", "driver", "plays")
        for device in inventory.devices:
            devices.add_row(*map(Text, (device.device, device.driver, ", ".join(device.plays) or "all")))
        console.print(devices)
    _show_troubles(inventory.troubles)


def _show_troubles(troubles: tuple[str, ...]) -> None:
    errors = Console(stderr=True, soft_wrap=True, markup=False, highlight=False, style="yellow")
    for trouble in troubles:
        errors.print(trouble)


def _to_ask(
    drivers: Mapping[str, DeviceDriver], ports: list[str], only: bool
) -> tuple[list[Address], tuple[str, ...]]:
    """The addresses that the operator chose, and those of this computer unless only these are wanted."""
    from hardware.addresses import address
    from hardware.discovery import list_addresses

    chosen = [address(port) for port in dict.fromkeys(ports)]
    if only:
        return chosen, ()
    listed = list_addresses(drivers)
    others = [there for there in listed.addresses if there.text not in ports]
    return [*chosen, *others], listed.troubles


def _finding(found: Found) -> Finding:
    at, candidate = found.address, found.candidate
    says, settings = (candidate.says, dict(candidate.settings)) if candidate else ("", {})
    return Finding(at.text, at.wire.value, at.says, found.driver, says, settings, found.trouble)


def _told(finding: Finding) -> str:
    import tomlkit

    system = f" ({finding.system_says})" if finding.system_says else ""
    if not finding.driver:
        return f"{finding.address}{system}: {finding.trouble}."
    lines = tomlkit.dumps({"driver": finding.driver, **finding.settings}).strip().splitlines()
    return "\n    ".join([f"{finding.address}{system}: {finding.device_says}", *lines])


def _refuse_names(names: Iterable[str]) -> None:
    """Raises ``typer.BadParameter`` for one that no instrument or device can have, or that two have."""
    from hardware.instruments_file import Draft
    from hardware.model_problems import located_problems

    seen: set[str] = set()
    for name in names:
        for _, problem in located_problems(Draft, {"name": name}):
            raise typer.BadParameter(f"{problem}, not {name!r}.")
        if name in seen:
            raise typer.BadParameter(f"Two devices are called {name!r}. Give each a name of its own.")
        seen.add(name)


def _pairs(devices: list[str], drivers: Mapping[str, DeviceDriver]) -> Iterator[tuple[str, str]]:
    """Raises ``typer.BadParameter``."""
    for text in devices:
        name, _, driver = text.partition("=")
        if driver not in drivers:
            known = ", ".join(drivers)
            raise typer.BadParameter(f"'{text}' is not NAME=DRIVER. Drivers are: {known}.")
        yield name, driver


def _asked(drivers: Mapping[str, DeviceDriver]) -> Iterator[tuple[str, str]]:
    """Ask the operator for one device after the other, until all parts are played or no more is named."""
    from hardware.instruments_file import spoken
    from hardware.parts import OPTIONAL, Part

    for name, driver in drivers.items():
        typer.echo(f"{name}: {driver.title}; plays {spoken(driver.plays)}")
    open_parts = set(Part)
    while open_parts - OPTIONAL:
        typer.echo(f"Nobody plays yet: {spoken(open_parts - OPTIONAL)}.")
        driver_name = typer.prompt("Driver (nothing to end)", default="", show_default=False)
        if not driver_name:
            return
        if driver_name not in drivers:
            typer.echo(f"There is no driver {driver_name!r}.")
            continue
        yield typer.prompt("Its name", default=driver_name), driver_name
        open_parts -= drivers[driver_name].plays
