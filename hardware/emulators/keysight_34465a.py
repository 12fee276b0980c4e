"""A 34465A multimeter that speaks SCPI, fed by the twin's irradiation meter.

After Keysight's "Truevolt Series Operating and Service Guide" (34460-90901), chapter "SCPI programming
reference": answers of several queries in a line are joined by ``;``, numbers have 9 digits, errors queue
up until ``SYSTem:ERRor?`` takes them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hardware.errors import Deadline, HardwareError
from hardware.simulator.link import Link
from hardware.transport.channel import Framing, line_ended_by

OVERLOAD = 9.9e37
MOST_ERRORS = 20
RANGES_V = (0.1, 1.0, 10.0, 100.0, 1000.0)
OVER_RANGE = 1.2
IDENTITY = "Keysight Technologies,34465A,MY00000001,A.03.01-03.15-03.01-00.52-03-02"


class Silent(Exception):
    """The measurement does not end: there is no answer."""


@dataclass
class Keysight34465AEmulator:
    """``volts``: what lies at its input; ``HardwareError`` where nothing sensible does."""

    volts: Callable[[], float]
    range_v: float = 1000.0
    nplc: float = 10.0
    function: str = "VOLT:AC"
    errors: deque[str] = field(default_factory=deque)

    @property
    def framed(self) -> Framing:
        return line_ended_by(b"\n", most_bytes=4096)

    def answer(self, request: bytes) -> bytes:
        """The answers to the queries of one line."""
        answers = []
        try:
            for message in request.decode("latin-1").strip().split(";"):
                said = self._obey(message.strip().lstrip(":"))
                if said is not None:
                    answers.append(said)
        except Silent:
            return b""
        return (";".join(answers) + "\n").encode("ascii") if answers else b""

    def hung_up(self) -> None:
        """It keeps its settings."""

    def _obey(self, message: str) -> str | None:
        head, _, argument = message.partition(" ")
        match head.upper(), argument.strip():
            case "*IDN?", "":
                return IDENTITY
            case "*OPC?", "":
                return "1"
            case "*CLS", "":
                self.errors.clear()
            case "SYST:ERR?", "":
                return self.errors.popleft() if self.errors else '+0,"No error"'
            case "CONF:VOLT:DC", wanted:
                self._configure(wanted)
            case "VOLT:DC:NPLC", wanted:
                self._integrate(wanted)
            case "VOLT:DC:ZERO:AUTO", "ON" | "OFF" | "ONCE":
                pass
            case "FUNC?", "":
                return f'"{self.function}"'
            case "VOLT:DC:RANG?", "":
                return _written(self.range_v)
            case "VOLT:DC:NPLC?", "":
                return _written(self.nplc)
            case "READ?", "":
                return _written(self._measured())
            case _:
                self._complain('-113,"Undefined header"')
        return None

    def _configure(self, wanted: str) -> None:
        range_v = _number(wanted.partition(",")[0])
        fitting = [one for one in RANGES_V if range_v is not None and 0 <= range_v <= one]
        if fitting:
            self.function, self.range_v, self.nplc = "VOLT", fitting[0], 10.0
        else:
            self._complain('-222,"Data out of range"')

    def _integrate(self, wanted: str) -> None:
        nplc = _number(wanted)
        if nplc in (0.02, 0.2, 1.0, 10.0, 100.0):
            self.nplc = nplc
        else:
            self._complain('-222,"Data out of range"')

    def _measured(self) -> float:
        try:
            volts = self.volts()
        except Deadline as error:
            raise Silent from error
        except HardwareError:
            return OVERLOAD
        return volts if abs(volts) <= OVER_RANGE * self.range_v else OVERLOAD

    def _complain(self, error: str) -> None:
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(error)


def irradiation_volts(link: Link) -> Callable[[], float]:
    """What the twin's preamplifier gives out [V]."""
    return lambda: float(link.call("irradiation_meter.read").values["volts"])


def _written(value: float) -> str:
    return f"{value:+.8E}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
