"""Frames over SharkSEM: ``ScScanXY``, and pieces of an image on the data connection."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from threading import Event

import numpy as np

from hardware.drivers.tescan.client import SharkSem, await_stable
from hardware.drivers.tescan.detector import detector_index
from hardware.drivers.tescan.images import AGAIN, Expected, ImageLink
from hardware.drivers.tescan.message import Flag, numbered
from hardware.drivers.tescan.settings import ScanSettings
from hardware.drivers.tescan.units import exact, scaled, to_mm
from hardware.errors import BadFrame, Deadline, HardwareError, OutOfRange, Refused
from hardware.frames import PIXEL_SIZE_ROUNDED, ROTATION_ROUNDED_DEG, require_scan
from hardware.protocols import Clock
from hardware.set_points import require_reached
from hardware.types import Frame, FrameSettings, Image, Optics, StagePose

NM_PER_UM = 3
NS_PER_US = 3
NM_PER_MM = 6
SINGLE = 1
OVER_S = 0.5
"""Nothing came for so long, and nothing scans any more: nothing will come."""


def dwell_times_ns(sem: SharkSem) -> tuple[int, ...]:
    """The dwell times that the microscope lists as scanning speeds, which it does in us; shortest first."""
    speeds = numbered(sem.text("ScEnumSpeeds"), "speed").values()
    try:
        return tuple(sorted(round(float(speed["dwell"]) * 10**NS_PER_US) for speed in speeds))
    except (KeyError, ValueError, OverflowError) as error:
        what = f"ScEnumSpeeds: its list cannot be read ({error})"
        raise Refused(sem.device, what, "Update the microscope's software.") from error


@dataclass(frozen=True, slots=True)
class Around:
    """What a frame tells of the rest of the microscope."""

    optics: Callable[[], Optics]
    pose: Callable[[], StagePose]


class TescanScanner:
    """Scans frames; nothing else scans meanwhile. ``abort`` may come from another thread."""

    def __init__(
        self,
        sem: SharkSem,
        urgent: SharkSem,
        images: ImageLink,
        clock: Clock,
        settings: ScanSettings,
        around: Around,
    ) -> None:
        self._sem, self._urgent, self._images, self._clock = sem, urgent, images, clock
        self._settings, self._around = settings, around
        self._frames = count(1)
        self._aborted = Event()
        self._scanning = False
        self._dwells_ns = dwell_times_ns(sem)
        self._detector = detector_index(sem, settings.detector)

    def take_over(self) -> None:
        """Let the microscope's own window scan no more, and put the detector on the channel."""
        self._sem.command("GUISetScanning", 0)
        self._sem.command("ScStopScan")
        self._sem.command("DtSelect", self._settings.channel, self._detector)
        self._require_detector()

    def frame_time_s(self, settings: FrameSettings) -> float:
        """Until a frame should be there, with the patience that the settings ask for."""
        return settings.duration_s + self._settings.patience_s

    def acquire(self, settings: FrameSettings) -> Frame:
        require_scan(self._sem.device, settings)
        self._require_dwell(settings.dwell_ns)
        self._aborted.clear()
        scanned = self._prepare(settings)
        optics, pose, at_s = self._around.optics(), self._around.pose(), self._clock.now_s()
        try:
            image = self._scan(settings)
        except BaseException:
            with suppress(HardwareError):  # what went wrong first is told
                self._end_scan(self._urgent)
            raise
        self._end_scan(self._sem)
        if np.ptp(image) == 0:
            raise BadFrame(self._sem.device, "all pixels have one value", "Check beam and detector.")
        return Frame(image, scanned, optics, pose, at_s)

    def abort(self) -> None:
        self._aborted.set()
        self._urgent.command("ScStopScan")

    def _end_scan(self, sem: SharkSem) -> None:
        """The manual asks for it after a single frame, too."""
        sem.command("ScStopScan")
        self._scanning = False

    def _require_dwell(self, dwell_ns: float) -> None:
        """``ScScanXY`` takes whole nanoseconds; how few and how many shows the list of speeds."""
        there = self._dwells_ns
        if not (there and dwell_ns == int(dwell_ns) and there[0] <= dwell_ns <= there[-1]):
            listed = ", ".join(map(str, there))
            what = f"a dwell time of {dwell_ns:g} ns is not possible (its speeds are: {listed} ns)"
            raise OutOfRange(self._sem.device, what, "Choose one of them, or whole ns between.")

    def _prepare(self, settings: FrameSettings) -> FrameSettings:
        """Set what belongs to a frame where it is not so yet; the settings as they read back."""
        if self._scanning:  # a frame that was lost with its connection may be under way still
            self._end_scan(self._sem)
        self._require_detector()
        self._require_bits(settings.bit_depth)
        pixel_size_nm, turned_deg = self._pixel_size_nm(settings), self._scan_rot_deg(settings.scan_rot_deg)
        return replace(settings, pixel_size_nm=pixel_size_nm, scan_rot_deg=turned_deg)

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

    def _scan(self, settings: FrameSettings) -> Image:
        if not self._images.is_open:
            self._images.open(lambda port: self._sem.result("TcpRegDataPort", port))
        width, height = settings.width_px, settings.height_px
        frame = next(self._frames) & 0xFFFFFFFF
        window = (width, height, 0, 0, width - 1, height - 1)
        self._scanning = True
        started = self._sem.result("ScScanXY", frame, *window, SINGLE, int(settings.dwell_ns))
        if started < 0:
            what = f"ScScanXY: refuses the frame ({started})"
            raise Refused(self._sem.device, what, "Stop scanning in the microscope's own window.")
        image: Image = np.empty((height, width), np.uint8 if settings.bit_depth == 8 else np.dtype("<u2"))
        expected = Expected(frame, self._settings.channel, settings.bit_depth, image.size)
        self._images.receive(image, expected, self._watch(settings))
        return image

    def _watch(self, settings: FrameSettings) -> Callable[[float], None]:
        """Ends the waiting for a frame that was aborted, is over, or takes too long in real time."""
        until_s = time.monotonic() + self._settings.patience_s + 2 * settings.duration_s

        def watch(silent_s: float) -> None:
            if self._aborted.is_set():
                raise Refused(self._sem.device, "the scan was aborted", AGAIN)
            if time.monotonic() > until_s:
                raise Deadline(self._sem.device, "ScScanXY: the frame did not come in time", AGAIN)
            if silent_s >= OVER_S and not self._sem.integer("IsBusy", int(Flag.SCANNING)):
                raise BadFrame(self._sem.device, "the frame is truncated: the scan is over", AGAIN)

        return watch
