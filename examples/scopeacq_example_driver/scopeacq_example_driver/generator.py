"""The generator: set-points are checked, sent once, and read back."""

from __future__ import annotations

import math

from hardware.errors import Garbled, NotReached, Refused
from hardware.set_points import require_reached, require_within
from hardware.transport.channel import line_ended_by
from hardware.transport.dialogue import ADVICE, Dialogue
from hardware.types import Range, Raster, RasterState

ANSWER = line_ended_by(b"\n")
AMPLITUDES = Range(0.0, 20.0)
FREQUENCIES = Range(0.001, 1e5)
READ_BACK_REL = 1e-6


class RasterGenerator:
    """A :class:`~hardware.protocols.WaveformGenerator`. Raises ``HardwareError`` and nothing else."""

    def __init__(self, line: Dialogue) -> None:
        self._line = line

    def identity(self) -> str:
        """What it calls itself. Raises ``Refused`` where another device answers."""
        if not (says := self._ask("ID?")).startswith("RG-2,"):
            raise Refused(self._line.device, f"an RG-2 is wanted, {says!r} answers", "Check its address.")
        return says

    def state(self) -> RasterState:
        """Both channels, as they read back."""
        x_vpp, x_hz = self._numbers("X?", 2)
        y_vpp, y_hz = self._numbers("Y?", 2)
        (running,) = self._numbers("RUN?", 1)
        load = self._ask("LOAD?")
        load_ohm = math.inf if load == "INF" else self._number(load)
        return RasterState(Raster(x_vpp, y_vpp, x_hz, y_hz), running == 1, load_ohm)

    def configure(self, raster: Raster) -> None:
        """Set both channels into high impedance. The ion beam must be blanked."""
        for name in ("x_vpp", "y_vpp"):
            require_within(self._line.device, name, getattr(raster, name), AMPLITUDES)
        for name in ("x_hz", "y_hz"):
            require_within(self._line.device, name, getattr(raster, name), FREQUENCIES)
        self._command("LOAD INF")
        self._command(f"X {raster.x_vpp!r} {raster.x_hz!r}")
        self._command(f"Y {raster.y_vpp!r} {raster.y_hz!r}")
        self._compare(raster)

    def start(self) -> None:
        self._run(True)

    def stop(self) -> None:
        self._run(False)

    def _run(self, on: bool) -> None:
        self._command(f"RUN {on:d}")
        if (running := self.state().running) is not on:
            raise NotReached(self._line.device, "running", on, running, 0, "Switch its outputs by hand.")

    def _compare(self, wanted: Raster) -> None:
        device, got = self._line.device, self.state()
        if not math.isinf(got.load_ohm):
            raise Refused(device, f"its load is {got.load_ohm:g} ohm", "Set it to high impedance.")
        for name in ("x_vpp", "y_vpp", "x_hz", "y_hz"):
            want = getattr(wanted, name)
            require_reached(device, name, want, getattr(got.raster, name), READ_BACK_REL * want)

    def _command(self, words: str) -> None:
        """What changes something is sent once; whether it was done is read back by the caller."""
        answer = self._text(self._line.command(f"{words}\n".encode("ascii"), ANSWER))
        if answer != "OK":
            raise Refused(self._line.device, f"says {answer!r} to {words!r}", "Look at its display.")

    def _ask(self, question: str) -> str:
        return self._text(self._line.ask(f"{question}\n".encode("ascii"), ANSWER))

    def _numbers(self, question: str, count: int) -> list[float]:
        words = self._ask(question).split()
        if len(words) != count:
            raise self._garbled(" ".join(words))
        return [self._number(word) for word in words]

    def _number(self, word: str) -> float:
        try:
            value = float(word)
        except ValueError as error:
            raise self._garbled(word) from error
        if not math.isfinite(value):
            raise self._garbled(word)
        return value

    def _text(self, answer: bytes) -> str:
        try:
            return answer.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise self._garbled(repr(answer)) from error

    def _garbled(self, said: str) -> Garbled:
        return Garbled(self._line.device, f"answers {said!r}, which makes no sense", ADVICE)
