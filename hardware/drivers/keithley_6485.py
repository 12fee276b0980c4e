"""Keithley 6485 picoammeter on the ion gun's Faraday cup, which stands behind the blanker.

From the "Model 6485 Picoammeter Instruction Manual", SCPI command reference: ``READ?`` triggers one
reading and returns it in amperes, 9.9E37 for an overflow; while zero check is on, the input is
shorted. Settings are written at start and read back. By serial line (front panel: SCPI, terminator
LF) or VISA.
"""

from __future__ import annotations

import math
from decimal import Decimal

from pydantic import Field

from hardware.drivers.cup_readings import ions_only
from hardware.errors import Refused
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.protocols import Clock
from hardware.set_points import require_reached
from hardware.transport.channel import Channel
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.scpi import Scpi, greet, identity, number
from hardware.transport.serial_port import serial_port
from hardware.transport.visa import visa
from hardware.types import CurrentReading

MODELS = ("MODEL 6485,", "MODEL 6487,")
LONGEST_CYCLE_S = 1 / 50
LATE_S = 0.2


class PicoammeterSettings(DeviceSettings):
    """Where the picoammeter is, and how it reads."""

    port: str = Field(title="Port", description="serial port (COM3) or VISA address (GPIB0::14::INSTR)")
    baud: int = Field(9600, title="Baud rate", description="of a serial port", gt=0)
    library: str = Field("", title="VISA library", description="empty: the system's; @py: in Python")
    answer_s: float = Field(
        2.0, title="Answer within", description="beside the integration; then it is asked again", gt=0, le=2
    )
    range_na: float = Field(200.0, title="Range", description="of the reading", gt=0, le=2.1e7)
    power_line_cycles: float = Field(5.0, title="Integration [power line cycles]", ge=0.01, le=50)
    least_na: float = Field(
        0.5, title="Least current", description="below this, no ions reach the cup", gt=0
    )

    @property
    def reading_s(self) -> float:
        """How long a reading may take: with autozero it is three integrations."""
        return 3 * self.power_line_cycles * LONGEST_CYCLE_S + self.answer_s


class Keithley6485:
    """See :class:`hardware.protocols.IonCurrentMeter`."""

    def __init__(self, scpi: Scpi, name: str, clock: Clock, settings: PicoammeterSettings) -> None:
        self._scpi, self._name, self._clock, self._settings = scpi, name, clock, settings

    def measure(self) -> CurrentReading:
        """One reading. Raises ``Refused`` for an overflow, ``Interlocked`` where no ions reach the cup."""
        (zero_check,) = self._scpi.numbers("SYST:ZCH?")
        if zero_check:
            raise Refused(self._name, "zero check shorts its input", "Switch zero check off and try again.")
        (amperes,) = self._scpi.ask("READ?", read=number, timeout_s=self._settings.reading_s)
        if not math.isfinite(number(amperes)):
            raise Refused(self._name, "the current is beyond its range", "Choose a larger range.")
        return ions_only(self._name, nanoamperes(amperes), self._settings.least_na, self._clock)


def nanoamperes(amperes: str) -> float:
    """The decimal point moved: a product of binary numbers would change the last digit."""
    return float(Decimal(amperes).scaleb(9))


def connect(settings: PicoammeterSettings, surroundings: Surroundings) -> Parts:
    """Connect, write all settings and read them back. Raises ``Refused`` for another instrument."""
    name = surroundings.name
    timing = Timing(settings.answer_s, retries=1, late_s=LATE_S)
    dialogue = Dialogue(name, lambda: _opened(settings), surroundings.wire_log, timing, greet)
    scpi = Scpi(dialogue)
    try:
        _set_up(scpi, name, settings)
    except BaseException:
        dialogue.close()
        raise
    meter = Keithley6485(scpi, name, surroundings.clock, settings)
    return Parts(ion_current=meter, close=dialogue.close)


def _opened(settings: PicoammeterSettings) -> Channel:
    if "::" in settings.port:
        return visa(settings.port, settings.library)
    return serial_port(settings.port, settings.baud)


def _set_up(scpi: Scpi, name: str, settings: PicoammeterSettings) -> None:
    (says,) = scpi.ask("*IDN?")
    if not is_ours(says):
        raise Refused(name, f"calls itself {says}", "Give the address of a Keithley 6485.")
    range_a, cycles = settings.range_na * 1e-9, settings.power_line_cycles
    scpi.command("FORM:ELEM READ", "SYST:ZCOR OFF", "SYST:ZCH OFF", "MED OFF", "AVER OFF")
    scpi.command("CURR:RANG:AUTO OFF", f"CURR:RANG {range_a!r}", f"CURR:NPLC {cycles!r}")
    got_a, got_cycles = scpi.numbers("CURR:RANG?", "CURR:NPLC?")
    if not range_a * 0.999 <= got_a:
        what = f"its range reads back as {got_a * 1e9:g} nA, below {settings.range_na:g} nA"
        raise Refused(name, what, "Choose a range that it has.")
    require_reached(name, "integration [power line cycles]", cycles, got_cycles, 0.01 * cycles)


def is_ours(says: str) -> bool:
    """Whether ``*IDN?`` tells of a picoammeter that this driver knows."""
    return says.startswith("KEITHLEY") and any(model in says for model in MODELS)


def recognise(address: str) -> Candidate | None:
    """Ask an address who is there; a serial port at 9600 baud."""
    settings = PicoammeterSettings(port=address)
    says = identity(lambda: _opened(settings))
    return Candidate({"port": address}, says) if says and is_ours(says) else None


DRIVER = DeviceDriver(
    title="Keithley 6485 picoammeter on the Faraday cup",
    plays=frozenset({Part.ION_CURRENT}),
    settings=PicoammeterSettings,
    connect=connect,
    recognise=recognise,
)
