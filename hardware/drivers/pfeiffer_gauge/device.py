"""A Pfeiffer gauge as the chamber's pressure, or as any other that a driver needs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pydantic import Field

from hardware.addresses import Wire, address
from hardware.drivers.pfeiffer_gauge.mnemonics import ControllerGauge
from hardware.drivers.pfeiffer_gauge.telegram import TelegramGauge
from hardware.errors import Refused
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.serial_port import serial_port
from hardware.transport.wire_log import WireLog
from hardware.types import Range

SEARCH = Timing(answer_s=0.5, retries=0, late_s=0.0)
ADVICE = "Look at the gauge; its measuring range stands in its settings."


class Speech(Enum):
    """What is spoken on the line."""

    TELEGRAMS = "telegrams"
    MNEMONICS = "mnemonics"


class GaugeSettings(DeviceSettings):
    """The serial line of a gauge, and what the gauge can measure."""

    port: str = Field(title="Serial port", description="COM3, /dev/ttyUSB0")
    speech: Speech = Field(
        Speech.TELEGRAMS,
        title="Protocol",
        description="telegrams of a digital gauge on RS-485, or mnemonics of a TPG controller",
    )
    number: int = Field(
        1, title="Number", description="address of the gauge on its line, or its place", ge=1, le=255
    )
    baud: int = Field(9600, title="Baud rate", gt=0)
    answer_s: float = Field(1.0, title="Answer within", description="then it is asked again", gt=0, le=2)
    lowest_mbar: float = Field(
        5e-9, title="Measuring range from", description="what reads lower is no reading", gt=0
    )
    highest_mbar: float = Field(
        1100.0, title="Measuring range to", description="what reads higher is no reading", gt=0
    )


class Speaking(Protocol):
    """A gauge in either protocol."""

    def pressure_mbar(self) -> float: ...


@dataclass(frozen=True, slots=True)
class PfeifferGauge:
    """See :class:`hardware.protocols.Chamber`: a gauge that tells no number which it cannot measure."""

    name: str
    gauge: Speaking
    measures_mbar: Range
    close: Callable[[], None]

    def pressure_mbar(self) -> float:
        """The pressure [mbar].

        Raises ``Refused`` below and above the measuring range, for a gauge that is off or defective, and
        ``Deadline``, ``Garbled``, ``ConnectionLost``.
        """
        got_mbar = self.gauge.pressure_mbar()
        if got_mbar not in self.measures_mbar:
            side = "below" if got_mbar < self.measures_mbar.low else "above"
            what = f"reads {got_mbar:.1e} mbar, {side} its range of {self.measures_mbar} mbar"
            raise Refused(self.name, what, ADVICE)
        return got_mbar


def gauge(settings: GaugeSettings, name: str, wire_log: WireLog | None = None) -> PfeifferGauge:
    """A gauge by its settings. Nothing is asked yet, and its port is opened with the first question."""
    timing = Timing(settings.answer_s, late_s=settings.answer_s / 2)
    dialogue = Dialogue(name, lambda: serial_port(settings.port, settings.baud), wire_log, timing)
    speaking: Speaking
    match settings.speech:
        case Speech.TELEGRAMS:
            speaking = TelegramGauge(dialogue, settings.number)
        case Speech.MNEMONICS:
            speaking = ControllerGauge(dialogue, settings.number)
    measures = Range(settings.lowest_mbar, settings.highest_mbar)
    return PfeifferGauge(name, speaking, measures, dialogue.close)


def connect(settings: GaugeSettings, surroundings: Surroundings) -> Parts:
    """Ask for the pressure once: a gauge may have none to tell, but not be missing.

    Raises ``Deadline``, ``Garbled``, ``ConnectionLost``.
    """
    chamber = gauge(settings, surroundings.name, surroundings.wire_log)
    with ExitStack() as undo:
        undo.callback(chamber.close)
        with suppress(Refused):
            chamber.pressure_mbar()
        return Parts(chamber=chamber, close=undo.pop_all().close)


def recognise(text: str) -> Candidate | None:
    """Ask a serial port for the name of a digital gauge at address 1."""
    if address(text).wire is not Wire.SERIAL:
        return None
    dialogue = Dialogue("vacuum gauge", lambda: serial_port(text), timing=SEARCH)
    with closing(dialogue):
        name = TelegramGauge(dialogue, 1).name()
    return Candidate({"port": text, "number": 1}, f"Pfeiffer gauge {name}")


DRIVER = DeviceDriver(
    title="Pfeiffer vacuum gauge (digital on RS-485, or behind a TPG controller)",
    plays=frozenset({Part.CHAMBER}),
    settings=GaugeSettings,
    connect=connect,
    recognise=recognise,
)
