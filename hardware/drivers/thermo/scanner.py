"""Frames: told, scanned, and none handed out that cannot be true."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from operator import attrgetter
from threading import Event
from typing import Any

from hardware.drivers.thermo.column import BEAM, limits, read_optics
from hardware.drivers.thermo.server import Server, number
from hardware.drivers.thermo.stage import ThermoStage
from hardware.drivers.thermo.vendor import Vendor
from hardware.drivers.thermo.view import View
from hardware.errors import Refused
from hardware.frames import PIXEL_SIZE_ROUNDED, ROTATION_ROUNDED_DEG, FrameCheck, require_scan
from hardware.protocols import Clock
from hardware.set_points import require_reached, require_within
from hardware.types import Frame, FrameSettings, Range

FIELD = f"{BEAM}.horizontal_field_width"
ROTATION = f"{BEAM}.scanning.rotation.value"
DWELL = f"{BEAM}.scanning.dwell_time"
RESOLUTION = f"{BEAM}.scanning.resolution"

NM_PER_M, NS_PER_S = 1e9, 1e9
TELLS_DWELL, TELLS_PIXEL = "metadata.scan_settings.dwell_time", "metadata.binary_result.pixel_size.x"
"""Where a frame tells how it was scanned, in seconds and metres."""

SCANNED_ALIKE = 0.01
"""A frame may differ from what was asked by this share."""

SAME = 1e-9
"""Read-backs that differ by less, as a share, differ by the rounding of a unit."""


_log = logging.getLogger(__name__)


class ThermoScanner:
    """Scans in one view, whose device is made the electron beam before each frame.

    A frame has a field width instead of a pixel size. Sizes that AutoScript does not list are asked for
    all the same, since its versions differ in what they take; a refusal then names those that it lists.
    """

    def __init__(
        self, server: Server, vendor: Vendor, view: View, clock: Clock, stage: ThermoStage
    ) -> None:
        self._server, self._vendor, self._view = server, vendor, view
        self._clock, self._stage = clock, stage
        self._check = FrameCheck(server.device)
        self._aborted = Event()
        self._untold: set[str] = set()

    def acquire(self, settings: FrameSettings) -> Frame:
        """Raises ``OutOfRange`` before, ``BadFrame`` after the scan, or another ``HardwareError``."""
        require_scan(self._server.device, settings)
        self._aborted.clear()
        scanned = self._told(settings)
        optics, pose = read_optics(self._server), self._stage.pose()
        scanned_at_s = self._clock.now_s()
        image = self._check.passed(self._grabbed(settings), settings)
        return Frame(image, scanned, optics, pose, scanned_at_s)

    def abort(self) -> None:
        """The frame that is being scanned is refused, whatever becomes of its call."""
        self._aborted.set()
        self._server.wake()
        self._server.run("imaging.stop_acquisition")

    def _told(self, settings: FrameSettings) -> FrameSettings:
        """The settings as the microscope reads them back. Raises ``OutOfRange`` before it is told."""
        dwells_ns = _widened(self._range(DWELL), NS_PER_S)
        sizes_nm = _widened(self._range(FIELD), NM_PER_M / settings.width_px)
        require_within(self._server.device, "dwell_ns", settings.dwell_ns, dwells_ns)
        require_within(self._server.device, "pixel_size_nm", settings.pixel_size_nm, sizes_nm)
        return replace(
            settings,
            pixel_size_nm=self._sized(settings.pixel_size_nm, settings.width_px),
            scan_rot_deg=self._turned(settings.scan_rot_deg),
        )

    def _sized(self, wanted_nm: float, width_px: int) -> float:
        got_nm = self._set(f"{FIELD}.value", width_px * wanted_nm / NM_PER_M) * NM_PER_M / width_px
        tolerance_nm = PIXEL_SIZE_ROUNDED * wanted_nm
        require_reached(self._server.device, "pixel_size_nm", wanted_nm, got_nm, tolerance_nm)
        return _unrounded(wanted_nm, got_nm)

    def _turned(self, wanted_deg: float) -> float:
        told_deg = self._view.turned_deg(self._set(ROTATION, self._view.turned_rad(wanted_deg)))
        off_deg = math.remainder(told_deg - wanted_deg, 360.0)
        got_deg = wanted_deg + off_deg
        require_reached(self._server.device, "scan_rot_deg", wanted_deg, got_deg, ROTATION_ROUNDED_DEG)
        return _unrounded(wanted_deg, got_deg)

    def _set(self, path: str, wanted: float) -> float:
        """What reads back; told only where it is another now."""
        if (got := self._server.number(path)) == wanted:
            return got
        self._server.set(path, wanted)
        return self._server.number(path)

    def _range(self, path: str) -> Range:
        return self._server.read(f"{path}.limits", limits)

    def _grabbed(self, settings: FrameSettings) -> Any:
        size = f"{settings.width_px}x{settings.height_px}"
        order = self._vendor.grab_frame_settings(
            resolution=size, dwell_time=settings.dwell_ns / NS_PER_S, bit_depth=settings.bit_depth
        )

        def grab(client: Any) -> Any:
            self._view.show(client)
            self._refuse_if_aborted()
            image = client.imaging.grab_frame(order)
            return image.data, _told(image, TELLS_DWELL), _told(image, TELLS_PIXEL)

        try:
            pixels, dwell_s, pixel_m = self._server.call(f"imaging.grab_frame({size})", grab)
        except Refused as error:
            raise self._with_sizes(error) from error
        self._refuse_if_aborted()
        self._require_told("dwell_ns", settings.dwell_ns, dwell_s, NS_PER_S)
        self._require_told("pixel_size_nm", settings.pixel_size_nm, pixel_m, NM_PER_M)
        return pixels

    def _require_told(self, name: str, wanted: float, told: float | None, factor: float) -> None:
        """Compare with what the frame says of itself: another user may have been quicker."""
        if told is not None:
            require_reached(self._server.device, name, wanted, told * factor, SCANNED_ALIKE * wanted)
        elif name not in self._untold:
            self._untold.add(name)
            _log.warning("%s: %s of frames is unverifiable, they do not tell it", self._server.device, name)

    def _refuse_if_aborted(self) -> None:
        """A stop may have come before the scan began, or leave a part of the frame."""
        if self._aborted.is_set():
            raise Refused(self._server.device, "the scan was aborted", "Scan the frame again.")

    def _with_sizes(self, error: Refused) -> Refused:
        """The same refusal; where it is for the size, with those that the scanner lists."""
        if "resolution" not in error.what.lower():
            return error
        sizes = self._server.read(f"{RESOLUTION}.available_values", lambda listed: list(map(str, listed)))
        return Refused(error.device, error.what, f"Choose a frame of {', '.join(sizes)}.")


def _widened(limits_: Range, factor: float) -> Range:
    """In our unit, with room for the rounding."""
    return Range(limits_.low * factor * (1 - SAME), limits_.high * factor * (1 + SAME))


def _told(image: Any, path: str) -> float | None:
    """A number that comes with a frame; ``None`` where this version of AutoScript does not tell it."""
    try:
        value = attrgetter(path)(image)
    except AttributeError:
        return None
    return None if value is None else number(value)


def _unrounded(wanted: float, got: float) -> float:
    return wanted if math.isclose(wanted, got, rel_tol=SAME, abs_tol=SAME) else got
