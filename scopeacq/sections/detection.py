"""From a map of probabilities to the sections of a wafer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.sections.clumps import split
from scopeacq.sections.components import Component, Probability, broad, components, without_thin
from scopeacq.sections.finding import FoundSection, flagged
from scopeacq.sections.fragments import mended
from scopeacq.sections.outlines import Outline, fill, log_sides
from scopeacq.sections.typical import WELL_FORMED, Typical, typical_in

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


def sections_mask(shape: tuple[int, ...], detection: Detection) -> NDArray[np.bool_]:
    """Where the sections of a detection lie in a picture of a shape (y, x)."""
    mask = np.zeros(shape, np.uint8)
    for section in detection.sections:
        fill(mask, section.outline)
    return mask > 0


def found_in(found: Probability, typical: Typical | None = None) -> Detection:
    """The sections in a map of probabilities, shape (y, x); what is typical is found if not given."""
    usual = typical or typical_in(found)
    if usual is None:
        return Detection((), None)
    edge_px = math.sqrt(usual.area)
    found = mended(np.where(broad(found, edge_px), np.float32(0), found), usual)
    found = mended(without_thin(found, edge_px), usual)
    parts = list(components(found))
    return _told(found, parts, typical or typical_in(found) or usual)


def _told(found: Probability, parts: Sequence[Component], typical: Typical) -> Detection:
    """Sections out of connected parts of ``found``."""
    outlines = [told for part in parts for told in _sections_of(part, found, typical)]
    sections = [_judged(outline, fit, found, typical) for outline, fit in outlines]
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


def _judged(outline: Outline, fit: float, found: Probability, typical: Typical) -> FoundSection:
    """With its confidence: the mean over its inside, times how well it fits and how usual it is."""
    edge = math.sqrt(typical.area)
    margin = math.ceil(RING * edge) + 1
    low = np.maximum(np.floor(outline.min(0)).astype(int) - margin, 0)
    high = np.maximum(np.ceil(outline.max(0)).astype(int) + margin + 1, low + 1)
    window = found[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(window.shape, np.uint8)
    if mask.size:
        fill(mask, outline - low)
    inside = cv2.mean(window, mask)[0] if mask.any() else 0.0
    unusual = np.abs(log_sides(outline) - log_sides(typical.outline)).sum()
    confidence = inside * fit * math.exp(-unusual)
    return FoundSection(tuple((float(x), float(y)) for x, y in outline), float(np.clip(confidence, 0, 1)))
