"""Functions of scanner and detectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hardware.emulators.sharksem.column import Settling, limited
from hardware.emulators.sharksem.scanning import Scan, ScanUnit
from hardware.emulators.sharksem.wire import Arguments, Function, Value, listed, plain
from hardware.simulator.link import Link
from hardware.types import FrameSettings

SPEEDS_US = ("0.05", "0.1", "0.2", "0.4", "0.8", "1.6", "3.2", "10", "32")
DETECTORS = ("SE", "BSE", "In-Beam SE")
WIDEST_MM, NARROWEST_MM = Decimal(20), Decimal("0.0001")
LARGEST_PX = 16_384
NM_MM, PERCENT = 6, 2
PROTECTED, IN_TRANSITION = 0x0001, 0x80000000
SCANNING, OPTICS = 0x0100, 0x0400
N_CHANNELS = 4
OK, FAILED = 0, -1


@dataclass
class ScanFunctions:
    """The scan window, its channels, and the detectors, of which the twin has one."""

    link: Link
    scan: ScanUnit
    settling: Settling
    view_mm: Decimal = Decimal(1)
    turned_deg: Decimal = Decimal(0)
    bits: dict[int, int] = field(default_factory=dict)
    selected: dict[int, int] = field(default_factory=lambda: {0: 0})

    def queries(self) -> Mapping[str, Function]:
        return {
            "IsBusy": self._is_busy,
            "ScScanXY": self._scan_xy,
            "ScEnumSpeeds": lambda _: (listed("speed", "dwell", SPEEDS_US, first=1),),
            "GetViewField": lambda _: (self.view_mm,),
            "GetImageRot": lambda _: (self.turned_deg,),
            "DtEnumDetectors": lambda _: (listed("det", "name", DETECTORS) + _indices(),),
            "DtGetSelected": lambda given: (self.selected.get(given.integer(), 0),),
            "DtGetEnabled": self._enabled,
            "DtGetGainBlack": lambda _: self._gain_black(),
            "DtStateEnum": lambda _: (PROTECTED,),
            "DtStateGet": lambda _: self._state(),
        }

    def commands(self) -> Mapping[str, Function]:
        return {
            "GUISetScanning": lambda _: self._stop(),
            "ScStopScan": lambda _: self._stop(),
            "SetViewField": self._set_view,
            "SetImageRot": self._turn,
            "DtSelect": self._select,
            "DtEnable": self._enable,
            "DtSetGainBlack": self._set_gain_black,
            "DtStateSet": self._protect,
        }

    def _stop(self) -> tuple[Value, ...]:
        self.scan.stop()
        return ()

    def _scan_xy(self, given: Arguments) -> tuple[Value, ...]:
        """Whole windows only; a single frame on the first enabled channel, or a scan without end."""
        frame = given.count()
        width, height, left, top, right, bottom = (given.integer() for _ in range(6))
        is_single, dwell_ns = given.integer() == 1, given.integer(100)
        is_whole = (left, top, right, bottom) == (0, 0, width - 1, height - 1)
        fits = 0 < width <= LARGEST_PX and 0 < height <= LARGEST_PX and dwell_ns > 0
        channel = next(iter(self.bits), None) if is_single else None
        if not (is_whole and fits) or (is_single and channel is None):
            return (FAILED,)
        settings = FrameSettings(
            width_px=width,
            height_px=height,
            pixel_size_nm=float((self.view_mm / width).scaleb(NM_MM)),
            dwell_ns=float(dwell_ns),
            scan_rot_deg=float(self.turned_deg),
            bit_depth=self.bits.get(channel or 0, 8),
        )
        return (OK if self.scan.start(Scan(frame, settings, channel)) else FAILED,)

    def _set_view(self, given: Arguments) -> tuple[Value, ...]:
        self.view_mm = limited(given.number(), NARROWEST_MM, WIDEST_MM)
        return ()

    def _turn(self, given: Arguments) -> tuple[Value, ...]:
        self.turned_deg = given.number()
        return ()

    def _select(self, given: Arguments) -> tuple[Value, ...]:
        channel, detector = given.integer(), given.integer()
        if channel in range(N_CHANNELS) and detector in range(len(DETECTORS)):
            self.selected[channel] = detector
        return ()

    def _enable(self, given: Arguments) -> tuple[Value, ...]:
        channel, on, bits = given.integer(), given.integer(), given.integer(8)
        if channel in range(N_CHANNELS) and not self.scan.active:
            self.bits.pop(channel, None)
            if on:
                self.bits[channel] = 8 if bits <= 8 else 16
        return ()

    def _enabled(self, given: Arguments) -> tuple[Value, ...]:
        channel = given.integer()
        return int(channel in self.bits), self.bits.get(channel, 8)

    def _gain_black(self) -> tuple[Value, ...]:
        detector = self._detector()
        return plain(detector["gain"]).scaleb(PERCENT), plain(detector["offset"]).scaleb(PERCENT)

    def _set_gain_black(self, given: Arguments) -> tuple[Value, ...]:
        given.integer()
        gain, black = (float(given.number().scaleb(-PERCENT)) for _ in range(2))
        self.link.call("detector.set", {"gain": gain, "offset": black})
        return ()

    def _is_busy(self, given: Arguments) -> tuple[Value, ...]:
        flags = given.integer()
        is_busy = bool(flags & SCANNING) and self.scan.active
        return (int(is_busy or (bool(flags & OPTICS) and self.settling.goes_on())),)

    def _state(self) -> tuple[Value, ...]:
        state = 0 if self._detector()["hv_on"] else PROTECTED
        return (state | IN_TRANSITION if self.settling.goes_on() else state,)

    def _protect(self, given: Arguments) -> tuple[Value, ...]:
        self.settling.begin()
        self.link.call("detector.set", {"hv_on": not given.integer() & PROTECTED})
        return ()

    def _detector(self) -> dict[str, Any]:
        return self.link.call("detector.read").values


def _indices() -> str:
    return listed("det", "detector", tuple(map(str, range(len(DETECTORS)))))
