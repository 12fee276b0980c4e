"""The only way electrons are laid down: unblank, scan, blank, and trust nothing unread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import xxhash

from hardware.errors import BadFrame, HardwareError, Interlocked
from hardware.frames import as_asked
from hardware.protocols import Detector, ElectronColumn, Scanner
from hardware.types import Frame, FrameSettings
from scopeacq.engine.frames import defect
from scopeacq.plan.geometry import Point
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.scan_law import AS_TOLD, ScanLaw


class Imager:
    """Scans frames with the electron beam unblanked for exactly as long as that takes.

    Used by the acquisition thread alone. Keeps only what the next frame is compared with.
    """

    def __init__(
        self,
        column: ElectronColumn,
        scanner: Scanner,
        detector: Detector,
        before_frame: Callable[[FrameSettings], None] = lambda _: None,
        law: ScanLaw = AS_TOLD,
    ) -> None:
        """``before_frame`` is called while the beam is blanked still; what it raises keeps it so."""
        self._column, self._scanner, self._detector = column, scanner, detector
        self._before_frame, self._law = before_frame, law
        self._last_digest = b""
        self._last_scanned_at_s = float("-inf")

    def scan(self, settings: FrameSettings) -> Frame:
        """One frame, whose beam and detector were proven before and after it.

        A dark image proves nothing, since bare wafer is dark as well: that the beam was there
        follows from what EHT, column valve and detector read back on both sides of the frame.

        ``settings`` are those of the frame as it truly lies: the scanner is told what gives it.

        Raises:
            Interlocked: EHT, valve or detector are not on, before or after; the frame is dropped.
            BadFrame: wrong shape or depth, constant, truncated, stale, or the last one again.
            HardwareError: whatever else the devices say. The beam is blanked in every case.
        """
        self.require_beam()
        told = self._told(settings)
        self._before_frame(settings)
        with self.unblanked():
            frame = self._scanner.acquire(told)
        self.require_beam()
        self._check(frame, told)
        return replace(frame, settings=settings, shape=self._law.shape)

    def go_by(self, law: ScanLaw) -> None:
        """Scan by another law from now on, as after a calibration."""
        self._law = law

    def _told(self, settings: FrameSettings) -> FrameSettings:
        wd_um = self._column.optics().wd_um if self._law.follows_wd else self._law.nominal_wd_um
        return self._law.told(settings, wd_um)

    @contextmanager
    def unblanked(self) -> Iterator[None]:
        """The electron beam is on the specimen inside, and blanked with proof afterwards."""
        try:
            self._column.unblank()
            yield
        finally:
            self.blank()

    def blank(self) -> None:
        """Blank the electron beam and read it back. Raises ``HardwareError`` when it stays open."""
        self._column.blank()
        if not self._column.state().blanked:
            raise HardwareError(
                "electron column",
                "the beam is not blanked after the command to blank it",
                "Shut the column valve by hand and check the blanker.",
            )

    def require_beam(self) -> None:
        """Raise ``Interlocked`` unless EHT, column valve and detector read back as on."""
        beam, detector = self._column.state(), self._detector.state()
        reasons = [
            sentence
            for holds, sentence in (
                (beam.eht_on, "the EHT is off"),
                (beam.valve_open, "the column valve is shut"),
                (detector.hv_on, "the detector's high voltage is off"),
            )
            if not holds
        ]
        if reasons:
            raise Interlocked("electron column", reasons)

    def _check(self, frame: Frame, settings: FrameSettings) -> None:
        if (trouble := _mismatch(frame, settings) or defect(frame.image)) is not None:
            raise _bad(trouble)
        if frame.scanned_at_s <= self._last_scanned_at_s:
            raise _bad("the frame is no newer than the last one")
        digest = xxhash.xxh3_128_digest(np.ascontiguousarray(frame.image).data)
        if digest == self._last_digest:
            raise _bad("the frame is the last one again, byte by byte")
        self._last_digest, self._last_scanned_at_s = digest, frame.scanned_at_s


def lens_shift_um(
    electron: ElectronSettings, wd_change_um: float, stig_x: float = 0.0, stig_y: float = 0.0
) -> Point:
    """How lens and stigmators move the field of view in the lab [um].

    By a change of the working distance and by stigmators [a.u.], as counted from 0. They act like a beam
    shift: the same stage and beam shift show a point that much farther.
    """
    e = electron
    return (
        e.image_shift_x_um_per_um * wd_change_um
        + e.stigmator_x_shift_x_um_per_unit * stig_x
        + e.stigmator_y_shift_x_um_per_unit * stig_y,
        e.image_shift_y_um_per_um * wd_change_um
        + e.stigmator_x_shift_y_um_per_unit * stig_x
        + e.stigmator_y_shift_y_um_per_unit * stig_y,
    )


def _mismatch(frame: Frame, settings: FrameSettings) -> str | None:
    """How the frame differs from what was asked, as a clause."""
    wanted = (settings.height_px, settings.width_px)
    if frame.image.shape != wanted:
        return f"the frame has the shape {frame.image.shape}, wanted {wanted}"
    if frame.image.dtype.itemsize * 8 != settings.bit_depth:
        return f"the frame holds {frame.image.dtype}, wanted {settings.bit_depth} bit"
    if not as_asked(frame.settings, settings):
        return "the frame was scanned with other settings than asked"
    return None


def _bad(what: str) -> BadFrame:
    return BadFrame("scanner", what, "Take it again; if it stays, restart the scan generator.")
