"""Keysight 34465A multimeter as a voltmeter for direct voltage, over USB or LAN.

Commands after Keysight's "Truevolt Series Operating and Service Guide" (34460-90901), chapter "SCPI
programming reference": ``CONFigure:VOLTage:DC``, ``VOLTage:DC:NPLC``, ``READ?``. An overload reads as
9.9E37.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

from hardware.errors import OutOfRange, Refused
from hardware.transport.scpi import Scpi

LOG = logging.getLogger(__name__)

MODELS = ("34460A", "34461A", "34465A", "34470A")
"""The Truevolt multimeters, which speak alike."""

RANGES_V = (0.1, 1.0, 10.0, 100.0, 1000.0)
NPLCS = (0.02, 0.2, 1.0, 10.0, 100.0)
LONGEST_CYCLE_S = 1 / 50


@dataclass(frozen=True, slots=True)
class VoltmeterSetup:
    """A fixed range, so that no reading waits for another, and the mains cycles of an integration.

    ``answer_s``: how long an answer may take beside.
    """

    range_v: float = 10.0
    nplc: float = 10.0
    answer_s: float = 1.0

    @property
    def reading_s(self) -> float:
        """How long a reading may take: with autozero it is two integrations."""
        return 2 * self.nplc * LONGEST_CYCLE_S + self.answer_s

    def require_possible(self, device: str) -> None:
        """Raise ``OutOfRange`` for a range or an integration that the multimeter does not have."""
        for name, value, allowed in (
            ("range in V", self.range_v, RANGES_V),
            ("integration in mains cycles", self.nplc, NPLCS),
        ):
            if value not in allowed:
                choice = ", ".join(f"{one:g}" for one in allowed)
                raise OutOfRange(device, f"there is no {name} of {value:g}", f"Choose one of {choice}.")


@dataclass(frozen=True, slots=True)
class Keysight34465A:
    """The multimeter. Its set-up is read back before each reading: it is lost when the power fails."""

    scpi: Scpi
    setup: VoltmeterSetup

    def identity(self) -> str:
        """Maker, model and serial number. Raises ``Refused`` where another instrument answers."""
        (said,) = self.scpi.ask("*IDN?")
        if not is_truevolt(said):
            what = f"another instrument answers: {said[:60]}"
            raise Refused(self.scpi.dialogue.device, what, "Correct the multimeter's address.")
        return said

    def set_up(self) -> None:
        """Direct voltage in a fixed range, read back.

        Raises ``OutOfRange``, ``Refused``, and what the wire raises.
        """
        self.setup.require_possible(self.scpi.dialogue.device)
        self.scpi.command(
            f"CONF:VOLT:DC {self.setup.range_v:g}",
            f"VOLT:DC:NPLC {self.setup.nplc:g}",
            "VOLT:DC:ZERO:AUTO ON",
        )
        if not self._is_set_up():
            what = "reads back other settings than were set"
            raise Refused(self.scpi.dialogue.device, what, "Look at its front panel.")

    def volts(self) -> float:
        """One reading [V]. Raises ``Refused`` for an overload, and what ``set_up`` raises."""
        if not self._is_set_up():
            LOG.warning("%s: found with other settings, set up anew.", self.scpi.dialogue.device)
            self.set_up()
        (volts,) = self.scpi.numbers("READ?", timeout_s=self.setup.reading_s)
        if not math.isfinite(volts):
            what = f"reads more than its range of {self.setup.range_v:g} V"
            raise Refused(self.scpi.dialogue.device, what, "Look at its input and the preamplifier.")
        return volts

    def _is_set_up(self) -> bool:
        (function,) = self.scpi.ask("FUNC?")
        wanted = (self.setup.range_v, self.setup.nplc)
        got = self.scpi.numbers("VOLT:DC:RANG?", "VOLT:DC:NPLC?")
        return function == '"VOLT"' and got == wanted


def is_truevolt(identity: str) -> bool:
    """Whether an answer to ``*IDN?`` is that of a multimeter which this driver speaks to."""
    maker, _, rest = identity.partition(",")
    return maker.startswith(("Keysight", "Agilent")) and rest.split(",")[0].strip() in MODELS
