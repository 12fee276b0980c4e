"""Sections found by the network, whatever the size of a section in the picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.sections import USUAL_EDGE_PX, SectionFinder
from scopeacq.sections.detection import Detection, found_in
from scopeacq.sections.finding import FoundSection
from scopeacq.sections.foreground import Picture
from scopeacq.sections.typical import Typical

FIRST_LOOK_PX = 5000
"""A picture is not looked at larger than this as long as the size of its sections is not known."""
MOST_ENLARGED = 3.0
LIKE_USUAL = 1.5
"""Sections that are larger or smaller than the usual by this are looked at once more, in the usual size."""


def detect_learned(
    finder: SectionFinder,
    picture: Picture,
    scale: float | None = None,
    progress: Callable[[float], None] = lambda _: None,
    cores: int = 1,
) -> Detection:
    """The sections of a picture.

    Args:
        finder: the network.
        picture: greys, shape (y, x), uint8.
        scale: by how much the picture is to be resized for the network, where that is known.
        progress: is told the done share, on this thread; what it raises ends the work.
        cores: threads for the network.
    """
    if scale is not None:
        return _at(scale, finder, picture, progress, cores)
    first = min(1.0, FIRST_LOOK_PX / max(picture.shape))
    found = _at(first, finder, picture, lambda share: progress(share / 2), cores)
    if found.typical is not None:
        fitting = min(MOST_ENLARGED, USUAL_EDGE_PX / math.sqrt(found.typical.area))
        if abs(math.log(fitting / first)) > math.log(LIKE_USUAL):
            found = _at(fitting, finder, picture, lambda share: progress((1 + share) / 2), cores)
    progress(1.0)
    return found


def _at(
    scale: float, finder: SectionFinder, picture: Picture, progress: Callable[[float], None], cores: int
) -> Detection:
    """What is found in the resized picture, in its own pixels."""
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    width, height = (max(1, round(n * scale)) for n in reversed(picture.shape))
    resized = np.asarray(cv2.resize(picture, (width, height), interpolation=way), np.uint8)
    found = found_in(finder.probability(resized, progress, cores))
    factors = np.array(picture.shape[::-1]) / (width, height)
    typical = (
        None if found.typical is None else Typical(found.typical.outline * factors, found.typical.share)
    )
    return Detection(tuple(_enlarged(section, factors) for section in found.sections), typical)


def _enlarged(section: FoundSection, factors: NDArray[np.float64]) -> FoundSection:
    """The same section in a picture ``factors`` times as wide and high."""
    corners = (section.outline + 0.5) * factors - 0.5
    return replace(section, corners=tuple((float(x), float(y)) for x, y in corners))
