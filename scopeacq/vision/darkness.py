"""When a dark frame may be believed: bare wafer is dark, and so is every frame that lost its beam."""

from __future__ import annotations

from hardware.errors import BadFrame
from hardware.types import Image
from scopeacq.engine.rig import Rig
from scopeacq.plan.mill_rate import depth_nm
from scopeacq.vision.quality import dark_fraction, shows_wafer

SHOWS_FROM = 0.5
"""Share of a section's thickness that may be milled, by what was delivered, before wafer can show."""

_ADVICE = "Look at the live image: is the electron beam there, and the stage where it should be?"


def require_tissue(rig: Rig, section: str, image: Image) -> None:
    """Raise ``BadFrame`` when an image of a section is dark before the wafer can show through it."""
    if not shows_wafer(image, rig.plan.project.quality):
        return
    fastest = rig.plan.project.milling.model_copy(update={"irradiation_1e27_ev_per_cm3": 0.0})
    milled_nm = depth_nm(rig.plan.instrument.mill, fastest, rig.progress.totals.milled_uc)
    thickness_nm = rig.plan.wafer.section(section).thickness_nm
    if milled_nm < SHOWS_FROM * thickness_nm:
        raise BadFrame(
            "scanner",
            f"the frame is dark all over, with at most {milled_nm:.0f} of {thickness_nm:.0f} nm of "
            f"section {section} milled",
            _ADVICE,
        )


def require_mark(rig: Rig, image: Image) -> None:
    """Raise ``BadFrame`` when nothing at all is bright where a fiducial should be."""
    if dark_fraction(image, rig.plan.project.quality) == 1.0:
        raise BadFrame("scanner", "the frame is dark all over, without a trace of a fiducial", _ADVICE)
