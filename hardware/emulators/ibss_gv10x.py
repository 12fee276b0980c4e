"""A GV10x plasma cleaner on a serial line, fed by the twin.

After what the open program SBEMimage tells of it (``plasma_cleaner.py``): ``Wnn`` watts, ``Mnn`` minutes,
``P1`` on, ``P0`` off, ``F`` version; answers repeat what was said. Its timer ends the plasma by itself.
What it answers to a command that it refuses is not public: here a question mark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hardware.errors import Deadline, HardwareError
from hardware.simulator.link import Link

END = b"\r\n"
REFUSAL = b"?"
VERSION = b"GV10x DS Asher\r\nVer 2.5"
NUMBER = re.compile(rb"([WM])(\d\d)")


@dataclass
class GV10xEmulator:
    """``lit_at_s``: since when the plasma burns, on the twin's clock."""

    link: Link
    watts: int = 20
    minutes: int = 10
    lit_at_s: float | None = None

    def framed(self, arrived: bytearray) -> int | None:
        at = arrived.find(END)
        if at < 0 and len(arrived) > 64:
            raise ValueError("no command")
        return None if at < 0 else at + len(END)

    def answer(self, request: bytes) -> bytes:
        """One line; none where the twin's cleaner hangs."""
        try:
            said = self._obey(request.strip())
        except Deadline:
            return b""
        except HardwareError:
            said = REFUSAL
        return said + END

    def hung_up(self) -> None:
        """It burns on until its timer ends."""

    @property
    def burns(self) -> bool:
        """Whether there is a plasma now."""
        return self.lit_at_s is not None and self._now_s() < self.lit_at_s + 60.0 * self.minutes

    def _obey(self, words: bytes) -> bytes:
        if words == b"F":
            return VERSION
        if words == b"P1":
            self.link.call("cleaner.clean", {"duration_s": 0.0})
            self.lit_at_s = self._now_s()
            return words
        if words == b"P0":
            self.lit_at_s = None
            return words
        if words in (b"W", b"M"):
            return words + b"%02d" % (self.watts if words == b"W" else self.minutes)
        return self._set(words)

    def _set(self, words: bytes) -> bytes:
        said = NUMBER.fullmatch(words)
        if said is None or int(said[2]) == 0 or self.burns:
            return REFUSAL
        if said[1] == b"W":
            self.watts = int(said[2])
        else:
            self.minutes = int(said[2])
        return words

    def _now_s(self) -> float:
        return float(self.link.call("clock.now").values["now_s"])
