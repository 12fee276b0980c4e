"""A microscope that is assembled of devices: the driver ``assembled`` of an instrument.

Its settings name a file (:mod:`hardware.instruments_file`); each device of it is connected by its own
driver, all of them or none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hardware.addresses import addresses_in, held
from hardware.computer_clock import ComputerClock
from hardware.connection import supervise
from hardware.errors import ConnectionLost, HardwareError, OutOfRange, Refused
from hardware.instruments_file import FILE_NAME, Assembly, PlannedDevice, read, spoken
from hardware.microscope import Devices
from hardware.model_problems import located_problems
from hardware.parts import OPTIONAL, Part, Parts, Surroundings
from hardware.protocols import Clock
from hardware.transport.wire_log import FileLog

DRIVER_NAME = "assembled"
WIRE_LOG = "wire.jsonl"

LOG = logging.getLogger(__name__)
"""Says which device is waited for; one that hangs may take a minute."""


class AssembledSettings(BaseModel):
    """``[driver.settings]`` of an assembled instrument."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path = Field(
        Path(FILE_NAME),
        title="File of the devices",
        description="Says which devices the instrument is made of; relative to the driver's folder.",
    )


def file_of(settings: Mapping[str, object], folder: Path) -> Path:
    """The file that the settings of an assembled instrument name. Raises ``OutOfRange``."""
    if problems := located_problems(AssembledSettings, dict(settings)):
        what = "; ".join(said for _, said in problems)
        raise OutOfRange("instrument", what, "Correct [driver.settings].")
    return folder / AssembledSettings.model_validate(settings).file


def connect(settings: Mapping[str, object], folder: Path) -> Devices:
    """Connect the devices of the instrument's file, which is beside whatever lies in ``folder``.

    Raises ``WrongInstruments`` before anything is connected, or what a device's driver raises; then
    nothing stays connected.
    """
    return assemble(read(file_of(settings, folder)), folder)


def assemble(assembly: Assembly, folder: Path) -> Devices:
    """Connect all devices, the one that keeps time first, or none.

    Raises ``Busy`` where another program has one of their addresses, or what their drivers raise.
    What goes over the wires is logged in ``folder / WIRE_LOG``.
    """
    log = FileLog(folder / WIRE_LOG)
    whole = _Whole()
    clock: Clock = ComputerClock()
    played: dict[str, Any] = {part.value: None for part in OPTIONAL}
    with ExitStack() as connected:
        connected.enter_context(held(frozenset().union(*map(_addresses, assembly.devices))))
        for device in _clock_first(assembly):
            around = Surroundings(device.name, folder, clock, log, whole.devices, device.plays)
            parts = connect_device(device, around)
            connected.callback(parts.close)
            played |= {part.value: getattr(parts, part.value) for part in device.plays}
            clock = parts.clock or clock
        close = connected.pop_all().close
    whole.built = Devices(**(played | {Part.CLOCK.value: clock}), close=close)
    return whole.built


@contextmanager
def tried_alone(device: PlannedDevice, folder: Path) -> Iterator[Parts]:
    """One device connected without its instrument, supervised, for as long as somebody tries it.

    Raises ``Busy`` where another program has its address, or what its driver raises. What it asks of other
    devices is refused.
    """
    log = FileLog(folder / WIRE_LOG)
    around = Surroundings(device.name, folder, ComputerClock(), log, _alone, device.plays)
    with held(_addresses(device)):
        parts = supervise(connect_device(device, around))
        try:
            yield parts
        finally:
            parts.close()


def connect_device(device: PlannedDevice, surroundings: Surroundings) -> Parts:
    """What a device plays once it is connected; what it can play beside that is left out.

    Raises ``HardwareError`` that names the device; then it is not connected.
    """
    name = device.name
    LOG.info("Connecting the %s", name)
    try:
        parts = device.driver.connect(device.settings, surroundings)
    except HardwareError as error:
        if error.device == name:
            raise
        raise ConnectionLost(name, f"{error.device}: {error.what}", error.advice) from error
    except Exception as error:  # a plug-in may raise anything; the operator gets one sentence
        raise ConnectionLost(name, f"did not connect: {error}", "Check its settings.") from error
    there = {part for part in device.plays if getattr(parts, part.value) is not None}
    if lacking := device.surely - there:
        parts.close()
        advice = "Take it out of its plays, or correct its settings."
        raise Refused(name, f"does not have the {spoken(lacking)} with these settings", advice)
    beyond: dict[str, Any] = {part.value: None for part in Part if part not in there}
    return replace(parts, **beyond)


def _addresses(device: PlannedDevice) -> frozenset[str]:
    return addresses_in(device.settings.model_dump())


def _clock_first(assembly: Assembly) -> list[PlannedDevice]:
    return sorted(assembly.devices, key=lambda device: Part.CLOCK not in device.plays)


class _Whole:
    """The instrument, once it is whole: devices that need others are connected before them."""

    def __init__(self) -> None:
        self.built: Devices | None = None

    def devices(self) -> Devices:
        if self.built is None:
            raise Refused("instrument", "it is not connected yet", "Ask again when it is.")
        return self.built


def _alone() -> Devices:
    raise Refused("instrument", "this device is tried alone", "Try it with the whole instrument.")
