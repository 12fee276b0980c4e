"""The Pfeiffer Vacuum protocol of digital gauges on RS-485.

After the section "Pfeiffer Vacuum protocol for RS-485" of Pfeiffer's operating instructions, such as
those of the DigiLine gauges (PG 0045). A telegram is ASCII, ended by CR::

    address (3) | action (2) | parameter (3) | length (2) | data | checksum (3)

The action is 00 to ask, with the data ``=?``, and 10 in an answer. The checksum is the sum of the codes
of all characters before it, modulo 256. Instead of data a gauge answers ``NO_DEF``, ``_RANGE`` or
``_LOGIC``. Data type 10, ``u_expo_new``: four digits of a mantissa, of which one stands before the point,
and two of an exponent that is 20 too large.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hardware.errors import Refused
from hardware.transport.channel import Framing, line_ended_by
from hardware.transport.dialogue import Dialogue

END = b"\r"
LONGEST_BYTES = 3 + 2 + 3 + 2 + 99 + 3 + 1
ASKED, ANSWERED = "00", "10"
QUESTION = "=?"

ERROR_CODE, NAME, PRESSURE = 303, 349, 740
NO_ERROR = "000000"

REFUSALS = {
    "NO_DEF": "knows no such parameter",
    "_RANGE": "calls the value out of range",
    "_LOGIC": "does not allow that now",
}
FAULTS = {"Err001": "its transmitter is defective", "Err002": "its memory is defective"}

TELEGRAM = re.compile(rb"(\d{3})(\d{2})(\d{3})(\d{2})([\x20-\x7e]{0,99})(\d{3})\r")
EXPONENTIAL = re.compile(r"(\d{4})(\d{2})", re.ASCII)
EXPONENT_OFFSET = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gauge says of a parameter."""

    address: int
    parameter: int
    data: str


def question(address: int, parameter: int) -> bytes:
    """What asks a gauge for a parameter."""
    words = f"{address:03d}{ASKED}{parameter:03d}{len(QUESTION):02d}{QUESTION}".encode("ascii")
    return words + _checksum(words) + END


def read_answer(telegram: bytes) -> Answer:
    """What a complete telegram says. Raises ``ValueError`` where it is none, or no answer."""
    if (found := TELEGRAM.fullmatch(telegram)) is None:
        raise ValueError("no telegram")
    address, action, parameter, length, data, checksum = found.groups()
    if checksum != _checksum(telegram[: -len(END) - len(checksum)]):
        raise ValueError("its checksum is wrong")
    if action.decode() != ANSWERED:
        raise ValueError("no answer but a question")
    if int(length) != len(data):
        raise ValueError(f"{len(data)} characters where {int(length)} were announced")
    return Answer(int(address), int(parameter), data.decode("ascii"))


def read_exponential(data: str) -> float:
    """The value of ``u_expo_new``. Raises ``ValueError``."""
    if (digits := EXPONENTIAL.fullmatch(data)) is None:
        raise ValueError(f"{data!r} is no number")
    return float(f"{digits[1]}e{int(digits[2]) - EXPONENT_OFFSET - 3}")


def answer_to(address: int, parameter: int) -> Framing:
    """A telegram that answers this question, and no other: a late one is never taken for it."""
    line = line_ended_by(END, LONGEST_BYTES)

    def framed(arrived: bytearray) -> int | None:
        if (length := line(arrived)) is None:
            return None
        answer = read_answer(bytes(arrived[:length]))
        if (answer.address, answer.parameter) != (address, parameter):
            raise ValueError(
                f"parameter {answer.parameter} of gauge {answer.address}, which nobody asked for"
            )
        if parameter == PRESSURE and answer.data not in REFUSALS:
            read_exponential(answer.data)
        return length

    return framed


@dataclass(frozen=True, slots=True)
class TelegramGauge:
    """A digital gauge at an ``address`` from 1 to 255 of its line."""

    dialogue: Dialogue
    address: int

    def pressure_mbar(self) -> float:
        """The pressure [mbar = hPa], however unlikely; 0 where it cannot be told.

        Raises ``Refused`` for a gauge that calls itself defective or does not answer the question, and
        ``Deadline``, ``Garbled``, ``ConnectionLost``.
        """
        fault = self.ask(ERROR_CODE)
        if fault != NO_ERROR:
            what = f"reports a fault: {FAULTS.get(fault, fault.strip())}"
            raise Refused(self.dialogue.device, what, "Replace or repair the gauge.")
        return read_exponential(self.ask(PRESSURE))

    def name(self) -> str:
        """What the gauge calls its electronics."""
        return self.ask(NAME).strip()

    def ask(self, parameter: int) -> str:
        """The data of a parameter. Raises as ``pressure_mbar`` does."""
        words = question(self.address, parameter)
        data = read_answer(self.dialogue.ask(words, answer_to(self.address, parameter))).data
        if (refusal := REFUSALS.get(data)) is not None:
            what = f"{refusal} (parameter {parameter}: {data})"
            raise Refused(self.dialogue.device, what, "Look at the gauge's type and its settings.")
        return data


def _checksum(words: bytes) -> bytes:
    return b"%03d" % (sum(words) % 256)
