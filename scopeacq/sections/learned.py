"""Sections found by the network, whatever the size of a section in the picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.sections import USUAL_EDGE_PX, SectionFinder
from scopeacq.sections.components import Probability
from scopeacq.sections.detection import Detection, found_in
from scopeacq.sections.edges import sharpened
from scopeacq.sections.finding import FoundSection
from scopeacq.sections.foreground import Picture
from scopeacq.sections.typical import Typical, typical_in

Progress = Callable[[float], None]

FIRST_LOOK_PX = 1600
"""A picture is not looked at larger than this as long as the size of its sections is not known."""
MOST_ENLARGED = 3.0
LIKE_USUAL = 1.3
"""Sections that are larger or smaller than the usual by this are looked at once more, in the usual size."""


def detect_learned(
    finder: SectionFinder,
    picture: Picture,
    scale: float | None = None,
    progress: Progress = lambda _: None,
    cores: int = 1,
) -> Detection:
    """The sections of a picture.

    Where the size of sections is not known, a first look tells it, and where it is not known either whether
    they are darker or brighter than the wafer, both are tried: alike parts are sections.

    Args:
        finder: the network.
        picture: greys, shape (y, x), uint8.
        scale: by how much the picture is to be resized for the network, where that is known.
        progress: is told the done share, on this thread; what it raises ends the work.
        cores: threads for the network.
    """
    if scale is None:
        look = best_look(finder, picture, progress, cores)
        detection = found_in(look.found)
    else:
        look = _look(scale, finder, picture, progress, cores)
        usual = None if finder.wafer is None else Typical(finder.wafer.outline)
        detection = found_in(look.found, usual)
    progress(1.0)
    return _in_full(detection, picture, look)


@dataclass(frozen=True, slots=True)
class Look:
    """What a network makes of a picture resized by ``scale``, and what is typical there."""

    scale: float
    finder: SectionFinder
    found: Probability
    typical: Typical | None


def best_look(finder: SectionFinder, picture: Picture, progress: Progress, cores: int) -> Look:
    """At the size that the network knows best, and of the brightness that has the most alike parts."""
    first = min(1.0, FIRST_LOOK_PX / max(picture.shape))
    finders = [finder, finder.negative()] if finder.wafer is None else [finder]
    looks = [
        _look(first, one, picture, _part(progress, k, len(finders) + 1), cores)
        for k, one in enumerate(finders)
    ]
    best = max(looks, key=lambda look: 0.0 if look.typical is None else look.typical.share)
    return _fitting(best, picture, _part(progress, len(finders), len(finders) + 1), cores)


def _look(scale: float, finder: SectionFinder, picture: Picture, progress: Progress, cores: int) -> Look:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = [max(1, round(n * scale)) for n in reversed(picture.shape)]
    resized = np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)
    found = finder.probability(resized, progress, cores)
    return Look(scale, finder, found, typical_in(found))


def _fitting(look: Look, picture: Picture, progress: Progress, cores: int) -> Look:
    """The same at the scale that the network knows best, once the size of sections is known."""
    if look.typical is None:
        return look
    fitting = min(MOST_ENLARGED, look.scale * USUAL_EDGE_PX / math.sqrt(look.typical.area))
    if abs(math.log(fitting / look.scale)) < math.log(LIKE_USUAL):
        return look
    return _look(fitting, look.finder, picture, progress, cores)


def _part(progress: Progress, part: int, parts: int) -> Progress:
    """Progress of one part of the work as that of all."""
    return lambda share: progress((part + share) / parts)


def _in_full(detection: Detection, picture: Picture, look: Look) -> Detection:
    """The same in the pixels of the whole picture, and as fine as that is."""
    factors = np.array(picture.shape[::-1]) / look.found.shape[::-1]
    sections = [enlarged(section, factors) for section in detection.sections]
    usual = detection.typical
    typical = usual and Typical(usual.outline * factors, usual.share)
    return Detection(tuple(sharpened(picture, sections, look.finder.bright)), typical)


def enlarged(section: FoundSection, factors: NDArray[np.float64]) -> FoundSection:
    """The same section in a picture ``factors`` times as wide and high."""
    corners = (section.outline + 0.5) * factors - 0.5
    return replace(section, corners=tuple((float(x), float(y)) for x, y in corners))
