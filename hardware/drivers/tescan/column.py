"""The electron column over SharkSEM.

SharkSEM has one switch for high tension and valve: "beam off" shuts the gun valve of a field
emission gun, and takes the heating off other guns (manual, ``HVBeamOff``). So they read alike here.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from hardware.drivers.tescan.client import LOOK, SharkSem, await_stable, number_of, optics_stable
from hardware.drivers.tescan.message import numbered
from hardware.drivers.tescan.settings import BeamBlanker, ColumnSettings
from hardware.drivers.tescan.units import KV_PER_V, NA_PER_PA, exact, from_mm, scaled, to_mm
from hardware.errors import HardwareError, Refused
from hardware.protocols import Clock
from hardware.set_points import require_optics, require_optics_within, require_reached, require_within
from hardware.types import BeamState, Optics, Range
from hardware.waiting import wait_until

WD_TOLERANCE_UM = 0.05
STIG_TOLERANCE = 0.01
SHIFT_TOLERANCE_UM = 0.05
"""So far a lens or a deflector may round what it was told."""

BEAM_OFF, BEAM_ON = 0, 1
BEAM_S = 15.0
UNBLANKED_MODE = 0
SIGNED = 1
METER_WINDOW_PX = 64


def stigmator_index(sem: SharkSem, name: str) -> int:
    """The centering of this name. Raises ``Refused`` that lists what there is."""
    return number_of(sem, "centering", name, numbered(sem.text("EnumCenterings"), "cen"))


class TescanColumn:
    """``urgent`` is a connection of its own, on which the beam is blanked whatever else is under way."""

    def __init__(self, sem: SharkSem, urgent: SharkSem, clock: Clock, settings: ColumnSettings) -> None:
        self._sem, self._urgent, self._clock, self._settings = sem, urgent, clock, settings
        self._stigmator = stigmator_index(sem, settings.stigmator)

    @property
    def optics_limits(self) -> Mapping[str, Range]:
        stig = Range(*self._settings.stig_limits)
        return {"wd_um": Range(*self._settings.wd_limits_um), "stig_x": stig, "stig_y": stig}

    def optics(self) -> Optics:
        """``GetWD`` [mm] and the centering of the stigmators, in its own unit (percent as a rule)."""
        stig_x, stig_y = self._sem.reals("GetCentering", 2, self._stigmator)
        return Optics(from_mm(self._sem.real("GetWD")), float(stig_x), float(stig_y))

    def set_optics(self, optics: Optics) -> None:
        """The lens first: a centering belongs to the working distance that it was set at."""
        require_optics_within(self._sem.device, optics, self.optics_limits)
        self._sem.command("SetWD", to_mm(optics.wd_um))
        self._sem.command("SetCentering", self._stigmator, exact(optics.stig_x), exact(optics.stig_y))
        await_stable(self._sem, self._clock)
        self._clock.sleep(self._settings.settling_s)
        require_optics(self._sem.device, optics, self.optics(), WD_TOLERANCE_UM, STIG_TOLERANCE)

    def beam_shift_um(self) -> tuple[float, float]:
        x_mm, y_mm = self._sem.reals("GetImageShift", 2)
        x_sign, y_sign = self._shift_signs
        return from_mm(x_sign * x_mm), from_mm(y_sign * y_mm)

    def set_beam_shift_um(self, x_um: float, y_um: float) -> None:
        limit_um = self._settings.beam_shift_limit_um
        for name, value in (("beam shift x_um", x_um), ("beam shift y_um", y_um)):
            require_within(self._sem.device, name, value, Range(-limit_um, limit_um))
        x_sign, y_sign = self._shift_signs
        self._sem.command("SetImageShift", x_sign * to_mm(x_um), y_sign * to_mm(y_um))
        got_x_um, got_y_um = self.beam_shift_um()
        require_reached(self._sem.device, "beam shift x_um", x_um, got_x_um, SHIFT_TOLERANCE_UM)
        require_reached(self._sem.device, "beam shift y_um", y_um, got_y_um, SHIFT_TOLERANCE_UM)

    def state(self) -> BeamState:
        """A beam whose state the microscope cannot tell counts as on."""
        beam_on = self._sem.integer("HVGetBeam") != BEAM_OFF
        return BeamState(
            eht_on=beam_on,
            eht_kv=scaled(self._sem.real("HVGetVoltage"), KV_PER_V),
            valve_open=beam_on,
            probe_current_na=scaled(self._sem.real("GetBeamCurrent"), NA_PER_PA),
            blanked=self._is_blanked(self._sem),
        )

    def blank(self) -> None:
        """Ends a scan that is under way: until then a new mode of the blanker would wait for its end."""
        blanker = self._settings.blanker
        with suppress(HardwareError):  # whether it is blanked is read back, whatever became of the scan
            self._urgent.command("ScStopScan")
        self._urgent.command("ScSetBlanker", blanker.index, blanker.blanked_mode)
        if not self._is_blanked(self._urgent):
            what = "ScSetBlanker: the beam does not read back as blanked"
            raise Refused(self._sem.device, what, "Switch the beam off by hand.")

    def unblank(self) -> None:
        self._sem.command("ScSetBlanker", self._settings.blanker.index, UNBLANKED_MODE)
        if self._is_blanked(self._sem):
            what = "ScSetBlanker: the beam stays blanked"
            raise Refused(self._sem.device, what, "Stop scanning in the microscope's own window.")
        if self._settings.unblanking_s > 0:
            self._clock.sleep(self._settings.unblanking_s)

    def set_eht(self, on: bool) -> None:
        self._switch_beam(on)

    def set_valve(self, open_: bool) -> None:
        self._switch_beam(open_)

    def specimen_current_na(self) -> float:
        """``GetIAbsorbed`` [pA], negative for electrons. It measures only while something scans.

        What images that scan gives are of frame 0, which nobody waits for.

        Raises ``Refused`` where that scan would unblank the beam, as a magnetic blanker does.
        """
        if self._settings.blanker is BeamBlanker.MAGNETIC and self._is_blanked(self._sem):
            what = "its current meter needs a scan, for which the magnetic blanker would open"
            raise Refused(self._sem.device, what, "Measure the current with another meter.")
        edge = METER_WINDOW_PX
        try:  # a scan whose begin was not answered may have begun
            started = self._sem.result("ScScanXY", 0, edge, edge, 0, 0, edge - 1, edge - 1, 0)
            if started < 0:
                what = f"ScScanXY: refuses the scan that its current meter needs ({started})"
                raise Refused(self._sem.device, what, "Stop scanning in the microscope's own window.")
            return scaled(self._sem.real("GetIAbsorbed", SIGNED), NA_PER_PA)
        finally:
            self._sem.command("ScStopScan")

    @property
    def _shift_signs(self) -> tuple[int, int]:
        return self._settings.beam_shift_x.sign, self._settings.beam_shift_y.sign

    def _is_blanked(self, sem: SharkSem) -> bool:
        blanker = self._settings.blanker
        return sem.integer("ScGetBlanker", blanker.index) == blanker.blanked_mode

    def _beam_stands(self) -> bool:
        """Whether it is on its way nowhere: between off and on it reads neither."""
        return optics_stable(self._sem) and self._sem.integer("HVGetBeam") in (BEAM_OFF, BEAM_ON)

    def _switch_beam(self, on: bool) -> None:
        command, wanted = ("HVBeamOn", BEAM_ON) if on else ("HVBeamOff", BEAM_OFF)
        self._sem.command(command)
        what = f"{command}: the beam is neither on nor off"
        wait_until(self._beam_stands, self._clock, BEAM_S, self._sem.device, what, LOOK)
        if (beam := self._sem.integer("HVGetBeam")) != wanted:
            vacuum = self._sem.integer("VacGetStatus")
            what = f"{command}: the beam reads {beam} instead (vacuum status {vacuum})"
            raise Refused(self._sem.device, what, "Wait until the chamber is pumped, then try again.")
