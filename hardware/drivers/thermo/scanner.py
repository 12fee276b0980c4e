"""Frames: told, scanned, and none handed out that cannot be true."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import xxhash

from hardware.drivers.thermo.column import BEAM, limits, read_optics
from hardware.drivers.thermo.server import Server
from hardware.drivers.thermo.settings import AutoScriptSettings
from hardware.drivers.thermo.stage import ThermoStage
from hardware.drivers.thermo.vendor import Vendor
from hardware.errors import BadFrame, Refused
from hardware.frames import PIXEL_SIZE_ROUNDED, ROTATION_ROUNDED_DEG, require_scan
from hardware.protocols import Clock
from hardware.set_points import require_reached, require_within
from hardware.types import Frame, FrameSettings, Image, Range

FIELD = f"{BEAM}.horizontal_field_width"
ROTATION = f"{BEAM}.scanning.rotation.value"
DWELL = f"{BEAM}.scanning.dwell_time"
RESOLUTION = f"{BEAM}.scanning.resolution"

NM_PER_M, NS_PER_S = 1e9, 1e9
SAME = 1e-9
"""Read-backs that differ by less, as a share, differ by the rounding of a unit."""


class ThermoScanner:
    """Scans in one view, whose device is made the electron beam before each frame.

    A frame has a field width instead of a pixel size. Sizes other than those that AutoScript lists are
    asked for all the same: its newer versions scan any.
    """

    def __init__(
        self, server: Server, vendor: Vendor, settings: AutoScriptSettings, clock: Clock, stage: ThermoStage
    ) -> None:
        self._server, self._vendor, self._clock, self._stage = server, vendor, clock, stage
        self._view = settings.view
        self._lock = threading.Lock()
        self._last = b""

    def acquire(self, settings: FrameSettings) -> Frame:
        """Raises ``OutOfRange`` before, ``BadFrame`` after the scan, or another ``HardwareError``."""
        require_scan(self._server.device, settings)
        scanned = self._told(settings)
        optics, pose = read_optics(self._server), self._stage.pose()
        scanned_at_s = self._clock.now_s()
        image = self._true(self._grabbed(settings), settings)
        return Frame(image, scanned, optics, pose, scanned_at_s)

    def abort(self) -> None:
        self._server.run("imaging.stop_acquisition")

    def _told(self, settings: FrameSettings) -> FrameSettings:
        """Field width and rotation, set where they are others; the settings as they read back."""
        device, field_m = self._server.device, settings.width_px * settings.pixel_size_nm / NM_PER_M
        require_within(device, "dwell_ns", settings.dwell_ns, _scaled(self._range(DWELL), NS_PER_S))
        fields_nm = _scaled(self._range(FIELD), NM_PER_M)
        per_px = Range(fields_nm.low / settings.width_px, fields_nm.high / settings.width_px)
        require_within(device, "pixel_size_nm", settings.pixel_size_nm, per_px)
        got_m = self._set(f"{FIELD}.value", field_m)
        got_nm = got_m * NM_PER_M / settings.width_px
        require_reached(
            device,
            "pixel size",
            settings.pixel_size_nm,
            got_nm,
            PIXEL_SIZE_ROUNDED * settings.pixel_size_nm,
        )
        got_deg = math.degrees(self._set(ROTATION, math.radians(settings.scan_rot_deg)))
        off_deg = math.remainder(got_deg - settings.scan_rot_deg, 360.0)
        require_reached(device, "scan rotation", 0.0, off_deg, ROTATION_ROUNDED_DEG)
        return replace(
            settings,
            pixel_size_nm=_unrounded(settings.pixel_size_nm, got_nm),
            scan_rot_deg=_unrounded(settings.scan_rot_deg, settings.scan_rot_deg + off_deg),
        )

    def _set(self, path: str, wanted: float) -> float:
        if (got := self._server.number(path)) == wanted:
            return got
        self._server.set(path, wanted)
        return self._server.number(path)

    def _range(self, path: str) -> Range:
        return self._server.ask(f"{path}.limits", limits)

    def _grabbed(self, settings: FrameSettings) -> Any:
        size = f"{settings.width_px}x{settings.height_px}"
        order = self._vendor.grab_frame_settings(
            resolution=size, dwell_time=settings.dwell_ns / NS_PER_S, bit_depth=settings.bit_depth
        )

        def grab(client: Any) -> Any:
            show_electrons(client, self._view, self._vendor)
            return client.imaging.grab_frame(order).data

        try:
            return self._server.call(f"imaging.grab_frame({size})", grab)
        except Refused as error:
            raise self._with_sizes(error, size) from error

    def _with_sizes(self, error: Refused, size: str) -> Refused:
        """The same refusal; where the size is none that the scanner lists, with those that it does."""
        sizes = self._server.ask(f"{RESOLUTION}.available_values", lambda listed: [str(s) for s in listed])
        if size in sizes:
            return error
        return Refused(error.device, error.what, f"Choose a frame of {', '.join(sizes)}.")

    def _true(self, data: Any, settings: FrameSettings) -> Image:
        """The pixels, shape (height_px, width_px). Raises ``BadFrame``."""
        wanted = (settings.height_px, settings.width_px), np.dtype(f"uint{settings.bit_depth}")
        got = getattr(data, "shape", None), getattr(data, "dtype", None)
        if got != wanted:
            what = f"the frame is not what was asked for: {got[0]} {got[1]} of {wanted[0]} {wanted[1]}"
            raise BadFrame(self._server.device, what, "Scan again.")
        image: Image = np.ascontiguousarray(data)
        if np.ptp(image) == 0:
            raise BadFrame(self._server.device, "all pixels have one value", "Check beam and detector.")
        digest = xxhash.xxh3_128_digest(image.data)
        with self._lock:
            if digest == self._last:
                raise BadFrame(self._server.device, "the frame is the last one again", "Scan it again.")
            self._last = digest
        return image


def show_electrons(client: Any, view: int, vendor: Vendor) -> None:
    """Make ``view`` the active one and the electron beam its device: frames and detector are theirs."""
    client.imaging.set_active_view(view)
    client.imaging.set_active_device(vendor.electron_beam)


def _scaled(limits_: Range, factor: float) -> Range:
    return Range(limits_.low * factor * (1 - SAME), limits_.high * factor * (1 + SAME))


def _unrounded(wanted: float, got: float) -> float:
    return wanted if math.isclose(wanted, got, rel_tol=SAME, abs_tol=SAME) else got
