"""Zeiss SmartSEM's header, TIFF tag 34118.

Lines come in pairs, ``AP_WD`` and ``WD = 7.7 mm``, after a list of plain numbers in SI units, which are
told more exactly than the pairs. The plain pixel is one of 1024 across the picture, however many it has
(learned from files, and from what Gwyddion, HyperSpy and tifffile read).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hardware.types import StagePose
from hardware.vendor_tiff import text
from hardware.vendor_tiff.metadata import Beam, FrameMetadata, Vendor

TAG = 34118

_KEY = re.compile(r"(?:AP|DP|SV)_[A-Z0-9_]+")
_PIXEL, _EHT, _PROBE, _WD = 3, 6, 8, 9
"""Which of the plain numbers is which: metres, volts, amperes, metres."""

_PLAIN_WIDTH_PX = 1024

_LINE_TIME_FACTOR = 1.5
"""A line may last longer than its dwell times by this factor, for flyback."""


@dataclass(frozen=True, slots=True)
class _Header:
    plain: Sequence[float | None]
    pairs: Mapping[str, str]

    def number(self, index: int) -> float | None:
        """One of the plain numbers."""
        return self.plain[index] if index < len(self.plain) else None

    def exact(self, key: str, unit: str, plain: float | None) -> float | None:
        """A quantity; the plain number in its place where that is the same, only less rounded."""
        told = text.quantity(self.pairs.get(key), unit)
        if told is None:
            return None
        agree = plain is not None and abs(plain - told.value) <= 1.01 * told.half_step
        return plain if agree else told.value

    def said(self, key: str, unit: str) -> float | None:
        told = text.quantity(self.pairs.get(key), unit)
        return None if told is None else told.value


def metadata_of(raw: bytes, width_px: int) -> FrameMetadata | None:
    """What the header of a picture of this width says; ``None`` where nothing of it is SmartSEM's."""
    header = _parsed(text.decoded(raw))
    if not header.pairs:
        return None
    pixel_nm = _pixel_nm(header, width_px)
    taken_at = f"{header.pairs.get('AP_DATE', '')} {header.pairs.get('AP_TIME', '')}"
    ions = header.pairs.get("DP_FIB_IMAGING", "").upper() == "FIB"
    return replace(
        FrameMetadata(Vendor.ZEISS, beam=Beam.IONS) if ions else _by_electrons(header),
        instrument=header.pairs.get("SV_SERIAL_NUMBER") or header.pairs.get("DP_SEM") or None,
        taken_at=text.moment(taken_at, "%d %b %Y %H:%M:%S"),
        pixel_width_nm=pixel_nm,
        pixel_height_nm=pixel_nm,
        dwell_ns=_dwell_ns(header, width_px),
        stage=_stage(header),
    )


def _parsed(header: str) -> _Header:
    plain: list[float | None] = []
    pairs: dict[str, str] = {}
    key = ""
    for line in header.splitlines():
        if _KEY.fullmatch(line.strip()):
            key = line.strip()
        elif key:
            _, separator, value = line.partition("=") if "=" in line else line.partition(":")
            if separator:
                pairs.setdefault(key, value.strip())
            key = ""
        elif not pairs:
            plain.append(text.number(line))
    return _Header(plain, pairs)


def _pixel_nm(header: _Header, width_px: int) -> float | None:
    """Of the picture as it is stored; ``AP_PIXEL_SIZE`` is of the one on the screen, and may differ."""
    plain_m = text.positive(text.times(header.number(_PIXEL), _PLAIN_WIDTH_PX / width_px))
    told_m = text.positive(header.exact("AP_IMAGE_PIXEL_SIZE", "m", plain_m))
    return text.times(plain_m if told_m is None else told_m, 1e9)


def _by_electrons(header: _Header) -> FrameMetadata:
    """What the electron column was set to, which says nothing of a frame by ions."""
    wd_m = header.exact("AP_WD", "m", header.number(_WD))
    eht_v = header.exact("AP_ACTUALKV", "V", header.number(_EHT))
    probe_a = header.exact("AP_IPROBE", "A", header.number(_PROBE))
    turned = text.degrees(header.pairs.get("AP_SCANROTATION"))
    turned = None if turned is None else turned % 360.0
    straight = header.pairs.get("DP_SCAN_ROT") in ("Off", "No")
    return FrameMetadata(
        Vendor.ZEISS,
        beam=Beam.ELECTRONS,
        wd_um=text.times(wd_m, 1e6),
        stig_x=header.said("AP_STIG_X", "%"),
        stig_y=header.said("AP_STIG_Y", "%"),
        scan_rot_deg=0.0 if straight else turned,
        eht_kv=text.times(eht_v, 1e-3),
        probe_current_na=text.times(probe_a, 1e9),
    )


def _dwell_ns(header: _Header, width_px: int) -> float | None:
    """Where a setting that did not scan this frame stands in its place, the time of a line tells."""
    dwell_s = text.positive(header.said("DP_DWELL_TIME", "s"))
    line_s = header.said("AP_LINE_TIME", "s")
    if dwell_s is None or line_s is None:
        return text.times(dwell_s, 1e9)
    averaged = header.pairs.get("DP_NOISE_REDUCTION") == "Line Avg"
    n_lines = text.number(header.pairs.get("AP_LINE_AVERAGE_COUNT")) if averaged else 1.0
    bare_s = width_px * dwell_s * (n_lines or 1.0)
    return dwell_s * 1e9 if bare_s <= line_s <= _LINE_TIME_FACTOR * bare_s else None


def _stage(header: _Header) -> StagePose:
    x_m, y_m, z_m = (header.said(f"AP_STAGE_AT_{axis}", "m") for axis in "XYZ")
    return StagePose(
        text.times(x_m, 1e6),
        text.times(y_m, 1e6),
        text.times(z_m, 1e6),
        text.degrees(header.pairs.get("AP_STAGE_AT_T")),
        text.degrees(header.pairs.get("AP_STAGE_AT_R")),
    )
