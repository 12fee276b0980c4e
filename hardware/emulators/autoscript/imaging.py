"""``imaging`` and ``beams.electron_beam.scanning``: views, their devices, frames."""

from __future__ import annotations

import math
from dataclasses import asdict

from hardware.emulators.autoscript.beam import BEAM
from hardware.emulators.autoscript.structures import (
    IMAGING_DEVICE,
    AdornedImage,
    AdornedImageMetadata,
    ApplicationServerException,
    BinaryResult,
    GrabFrameSettings,
    Limits,
    Point,
    ScanSettings,
)
from hardware.emulators.autoscript.tree import Tree
from hardware.simulator.link import Link
from hardware.types import FrameSettings

PRESETS = ("768x512", "1536x1024", "3072x2048", "6144x4096")
FIELD_LIMITS = Limits(100e-9, 3e-3)
DWELL_LIMITS = Limits(25e-9, 25e-3)
SCAN_S = 3600.0


class ImagingNodes:
    """At first an ion beam is shown in the first view, as others who use the microscope leave it."""

    def __init__(self, link: Link, presets_only: bool) -> None:
        self._link, self._presets_only = link, presets_only
        self._view, self._devices = 2, {1: IMAGING_DEVICE.ION_BEAM}
        self._field_m, self._rotation_rad, self._dwell_s = 100e-6, 0.0, 1e-6

    def tree(self) -> Tree:
        field, dwell = f"{BEAM}.horizontal_field_width", f"{BEAM}.scanning.dwell_time"
        return Tree(
            readings={
                f"{field}.value": lambda: self._field_m,
                f"{field}.limits": lambda: FIELD_LIMITS,
                f"{dwell}.value": lambda: self._dwell_s,
                f"{dwell}.limits": lambda: DWELL_LIMITS,
                f"{BEAM}.scanning.rotation.value": lambda: self._rotation_rad,
                f"{BEAM}.scanning.resolution.available_values": lambda: list(PRESETS),
            },
            settings={f"{field}.value": self._set_field, f"{BEAM}.scanning.rotation.value": self._turn},
            commands={
                "imaging.set_active_view": self._show,
                "imaging.set_active_device": self._choose,
                "imaging.grab_frame": self._grab,
                "imaging.stop_acquisition": lambda: self._link.call("scanner.abort"),
            },
        )

    def _set_field(self, metres: float) -> None:
        if not FIELD_LIMITS.min <= metres <= FIELD_LIMITS.max:
            raise ApplicationServerException("The field width is out of range.")
        self._field_m = metres

    def _turn(self, radians: float) -> None:
        self._rotation_rad = math.remainder(radians, math.tau)

    def _show(self, view: int) -> None:
        self._view = view

    def _choose(self, device: int) -> None:
        self._devices[self._view] = device

    def _grab(self, order: GrabFrameSettings) -> AdornedImage:
        if self._devices.get(self._view) != IMAGING_DEVICE.ELECTRON_BEAM:
            raise ApplicationServerException("The active view shows no electron beam.")
        size = order.resolution or PRESETS[0]
        if self._presets_only and size not in PRESETS:
            raise ApplicationServerException(f"The resolution '{size}' is not supported.")
        width_px, height_px = map(int, size.split("x"))
        dwell_s = self._dwell_s if order.dwell_time is None else order.dwell_time
        frame = FrameSettings(
            width_px,
            height_px,
            self._field_m * 1e9 / width_px,
            dwell_s * 1e9,
            math.degrees(self._rotation_rad),
            order.bit_depth or 8,
        )
        reply = self._link.call("scanner.acquire", asdict(frame), SCAN_S)
        assert reply.image is not None
        pixel_m = self._field_m / width_px
        scanned = AdornedImageMetadata(ScanSettings(dwell_s), BinaryResult(Point(pixel_m, pixel_m)))
        return AdornedImage(reply.image, scanned)
