"""``instruments.toml``: of which devices an instrument is assembled, and which part each plays.

A file is read as a :class:`Draft`, which may be wrong in any way that a table can be, as while
somebody edits it. :func:`check` names all that is wrong with it; :func:`assembly_of` makes of it what
can be connected. Nothing here connects anything.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tomlkit
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from tomlkit.container import Container
from tomlkit.items import AbstractTable

from hardware.errors import ConnectionLost, OutOfRange
from hardware.model_problems import Location, dotted, located_problems, meant
from hardware.parts import OPTIONAL, DeviceDriver, DeviceSettings, Part
from hardware.registry import device_names, load_device

FORMAT = "scopeacq.instruments/1"
FILE_NAME = "instruments.toml"
MOST_BYTES = 1 << 20
"""A file larger than this describes no instrument."""
MOST_LETTERS = 80


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DeviceDraft(_Table):
    """A device as the file has it.

    ``driver``: a name in ``scopeacq.devices``. ``plays``: left out, all that the driver can play and no
    other device names. ``settings``: for the driver's own model.
    """

    driver: str
    plays: tuple[Part, ...] | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


def _name(text: str) -> str:
    if not 1 <= len(text) <= MOST_LETTERS or not text.isprintable() or text != text.strip():
        raise ValueError(f"a name has 1 to {MOST_LETTERS} printable characters")
    return text


Name = Annotated[str, AfterValidator(_name)]
"""How an operator calls an instrument or a device; errors carry it."""


class Draft(_Table):
    """An instrument as the file has it; whether that can be assembled is for :func:`check`."""

    format: Literal["scopeacq.instruments/1"] = "scopeacq.instruments/1"
    name: Name
    devices: dict[Name, DeviceDraft] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong. ``place``: keys in the file, as ``("devices", "sem", "driver")``; ``text``: a
    sentence, the place in it, without a full stop.
    """

    place: Location
    text: str

    @property
    def device(self) -> str | None:
        """The device whose table holds it; None for what concerns the instrument."""
        return str(self.place[1]) if len(self.place) > 1 and self.place[0] == "devices" else None


class WrongInstruments(OutOfRange):
    """A file describes no instrument; nothing was connected. ``problems`` are all of its problems."""

    def __init__(self, problems: list[Problem]) -> None:
        what = "; ".join(problem.text.rstrip("?") for problem in problems)
        super().__init__(FILE_NAME, what, "Correct the file.")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class PlannedDevice:
    """A device that can be connected.

    ``plays``: what it is to play; of these ``surely`` were named in the file, or no instrument is without.
    """

    name: str
    driver_name: str
    driver: DeviceDriver
    settings: DeviceSettings
    plays: frozenset[Part]
    surely: frozenset[Part]


@dataclass(frozen=True, slots=True)
class Assembly:
    """An instrument that can be connected: each part is played once, in the order of the file."""

    name: str
    devices: tuple[PlannedDevice, ...]

    def player(self, part: Part) -> PlannedDevice | None:
        """The device that plays a part."""
        return next((device for device in self.devices if part in device.plays), None)


def read(path: Path) -> Assembly:
    """What a file describes. Raises ``WrongInstruments`` with all that is wrong with it."""
    return assembly_of(read_draft(path))


def read_draft(path: Path) -> Draft:
    """A file as it stands. Raises ``WrongInstruments`` where it cannot be read as tables of devices."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise WrongInstruments([Problem((), f"{path} is far too large")])
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise WrongInstruments([Problem((), f"{path} cannot be read ({reason})")]) from None
    except UnicodeDecodeError:
        raise WrongInstruments([Problem((), f"{path} is not text")]) from None


def parse(text: str) -> Draft:
    """The tables of a file's text. Raises ``WrongInstruments``."""
    try:
        data = tomllib.loads(text)
        problems = [Problem(at, _printable(said)) for at, said in located_problems(Draft, data, _place)]
    except (ValueError, RecursionError) as error:  # a plain ValueError for numbers of too many digits
        raise WrongInstruments([Problem((), _printable(f"it is not valid TOML ({error})"))]) from None
    if data.get("format") is None:
        problems.insert(0, Problem(("format",), f'it does not say format = "{FORMAT}"'))
    if problems:
        raise WrongInstruments(problems)
    return Draft.model_validate(data)


def written(draft: Draft, over: str = "") -> str:
    """The text of a file that reads back as ``draft``; comments and order of the text ``over`` are kept."""
    document = tomlkit.parse(over)
    _merge(document, _as_tables(draft))
    return tomlkit.dumps(document)


def check(draft: Draft) -> list[Problem]:
    """All that is wrong with an instrument: drivers, their settings, and who plays what."""
    drivers = dict(_loaded(draft))
    problems = [problem for found in drivers.values() if isinstance(problem := found, Problem)]
    known = {name: found for name, found in drivers.items() if isinstance(found, DeviceDriver)}
    for name, driver in known.items():
        problems += _wrong_settings(name, driver, draft.devices[name])
    return problems + list(_wrong_parts(draft, known))


def assembly_of(draft: Draft) -> Assembly:
    """What can be connected. Raises ``WrongInstruments`` with all that is wrong."""
    if problems := check(draft):
        raise WrongInstruments(problems)
    drivers = {name: load_device(device.driver) for name, device in draft.devices.items()}
    plays = _parts_by_device(draft, drivers)
    return Assembly(
        draft.name,
        tuple(
            PlannedDevice(
                name=name,
                driver_name=device.driver,
                driver=drivers[name],
                settings=drivers[name].settings.model_validate(device.settings),
                plays=plays[name],
                surely=plays[name] if device.plays is not None else plays[name] - OPTIONAL,
            )
            for name, device in draft.devices.items()
        ),
    )


def _loaded(draft: Draft) -> Iterator[tuple[str, DeviceDriver | Problem]]:
    installed = device_names()
    for name, device in draft.devices.items():
        place = ("devices", name, "driver")
        try:
            if device.driver in installed:
                yield name, load_device(device.driver)
            else:
                said = f"there is no driver {device.driver!r}{meant(device.driver, installed)}"
                yield name, Problem(place, _printable(f"{dotted(place)}: {said}"))
        except ConnectionLost as error:
            yield name, Problem(place, _printable(f"{dotted(place)}: {error.what}"))


def _wrong_settings(name: str, driver: DeviceDriver, device: DeviceDraft) -> list[Problem]:
    table = ("devices", name, "settings")
    found = located_problems(driver.settings, device.settings, lambda at: dotted((*table, *at)))
    return [Problem((*table, *at), _printable(said)) for at, said in found]


def _parts_by_device(draft: Draft, drivers: Mapping[str, DeviceDriver]) -> dict[str, frozenset[Part]]:
    """What each device plays whose driver is known."""
    named = {part for device in draft.devices.values() for part in device.plays or ()}
    return {
        name: frozenset(draft.devices[name].plays or ())
        if draft.devices[name].plays is not None
        else driver.plays - named
        for name, driver in drivers.items()
    }


def _wrong_parts(draft: Draft, drivers: Mapping[str, DeviceDriver]) -> Iterator[Problem]:
    plays = _parts_by_device(draft, drivers)
    players: defaultdict[Part, list[str]] = defaultdict(list)
    for name, parts in plays.items():
        place = ("devices", name, "plays")
        if beyond := parts - drivers[name].plays:
            said = f"the driver {draft.devices[name].driver} cannot play {spoken(beyond)}"
            yield Problem(place, f"{dotted(place)}: {said}")
        if not parts:
            yield Problem(place, f"devices.{name} plays nothing; take it out, or say what it plays")
        for part in parts:
            players[part].append(name)
    for names, shared in _by_players(players).items():
        if len(names) > 1:
            several = f"{spoken(shared)}: played by {' and by '.join(names)}; say in plays by which"
            yield Problem(("devices",), several)
    complete = len(drivers) == len(draft.devices)  # else the missing driver may play what is missing
    if complete and (missing := set(Part) - OPTIONAL - set(players)):
        yield Problem(("devices",), f"nobody plays {spoken(missing)}; the driver 'twin' can simulate it")


def _by_players(players: Mapping[Part, list[str]]) -> dict[tuple[str, ...], set[Part]]:
    grouped: defaultdict[tuple[str, ...], set[Part]] = defaultdict(set)
    for part, names in players.items():
        grouped[tuple(names)].add(part)
    return grouped


def spoken(parts: set[Part] | frozenset[Part]) -> str:
    """Parts as people say them, in the order of :class:`Part`."""
    return ", ".join(part.value.replace("_", " ") for part in Part if part in parts)


def _printable(text: str) -> str:
    """Keys and values from a file may hold anything; a terminal gets only what prints."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def _place(location: Location) -> str:
    """A place in the file; of a wrong key its table's is told."""
    return dotted(tuple(key for key in location if key != "[key]"))


def _as_tables(draft: Draft) -> dict[str, Any]:
    devices = {
        name: {
            "driver": device.driver,
            **({} if device.plays is None else {"plays": [part.value for part in device.plays]}),
            "settings": device.settings,
        }
        for name, device in draft.devices.items()
    }
    return {"format": draft.format, "name": draft.name, "devices": devices}


def _merge(table: Container | AbstractTable, wanted: Mapping[str, Any]) -> None:
    """Make a table hold what is wanted; what is there already stays as it is written."""
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, value in wanted.items():
        there = table.get(key)
        if isinstance(value, Mapping) and isinstance(there, AbstractTable):
            _merge(there, value)
        elif key in table and tomlkit.item(there).unwrap() == value:
            continue
        elif value != {}:
            table[key] = value
