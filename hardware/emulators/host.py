"""An emulated laboratory: the twin, an emulator for every device on a wire of its own, and their file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

from hardware.emulators.counterparts import COUNTERPARTS, Counterpart, Rack
from hardware.instruments_file import FILE_NAME, DeviceDraft, Draft, written
from hardware.parts import OPTIONAL, Part
from hardware.simulator.client import SETTINGS
from hardware.simulator.config import TwinSettings
from hardware.simulator.firmware import Firmware
from hardware.simulator.nature import Nature
from hardware.simulator.server import published, serve

LINES = "lines"
NAME = "Emulated laboratory"
SIMULATOR = "simulator"

Laboratory = Mapping[str, Counterpart]
"""The emulated devices by their names in the file."""


def emulate(folder: Path, settings: TwinSettings, stop: Event, ready: Callable[[Path], None]) -> None:
    """Host the twin of ``folder`` with all emulators until ``stop``; ``ready`` is told the file.

    Raises ``Refused`` when the folder holds another wafer.
    """
    (folder / SETTINGS).write_text(settings.model_dump_json())

    @contextmanager
    def beside(nature: Nature, firmware: Firmware) -> Iterator[None]:
        with put_up(nature, firmware, folder):
            ready(folder / FILE_NAME)
            yield

    serve(folder, settings, stop, math.inf, beside)


@contextmanager
def emulated(nature: Nature, folder: Path) -> Iterator[Laboratory]:
    """The same in this process, on a nature at hand."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS).write_text(nature.settings.model_dump_json())
    firmware = Firmware(nature)
    with published(firmware, folder), put_up(nature, firmware, folder) as laboratory:
        yield laboratory


@contextmanager
def put_up(
    nature: Nature, firmware: Firmware, folder: Path, names: Iterable[str] = tuple(COUNTERPARTS)
) -> Iterator[Laboratory]:
    """Emulators on their wires, and ``instruments.toml`` that leads to them.

    The twin itself plays the clock, whose time may be virtual, and what nobody emulates.
    """
    (folder / LINES).mkdir(exist_ok=True)
    with ExitStack() as ends:
        rack = Rack.of(nature, firmware, folder / LINES, ends)
        laboratory = {name: COUNTERPARTS[name](rack) for name in names}
        draft = Draft(name=NAME, devices=_tables(laboratory, nature.settings))
        (folder / FILE_NAME).write_text(written(draft), encoding="utf-8")
        yield laboratory


def _tables(laboratory: Laboratory, settings: TwinSettings) -> dict[str, DeviceDraft]:
    tables = {
        name: DeviceDraft(driver=one.driver, plays=_sorted(one.plays), settings=dict(one.settings))
        for name, one in laboratory.items()
    }
    left = frozenset(Part).difference(*(one.plays for one in laboratory.values())) - _lacking(settings)
    twin = settings.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    simulator = DeviceDraft(driver="twin", plays=_sorted(left), settings=twin | {"emulators": True})
    return {SIMULATOR: simulator, **tables}


def _lacking(settings: TwinSettings) -> frozenset[Part]:
    """What this twin does not have."""
    has = {
        Part.CLEANER: settings.chamber.has_cleaner,
        Part.IRRADIATION_SOURCE: settings.irradiation.switchable,
    }
    return frozenset(part for part in OPTIONAL if not has.get(part, True))


def _sorted(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(part for part in Part if part in set(parts))
