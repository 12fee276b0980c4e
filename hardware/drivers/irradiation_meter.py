"""Plays the irradiation meter with two devices: an SR570 preamplifier, and a 34465A behind it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from pydantic import Field

from hardware.drivers.keysight_34465a import Keysight34465A, VoltmeterSetup, is_truevolt
from hardware.drivers.sr570 import (
    BAUD,
    DATA_BITS,
    PARITY,
    STOP_BITS,
    Filter,
    GainMode,
    Sr570,
    Sr570Setup,
    sensitivity_for,
)
from hardware.errors import NotReached, Refused
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.protocols import Clock
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.scpi import Scpi, greet, identity
from hardware.transport.serial_port import serial_port
from hardware.transport.visa import visa
from hardware.types import Preamplifier, VoltReading

NA_PER_A = 1e9
KNOWN_WITHIN_PERCENT = 2.0
"""The gain of an SR570 is within 1 % (its specifications), a source for tests hardly worse."""


class IrradiationMeterSettings(DeviceSettings):
    """The multimeter's address, the preamplifier's serial port, and how both are set up."""

    multimeter: str = Field(
        title="Multimeter",
        description="VISA address of the 34465A: USB0::...::INSTR, or TCPIP::host::5025::SOCKET",
    )
    library: str = Field(
        "", title="VISA library", description="empty for the system's, @py for the one in Python"
    )
    range_v: float = Field(10.0, title="Range", description="of the multimeter: 0.1, 1, 10, 100, 1000")
    nplc: float = Field(
        10.0, title="Integration", description="mains cycles of each reading: 0.02, 0.2, 1, 10, 100"
    )
    answer_s: float = Field(
        1.0, title="Answer within", description="of the multimeter, beside its integration", gt=0, le=1.5
    )
    preamplifier_port: str = Field(
        title="Preamplifier's port", description="serial port of the SR570: COM3, /dev/ttyUSB0"
    )
    gain_mode: GainMode = Field(GainMode.LOW_NOISE, title="Gain mode", description="of the preamplifier")
    filter: Filter = Field(Filter.SIX_DB, title="Filter", description="of the preamplifier")
    low_pass_hz: float = Field(
        10.0, title="Low pass", description="of the filter: 0.03, 0.1, 0.3, 1, ... 1000000"
    )


@dataclass
class IrradiationMeter:
    """See :class:`hardware.protocols.IrradiationMeter`. Used by one thread at a time."""

    name: str
    multimeter: Keysight34465A
    preamplifier: Sr570
    clock: Clock
    configured: Preamplifier | None = None

    def configure(self, preamplifier: Preamplifier) -> None:
        """Write all settings of the preamplifier; nothing reads back.

        Raises ``OutOfRange`` for a sensitivity that is not on its table, and what the wires raise.
        """
        self.configured = None
        self.preamplifier.configure(preamplifier)
        self.multimeter.set_up()
        self.configured = preamplifier

    def read(self) -> VoltReading:
        """The multimeter's reading, timed in the middle of its integration.

        Raises ``Refused`` before ``configure`` and for an overload, and what the wires raise.
        """
        if self.configured is None:
            raise Refused(self.name, "the preamplifier was never set up", "Set it up before it is read.")
        before_s = self.clock.now_s()
        volts = self.multimeter.volts()
        return VoltReading(volts, (before_s + self.clock.now_s()) / 2)

    @property
    def check_s(self) -> float:
        """See :class:`hardware.protocols.KnownCurrentCheck`."""
        return 2 * (self.preamplifier.setup.settling_s + self.multimeter.setup.reading_s)

    def check_known_current(self, known_na: float) -> float:
        """Read a current that is known, from a calibrated source, at both signs; the last reading [nA].

        The one proof that the preamplifier heard its settings: sensitivity and sign are set for it, and
        stay so. Raises ``OutOfRange`` for a current that it cannot be checked with, ``NotReached`` when a
        reading differs by more than ``KNOWN_WITHIN_PERCENT``, and what the wires raise.
        """
        known_a, got_na = known_na / NA_PER_A, 0.0
        sensitivity = sensitivity_for(self.name, known_a)
        for inverted in (True, False):
            self.configure(Preamplifier(sensitivity, inverted))
            self.clock.sleep(self.preamplifier.setup.settling_s)
            sign = -1.0 if inverted else 1.0
            got_na = sign * self.read().volts * sensitivity * NA_PER_A
            tolerance_na = abs(known_na) * KNOWN_WITHIN_PERCENT / 100
            if not abs(got_na - known_na) <= tolerance_na:
                advice = "Compare the preamplifier's front panel with its settings, and look at its cable."
                raise NotReached(self.name, "current in nA", known_na, got_na, tolerance_na, advice)
        return got_na


def connect(settings: IrradiationMeterSettings, surroundings: Surroundings) -> Parts:
    """Find the multimeter and set it up; the preamplifier is only woken.

    Raises ``OutOfRange`` for settings that no instrument has, ``Refused``, ``ConnectionLost``,
    ``Deadline``, ``Garbled``.
    """
    multimeter, preamplifier = _multimeter(settings, surroundings), _preamplifier(settings, surroundings)
    with ExitStack() as undo:
        undo.callback(multimeter.scpi.dialogue.close)
        undo.callback(preamplifier.dialogue.close)
        multimeter.identity()
        multimeter.set_up()
        preamplifier.wake()
        close = undo.pop_all().close
    meter = IrradiationMeter(surroundings.name, multimeter, preamplifier, surroundings.clock)
    return Parts(irradiation_meter=meter, close=close)


def _multimeter(settings: IrradiationMeterSettings, surroundings: Surroundings) -> Keysight34465A:
    setup = VoltmeterSetup(settings.range_v, settings.nplc, settings.answer_s)
    dialogue = Dialogue(
        f"{surroundings.name}, multimeter",
        lambda: visa(settings.multimeter, settings.library),
        surroundings.wire_log,
        Timing(setup.answer_s, retries=1, late_s=setup.answer_s / 2),
        greet,
    )
    return Keysight34465A(Scpi(dialogue), setup)


def _preamplifier(settings: IrradiationMeterSettings, surroundings: Surroundings) -> Sr570:
    dialogue = Dialogue(
        f"{surroundings.name}, preamplifier",
        lambda: serial_port(settings.preamplifier_port, BAUD, DATA_BITS, PARITY, STOP_BITS),
        surroundings.wire_log,
    )
    return Sr570(dialogue, Sr570Setup(settings.gain_mode, settings.filter, settings.low_pass_hz))


def recognise(address: str) -> Candidate | None:
    """Ask a VISA address for its name. Nobody can be asked for the preamplifier."""
    says = identity(lambda: visa(address)) if "::" in address else None
    return Candidate({"multimeter": address}, says) if says and is_truevolt(says) else None


DRIVER = DeviceDriver(
    title="Irradiation meter: Keysight 34465A multimeter and Stanford SR570 preamplifier",
    plays=frozenset({Part.IRRADIATION_METER}),
    settings=IrradiationMeterSettings,
    connect=connect,
    recognise=recognise,
)
