"""Functions of the electron column and of the vacuum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hardware.emulators.sharksem.scanning import ScanUnit
from hardware.emulators.sharksem.wire import Arguments, Function, Value, listed, plain
from hardware.errors import HardwareError
from hardware.simulator.link import Link

MM_UM, PA_NA, PA_MBAR, V_KV = 3, 3, 2, 3
CENTERINGS = ("Gun Tilt", "Gun Shift", "Stigmator", "OBJ Centering")
STIGMATOR = CENTERINGS.index("Stigmator")
FULL = Decimal(100)
LONGEST_WD_MM, SHORTEST_WD_MM = Decimal(120), Decimal("0.5")
MOST_SHIFT_MM = Decimal("0.2")
ELECTROSTATIC, MAGNETIC = 0, 1
ALWAYS_BLANKED, AUTOMATIC = 1, 2
BETWEEN = 1000
"""What the beam reads that is neither off nor on."""


def limited(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    """As the microscope silently limits what it is told."""
    return min(max(value, low), high)


@dataclass
class Settling:
    """How long what was changed is not stable: ``lasts_s`` of the twin's time."""

    link: Link
    lasts_s: float
    until_s: float = 0.0

    def begin(self) -> None:
        self.until_s = self._now_s() + self.lasts_s

    def goes_on(self) -> bool:
        return self.lasts_s > 0 and self._now_s() < self.until_s

    def _now_s(self) -> float:
        return float(self.link.call("clock.now").values["now_s"])


@dataclass
class ColumnFunctions:
    """Lenses, deflectors, gun, blankers and gauges."""

    link: Link
    scan: ScanUnit
    settling: Settling
    ramp: Settling
    blanker: dict[int, int] = field(default_factory=lambda: {ELECTROSTATIC: ALWAYS_BLANKED, MAGNETIC: 0})
    centering: dict[int, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def queries(self) -> Mapping[str, Function]:
        return {
            "GetWD": lambda _: (self._optics()["wd_um"].scaleb(-MM_UM),),
            "EnumCenterings": lambda _: (listed("cen", "name", CENTERINGS),),
            "GetCentering": self._get_centering,
            "GetImageShift": lambda _: self._shift(),
            "HVGetBeam": lambda _: (self._beam_reads(),),
            "HVGetVoltage": lambda _: (plain(self._beam()["eht_kv"]).scaleb(V_KV),),
            "GetBeamCurrent": lambda _: (plain(self._beam()["probe_current_na"]).scaleb(PA_NA),),
            "ScGetBlanker": lambda given: (self.blanker.get(given.integer(ELECTROSTATIC), 0),),
            "GetIAbsorbed": self._absorbed,
            "VacGetStatus": lambda _: (0,),
            "VacGetPressure": self._pressure,
        }

    def commands(self) -> Mapping[str, Function]:
        return {
            "SetWD": self._set_wd,
            "SetCentering": self._set_centering,
            "SetImageShift": self._set_shift,
            "HVBeamOn": lambda _: self._switch_beam(True),
            "HVBeamOff": lambda _: self._switch_beam(False),
            "ScSetBlanker": self._set_blanker,
        }

    def opens_for_a_scan(self) -> bool:
        """Whether a blanker is in the mode that lets the beam through only while something scans."""
        return AUTOMATIC in self.blanker.values()

    def _optics(self) -> dict[str, Decimal]:
        return {name: plain(value) for name, value in self._read()["optics"].items()}

    def _set_optics(self, **changed: Decimal) -> tuple[Value, ...]:
        optics = self._optics() | changed
        self.link.call("column.optics", {name: float(value) for name, value in optics.items()})
        self.settling.begin()
        return ()

    def _set_wd(self, given: Arguments) -> tuple[Value, ...]:
        wd_mm = limited(given.number(), SHORTEST_WD_MM, LONGEST_WD_MM)
        return self._set_optics(wd_um=wd_mm.scaleb(MM_UM))

    def _get_centering(self, given: Arguments) -> tuple[Value, ...]:
        if (index := given.integer()) == STIGMATOR:
            optics = self._optics()
            return optics["stig_x"], optics["stig_y"]
        return self.centering.get(index, (Decimal(0), Decimal(0)))

    def _set_centering(self, given: Arguments) -> tuple[Value, ...]:
        index = given.integer()
        x, y = (limited(given.number(), -FULL, FULL) for _ in range(2))
        if index == STIGMATOR:
            return self._set_optics(stig_x=x, stig_y=y)
        self.centering[index] = (x, y)
        return ()

    def _shift(self) -> tuple[Value, ...]:
        return tuple(plain(um).scaleb(-MM_UM) for um in self._read()["shift_um"])

    def _set_shift(self, given: Arguments) -> tuple[Value, ...]:
        x_mm, y_mm = (limited(given.number(), -MOST_SHIFT_MM, MOST_SHIFT_MM) for _ in range(2))
        self.link.call(
            "column.shift", {"x_um": float(x_mm.scaleb(MM_UM)), "y_um": float(y_mm.scaleb(MM_UM))}
        )
        return ()

    def _switch_beam(self, on: bool) -> tuple[Value, ...]:
        self.settling.begin()
        self.ramp.begin()
        self.link.call("column.valve", {"open": on})
        self.link.call("column.eht", {"on": on})
        return ()

    def _beam_reads(self) -> int:
        """The beam is longer on its way than the optics are busy."""
        if self.ramp.goes_on():
            return BETWEEN
        return int(self._beam()["eht_on"] and self._beam()["valve_open"])

    def _set_blanker(self, given: Arguments) -> tuple[Value, ...]:
        """A new mode would wait for the end of a scan; here it is forgotten, which reads back alike."""
        index, mode = given.integer(), given.integer()
        possible = index in self.blanker and (index, mode) != (MAGNETIC, ALWAYS_BLANKED)
        if possible and not self.scan.active:
            self.link.call("column.blank", {"on": mode != 0})
            self.blanker[index] = mode
        return ()

    def _absorbed(self, given: Arguments) -> tuple[Value, ...]:
        """What the cup on the meter's input catches; it reads only while something scans."""
        is_signed = given.integer(0)
        if not self.scan.active:
            return ("nan",)
        try:
            current = self.link.call("ion_current.measure").values["current_na"]
        except HardwareError:
            return ("nan",)
        current_pa = plain(current).scaleb(PA_NA)
        return (current_pa if is_signed else abs(current_pa),)

    def _pressure(self, given: Arguments) -> tuple[Value, ...]:
        if given.integer() != 0:
            return ("nan",)
        return (plain(self.link.call("chamber.read").values["pressure_mbar"]).scaleb(PA_MBAR),)

    def _beam(self) -> dict[str, Any]:
        beam: dict[str, Any] = self._read()["state"]
        return beam

    def _read(self) -> dict[str, Any]:
        return self.link.call("column.read").values
