"""The electron detector of a Zeiss SEM: scintillator, collector, brightness and contrast."""

from __future__ import annotations

from hardware.drivers.zeiss.api import Sem
from hardware.drivers.zeiss.parameters import Analogue, State
from hardware.set_points import require_reached, require_within
from hardware.types import DetectorState

BIAS_TOLERANCE_V = 5.0
PERCENT_TOLERANCE = 0.05


class ZeissDetector:
    """High voltage is what switches the scintillator; gain is the contrast [%], offset the brightness [%].

    ``bias_v``: of the collector while it images, where there is one; 0 V is its safe state.
    """

    def __init__(self, sem: Sem, bias_v: float | None) -> None:
        self._sem, self._bias_v = sem, bias_v
        self._limits = {name: sem.limits(name) for name in (Analogue.CONTRAST, Analogue.BRIGHTNESS)}

    def state(self) -> DetectorState:
        """High voltage counts as on while the collector has any."""
        return DetectorState(
            hv_on=self._sem.is_on(State.SCINTILLATOR) or self._biased(),
            gain=self._sem.number(Analogue.CONTRAST),
            offset=self._sem.number(Analogue.BRIGHTNESS),
        )

    def make_safe(self) -> None:
        self._set_hv(False)

    def restore(self, state: DetectorState) -> None:
        wanted = {Analogue.CONTRAST: state.gain, Analogue.BRIGHTNESS: state.offset}
        for name, value in wanted.items():
            require_within(self._sem.device, name, value, self._limits[name])
        for name, value in wanted.items():
            self._set(name, value, PERCENT_TOLERANCE)
        self._set_hv(state.hv_on)

    def _set_hv(self, on: bool) -> None:
        self._sem.switch(State.SCINTILLATOR, on)
        if self._bias_v is not None:
            self._set(Analogue.COLLECTOR_BIAS, self._bias_v if on else 0.0, BIAS_TOLERANCE_V)

    def _set(self, name: Analogue, value: float, tolerance: float) -> None:
        self._sem.set_number(name, value)
        require_reached(self._sem.device, name, value, self._sem.number(name), tolerance)

    def _biased(self) -> bool:
        return (
            self._bias_v is not None and abs(self._sem.number(Analogue.COLLECTOR_BIAS)) > BIAS_TOLERANCE_V
        )
