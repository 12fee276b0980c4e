"""Sections of a wafer never seen, without labels and training; or by one that has been drawn."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from scopeacq.sections.components import broad
from scopeacq.sections.detection import Detection, found_in
from scopeacq.sections.edges import sharpened
from scopeacq.sections.foreground import Guess, Picture, TwoGreys, guesses
from scopeacq.sections.outlines import Outline, fill
from scopeacq.sections.typical import Typical, about_its_centre, typical_in

CHOOSING_PX = 2500
"""The largest picture on which ways of telling sections are tried."""


def detect(picture: Picture, example: Outline | None = None) -> Detection:
    """Sections told from wafer by their grey; bright or dark ones, whichever are alike.

    Args:
        picture: greys, shape (y, x), uint8.
        example: the outline of one section (column, row) [px], where one has been drawn. It says which
            grey is that of sections, and how large they are.
    """
    greys = _greys_of(picture) if example is None else _greys_like(picture, example)
    if greys is None:
        return Detection((), None)
    usual = None if example is None else Typical(about_its_centre(example))
    found = found_in(greys.found(picture), usual)
    return replace(found, sections=tuple(sharpened(picture, found.sections, greys.bright)))


def _greys_of(picture: Picture) -> TwoGreys | None:
    """The greys by which the most of a picture consists of parts that are alike."""
    shrink = min(1.0, CHOOSING_PX / max(picture.shape))
    size = [max(1, round(n * shrink)) for n in reversed(picture.shape)]
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    tried = [_tried(guess, small) for guess in guesses()]
    share, greys = max(tried, key=lambda one: one[0])
    return greys if share > 0 else None


def _tried(guess: Guess, picture: Picture) -> tuple[float, TwoGreys]:
    """What share of the picture consists of parts that are alike, and the greys that say so.

    What lies beyond the wafer has a grey of its own: it is left out once it shows.
    """
    greys = guess.greys(picture)
    found = greys.found(picture)
    typical = typical_in(found)
    if typical is None:
        return 0.0, greys
    beyond = broad(found, math.sqrt(typical.area))
    if beyond.any():
        greys = guess.greys(picture, beyond)
        found = np.where(beyond, np.float32(0), greys.found(picture))
        typical = typical_in(found)
    return (0.0 if typical is None else typical.share), greys


def _greys_like(picture: Picture, example: Outline) -> TwoGreys:
    """The greys by which the example stands out the most from what is around it."""
    inside = np.zeros(picture.shape, np.uint8)
    fill(inside, example)
    around = cv2.dilate(inside, np.ones((9, 9), np.uint8)) - inside
    tried = [guess.greys(picture) for guess in guesses()]

    def contrast(greys: TwoGreys) -> float:
        found = greys.found(picture)
        return float(cv2.mean(found, inside)[0] - cv2.mean(found, around)[0])

    return max(tried, key=contrast)
