"""Pfeiffer gauges that tell the twin's pressure: a digital one on RS-485, and a TPG controller.

The digital gauge after the section "Pfeiffer Vacuum protocol for RS-485" of Pfeiffer's operating
instructions, the controller after chapter "Communication" of the MaxiGauge's (BG 5186 BEN).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hardware.errors import Deadline, HardwareError
from hardware.simulator.link import Link

CR = 13
NAK, ACK, ENQ = b"\x15\r\n", b"\x06\r\n", b"\x05"
SHORTEST_BYTES = 14


@dataclass
class DigitalGauge:
    """``read_mbar``: the pressure at it; ``HardwareError`` where the gauge is out of order."""

    read_mbar: Callable[[], float]
    address: int = 1
    name: str = "    A5"

    def framed(self, arrived: bytearray) -> int | None:
        at = arrived.find(CR)
        if at < 0 and len(arrived) > 200:
            raise ValueError("no telegram")
        return None if at < 0 else at + 1

    def answer(self, request: bytes) -> bytes:
        """The answer to a question that is for this gauge and undamaged; else nothing."""
        body, said_sum = request[:-4], request[-4:-1]
        if len(request) < SHORTEST_BYTES or said_sum != f"{sum(body) & 255:03d}".encode():
            return b""
        text = body.decode("latin-1")
        if text[:3] != f"{self.address:03d}":
            return b""
        try:
            data = self._data(text[5:8], is_question=text[3:5] == "00" and text[8:] == "02=?")
        except Deadline:
            return b""
        except HardwareError:
            data = "_LOGIC"
        answer = f"{text[:3]}10{text[5:8]}{len(data):02d}{data}"
        return f"{answer}{sum(answer.encode()) & 255:03d}\r".encode()

    def hung_up(self) -> None:
        """It does not mind."""

    def _data(self, parameter: str, is_question: bool) -> str:
        if not is_question:
            return "_LOGIC"
        match parameter:
            case "303":
                return self._fault()
            case "349":
                return self.name
            case "740":
                return written(self.read_mbar())
            case _:
                return "NO_DEF"

    def _fault(self) -> str:
        try:
            self.read_mbar()
        except Deadline:
            raise
        except HardwareError:
            return "Err001"
        return "000000"


@dataclass
class Controller:
    """``gauges``: what each place reads [mbar], ``None`` where nothing is connected."""

    gauges: tuple[Callable[[], float] | None, ...]
    unit: int = 0
    asked: str = ""

    def framed(self, arrived: bytearray) -> int | None:
        if arrived[:1] == ENQ:
            return 1
        at = arrived.find(CR)
        if at < 0 and len(arrived) > 200:
            raise ValueError("no mnemonic")
        return None if at < 0 else at + 1

    def answer(self, request: bytes) -> bytes:
        """An acknowledgement of a mnemonic, or what was asked for."""
        if request == ENQ:
            return self._told()
        mnemonic = request.decode("latin-1").strip()
        places = [f"PR{n}" for n in range(1, len(self.gauges) + 1)]
        if mnemonic not in ("UNI", *places):
            return NAK
        self.asked = mnemonic
        return ACK

    def hung_up(self) -> None:
        """It remembers what was asked for."""

    def _told(self) -> bytes:
        if self.asked == "UNI":
            return b"%d\r\n" % self.unit
        if not self.asked:
            return NAK
        status, mbar = self._status(self.gauges[int(self.asked[2:]) - 1])
        return f"{status},{mbar:+.4E}\r\n".encode() if status >= 0 else b""

    @staticmethod
    def _status(read_mbar: Callable[[], float] | None) -> tuple[int, float]:
        if read_mbar is None:
            return 5, 0.0
        try:
            mbar = read_mbar()
        except Deadline:
            return -1, 0.0
        except HardwareError:
            return 3, 0.0
        return (1, 5e-10) if mbar < 5e-10 else (2, 1e3) if mbar > 1.1e3 else (0, mbar)


def chamber_mbar(link: Link) -> Callable[[], float]:
    """The pressure in the twin's chamber [mbar]."""
    return lambda: float(link.call("chamber.read").values["pressure_mbar"])


def written(mbar: float) -> str:
    """A pressure as six digits: a mantissa of four, one before the point, and the power of ten plus 20."""
    power = math.floor(math.log10(mbar)) if mbar > 0 else -20
    mantissa = round(mbar / 10.0 ** (power - 3))
    if mantissa == 10_000:
        mantissa, power = 1000, power + 1
    return f"{mantissa:04d}{power + 20:02d}"
