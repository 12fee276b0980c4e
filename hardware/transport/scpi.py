"""SCPI over a dialogue: queries that may be asked again, and commands that the instrument confirms.

IEEE 488.2 and SCPI-99: messages are lines; parts of one are joined by ``;``, and ``:`` begins at the
root again. ``SYSTem:ERRor?`` takes the oldest entry from the error queue, ``0,"No error"`` when it is
empty; 9.9E37 stands for infinity (SCPI-99, volume 1, 7.2.1.4), 9.91E37 for not a number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

from hardware.errors import HardwareError, Refused
from hardware.transport.channel import Channel, Framing, line_ended_by
from hardware.transport.dialogue import Dialogue, Exchange, Timing

END = b"\n"
LINE = line_ended_by(END)
INFINITY = 9.9e37
NOT_A_NUMBER = 9.91e37
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d{1,3})?", re.ASCII)
ENTRY = re.compile(r'([+-]?\d{1,5}),"([^"]*)"', re.ASCII)
PART = re.compile(r'(?:[^;"]|"[^"]*")+')
IDENTITY_S = 1.0
ADVICE = "Look at its front panel, then try again."


@dataclass(frozen=True, slots=True)
class Scpi:
    """An instrument that speaks SCPI. Whatever fails is a ``HardwareError`` with the device's name."""

    dialogue: Dialogue

    def ask(
        self, *questions: str, read: Callable[[str], object] = str, timeout_s: float | None = None
    ) -> tuple[str, ...]:
        """The answers to several questions in one message, asked again where that failed.

        Raises ``Deadline``, ``ConnectionLost``, and ``Garbled`` for another number of answers, or for one
        at which ``read`` raises ``ValueError``.
        """
        return _parts(self.dialogue.ask(_message(*questions), _answers(len(questions), read), timeout_s))

    def numbers(self, *questions: str, timeout_s: float | None = None) -> tuple[float, ...]:
        """As ``ask``; ``inf`` for an overflow. Raises ``Garbled`` for what is no number."""
        return tuple(map(number, self.ask(*questions, read=number, timeout_s=timeout_s)))

    def command(self, *commands: str, timeout_s: float | None = None) -> None:
        """Several commands in one message, sent once; then what the instrument says of them.

        Raises ``Refused`` in the instrument's words, beside what ``ask`` raises.
        """
        message = _message(*commands, "SYST:ERR?")
        (entry,) = _parts(self.dialogue.command(message, _answers(1, _entry), timeout_s))
        code, said = _entry(entry)
        if code != 0:
            self.dialogue.tell(_message("*CLS"))
            what = f"refused '{'; '.join(commands)}' ({code}, {said})"
            raise Refused(self.dialogue.device, what, ADVICE)


def greet(exchange: Exchange) -> None:
    """Said first on a new connection: forgets errors that were not ours. It changes nothing else."""
    exchange(_message("*CLS", "*OPC?"), _answers(1, _completion))


def identity(connect: Callable[[], Channel]) -> str | None:
    """What ``*IDN?`` gives on a wire that is opened for it; None where nobody answers so."""
    dialogue = Dialogue("instrument", connect, timing=Timing(IDENTITY_S, retries=0))
    with closing(dialogue), suppress(HardwareError):
        return Scpi(dialogue).ask("*IDN?")[0]
    return None


def number(text: str) -> float:
    """A number as SCPI writes it. Raises ``ValueError`` for anything else, and for not a number."""
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if math.isnan(value) or math.isclose(value, NOT_A_NUMBER, rel_tol=1e-6):
        raise ValueError(f"{text[:40]!r} is no number")
    return math.copysign(math.inf, value) if abs(value) >= INFINITY else value


def _completion(text: str) -> None:
    """The one answer to ``*OPC?``; another number is a late reading. Raises ``ValueError``."""
    if number(text) != 1:
        raise ValueError("not what was asked for")


def _entry(text: str) -> tuple[int, str]:
    """Code and words of an entry of the error queue. Raises ``ValueError``."""
    if (said := ENTRY.fullmatch(text)) is None:
        raise ValueError(f"{text[:40]!r} is no error")
    return int(said[1]), said[2]


def _message(*parts: str) -> bytes:
    return ";:".join(parts).replace(";:*", ";*").encode("ascii") + END


def _parts(line: bytes) -> tuple[str, ...]:
    """What a line says; a ``;`` within quotation marks separates nothing. Raises ``ValueError``."""
    return tuple(part.strip() for part in PART.findall(line.decode("ascii").strip()))


def _answers(n: int, read: Callable[[str], object] = str) -> Framing:
    """A line with ``n`` answers, each of which can be read so."""

    def framed(arrived: bytearray) -> int | None:
        if (length := LINE(arrived)) is None:
            return None
        parts = _parts(bytes(arrived[:length]))
        if len(parts) != n:
            raise ValueError(f"{len(parts)} answers to {n} questions")
        for part in parts:
            read(part)
        return length

    return framed
