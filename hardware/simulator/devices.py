"""The twin's devices as drivers see them: thin classes over a link to the firmware.

They satisfy :mod:`hardware.protocols`: a set-point is checked against its limits, sent, and
read back; what differs is a typed error that says what to do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from hardware.errors import BadFrame, OutOfRange, Refused
from hardware.frames import require_scan
from hardware.protocols import Clock
from hardware.simulator.clock import clock_of
from hardware.simulator.config import TwinSettings
from hardware.simulator.faults import Device
from hardware.simulator.link import Link
from hardware.simulator.scan_time import frame_time_s
from hardware.simulator.set_points import read_back, within
from hardware.types import (
    BeamState,
    CurrentReading,
    DetectorState,
    Frame,
    FrameSettings,
    GunState,
    Optics,
    Range,
    Raster,
    RasterState,
    StagePose,
)

SETTLINGS = 6.0  # time constants until a lens counts as settled
SLOWEST_CALL_S = 60.0
COMPUTING_S_PER_MPX = 1.0
"""What a frame may take to compute: 0.12 to 0.23 s on a core that is free, the rest for one that is not."""


class TwinClock:
    """The instrument's time, kept by nature."""

    def __init__(self, link: Link, settings: TwinSettings) -> None:
        self._link = link
        self._local = clock_of(settings)

    @property
    def pace(self) -> float:
        return self._local.pace

    def now_s(self) -> float:
        return float(self._link.call("clock.now").values["now_s"])

    def sleep(self, duration_s: float) -> None:
        self._link.call("clock.sleep", {"duration_s": duration_s}, SLOWEST_CALL_S + duration_s)

    def longest_step_s(self, whole_s: float) -> float:
        return self._local.longest_step_s(whole_s)


class TwinColumn:
    """Source and lenses."""

    def __init__(self, link: Link, clock: Clock, settings: TwinSettings) -> None:
        self._link, self._clock, self._settings = link, clock, settings.column

    @property
    def optics_limits(self) -> Mapping[str, Range]:
        stig = Range(*self._settings.stig_limits)
        return {"wd_um": Range(*self._settings.wd_limits_um), "stig_x": stig, "stig_y": stig}

    def optics(self) -> Optics:
        return Optics(**self._link.call("column.read").values["optics"])

    def set_optics(self, optics: Optics) -> None:
        for name, allowed in self.optics_limits.items():
            within(Device.COLUMN, name, getattr(optics, name), allowed)
        self._link.call("column.optics", asdict(optics))
        self._clock.sleep(SETTLINGS * self._settings.lens_settling_s)
        got = self.optics()
        for name in self.optics_limits:
            read_back(Device.COLUMN, name, getattr(optics, name), getattr(got, name))

    def beam_shift_um(self) -> tuple[float, float]:
        x_um, y_um = self._link.call("column.read").values["shift_um"]
        return float(x_um), float(y_um)

    def set_beam_shift_um(self, x_um: float, y_um: float) -> None:
        allowed = Range(-self._settings.beam_shift_limit_um, self._settings.beam_shift_limit_um)
        within(Device.COLUMN, "beam shift x_um", x_um, allowed)
        within(Device.COLUMN, "beam shift y_um", y_um, allowed)
        self._link.call("column.shift", {"x_um": x_um, "y_um": y_um})
        got = self.beam_shift_um()
        read_back(Device.COLUMN, "beam shift x_um", x_um, got[0])
        read_back(Device.COLUMN, "beam shift y_um", y_um, got[1])

    def state(self) -> BeamState:
        return BeamState(**self._link.call("column.read").values["state"])

    def specimen_current_na(self) -> float:
        return float(self._link.call("column.specimen_current").values["current_na"])

    def blank(self) -> None:
        self._link.call("column.blank", {"on": True})
        read_back(Device.COLUMN, "blanked", True, self.state().blanked)

    def unblank(self) -> None:
        self._link.call("column.blank", {"on": False})
        read_back(Device.COLUMN, "blanked", False, self.state().blanked)

    def set_eht(self, on: bool) -> None:
        self._link.call("column.eht", {"on": on})
        read_back(Device.COLUMN, "EHT", on, self.state().eht_on)

    def set_valve(self, open_: bool) -> None:
        self._link.call("column.valve", {"open": open_})
        read_back(Device.COLUMN, "column valve", open_, self.state().valve_open)


class TwinScanner:
    """Scans frames and refuses to hand out one that cannot be true."""

    def __init__(self, link: Link, clock: Clock, settings: TwinSettings) -> None:
        self._link, self._clock, self._settings = link, clock, settings.column
        self._last_number = -1

    def frame_time_s(self, settings: FrameSettings) -> float:
        """A frame is computed while it is scanned; at a quick pace that takes longer than the scan."""
        computing_s = COMPUTING_S_PER_MPX * settings.width_px * settings.height_px * 1e-6
        return max(frame_time_s(settings, self._settings) / self._clock.pace, computing_s)

    def acquire(self, settings: FrameSettings) -> Frame:
        require_scan(Device.SCANNER.value, settings)
        deadline_s = SLOWEST_CALL_S + 2 * self.frame_time_s(settings)
        reply = self._link.call("scanner.acquire", asdict(settings), deadline_s)
        assert reply.image is not None
        wanted, got = (settings.height_px, settings.width_px), reply.image.shape
        if got != wanted:
            raise BadFrame(
                Device.SCANNER.value, f"the frame is truncated: {got} of {wanted}", "Scan again."
            )
        number = int(reply.values["number"])
        if number == self._last_number:
            raise BadFrame(Device.SCANNER.value, "the frame is the last one again", "Scan it again.")
        if np.ptp(reply.image) == 0:
            raise BadFrame(Device.SCANNER.value, "all pixels have one value", "Check beam and detector.")
        self._last_number = number
        return Frame(
            reply.image,
            settings,
            Optics(**reply.values["optics"]),
            StagePose(**reply.values["stage"]),
            float(reply.values["scanned_at_s"]),
        )

    def abort(self) -> None:
        self._link.call("scanner.abort")


class TwinDetector:
    """The in-lens detector."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def state(self) -> DetectorState:
        return DetectorState(**self._link.call("detector.read").values)

    def make_safe(self) -> None:
        self._link.call("detector.set", {"hv_on": False})
        read_back(Device.DETECTOR, "HV", False, self.state().hv_on)

    def restore(self, state: DetectorState) -> None:
        self._link.call("detector.set", asdict(state))
        got = self.state()
        for name, wanted in asdict(state).items():
            read_back(Device.DETECTOR, name, wanted, getattr(got, name))


class TwinGun:
    """High voltage and gas of the cluster source."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def state(self) -> GunState:
        return GunState(**self._link.call("gun.read").values)

    def set_hv(self, on: bool) -> None:
        self._link.call("gun.hv", {"on": on})
        read_back(Device.GUN, "HV", on, self.state().hv_on)


class TwinIonCurrent:
    """The Faraday cup behind the ion blanker."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def measure(self) -> CurrentReading:
        return CurrentReading(**self._link.call("ion_current.measure").values)


class TwinRaster:
    """The waveform generator."""

    MOST_VPP = 20.0

    def __init__(self, link: Link) -> None:
        self._link = link

    def state(self) -> RasterState:
        values = self._link.call("raster.read").values
        return RasterState(Raster(**values["raster"]), values["running"], values["load_ohm"])

    def configure(self, raster: Raster) -> None:
        allowed = Range(0.0, self.MOST_VPP)
        within(Device.RASTER, "x_vpp", raster.x_vpp, allowed)
        within(Device.RASTER, "y_vpp", raster.y_vpp, allowed)
        self._link.call("raster.configure", {"raster": asdict(raster), "load_ohm": math.inf})
        got = self.state()
        if got.raster != raster or not math.isinf(got.load_ohm):
            raise Refused(Device.RASTER.value, f"reads back {got} after {raster} was set", "Set it again.")

    def start(self) -> None:
        self._run(True)

    def stop(self) -> None:
        self._run(False)

    def _run(self, on: bool) -> None:
        self._link.call("raster.run", {"on": on})
        read_back(Device.RASTER, "running", on, self.state().running)


class TwinChamber:
    """The pressure gauge."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def pressure_mbar(self) -> float:
        return float(self._link.call("chamber.read").values["pressure_mbar"])


class TwinCleaner:
    """The plasma cleaner."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def clean(self, power_w: float, duration_s: float) -> None:
        if power_w <= 0:
            raise OutOfRange(Device.CLEANER.value, f"power {power_w:g} W", "Choose a power above 0.")
        self._link.call("cleaner.clean", {"duration_s": duration_s}, SLOWEST_CALL_S + duration_s)

    def stop(self) -> None:
        self._link.call("cleaner.stop")
