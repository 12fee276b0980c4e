"""The electron detector: contrast, brightness, and the voltage that draws electrons in."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

from hardware.drivers.thermo.column import limits
from hardware.drivers.thermo.server import Server, number
from hardware.drivers.thermo.settings import Bias
from hardware.drivers.thermo.view import View
from hardware.set_points import require_reached, require_within
from hardware.types import DetectorState

T = TypeVar("T")

CONTRAST, BRIGHTNESS = "detector.contrast", "detector.brightness"
OFF_V = 1.0
"""A bias below this counts as off."""

TOLERANCE = 1e-3
BIAS_TOLERANCE_V = 0.5


class ThermoDetector:
    """The detector of the active view. ``gain`` is its contrast and ``offset`` its brightness, 0 to 1.

    AutoScript cannot take a scintillator's own high voltage off. What it can is the bias that draws
    charges in, which is what "on" means here; whether that is enough for ions is the laboratory's to test.
    """

    def __init__(self, server: Server, view: View, bias: Bias, bias_v: float) -> None:
        self._server, self._view, self._bias_v = server, view, bias_v
        self._bias = f"detector.custom_settings.{bias.value}.value"

    def state(self) -> DetectorState:
        return DetectorState(
            hv_on=abs(self._shown(self._bias, number)) >= OFF_V,
            gain=self._shown(f"{CONTRAST}.value", number),
            offset=self._shown(f"{BRIGHTNESS}.value", number),
        )

    def make_safe(self) -> None:
        self._set(self._bias, 0.0, BIAS_TOLERANCE_V)

    def restore(self, state: DetectorState) -> None:
        for path, value in ((CONTRAST, state.gain), (BRIGHTNESS, state.offset)):
            allowed = self._shown(f"{path}.limits", limits)
            require_within(self._server.device, path, value, allowed)
        self._set(f"{CONTRAST}.value", state.gain, TOLERANCE)
        self._set(f"{BRIGHTNESS}.value", state.offset, TOLERANCE)
        self._set(self._bias, self._bias_v if state.hv_on else 0.0, BIAS_TOLERANCE_V)

    def _shown(self, path: str, valid: Callable[[Any], T]) -> T:
        def read(client: Any) -> T:
            self._view.show(client)
            return valid(attrgetter(path)(client))

        return self._server.ask(path, read)

    def _set(self, path: str, value: float, tolerance: float) -> None:
        owner, _, name = path.rpartition(".")

        def set_(client: Any) -> None:
            self._view.show(client)
            setattr(attrgetter(owner)(client), name, value)

        self._server.call(f"{path} = {value!r}", set_)
        require_reached(self._server.device, path, value, self._shown(path, number), tolerance)
