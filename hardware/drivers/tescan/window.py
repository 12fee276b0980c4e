"""What belongs to a frame beside its scan: detector, channel, view field, rotation, dwell time."""

from __future__ import annotations

import math
from dataclasses import replace

from hardware.drivers.tescan.client import SharkSem, await_stable
from hardware.drivers.tescan.detector import detector_index
from hardware.drivers.tescan.message import numbered
from hardware.drivers.tescan.settings import ScanSettings
from hardware.drivers.tescan.units import exact, scaled, to_mm
from hardware.errors import OutOfRange, Refused
from hardware.frames import PIXEL_SIZE_ROUNDED, ROTATION_ROUNDED_DEG
from hardware.protocols import Clock
from hardware.set_points import require_reached
from hardware.types import FrameSettings

NM_PER_UM = 3
NS_PER_US = 3
NM_PER_MM = 6
"""Powers of ten."""


def dwell_times_ns(sem: SharkSem) -> tuple[int, ...]:
    """The dwell times that the microscope lists as scanning speeds, which it does in us; shortest first."""
    speeds = numbered(sem.text("ScEnumSpeeds"), "speed").values()
    try:
        return tuple(sorted(round(float(speed["dwell"]) * 10**NS_PER_US) for speed in speeds))
    except (KeyError, ValueError, OverflowError) as error:
        what = f"ScEnumSpeeds: its list cannot be read ({error})"
        raise Refused(sem.device, what, "Update the microscope's software.") from error


class ScanWindow:
    """The window that the microscope scans, and the detector on its video channel."""

    def __init__(self, sem: SharkSem, clock: Clock, settings: ScanSettings) -> None:
        self._sem, self._clock, self._settings = sem, clock, settings
        self._dwells_ns = dwell_times_ns(sem)
        self._detector = detector_index(sem, settings.detector)

    def select_detector(self) -> None:
        """Put the detector on the channel."""
        self._sem.command("DtSelect", self._settings.channel, self._detector)
        self._require_detector()

    def prepare(self, settings: FrameSettings) -> FrameSettings:
        """Set what is not so yet; the settings as they read back. Nothing may scan meanwhile."""
        self._require_detector()
        self._require_bits(settings.bit_depth)
        pixel_size_nm, turned_deg = self._pixel_size_nm(settings), self._scan_rot_deg(settings.scan_rot_deg)
        return replace(settings, pixel_size_nm=pixel_size_nm, scan_rot_deg=turned_deg)

    def require_dwell(self, dwell_ns: float) -> None:
        """``ScScanXY`` takes whole nanoseconds; how few and how many shows the list of speeds."""
        there = self._dwells_ns
        if not (there and dwell_ns == int(dwell_ns) and there[0] <= dwell_ns <= there[-1]):
            listed = ", ".join(map(str, there))
            what = f"a dwell time of {dwell_ns:g} ns is not possible (its speeds are: {listed} ns)"
            raise OutOfRange(self._sem.device, what, "Choose one of them, or whole ns between.")

    def _require_detector(self) -> None:
        if self._sem.integer("DtGetSelected", self._settings.channel) != self._detector:
            what = f"{self._settings.detector!r} is not on channel {self._settings.channel}"
            raise Refused(self._sem.device, f"DtSelect: {what}", "Select it, then connect again.")

    def _require_bits(self, bits: int) -> None:
        channel, wanted = self._settings.channel, (1, bits)
        if self._sem.integers("DtGetEnabled", 2, channel) == wanted:
            return
        self._sem.command("DtEnable", channel, *wanted)
        if self._sem.integers("DtGetEnabled", 2, channel) != wanted:
            what = f"DtEnable: channel {channel} does not give {bits} bits"
            raise Refused(self._sem.device, what, "Stop scanning in the microscope's own window.")

    def _pixel_size_nm(self, settings: FrameSettings) -> float:
        """The view field is the width of the window that is scanned (manual, ``GetViewField``) [mm]."""
        wanted_mm = to_mm(settings.pixel_size_nm).scaleb(-NM_PER_UM) * settings.width_px
        got_mm = self._sem.real("GetViewField")
        if got_mm != wanted_mm:
            self._sem.command("SetViewField", wanted_mm)
            await_stable(self._sem, self._clock)
            got_mm = self._sem.real("GetViewField")
        got_nm = scaled(got_mm / settings.width_px, NM_PER_MM)
        rounded_nm = PIXEL_SIZE_ROUNDED * settings.pixel_size_nm
        advice = "Choose another pixel size or frame size."
        require_reached(
            self._sem.device, "pixel_size_nm", settings.pixel_size_nm, got_nm, rounded_nm, advice
        )
        return got_nm

    def _scan_rot_deg(self, wanted_deg: float) -> float:
        wanted, got = self._settings.rotation.sign * exact(wanted_deg), self._sem.real("GetImageRot")
        if got != wanted:
            self._sem.command("SetImageRot", wanted)
            got = self._sem.real("GetImageRot")
        got_deg = float(self._settings.rotation.sign * got)
        turned_deg = math.remainder(got_deg - wanted_deg, 360.0)
        require_reached(self._sem.device, "scan rotation", 0.0, turned_deg, ROTATION_ROUNDED_DEG)
        return wanted_deg + turned_deg
