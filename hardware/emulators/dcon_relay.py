"""A DCON relay module with four relays and four inputs, as an I-7060: what a blanker hangs on.

After the "I-7000 and M-7000 DIO User Manual": the outputs hold the power-on value after power
returns, the safe value once the host watchdog has run out, and obey again after ``~AA1``. Running
out disables the watchdog. All that is stored survives power loss. Time is real, as the module's is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hardware.errors import HardwareError
from hardware.simulator.firmware import Firmware
from hardware.transport.channel import Framing, line_ended_by
from hardware.types import Blanker

N_RELAYS = 4
MODEL = "7060D"
LOOK_S = 0.02


class Wired(Protocol):
    """What hangs on a relay, or on an input."""

    def energise(self, on: bool) -> None:
        """The relay was told. Raises ``HardwareError`` where the module then answers nothing."""
        ...

    def drop(self) -> None:
        """The relay fell by itself, which nothing can prevent."""
        ...

    def seen(self) -> bool:
        """What an input reads that is wired to it."""
        ...


@dataclass(frozen=True, slots=True)
class BlankerContact:
    """The twin's ion blanker, open only while the relay is energised."""

    firmware: Firmware

    def energise(self, on: bool) -> None:
        self.firmware.blanker("open" if on else "blank")

    def drop(self) -> None:
        self.firmware.release_blanker()

    def seen(self) -> bool:
        return self.firmware.blanker("state") is Blanker.OPEN


@dataclass
class _Watchdog:
    """The host watchdog; ``due_s`` is on the monotonic clock."""

    timeout_ds: int = 0
    enabled: bool = False
    ran_out: bool = False
    due_s: float = field(default=0.0)

    def feed(self) -> None:
        self.due_s = time.monotonic() + self.timeout_ds / 10

    @property
    def overdue(self) -> bool:
        return self.enabled and time.monotonic() >= self.due_s


class RelayModule:
    """One module on an RS-485 line; relay ``n`` and input ``n`` are wired to ``wired[n]``.

    ``deaf``: says yes to output commands and does nothing. ``welded``: contacts stay as they are,
    whatever the outputs say.
    """

    def __init__(
        self,
        wired: Mapping[int, Wired],
        address: int = 1,
        checksum: bool = True,
        power_on: int = 0,
        has_watchdog: bool = True,
    ) -> None:
        self._wired, self._aa, self._checksum = wired, f"{address:02X}", checksum
        self._has_watchdog = has_watchdog
        self._lock = threading.RLock()
        self._stored = {"P": power_on, "S": 0}
        self._watchdog = _Watchdog()
        self.outputs = 0
        self.powered = True
        self.deaf = self.welded = False
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="relay module", daemon=True).start()

    @property
    def framed(self) -> Framing:
        return line_ended_by(b"\r")

    def answer(self, request: bytes) -> bytes:
        with self._lock:
            try:
                said = self._obey(self._read(request)) if self.powered else None
            except (HardwareError, ValueError, IndexError):
                return b""  # a wrong line, or a fault of the twin's: a module says nothing
        return b"" if said is None else (said + self._sum(said)).encode() + b"\r"

    def hung_up(self) -> None:
        """A module does not notice that nobody is there, but by its watchdog."""

    def power_off(self) -> None:
        """Its supply fails: all relays fall."""
        with self._lock:
            self.powered = False
            self._watchdog.enabled = False
            self._set(0)

    def power_on(self) -> None:
        """Power returns, and with it the power-on value, or the safe one after a time-out."""
        with self._lock:
            self.powered = True
            self._set(self._stored["S" if self._watchdog.ran_out else "P"])

    def close(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            with self._lock:
                if self._watchdog.overdue:
                    self._watchdog.enabled, self._watchdog.ran_out = False, True
                    self._set(self._stored["S"])

    def _set(self, outputs: int) -> None:
        """As the module itself decides."""
        self.outputs = outputs
        for channel, wired in self._wired.items():
            if self.welded:
                continue
            if outputs >> channel & 1:
                wired.energise(True)
            else:
                wired.drop()

    def _read(self, request: bytes) -> str:
        said = request.decode("ascii").removesuffix("\r")
        if not self._checksum:
            return said
        if said[-2:] != self._sum(said[:-2]):
            raise ValueError(said)
        return said[:-2]

    def _sum(self, text: str) -> str:
        return format(sum(map(ord, text)) % 256, "02X") if self._checksum else ""

    def _obey(self, said: str) -> str | None:
        """What it answers to a line; None to one that is not for it."""
        if said == "~**":
            self._watchdog.feed()
            return None
        if said[1:3] != self._aa:
            return None
        lead, rest = said[0], said[3:]
        orders: Mapping[str, Callable[[str], str]] = {
            "@": self._levels,
            "#": self._output,
            "~": self._keep,
            "$": lambda rest: f"!{self._aa}{MODEL}" if rest == "M" else f"?{self._aa}",
        }
        return orders[lead](rest) if lead in orders else None

    def _levels(self, rest: str) -> str:
        inputs = sum(1 << n for n, wired in self._wired.items() if wired.seen())
        return f">{self.outputs:02X}{inputs:02X}" if not rest else "?"

    def _output(self, rest: str) -> str:
        channel, on = int(rest[1], 16), rest[2:] == "01"
        if rest[0] != "1" or rest[2:] not in ("00", "01") or channel >= N_RELAYS:
            return "?"
        if self._watchdog.ran_out:
            return "!"
        if self.deaf:
            return ">"
        bit = 1 << channel
        self.outputs = self.outputs | bit if on else self.outputs & ~bit
        if channel in self._wired and not self.welded:
            self._wired[channel].energise(on)
        return ">"

    def _keep(self, rest: str) -> str:
        """The commands of watchdog, safe and power-on value."""
        watchdog, ok, invalid = self._watchdog, f"!{self._aa}", f"?{self._aa}"
        if rest[0] in "45" and rest[1:] in self._stored:
            if rest[0] == "5":
                self._stored[rest[1:]] = self.outputs
            return ok if rest[0] == "5" else f"{ok}{self._stored[rest[1:]]:02X}00"
        if not self._has_watchdog:
            return invalid
        match rest[0]:
            case "0":
                return f"{ok}{0x80 * watchdog.enabled + 0x04 * watchdog.ran_out:02X}"
            case "1":
                watchdog.ran_out = False
                return ok
            case "2":
                return f"{ok}{int(watchdog.enabled)}{watchdog.timeout_ds:02X}"
            case "3":
                watchdog.enabled, watchdog.timeout_ds = rest[1] == "1", int(rest[2:4], 16)
                watchdog.feed()
                return ok
        return invalid
