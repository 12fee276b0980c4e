"""Sections sought on an overview and placed on the wafer; what an operator has said of them stays."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from models.sections import SectionFinder
from models.weights import Weights
from scopeacq.plan.overviews import Overview
from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import Candidate, Candidates, SectionsRefused, free_ids, is_simple
from scopeacq.sections.detection import Detection
from scopeacq.sections.known import lie_on_known
from scopeacq.sections.learned import detect_learned
from scopeacq.sections.outlines import Outline
from scopeacq.sections.review import reflagged
from scopeacq.sections.seen import Seen, look_at
from scopeacq.sections.unlearned import detect
from scopeacq.sections.ways import Learned, Unlearned, Way

__all__ = ["Found", "Learned", "SearchRefused", "Unlearned", "Way", "find_sections", "search"]

Progress = Callable[[float], None]
"""Told the done share, on the calling thread; what it raises ends the work."""

PLAUSIBLE_UM = (5.0, 50_000.0)
"""The edge of a section; what lies beyond has another scale than its overview says."""
NETWORK_PIXEL_UM = "network_pixel_um"
"""In the card of weights tuned on a wafer: the pixels in which it was shown to them."""


class SearchRefused(SectionsRefused):
    """Sections cannot be sought like this."""


@dataclass(frozen=True, slots=True)
class Found:
    """``candidates``: what there is now; ``new``: how many were found that were not judged before.

    ``section_um``: length and width of a usual section, None where nothing was found.
    """

    candidates: Candidates
    new: int
    section_um: tuple[float, float] | None


def find_sections(
    overview: Overview,
    way: Way,
    before: Candidates,
    wafer: Wafer,
    progress: Progress = lambda _: None,
    cores: int = 1,
) -> Found:
    """Seek sections on an overview.

    Candidates of ``before`` that are not settled are replaced by what is found now.
    What lies on one that stays, or on a section of ``wafer``, is not found again.

    Raises:
        SettingsError: the overview cannot be read.
        SearchRefused: the example lies beside the picture, or the overview has another scale than it says.
        WeightsError: the weights cannot be used.
    """
    seen = look_at(overview)
    detection = search(seen, way, progress, cores)
    section_um = _usual_size_um(detection, seen)
    if section_um is not None and not PLAUSIBLE_UM[0] < math.sqrt(math.prod(section_um)) < PLAUSIBLE_UM[1]:
        raise SearchRefused(
            f"The sections on {overview.name} would be {section_um[0]:.4g} x {section_um[1]:.4g} um large, "
            "so its scale is wrong; place it by its pixel size or by landmarks."
        )
    return _with_new(before, wafer, seen, detection, section_um)


def search(seen: Seen, way: Way, progress: Progress = lambda _: None, cores: int = 1) -> Detection:
    """The sections of a picture, in its pixels. Raises as :func:`find_sections` does."""
    match way:
        case Unlearned():
            detection = detect(seen.greys, _example(seen, way))
            progress(1.0)
        case Learned(weights):
            scale = None if weights is None else _scale_for(seen, weights)
            finder = SectionFinder.load(weights)
            detection = detect_learned(finder, seen.greys, scale, progress, cores)
    return detection


def _example(seen: Seen, way: Unlearned) -> Outline | None:
    if way.example_um is None:
        return None
    outline = seen.outline_px(way.example_um)
    if not seen.shows(outline):
        raise SearchRefused("The example lies beside the overview; draw it on one of the sections there.")
    return outline


def _scale_for(seen: Seen, weights: Path) -> float | None:
    """By how much to resize a picture for weights that were tuned on this wafer."""
    pixel_um = Weights.load(weights).card.get(NETWORK_PIXEL_UM)
    return seen.placement.pixel_um / pixel_um if isinstance(pixel_um, float) and pixel_um > 0 else None


def _usual_size_um(detection: Detection, seen: Seen) -> tuple[float, float] | None:
    if detection.typical is None:
        return None
    _, sides_px, _ = cv2.minAreaRect(detection.typical.outline.astype(np.float32))
    short, long = sorted(float(side) * seen.placement.pixel_um for side in sides_px)
    return long, short


def _with_new(
    before: Candidates,
    wafer: Wafer,
    seen: Seen,
    detection: Detection,
    section_um: tuple[float, float] | None,
) -> Found:
    kept = [c for c in before.sections if c.settled]
    rings = [seen.ring_um(section.outline) for section in detection.sections]
    usable = np.array([is_simple(ring) for ring in rings], bool)
    fresh = usable & ~lie_on_known(rings, kept, wafer)
    names = free_ids([*(c.id for c in kept), *(s.id for s in wafer.sections)])
    new = [
        Candidate(next(names), rings[k], detection.sections[k].confidence) for k in np.flatnonzero(fresh)
    ]
    candidates = reflagged(replace(before, sections=(*kept, *new)))
    return Found(candidates, len(new), section_um)
