"""The DCON protocol of digital output modules: ICP DAS I-7000 and M-7000, Brainboxes ED, Expert EX9000.

From the "I-7000 and M-7000 DIO User Manual", chapter 2 (commands) and appendix (host watchdog, safe
and power-on value): ASCII lines that end in a carriage return; an optional checksum, the sum of all
characters modulo 256 in two hexadecimal digits before the end; addresses 00 to FF. An answer begins
with ``!`` or ``>``, with ``?`` for an invalid command. A module whose host watchdog has run out
holds its safe value and answers ``!`` to output commands until it is reset by ``~AA1``.

The guard process imports this: the standard library and the wire, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from hardware.errors import Refused
from hardware.transport.channel import Framing, line_ended_by
from hardware.transport.dialogue import Dialogue, Exchange

END = b"\r"
LINE = line_ended_by(END)
RAN_OUT_BIT = 0x04
ADVICE = "Check that it is a DCON relay module, and its address and checksum setting."


class Stored(Enum):
    """Output values that a module keeps through power loss."""

    POWER_ON = "P"
    SAFE = "S"


class WatchdogRanOut(Refused):
    """The module heard nothing for too long: its outputs hold the safe value and obey nobody."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Outputs and inputs as they read back, one bit for each channel."""

    outputs: int
    inputs: int

    def output(self, channel: int) -> bool:
        return bool(self.outputs >> channel & 1)

    def input(self, channel: int) -> bool:
        return bool(self.inputs >> channel & 1)


@dataclass(frozen=True, slots=True)
class Wording:
    """How lines to and from a module are made up: its address, and whether they carry a checksum."""

    address: int = 1
    checksum: bool = True

    @property
    def aa(self) -> str:
        return f"{self.address:02X}"

    def line(self, text: str) -> bytes:
        """``text`` as it is sent."""
        return (text + self._sum(text)).encode("ascii") + END

    def text(self, line: bytes) -> str:
        """What a line says. Raises ``ValueError`` for a wrong checksum, or other than ASCII."""
        said = line.removesuffix(END).decode("ascii")
        if not self.checksum:
            return said
        text, given = said[:-2], said[-2:]
        if not text or given != self._sum(text):
            raise ValueError(f"its checksum is {given!r}, not {self._sum(text)!r}")
        return text

    def answer(self, form: str) -> Framing:
        """Ends with a line of this form, or with one that says that a command is invalid."""

        def framed(arrived: bytearray) -> int | None:
            if (length := LINE(arrived)) is None:
                return None
            if re.fullmatch(rf"{form}|\?({self.aa})?", self.text(bytes(arrived[:length]))) is None:
                raise ValueError("not what was asked for")
            return length

        return framed

    def greet(self, exchange: Exchange) -> None:
        """Said first on a new connection: no late answer to anything else has this one's form."""
        exchange(self.line(f"~{self.aa}0"), self.answer(f"!{self.aa}[0-9A-F]{{2}}"))

    def _sum(self, text: str) -> str:
        return f"{sum(text.encode('ascii')) & 0xFF:02X}" if self.checksum else ""


class DconModule:
    """One module. Every method is one exchange; it raises what a dialogue raises, or ``Refused``."""

    def __init__(self, dialogue: Dialogue, wording: Wording) -> None:
        self._dialogue, self._wording, self._aa = dialogue, wording, wording.aa

    def switch(self, channel: int, on: bool) -> None:
        """``#AA1cDD``: one output, sent once. Raises ``WatchdogRanOut`` when the module ignores it."""
        got = self._say(f"#{self._aa}1{channel:X}{on:02d}", "([>!])", self._dialogue.command)
        if got[1] == "!":
            what = "its watchdog ran out, so its outputs obey no command"
            raise WatchdogRanOut(self._dialogue.device, what, "Reset the module's watchdog.")

    def levels(self) -> Levels:
        """``@AA``: outputs, then inputs (``>0F00``: four outputs on)."""
        got = self._say(f"@{self._aa}", r">([0-9A-F]{2})([0-9A-F]{2})", self._dialogue.ask)
        return Levels(int(got[1], 16), int(got[2], 16))

    def store(self, which: Stored) -> None:
        """``~AA5V``: the outputs as they are now become this value."""
        self._say(f"~{self._aa}5{which.value}", f"!{self._aa}", self._dialogue.command)

    def stored(self, which: Stored) -> Levels:
        """``~AA4V``: the outputs of this value."""
        form = f"!{self._aa}([0-9A-F]{{2}})00"
        got = self._say(f"~{self._aa}4{which.value}", form, self._dialogue.ask)
        return Levels(int(got[1], 16), 0)

    def arm(self, timeout_ds: int) -> None:
        """``~AA3EVV``: enable the host watchdog, with a time-out in tenths of a second."""
        self._say(f"~{self._aa}31{timeout_ds:02X}", f"!{self._aa}", self._dialogue.command)

    def armed_ds(self) -> int | None:
        """``~AA2``: the watchdog's time-out in tenths of a second, ``None`` while it is disabled."""
        got = self._say(f"~{self._aa}2", f"!{self._aa}([01])([0-9A-F]{{2}})", self._dialogue.ask)
        return int(got[2], 16) if got[1] == "1" else None

    def ran_out(self) -> bool:
        """``~AA0``: whether the watchdog ran out since it was reset."""
        got = self._say(f"~{self._aa}0", f"!{self._aa}([0-9A-F]{{2}})", self._dialogue.ask)
        return bool(int(got[1], 16) & RAN_OUT_BIT)

    def reset(self) -> None:
        """``~AA1``: outputs obey again; until they are told otherwise they keep the safe value."""
        self._say(f"~{self._aa}1", f"!{self._aa}", self._dialogue.command)

    def host_ok(self) -> None:
        """``~**``: feeds the watchdogs of all modules on the wire; none of them answers."""
        self._dialogue.tell(self._wording.line("~**"))

    def model(self) -> str:
        """``$AAM``: the module's name."""
        return self._say(f"${self._aa}M", f"!{self._aa}([0-9A-Z -]{{2,10}})", self._dialogue.ask)[1]

    def close(self) -> None:
        """End the connection."""
        self._dialogue.close()

    def _say(self, text: str, form: str, say: Callable[[bytes, Framing], bytes]) -> re.Match[str]:
        answer = self._wording.text(say(self._wording.line(text), self._wording.answer(form)))
        if (got := re.fullmatch(form, answer)) is None:
            raise Refused(self._dialogue.device, f"refuses {text!r}", ADVICE)
        return got
