"""A twin in this process that emulators speak for: what drivers are tried on."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from hardware.microscope import Devices
from hardware.parts import Parts, Surroundings
from hardware.protocols import Clock
from hardware.simulator.assembly import devices_over
from hardware.simulator.blanker_port import BlankerPort
from hardware.simulator.faults import Fault, FaultDesk, FaultScript
from hardware.simulator.firmware import Firmware
from hardware.simulator.link import Json, Reply
from hardware.simulator.local import LocalLink
from hardware.simulator.nature import Nature
from hardware.transport.wire_log import FileLog
from hardware.types import Blanker

WIRE_LOG = "wire.jsonl"
LONGEST_STANDSTILL_S = 5.0
STANDS_S = 0.01

ASKS = frozenset({"read", "now", "sleep", "measure", "specimen_current", "state"})
"""The commands that change nothing, as their names end."""

Admits: TypeAlias = Callable[[str], bool]
"""Whether the device is to do what it is told; it says yes in any case."""


def _everything(_told: str) -> bool:
    return True


class OverheardFirmware(Firmware):
    """The twin's firmware, with somebody at its door who hears all that is to change something."""

    def __init__(self, nature: Nature) -> None:
        super().__init__(nature)
        self.admits: Admits = _everything

    def execute(self, command: str, values: Json) -> Reply:
        if command.partition(".")[2] in ASKS or self.admits(f"{command} {values}"):
            return super().execute(command, values)
        return Reply()

    def blanker(self, command: str) -> Blanker:
        done = command in ASKS or self.admits(f"blanker.{command}")
        return super().blanker(command if done else "state")


class StandingClock:
    """A clock whose time does not pass for threads that wait, but for the one that made it stand.

    After ``LONGEST_STANDSTILL_S`` it passes again: a driver that waits for its end must not wait for ever.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._maker = clock, threading.get_ident()
        self._until_s = time.monotonic() + LONGEST_STANDSTILL_S
        self.somebody_waits, self.goes_on = threading.Event(), threading.Event()

    @property
    def pace(self) -> float:
        return self._clock.pace

    def now_s(self) -> float:
        return self._clock.now_s()

    def sleep(self, duration_s: float) -> None:
        if threading.get_ident() != self._maker:
            self.somebody_waits.set()
            if not self.goes_on.wait(STANDS_S) and time.monotonic() < self._until_s:
                return
        self._clock.sleep(duration_s)

    def longest_step_s(self, whole_s: float) -> float:
        return self._clock.longest_step_s(whole_s)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``link`` is what emulators are fed by; ``twin`` are the twin's own devices, without a wire."""

    nature: Nature
    firmware: OverheardFirmware
    link: LocalLink
    twin: Devices

    def surroundings(self, name: str, folder: Path) -> Surroundings:
        """What a driver under trial is given; the twin plays all other parts."""
        return Surroundings(name, folder, self.twin.clock, FileLog(folder / WIRE_LOG), lambda: self.twin)

    def ions(self) -> Blanker:
        """What becomes of the ion beam, whatever its blanker says."""
        with self.nature.lock:
            return Blanker.OPEN if self.nature.gun.open else Blanker.BLANKED

    def upset(self, *faults: Fault) -> None:
        """From now on the twin suffers these faults, and no others."""
        with self.nature.lock:
            self.nature.faults = FaultDesk(FaultScript(faults), np.random.default_rng(0))

    @contextmanager
    def overheard(self, admits: Admits = _everything) -> Iterator[Counter[str]]:
        """What the twin's devices are told inside that is to change something, and how often.

        What is not admitted they call done without doing it.
        """
        heard: Counter[str] = Counter()

        def listen(told: str) -> bool:
            heard[told] += 1
            return admits(told)

        self.firmware.admits = listen
        try:
            yield heard
        finally:
            self.firmware.admits = _everything

    @contextmanager
    def standstill(self) -> Iterator[threading.Event]:
        """Inside no time passes for any other thread; the event says that one of them waits for it to."""
        clock, standing = self.nature.clock, StandingClock(self.nature.clock)
        self.nature.clock = standing
        try:
            yield standing.somebody_waits
        finally:
            self.nature.clock = clock
            standing.goes_on.set()

    def played_by(self, *devices: Parts) -> Devices:
        """An instrument in which these parts are played by devices under trial, all others by the twin."""
        played = {
            part.name: value
            for parts in devices
            for part in fields(parts)
            if part.name != "close" and (value := getattr(parts, part.name)) is not None
        }
        return replace(self.twin, **played, close=lambda: _close(self.twin, devices))


def rehearsal(nature: Nature) -> Rehearsal:
    """Everything around ``nature``."""
    firmware = OverheardFirmware(nature)
    port, link = BlankerPort(firmware), LocalLink(firmware)
    return Rehearsal(nature, firmware, link, devices_over(link, nature.settings, port.settings, port.close))


def _close(twin: Devices, tried: tuple[Parts, ...]) -> None:
    """Close all, whatever becomes of one; the twin last."""
    with ExitStack() as stack:
        stack.callback(twin.close)
        for parts in tried:
            stack.callback(parts.close)
