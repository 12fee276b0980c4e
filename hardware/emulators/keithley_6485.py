"""A Keithley 6485 on the twin's Faraday cup. With the ion beam open nothing falls into the cup.

After the "Model 6485 Picoammeter Instruction Manual". Digits are more than a 6485 has: what the cup
gives must come through the wire unchanged.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from hardware.emulators.scpi import Command, ScpiError, ScpiInstrument, parsed, switched
from hardware.errors import Refused
from hardware.simulator.link import Link

IDENTITY = "KEITHLEY INSTRUMENTS INC.,MODEL 6485,1000001,B03   Sep 20 2010 11:00:00/A02  /B"
RANGES_A = tuple(2e-9 * 10**power for power in range(8))
OVER_RANGE = 1.05
OVERFLOW = "+9.900000E+37"


class Keithley6485(ScpiInstrument):
    """See the module. It wakes up with zero check on, as the instrument does."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._range_a, self._cycles = RANGES_A[-1], 5.0
        self._switches = {
            "SYSTem:ZCHeck": True,
            "SYSTem:ZCORrect": False,
            "MEDian": False,
            "AVERage": False,
        }
        self._switches["CURRent:RANGe:AUTO"] = True
        self._elements = "READ,UNIT,TIME,STAT"
        commands: dict[str, Command] = {
            "READ?": lambda _rest: self._reading(),
            "CURRent:RANGe": self._set_range,
            "CURRent:RANGe?": lambda _rest: f"{self._range_a:.6E}",
            "CURRent:NPLCycles": self._set_cycles,
            "CURRent:NPLCycles?": lambda _rest: f"{self._cycles:.2f}",
            "FORMat:ELEMents": self._set_elements,
        }
        for header in self._switches:
            commands[header] = partial(self._switch, header)
            commands[f"{header}?"] = partial(self._switch_of, header)
        super().__init__(IDENTITY, commands)

    def _reading(self) -> str:
        if self._elements != "READ":
            raise ScpiError(-221, "Settings conflict")  # it would append units and time
        if self._switches["SYSTem:ZCHeck"]:
            return "+0.000000E+00"
        amperes = self._cup_a()
        reach_a = RANGES_A[-1] if self._switches["CURRent:RANGe:AUTO"] else self._range_a
        return OVERFLOW if abs(amperes) > Decimal(reach_a * OVER_RANGE) else f"{amperes:+E}"

    def _cup_a(self) -> Decimal:
        try:
            current_na = self._link.call("ion_current.measure").values["current_na"]
        except Refused:  # the beam is open and goes past the cup
            current_na = 0.0
        return Decimal(repr(float(current_na))).scaleb(-9)

    def _set_range(self, text: str) -> None:
        wanted = parsed(text, 0.0, RANGES_A[-1] * OVER_RANGE)
        self._range_a = next(reach for reach in RANGES_A if wanted <= reach * OVER_RANGE)

    def _set_cycles(self, text: str) -> None:
        self._cycles = parsed(text, 0.01, 50.0)

    def _set_elements(self, text: str) -> None:
        self._elements = text.upper()

    def _switch(self, header: str, text: str) -> None:
        self._switches[header] = switched(text)

    def _switch_of(self, header: str, _text: str) -> str:
        return str(int(self._switches[header]))
