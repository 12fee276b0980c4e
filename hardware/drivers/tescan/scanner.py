"""Frames over SharkSEM: ``ScScanXY``, and pieces of an image on the data connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import Event

import numpy as np

from hardware.drivers.tescan.client import SharkSem
from hardware.drivers.tescan.images import AGAIN, Expected, ImageLink
from hardware.drivers.tescan.message import Flag
from hardware.drivers.tescan.settings import ScanSettings
from hardware.drivers.tescan.window import ScanWindow
from hardware.errors import BadFrame, Deadline, HardwareError, Refused
from hardware.frames import FrameCheck, require_scan
from hardware.protocols import Clock
from hardware.types import Frame, FrameSettings, Image, Optics, StagePose

SINGLE = 1
OVER_S = 0.5
"""Nothing came for so long, and nothing scans any more: nothing will come."""


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
        self._window = ScanWindow(sem, clock, settings)
        self._check = FrameCheck(sem.device)
        self._frames = count(1)
        self._aborted = Event()
        self._scanning = False

    def take_over(self) -> None:
        """Let the microscope's own window scan no more, and put the detector on the channel."""
        self._sem.command("GUISetScanning", 0)
        self._sem.command("ScStopScan")
        self._window.select_detector()

    def frame_time_s(self, settings: FrameSettings) -> float:
        """Until a frame should be there, with the patience that the settings ask for."""
        return settings.duration_s + self._settings.patience_s

    def acquire(self, settings: FrameSettings) -> Frame:
        """A frame with ``image`` of shape (height_px, width_px), uint8 or uint16, as the detector gave it.

        Raises ``OutOfRange`` before anything is sent, ``NotReached`` or ``Refused`` before the scan,
        ``Refused`` when it is aborted, ``BadFrame`` for one that cannot be true.
        """
        require_scan(self._sem.device, settings)
        self._window.require_dwell(settings.dwell_ns)
        self._aborted.clear()
        if self._scanning:  # a frame that was lost with its connection may be under way still
            self._end_scan(self._sem)
        scanned = self._window.prepare(settings)
        optics, pose, at_s = self._around.optics(), self._around.pose(), self._clock.now_s()
        try:
            image = self._scan(settings)
        except BaseException as error:
            self._halt(error)
            raise
        self._end_scan(self._sem)
        return Frame(self._check.passed(image, settings), scanned, optics, pose, at_s)

    def abort(self) -> None:
        self._aborted.set()
        self._urgent.wake()
        self._urgent.command("ScStopScan")

    def _halt(self, error: BaseException) -> None:
        try:
            self._end_scan(self._urgent)
        except HardwareError as trouble:
            error.add_note(f"The scan could not be ended either: {trouble}")

    def _end_scan(self, sem: SharkSem) -> None:
        """The manual asks for it after a single frame, too."""
        sem.command("ScStopScan")
        self._scanning = False

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
