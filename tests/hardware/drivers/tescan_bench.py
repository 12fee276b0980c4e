"""A TESCAN microscope for its own tests: twin, emulator and driver, and what went over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hardware.contract.bench import trial_nature, trial_settings
from hardware.drivers.tescan import DRIVER, TescanSettings
from hardware.emulators.rehearsal import WIRE_LOG, Rehearsal, rehearsal
from hardware.emulators.serving import Spoiled, Spoiling
from hardware.emulators.sharksem import SharkSemPort
from hardware.emulators.sharksem.wire import Arguments, call
from hardware.microscope import Devices
from hardware.simulator.config import Time
from hardware.simulator.faults import Fault
from hardware.simulator.nature import Nature
from hardware.transport.wire_log import Way, read_log
from tests.contracts.tescan_bench import NAME, settings_for

OFTEN = 1_000


@dataclass(frozen=True, slots=True)
class Station:
    """The driver on the emulator; ``around`` is the twin behind it."""

    around: Rehearsal
    wire: SharkSemPort
    devices: Devices
    folder: Path

    @property
    def nature(self) -> Nature:
        return self.around.nature

    def spoil(self, how: Spoiling, function: str, times: int = OFTEN, late_s: float = 0.0) -> None:
        self.wire.spoiler.spoil(Spoiled(how, name_field(function), times, late_s))

    def sent(self, function: str) -> int:
        """How often a function was called until now."""
        pieces = read_log(self.folder / WIRE_LOG)
        return sum(p.way is Way.SENT and p.data.startswith(name_field(function)) for p in pieces)

    def last(self, function: str) -> Arguments:
        """What a function was called with at last."""
        pieces = read_log(self.folder / WIRE_LOG)
        sent = [p.data for p in pieces if p.way is Way.SENT and p.data.startswith(name_field(function))]
        return call(sent[-1]).arguments

    def functions(self) -> set[str]:
        """All that were called until now."""
        pieces = read_log(self.folder / WIRE_LOG)
        return {p.data[:16].rstrip(b"\0").decode() for p in pieces if p.way is Way.SENT}


def name_field(function: str) -> bytes:
    """A function's name as it stands in a header, so that no other begins alike."""
    return function.encode() + b"\0"


Change = Callable[[TescanSettings], TescanSettings]


def unchanged(settings: TescanSettings) -> TescanSettings:
    return settings


@contextmanager
def tescan_station(
    folder: Path,
    nature: Nature | None = None,
    change: Change = unchanged,
    settles_s: float = 0.0,
) -> Iterator[Station]:
    around = rehearsal(nature or trial_nature())
    with closing(SharkSemPort(around.link, settles_s=settles_s)) as wire:
        settings = change(settings_for(around.nature.settings, wire.port))
        parts = DRIVER.connect(settings, around.surroundings(NAME, folder))
        devices = around.played_by(parts)
        try:
            yield Station(around, wire, devices, folder)
        finally:
            devices.close()


def nature_with(*faults: Fault, **changed: object) -> Nature:
    """The usual nature with these faults, and with some settings changed."""
    return trial_nature(trial_settings().model_copy(update=changed), *faults)


def with_column(**changed: object) -> Change:
    return lambda s: s.model_copy(update={"column": s.column.model_copy(update=changed)})


def with_stage(**changed: object) -> Change:
    return lambda s: s.model_copy(update={"stage": s.stage.model_copy(update=changed)})


def with_scan(**changed: object) -> Change:
    return lambda s: s.model_copy(update={"scan": s.scan.model_copy(update=changed)})


def in_real_time() -> Nature:
    """A nature whose scans and moves last as long as they say."""
    return nature_with(time=Time.REAL)
