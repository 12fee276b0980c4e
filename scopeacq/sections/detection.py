"""From a picture, or a map of probabilities, to the sections of a wafer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from scopeacq.sections.clumps import split
from scopeacq.sections.components import Component, Probability, broad, components
from scopeacq.sections.finding import FoundSection, flagged
from scopeacq.sections.foreground import Picture, bright_shares
from scopeacq.sections.outlines import Outline, area, fill
from scopeacq.sections.typical import WELL_FORMED, Typical, about_its_centre, typical_section

SINGLE = (0.6, 1.4)
"""Areas of single sections relative to the typical one; what is larger is a clump."""
LEAST_AREA = 0.15
"""Of the typical area: what is smaller is not told."""
RING = 0.12
"""Width of the surroundings that count for the confidence, relative to the edge of a section."""


@dataclass(frozen=True, slots=True)
class Detection:
    """All that was found in one picture, and what is typical of its sections."""

    sections: tuple[FoundSection, ...]
    typical: Typical | None

    @property
    def proposed(self) -> tuple[FoundSection, ...]:
        return tuple(section for section in self.sections if section.proposed)


def detect(picture: Picture, example: Outline | None = None) -> Detection:
    """Sections told from wafer by their grey, without training; bright or dark ones, whichever are alike.

    Args:
        picture: greys, shape (y, x), uint8.
        example: the outline of one section (column, row) [px], where one has been drawn. It says which
            grey is that of sections, and how large they are.
    """
    if example is not None:
        given = Typical(about_its_centre(example))
        shares = [_like(share, example) for share in bright_shares(picture)]
        return max((found_in(share, given) for share in shares), key=_certainty)
    return found_in(max(_choices(picture), key=_likeness))


def _choices(picture: Picture) -> Iterator[Probability]:
    for bright in bright_shares(picture):
        yield bright
        yield 1 - bright


def _like(bright: Probability, example: Outline) -> Probability:
    """The map that is high within the example."""
    mask = np.zeros(bright.shape, np.uint8)
    fill(mask, example)
    return bright if cv2.mean(bright, mask)[0] > 0.5 else 1 - bright


def _likeness(found: Probability) -> float:
    """What share of the picture is covered by whole parts that are alike."""
    typical = typical_section(list(components(found)), found.size)
    return 0.0 if typical is None else typical.share


def _certainty(detection: Detection) -> float:
    return sum(section.confidence**2 for section in detection.proposed)


def found_in(found: Probability, typical: Typical | None = None) -> Detection:
    """The sections in a map of probabilities, shape (y, x); what is typical is found where it is not given."""
    parts = list(components(found))
    typical = typical or typical_section(parts, found.size)
    if typical is None:
        return Detection((), None)
    beyond = broad(found, math.sqrt(typical.area))
    if beyond.any():
        found = np.where(beyond, np.float32(0), found)
        parts = list(components(found))
    return _told(found, parts, typical)


def _told(found: Probability, parts: Sequence[Component], typical: Typical) -> Detection:
    """Sections out of connected parts of ``found``."""
    outlines = [told for part in parts for told in _sections_of(part, found, typical)]
    sections = [_judged(outline, fit, found, typical.area) for outline, fit in outlines]
    return Detection(flagged(sections, typical.area), typical)


def _sections_of(part: Component, found: Probability, typical: Typical) -> Iterator[tuple[Outline, float]]:
    """The sections that a connected part consists of, and how well each fits (0..1)."""
    ratio, low, high = part.area / typical.area, *SINGLE
    if ratio > high or (ratio > low and part.solidity < WELL_FORMED):
        parts = split(part, found, typical.outline)
        if parts or ratio > high:
            yield from parts
            return
    outline = part.outline() if ratio > LEAST_AREA else None
    if outline is not None:
        yield outline, part.solidity


def _judged(outline: Outline, fit: float, found: Probability, usual_area: float) -> FoundSection:
    """With its confidence: the mean over its inside, less what is beside it, times its usualness."""
    edge = math.sqrt(usual_area)
    margin = math.ceil(RING * edge) + 1
    low = np.maximum(np.floor(outline.min(0)).astype(int) - margin, 0)
    high = np.maximum(np.ceil(outline.max(0)).astype(int) + margin + 1, low + 1)
    window = found[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(window.shape, np.uint8)
    if mask.size:
        fill(mask, outline - low)
    inside = cv2.mean(window, mask)[0] if mask.any() else 0.0
    ratio = area(outline) / usual_area
    confidence = inside * fit * min(ratio, 1 / ratio)
    return FoundSection(tuple((float(x), float(y)) for x, y in outline), float(np.clip(confidence, 0, 1)))

