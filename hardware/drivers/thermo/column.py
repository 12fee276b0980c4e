"""Source and lenses, and the chamber's gauge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hardware.drivers.thermo.server import Server, number
from hardware.drivers.thermo.settings import AutoScriptSettings
from hardware.drivers.thermo.vendor import Vendor
from hardware.errors import Refused
from hardware.protocols import Clock
from hardware.set_points import require_optics, require_optics_within, require_reached, require_within
from hardware.types import BeamState, Optics, Range

BEAM = "beams.electron_beam"
WD = f"{BEAM}.working_distance"
STIGMATOR = f"{BEAM}.stigmator"
SHIFT = f"{BEAM}.beam_shift"

UM_PER_M, NA_PER_A, V_PER_KV, PA_PER_MBAR = 1e6, 1e9, 1e3, 100.0

WD_TOLERANCE_UM = 0.1
STIG_TOLERANCE = 1e-4
SHIFT_TOLERANCE_UM = 0.05


class ThermoColumn:
    """The electron column. Its stigmators are in AutoScript's unit, -1 to 1.

    AutoScript has one switch, which is the button "Beam On": it raises the high tension and opens the
    column valve, or shuts both. So EHT and valve always read the same, and to set one sets the other.
    """

    def __init__(self, server: Server, vendor: Vendor, settings: AutoScriptSettings, clock: Clock) -> None:
        self._server, self._vendor, self._clock = server, vendor, clock
        self._settle_s = settings.lens_settle_s

    @property
    def optics_limits(self) -> Mapping[str, Range]:
        stig_x, stig_y = self._server.read(f"{STIGMATOR}.limits", _limits_xy)
        wd = self._server.read(f"{WD}.limits", limits)
        return {"wd_um": _um(wd), "stig_x": stig_x, "stig_y": stig_y}

    def optics(self) -> Optics:
        return read_optics(self._server)

    def set_optics(self, optics: Optics) -> None:
        require_optics_within(self._server.device, optics, self.optics_limits)
        self._server.set(f"{WD}.value", optics.wd_um / UM_PER_M)
        self._server.set(f"{STIGMATOR}.value", self._vendor.point(optics.stig_x, optics.stig_y))
        self._clock.sleep(self._settle_s)
        require_optics(self._server.device, optics, self.optics(), WD_TOLERANCE_UM, STIG_TOLERANCE)

    def beam_shift_um(self) -> tuple[float, float]:
        x_m, y_m = self._server.read(f"{SHIFT}.value", _point)
        return x_m * UM_PER_M, y_m * UM_PER_M

    def set_beam_shift_um(self, x_um: float, y_um: float) -> None:
        x_limits, y_limits = self._server.read(f"{SHIFT}.limits", _limits_xy)
        require_within(self._server.device, "beam shift x_um", x_um, _um(x_limits))
        require_within(self._server.device, "beam shift y_um", y_um, _um(y_limits))
        self._server.set(f"{SHIFT}.value", self._vendor.point(x_um / UM_PER_M, y_um / UM_PER_M))
        got_x_um, got_y_um = self.beam_shift_um()
        require_reached(self._server.device, "beam shift x_um", x_um, got_x_um, SHIFT_TOLERANCE_UM)
        require_reached(self._server.device, "beam shift y_um", y_um, got_y_um, SHIFT_TOLERANCE_UM)

    def state(self) -> BeamState:
        on = self._server.truth(f"{BEAM}.is_on")
        return BeamState(
            eht_on=on,
            eht_kv=self._server.number(f"{BEAM}.high_voltage.value") / V_PER_KV,
            valve_open=on,
            probe_current_na=self._server.number(f"{BEAM}.beam_current.value") * NA_PER_A,
            blanked=self._server.truth(f"{BEAM}.is_blanked"),
        )

    def blank(self) -> None:
        self._server.wake()
        self._switch("blank", "is_blanked", True)

    def unblank(self) -> None:
        self._switch("unblank", "is_blanked", False)

    def set_eht(self, on: bool) -> None:
        self._switch("turn_on" if on else "turn_off", "is_on", on)

    def set_valve(self, open_: bool) -> None:
        self.set_eht(open_)

    def specimen_current_na(self) -> float:
        """Of the picoammeter between stage and ground."""
        return self._server.number("state.specimen_current.value") * NA_PER_A

    def _switch(self, command: str, reads: str, wanted: bool) -> None:
        self._server.run(f"{BEAM}.{command}")
        if self._server.truth(f"{BEAM}.{reads}") is not wanted:
            what = f"{reads} reads {not wanted} after {command}"
            raise Refused(self._server.device, what, "Look at the beam in the microscope's own software.")


class ThermoChamber:
    """The chamber's gauge."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def pressure_mbar(self) -> float:
        return self._server.number("vacuum.chamber_pressure.value") / PA_PER_MBAR


def read_optics(server: Server) -> Optics:
    """Working distance and stigmators as they are set now."""
    stig_x, stig_y = server.read(f"{STIGMATOR}.value", _point)
    return Optics(server.number(f"{WD}.value") * UM_PER_M, stig_x, stig_y)


def limits(value: Any) -> Range:
    """An interval as AutoScript tells it. Raises ``ValueError``."""
    return Range(number(value.min), number(value.max))


def _limits_xy(value: Any) -> tuple[Range, Range]:
    return limits(value.limits_x), limits(value.limits_y)


def _point(value: Any) -> tuple[float, float]:
    return number(value.x), number(value.y)


def _um(metres: Range) -> Range:
    return Range(metres.low * UM_PER_M, metres.high * UM_PER_M)
