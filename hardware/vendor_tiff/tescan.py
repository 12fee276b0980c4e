"""TESCAN's header: TIFF tag 50431, or an ini file beside the picture. SI units, angles in degrees.

The tag is a chain of blocks, each a length (4 bytes, little-endian, counting from the kind on), a kind
(2 bytes) and its content; the texts lack the titles that the ini file has (learned from what Gwyddion
reads).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from hardware.types import StagePose
from hardware.vendor_tiff import text
from hardware.vendor_tiff.metadata import Beam, FrameMetadata, Vendor

TAG = 50431

_TITLES = {2: "MAIN", 3: "SEM", 5: "FIB"}
_LENGTH, _KIND = 4, 2


def metadata_of_tag(raw: bytes) -> FrameMetadata | None:
    """``None`` where nothing of it is TESCAN's."""
    return _metadata_of({title: _fields(block) for title, block in _texts(raw)})


def metadata_of_ini(raw: bytes) -> FrameMetadata | None:
    """Of the ``.hdr`` file beside a picture; ``None`` where nothing of it is TESCAN's."""
    return _metadata_of(text.sections_of(text.decoded(raw)))


def _metadata_of(sections: text.Sections) -> FrameMetadata | None:
    main = sections.get("MAIN", {})
    if not {"PixelSizeX", "Device", "Magnification"} & set(main):
        return None
    columns = {Beam.ELECTRONS: sections.get("SEM"), Beam.IONS: sections.get("FIB")}
    took = [beam for beam, column in columns.items() if column]
    beam = took[0] if len(took) == 1 else None  # where both are told, either may have taken it
    column = columns[beam] or {} if beam else {}
    return FrameMetadata(
        Vendor.TESCAN,
        instrument=" ".join(filter(None, (main.get("Device", ""), main.get("SerialNumber", "")))) or None,
        beam=beam,
        taken_at=text.moment(f"{main.get('Date', '')} {main.get('Time', '')}", "%Y-%m-%d %H:%M:%S"),
        pixel_width_nm=text.positive(text.scaled(main.get("PixelSizeX"), 1e9)),
        pixel_height_nm=text.positive(text.scaled(main.get("PixelSizeY"), 1e9)),
        wd_um=text.scaled(column.get("WD"), 1e6),
        stig_x=text.number(column.get("StigmatorX")),
        stig_y=text.number(column.get("StigmatorY")),
        dwell_ns=text.positive(text.scaled(column.get("DwellTime"), 1e9)),
        scan_rot_deg=text.number(column.get("ScanRotation")),
        eht_kv=text.scaled(column.get("HV"), 1e-3),
        probe_current_na=text.scaled(column.get("PredictedBeamCurrent"), 1e9),
        stage=_stage(column),
    )


def _texts(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The blocks of text with their titles; a chain that breaks off ends there."""
    at = 0
    while at + _LENGTH + _KIND <= len(raw):
        length, kind = struct.unpack_from("<IH", raw, at)
        end = at + _LENGTH + length
        if length < _KIND or end > len(raw):
            return
        if kind in _TITLES:
            yield _TITLES[kind], raw[at + _LENGTH + _KIND : end]
        at = end


def _fields(block: bytes) -> Mapping[str, str]:
    return text.sections_of(text.decoded(block))[""]


def _stage(column: Mapping[str, str]) -> StagePose:
    return StagePose(
        text.scaled(column.get("StageX"), 1e6),
        text.scaled(column.get("StageY"), 1e6),
        text.scaled(column.get("StageZ"), 1e6),
        text.number(column.get("StageTilt")),
        text.number(column.get("StageRotation")),
    )
