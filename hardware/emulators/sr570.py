"""An SR570 that listens: it takes settings line by line and never says a word.

After the instrument's manual, chapter "Remote programming". A line that is no command is passed over.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

from hardware.errors import HardwareError
from hardware.simulator.link import Link
from hardware.transport.channel import Framing, line_ended_by

LARGEST = {
    "SENS": 27, "SUCM": 1, "SUCV": 100, "IOON": 1, "IOLV": 29, "IOSN": 1, "IOUC": 1, "BSON": 1,
    "BSLV": 5000, "FLTT": 5, "LFRQ": 15, "HFRQ": 11, "GNMD": 2, "INVT": 1, "BLNK": 1,
}  # fmt: skip
"""Mnemonics with the largest number that each takes."""

COMMAND = re.compile(r"\s*(\w{4})\s+(-?\d{1,4})\s*", re.ASCII)
AFTER_RESET = {"SENS": 18, "INVT": 0, "FLTT": 5, "GNMD": 0, "BSON": 0, "IOON": 0}


@dataclass
class Sr570Emulator:
    """``link``: the twin whose irradiation current it amplifies. ``settings``: as a front panel shows."""

    link: Link
    settings: dict[str, int] = field(default_factory=lambda: dict(AFTER_RESET))
    _lock: Lock = field(default_factory=Lock)

    @property
    def framed(self) -> Framing:
        return line_ended_by(b"\n", most_bytes=256)

    def answer(self, request: bytes) -> bytes:
        """Take one line; the answer is always empty."""
        for words in request.decode("latin-1").split(";"):
            self._obey(words.strip().upper())
        return b""

    def hung_up(self) -> None:
        """It keeps its settings."""

    @property
    def sensitivity_a_per_v(self) -> float:
        """One, two, five, ten: from 1 pA/V in 27 steps to 1 mA/V."""
        decade, step = divmod(self.settings["SENS"], 3)
        return float(f"{(1, 2, 5)[step]}e{decade - 12}")

    def _obey(self, words: str) -> None:
        if words == "*RST":
            self.settings = dict(AFTER_RESET)
        elif (said := COMMAND.fullmatch(words)) and abs(int(said[2])) <= LARGEST.get(said[1], -1):
            self.settings[said[1]] = int(said[2])
            if said[1] in ("SENS", "INVT"):
                self._amplify()

    def _amplify(self) -> None:
        with self._lock, suppress(HardwareError):  # it has no way to tell
            self.link.call(
                "irradiation_meter.configure",
                {
                    "sensitivity_a_per_v": self.sensitivity_a_per_v,
                    "inverted": bool(self.settings["INVT"]),
                },
            )
