"""What instruments that speak SCPI have in common: compound messages, an error queue, ``*IDN?``.

A refusal of the twin's goes into the error queue; one that does not answer, or is unplugged, stays
silent. A header is written as in manuals, ``SOURce1:VOLTage``: capitals are the short form.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping

from hardware.errors import ConnectionLost, Deadline, HardwareError
from hardware.transport.channel import Framing, line_ended_by

Command = Callable[[str], str | None]
"""Gets what follows the header; returns the answer of a query. Raises ``ScpiError``."""

NO_ERROR = '+0,"No error"'
QUEUE_LENGTH = 20


class ScpiError(Exception):
    """An entry for the error queue."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.entry = f'{code:+d},"{text}"'


class ScpiInstrument:
    """One instrument. ``commands`` by header, with ``?`` at the end of queries."""

    def __init__(self, identity: str, commands: Mapping[str, Command], end: bytes = b"\n") -> None:
        self._identity, self._end = identity, end
        self._commands = [(_pattern(header), command) for header, command in commands.items()]
        self._errors: deque[str] = deque(maxlen=QUEUE_LENGTH)

    @property
    def framed(self) -> Framing:
        return line_ended_by(b"\n")

    def answer(self, request: bytes) -> bytes:
        answers = []
        for part in request.decode("latin-1").split(";"):
            try:
                said = self._obey(part.strip().lstrip(":"))
            except (Deadline, ConnectionLost):
                return b""
            except ScpiError as error:
                self._errors.append(error.entry)
            except HardwareError as error:
                self._errors.append(ScpiError(-200, f"Execution error; {error.what}").entry)
            else:
                answers += [] if said is None else [said]
        return ";".join(answers).encode("latin-1") + self._end if answers else b""

    def hung_up(self) -> None:
        """It goes on doing what it does."""

    def _obey(self, text: str) -> str | None:
        header, _, rest = text.partition(" ")
        match header.upper():
            case "*IDN?":
                return self._identity
            case "*CLS":
                self._errors.clear()
                return None
            case "*OPC?":
                return "1"
            case "SYST:ERR?" | "SYSTEM:ERROR?" | "SYST:ERR:NEXT?":
                return self._errors.popleft() if self._errors else NO_ERROR
        for pattern, command in self._commands:
            if pattern.fullmatch(header):
                return command(rest.strip())
        raise ScpiError(-113, "Undefined header")


def parsed(text: str, low: float, high: float) -> float:
    """A numeric parameter. Raises ``ScpiError`` for text, and for what is out of range."""
    try:
        value = float(text)
    except ValueError:
        raise ScpiError(-104, "Data type error") from None
    if not low <= value <= high:
        raise ScpiError(-222, "Data out of range")
    return value


def switched(text: str) -> bool:
    """A parameter that is on or off. Raises ``ScpiError``."""
    if text.upper() not in ("ON", "OFF", "1", "0"):
        raise ScpiError(-224, "Illegal parameter value")
    return text.upper() in ("ON", "1")


def _pattern(header: str) -> re.Pattern[str]:
    """Both forms of every mnemonic: ``VOLTage`` is ``VOLT`` or ``VOLTAGE``."""
    optional = re.sub(r"[a-z]+", lambda tail: f"(?:{tail[0].upper()})?", header.replace("?", r"\?"))
    return re.compile(optional, re.IGNORECASE)
