"""How a frame is scanned: looked up in the tables of the settings, set, and read back."""

from __future__ import annotations

import logging
import math
from dataclasses import replace

from hardware.drivers.zeiss.api import LOOK, Sem
from hardware.drivers.zeiss.freezing import freeze_at_once, is_live
from hardware.drivers.zeiss.parameters import PIXEL_AVERAGE, Analogue, Command, State
from hardware.drivers.zeiss.settings import ImageStore, ScanRate, ZeissSettings
from hardware.drivers.zeiss.units import NS_PER_S, nm, tidy
from hardware.errors import Garbled, OutOfRange, Refused
from hardware.frames import PIXEL_SIZE_ROUNDED, ROTATION_ROUNDED_DEG, require_scan
from hardware.protocols import Clock
from hardware.set_points import require_reached
from hardware.types import FrameSettings
from hardware.vendor_tiff.text import quantity

log = logging.getLogger(__name__)

DISPLAY_WIDTH_PX = 1024
SAME_WIDTH = 0.01
SAME_DWELL = 0.01
EXACT = 1e-12
SHAKES_FROM = 1e-4
"""A change of the pixel size by this share, or of the rotation by as many degrees, has to settle."""


class Framing:
    """Sets what differs, so that a frame like the last one costs queries only."""

    def __init__(self, sem: Sem, clock: Clock, settings: ZeissSettings) -> None:
        self._sem, self._clock, self._settings = sem, clock, settings
        self._tells_dwell = self._dwell_ns() is not None
        if not self._tells_dwell:
            log.warning("%s: dwell times are unverifiable, this SmartSEM does not tell them", sem.device)

    def chosen(self, frame: FrameSettings) -> tuple[ImageStore, ScanRate]:
        """What of the tables the frame needs. Raises ``OutOfRange`` that names what there is."""
        require_scan(self._sem.device, frame)
        size_px = (frame.width_px, frame.height_px)
        stores, rates = self._settings.stores(), self._settings.scan_rates()
        store = next((store for store in stores if (store.width_px, store.height_px) == size_px), None)
        rate = next((rate for rate in rates if rate.dwell_ns == frame.dwell_ns), None)
        if store is None:
            there = ", ".join(map(str, stores))
            raise self._unknown(f"no image store has {frame.width_px} * {frame.height_px} pixels", there)
        if rate is None:
            there = ", ".join(f"{rate.dwell_ns:g}" for rate in rates)
            raise self._unknown(f"no scan rate dwells {frame.dwell_ns:g} ns", there)
        if frame.bit_depth != self._settings.bit_depth:
            raise self._unknown(f"frames of {frame.bit_depth} bit", f"{self._settings.bit_depth}")
        return store, rate

    def apply(self, frame: FrameSettings, store: ImageStore, rate: ScanRate) -> FrameSettings:
        """Set the frame up, frozen and settled; what reads back of it.

        What changes the raster may let SmartSEM scan on, so it is frozen again at once.
        """
        if self._sem.is_on(State.EXTERNAL_SCAN):
            raise Refused(self._sem.device, "another program holds the scan", "End its scan control.")
        self._sem.execute(Command.WHOLE_FIELD)
        self._choose_signal()
        size_nm, scan_rot_deg = frame.pixel_size_nm, frame.scan_rot_deg
        shaken = [
            self._set_store(store),
            self._set_rate(rate),
            self._set_pixel_size(size_nm, store),
            self._set_rotation(scan_rot_deg),
        ]
        if is_live(self._sem):
            freeze_at_once(self._sem, self._clock)
        if any(shaken):
            self._clock.sleep(self._settings.scan_settling_s)
        got_nm, turned_deg = self._pixel_size_nm(store), self._turned_deg(scan_rot_deg)
        require_reached(self._sem.device, "pixel_size_nm", size_nm, got_nm, size_nm * PIXEL_SIZE_ROUNDED)
        require_reached(self._sem.device, "scan_rot_deg", 0.0, turned_deg, ROTATION_ROUNDED_DEG)
        return replace(
            frame,
            pixel_size_nm=size_nm if math.isclose(got_nm, size_nm, rel_tol=EXACT) else got_nm,
            scan_rot_deg=tidy(scan_rot_deg + turned_deg) if abs(turned_deg) > EXACT else scan_rot_deg,
        )

    def _choose_signal(self) -> None:
        """The detector of the settings, and no averaging: it would multiply dwell time and dose."""
        if self._sem.word(State.DETECTOR) != self._settings.detector:
            self._sem.choose(State.DETECTOR, self._settings.detector)
        if self._sem.word(State.NOISE_REDUCTION) != PIXEL_AVERAGE:
            self._sem.execute(Command.PIXEL_AVERAGE)
            if (word := self._sem.word(State.NOISE_REDUCTION)) != PIXEL_AVERAGE:
                what = f"the scan is averaged ({word}), which multiplies the dose"
                raise Refused(self._sem.device, what, "Switch its noise reduction to Pixel Avg.")

    def _set_store(self, store: ImageStore) -> bool:
        if self._sem.word(State.IMAGE_STORE) == str(store):
            return False
        self._sem.choose_index(State.IMAGE_STORE, store.index, str(store))
        return True

    def _set_rate(self, rate: ScanRate) -> bool:
        changed = self._sem.word(State.SCAN_RATE) != str(rate.rate)
        if changed:
            self._sem.execute(Command.SCAN_RATE, rate.rate)
            if (word := self._sem.word(State.SCAN_RATE)) != str(rate.rate):
                what = f"{State.SCAN_RATE} was set to {rate.rate} and reads {word!r:.60}"
                raise Refused(self._sem.device, what, LOOK)
        if self._tells_dwell:
            self._require_dwell(rate)
        return changed

    def _require_dwell(self, rate: ScanRate) -> None:
        dwell_ns = self._dwell_ns()
        if dwell_ns is None or not math.isclose(dwell_ns, rate.dwell_ns, rel_tol=SAME_DWELL):
            what = f"scan rate {rate.rate} dwells {dwell_ns or 0:g} ns, not {rate.dwell_ns:g} ns"
            raise Refused(self._sem.device, what, "Correct dwell_times_ns in the settings of the device.")

    def _dwell_ns(self) -> float | None:
        """What SmartSEM says, where it knows the word."""
        try:
            told = quantity(self._sem.word(State.DWELL_TIME), "s")
        except Refused:
            return None
        return None if told is None else tidy(told.value * NS_PER_S)

    def _set_pixel_size(self, size_nm: float, store: ImageStore) -> bool:
        now_nm = self._pixel_size_nm(store)
        if math.isclose(now_nm, size_nm, rel_tol=EXACT):
            return False
        magnification = self._sem.number(Analogue.MAGNIFICATION) * (now_nm / size_nm)
        self._sem.set_number(Analogue.MAGNIFICATION, magnification)
        return not math.isclose(now_nm, size_nm, rel_tol=SHAKES_FROM)

    def _pixel_size_nm(self, store: ImageStore) -> float:
        """By the width of the field; what SmartSEM calls pixel size may be that of its display."""
        width_nm = nm(self._sem.number(Analogue.FIELD_WIDTH))
        told_nm = nm(self._sem.number(Analogue.PIXEL_SIZE))
        columns_px = (store.width_px, DISPLAY_WIDTH_PX)
        if not any(math.isclose(told_nm * n, width_nm, rel_tol=SAME_WIDTH) for n in columns_px):
            what = f"a field {width_nm:g} nm wide cannot have pixels of {told_nm:g} nm"
            raise Garbled(self._sem.device, what, "Look at SmartSEM's own figures.")
        return tidy(width_nm / store.width_px)

    def _set_rotation(self, scan_rot_deg: float) -> bool:
        turned_deg = self._turned_deg(scan_rot_deg)
        if abs(turned_deg) > EXACT:
            s = self._settings
            angle_deg = (s.scan_rotation_sign * scan_rot_deg + s.scan_rotation_zero_deg) % 360.0
            self._sem.set_number(Analogue.SCAN_ROTATION, angle_deg)
        off = not self._sem.is_on(State.SCAN_ROTATION)
        if off:
            self._sem.switch(State.SCAN_ROTATION, True)
        return off or abs(turned_deg) > SHAKES_FROM

    def _turned_deg(self, wanted_deg: float) -> float:
        """How far the scan is turned beyond ``wanted_deg``, between -180 and 180."""
        s = self._settings
        read_deg = self._sem.number(Analogue.SCAN_ROTATION) - s.scan_rotation_zero_deg
        return (s.scan_rotation_sign * read_deg - wanted_deg + 180.0) % 360.0 - 180.0

    def _unknown(self, what: str, there: str) -> OutOfRange:
        return OutOfRange(self._sem.device, what, f"Choose one of: {there}.")
