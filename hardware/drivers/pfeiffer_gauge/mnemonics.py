"""The mnemonics of Pfeiffer's controllers TPG 26x, TPG 36x and TPG 256 A (MaxiGauge).

After chapter "Communication" of the MaxiGauge's operating instructions (BG 5186 BEN), and "Communication
Protocol TPG 361, TPG 362" (BG 5510 BEN). A mnemonic ended by CR is acknowledged by ACK or refused by NAK;
ENQ then fetches what was asked for. ``PR1`` is the reading of the first gauge, a status and a number;
``UNI`` is the unit of all readings.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from hardware.errors import ConnectionLost, Deadline, Garbled, Refused
from hardware.transport.channel import Framing, line_ended_by
from hardware.transport.dialogue import Dialogue

END, ENQ = b"\r\n", b"\x05"
ACK, NAK = b"\x06\r\n", b"\x15\r\n"
LONGEST_BYTES = 80
TRIALS = 3

READING = re.compile(r"([0-7]), ?([+-]?\d{1,2}\.\d{1,4}E[+-]\d{2})", re.ASCII)
UNIT = re.compile(r"\d", re.ASCII)
TROUBLE = {
    1: "the pressure is below its range",
    2: "the pressure is above its range",
    3: "the gauge is defective",
    4: "the gauge is switched off",
    5: "no gauge is connected",
    6: "the gauge is not of a kind that the controller knows",
    7: "the gauge reports a fault",
}
MBAR_PER = {0: 1.0, 1: 1.3332237, 2: 0.01, 3: 1.3332237e-3, 4: 1.0}
"""Millibar, Torr, Pascal; a TPG 36x also has micron and hectopascal."""


def acknowledged(arrived: bytearray) -> int | None:
    """Where an acknowledgement ends, or a refusal. Raises ``ValueError``."""
    if any(whole.startswith(arrived) and whole != arrived for whole in (ACK, NAK)):
        return None
    if arrived[: len(ACK)] not in (ACK, NAK):
        raise ValueError("neither acknowledged nor refused")
    return len(ACK)


def told(pattern: re.Pattern[str]) -> Framing:
    """A line of this form. Raises ``ValueError`` for another one."""
    line = line_ended_by(END, LONGEST_BYTES)

    def framed(arrived: bytearray) -> int | None:
        length = line(arrived)
        if length is not None and pattern.fullmatch(_text(bytes(arrived[:length]))) is None:
            raise ValueError("no such answer")
        return length

    return framed


@dataclass(frozen=True, slots=True)
class ControllerGauge:
    """Gauge number ``channel`` of a controller, from 1."""

    dialogue: Dialogue
    channel: int

    def pressure_mbar(self) -> float:
        """The pressure [mbar].

        Raises ``Refused`` out of range, for a gauge that is off, missing or defective, and for units that
        are none of pressure; ``Deadline``, ``Garbled``, ``ConnectionLost``.
        """
        unit = int(self._ask("UNI", UNIT)[0])
        if (mbar := MBAR_PER.get(unit)) is None:
            raise Refused(self.dialogue.device, "its unit is no pressure", "Set the controller to mbar.")
        status, value = self._ask(f"PR{self.channel}", READING).groups()
        if (trouble := TROUBLE.get(int(status))) is not None:
            raise Refused(self.dialogue.device, trouble, "Look at the gauge and its controller.")
        return float(value) * mbar

    def _ask(self, mnemonic: str, pattern: re.Pattern[str]) -> re.Match[str]:
        """Both steps again where one failed: by itself an enquiry fetches what was asked for before."""
        for _ in range(TRIALS - 1):
            with suppress(Deadline, Garbled, ConnectionLost):
                return self._asked_once(mnemonic, pattern)
        return self._asked_once(mnemonic, pattern)

    def _asked_once(self, mnemonic: str, pattern: re.Pattern[str]) -> re.Match[str]:
        said = self.dialogue.command(mnemonic.encode("ascii") + b"\r", acknowledged)
        if said == NAK:
            what = f"refuses '{mnemonic}'"
            raise Refused(self.dialogue.device, what, "Look at the number of the gauge in its settings.")
        found = pattern.fullmatch(_text(self.dialogue.command(ENQ, told(pattern))))
        assert found is not None
        return found


def _text(line: bytes) -> str:
    return line.decode("latin-1").strip()
