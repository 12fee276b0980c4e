"""The ion blanker as a relay that must be held: the guard's end of the line.

The beam is open only while the relay is energised, and the relay is energised only while this
process says so again and again: the module has a host watchdog of its own, which drops the relay
when nobody speaks for ``watchdog_s``. Its safe and its power-on value are "blanked". So power loss,
a pulled cable, a killed or a hanging guard all blank. The watchdog is fed by readings that say what
was last told, and by nothing else: a module that does not obey is left to its watchdog, too.

Only the guard process uses this; it holds the serial port alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from hardware.drivers.dcon_relay.module import DconModule, Levels, Stored, WatchdogRanOut, Wording
from hardware.errors import HardwareError, Refused
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.serial_port import serial_port
from hardware.types import Blanker, Range

NAME = "ion blanker"
ANSWER_S = 0.3
"""A module answers within 20 ms, a busy computer later. A guard that waits for 3 s is ended."""

LATE_S = 0.05
"""How long an answer is waited out that was too late."""

WATCHDOGS_S = Range(0.3, 0.8)
"""Longer would let ions through for a second; shorter would end passes on a busy computer."""

MOST_CHANNEL = 7
SETTLING_S = 0.02
"""Relays switch within 10 ms; before that the monitor may read either."""

ADVICE = "Look at the module with its maker's utility."


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Where the module is, and what is wired to it.

    ``monitor_input`` is a digital input that sees the blanker's own contact, ``monitor_when_open``
    what it reads then. ``watchdog_s`` counts in tenths of a second.
    """

    port: str
    baud: int = 9600
    address: int = 1
    checksum: bool = True
    channel: int = 0
    watchdog_s: float = 0.5
    monitor_input: int | None = None
    monitor_when_open: bool = True

    def __post_init__(self) -> None:
        if not (self.watchdog_s in WATCHDOGS_S and 0 <= self.channel <= MOST_CHANNEL):
            raise ValueError(f"no blanker has a watchdog of {self.watchdog_s} s at output {self.channel}")

    @property
    def watchdog_ds(self) -> int:
        return round(self.watchdog_s * 10)


class RelayBlanker:
    """See :class:`hardware.protocols.IonBlanker`. Energised means open."""

    def __init__(self, module: DconModule, settings: LineSettings) -> None:
        self._module, self._settings = module, settings
        self._told = Blanker.BLANKED

    def open(self) -> None:
        """Energise the relay: told once, and only to a module that would drop it by itself.

        A watchdog that ran out while the beam rested, as on a busy computer, is armed again first.
        """
        if self._told is Blanker.BLANKED and self._module.ran_out():
            self.blank()
        self._require_watchdog()
        self._module.host_ok()
        self._module.switch(self._settings.channel, on=True)
        self._told = Blanker.OPEN
        time.sleep(SETTLING_S)

    def blank(self) -> None:
        """Drop the relay. A module that dropped it by itself is made to obey again, its watchdog armed."""
        self._told = Blanker.BLANKED
        try:
            self._module.switch(self._settings.channel, on=False)
        except WatchdogRanOut:
            self._module.reset()
            self._module.switch(self._settings.channel, on=False)
        time.sleep(SETTLING_S)
        if self._module.armed_ds() != self._settings.watchdog_ds:
            self._module.arm(self._settings.watchdog_ds)

    def state(self) -> Blanker:
        """What the module reads back; the watchdog is fed when that is what it was told."""
        try:
            blanker = read_as(self._module.levels(), self._settings)
            if blanker is self._told:
                self._module.host_ok()
        except HardwareError:
            return Blanker.UNKNOWN
        return blanker

    def close(self) -> None:
        """Let go of the port; the module's watchdog does the rest."""
        self._module.close()

    def take_over(self) -> None:
        """Blank, and have the module keep it so without us. Raises ``Refused`` when it will not."""
        self._module.host_ok()  # a watchdog that the last guard left armed would run out meanwhile
        self.blank()
        if (blanker := self.state()) is not Blanker.BLANKED:
            raise Refused(NAME, f"reads back as {blanker.value} after it was blanked", ADVICE)
        for which in Stored:
            self._module.host_ok()  # all this may take a busy computer longer than the watchdog waits
            self._module.store(which)
            if self._module.stored(which).output(self._settings.channel):
                raise Refused(NAME, f"its {which.name.lower()} value opens the ion beam", ADVICE)
        self._require_watchdog()

    def _require_watchdog(self) -> None:
        if self._module.armed_ds() != self._settings.watchdog_ds or self._module.ran_out():
            raise Refused(NAME, "the module's host watchdog is not armed", ADVICE)


def read_as(levels: Levels, settings: LineSettings) -> Blanker:
    """What outputs and inputs say of the beam; where the two differ, nobody knows."""
    energised = levels.output(settings.channel)
    if settings.monitor_input is not None:
        seen_open = levels.input(settings.monitor_input) == settings.monitor_when_open
        if seen_open != energised:
            return Blanker.UNKNOWN
    return Blanker.OPEN if energised else Blanker.BLANKED


def connect(settings: Mapping[str, object]) -> RelayBlanker:
    """For the guard process. Raises a ``HardwareError`` when this cannot be a blanker."""
    given = LineSettings(**settings)  # type: ignore[arg-type]
    wording = Wording(given.address, given.checksum)
    timing = Timing(ANSWER_S, retries=0, late_s=LATE_S)
    dialogue = Dialogue(
        NAME, lambda: serial_port(given.port, given.baud), timing=timing, greeting=wording.greet
    )
    line = RelayBlanker(DconModule(dialogue, wording), given)
    try:
        line.take_over()
    except HardwareError:
        dialogue.close()
        raise
    return line
