"""A 34465A multimeter that speaks SCPI, fed by the twin's irradiation meter.

After Keysight's "Truevolt Series Operating and Service Guide" (34460-90901), chapter "SCPI programming
reference": numbers have 9 digits, ``CONFigure`` brings the integration back to 10 mains cycles.
"""

from __future__ import annotations

from collections.abc import Callable

from hardware.emulators.scpi import ScpiError, ScpiInstrument, parsed
from hardware.errors import Deadline, HardwareError
from hardware.simulator.link import Link

OVERLOAD = 9.9e37
RANGES_V = (0.1, 1.0, 10.0, 100.0, 1000.0)
NPLCS = (0.02, 0.2, 1.0, 10.0, 100.0)
OVER_RANGE = 1.2
IDENTITY = "Keysight Technologies,34465A,MY00000001,A.03.01-03.15-03.01-00.52-03-02"


class Keysight34465AEmulator(ScpiInstrument):
    """``volts``: what lies at its input; ``HardwareError`` where nothing sensible does."""

    def __init__(self, volts: Callable[[], float]) -> None:
        self.volts = volts
        self.range_v, self.nplc, self.function = RANGES_V[-1], 10.0, "VOLT:AC"
        super().__init__(
            IDENTITY,
            {
                "CONFigure:VOLTage:DC": self._configure,
                "VOLTage:DC:NPLC": self._integrate,
                "VOLTage:DC:ZERO:AUTO": lambda _rest: None,
                "FUNCtion?": lambda _rest: f'"{self.function}"',
                "VOLTage:DC:RANGe?": lambda _rest: _written(self.range_v),
                "VOLTage:DC:NPLC?": lambda _rest: _written(self.nplc),
                "READ?": lambda _rest: _written(self._measured()),
            },
        )

    def _configure(self, wanted: str) -> None:
        range_v = parsed(wanted.partition(",")[0], 0.0, RANGES_V[-1])
        self.function, self.nplc = "VOLT", 10.0
        self.range_v = next(one for one in RANGES_V if range_v <= one)

    def _integrate(self, wanted: str) -> None:
        if (nplc := parsed(wanted, NPLCS[0], NPLCS[-1])) not in NPLCS:
            raise ScpiError(-222, "Data out of range")
        self.nplc = nplc

    def _measured(self) -> float:
        try:
            volts = self.volts()
        except Deadline:
            raise  # the measurement does not end: there is no answer
        except HardwareError:
            return OVERLOAD
        return volts if abs(volts) <= OVER_RANGE * self.range_v else OVERLOAD


def irradiation_volts(link: Link) -> Callable[[], float]:
    """What the twin's preamplifier gives out [V]."""
    return lambda: float(link.call("irradiation_meter.read").values["volts"])


def _written(value: float) -> str:
    return f"{value:+.8E}"
