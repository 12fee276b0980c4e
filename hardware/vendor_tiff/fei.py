"""The header of FEI and Thermo Fisher microscopes, TIFF tags 34680 and 34682: an ini file in SI units.

Angles are in radians. ``[Beam]`` names the beam and the scan that took the frame, each with a section of
its own (learned from files).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from hardware.types import StagePose
from hardware.vendor_tiff import text
from hardware.vendor_tiff.metadata import Beam, FrameMetadata, Vendor

TAGS = (34680, 34682)

_BEAMS = {"EBeam": Beam.ELECTRONS, "IBeam": Beam.IONS}
_DEG = 180 / math.pi


def metadata_of(raw: bytes) -> FrameMetadata | None:
    """``None`` where nothing of it is FEI's."""
    sections = text.sections_of(text.decoded(raw))
    if not {"Beam", "Scan", "System"} & set(sections):
        return None
    taken_by = sections.get("Beam", {})
    beam = sections.get(taken_by.get("Beam", ""), {})
    scan = {**sections.get("Scan", {}), **sections.get(taken_by.get("Scan", ""), {})}
    return FrameMetadata(
        Vendor.THERMO,
        instrument=_instrument(sections.get("System", {})),
        beam=_BEAMS.get(taken_by.get("Beam", "")),
        taken_at=_taken_at(sections),
        pixel_width_nm=text.positive(text.scaled(scan.get("PixelWidth"), 1e9)),
        pixel_height_nm=text.positive(text.scaled(scan.get("PixelHeight"), 1e9)),
        wd_um=text.scaled(beam.get("WD"), 1e6),
        stig_x=text.number(beam.get("StigmatorX")),
        stig_y=text.number(beam.get("StigmatorY")),
        dwell_ns=text.positive(text.scaled(scan.get("Dwell") or scan.get("Dwelltime"), 1e9)),
        scan_rot_deg=text.scaled(beam.get("ScanRotation"), _DEG),
        eht_kv=text.scaled(beam.get("HV"), 1e-3),
        probe_current_na=text.scaled(beam.get("BeamCurrent"), 1e9),
        stage=_stage(sections.get("Stage", {})),
    )


def _instrument(system: Mapping[str, str]) -> str | None:
    told = (system.get("SystemType", ""), system.get("Dnumber", ""))
    return " ".join(filter(None, told)) or None


def _taken_at(sections: text.Sections) -> datetime | None:
    """``[User]`` tells the date as the country likes it: believed where only one order of it exists."""
    created = sections.get("PrivateFei", {}).get("TimeOfCreation", "")
    if (at := text.moment(created, "%d.%m.%Y %H:%M:%S")) is not None:
        return at
    user = sections.get("User", {})
    told = f"{user.get('Date', '')} {user.get('Time', '')}"
    return text.moment(told, "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p")


def _stage(stage: Mapping[str, str]) -> StagePose:
    return StagePose(
        text.scaled(stage.get("StageX"), 1e6),
        text.scaled(stage.get("StageY"), 1e6),
        text.scaled(stage.get("StageZ"), 1e6),
        text.scaled(stage.get("StageT"), _DEG),
        text.scaled(stage.get("StageR"), _DEG),
    )
