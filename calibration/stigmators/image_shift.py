"""How far stigmators move the field of view: pairs of images are registered with the one in the middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hardware.types import Image
from scopeacq.focus.focus_pairs import Pair
from scopeacq.plan.geometry import Point, turn
from scopeacq.vision.alignment import Band, align

BLURRED_NM, SHADING_NM = 80.0, 800.0
"""Finer detail is lost where the probe is widened on purpose, coarser is shading."""

LONGEST_SHIFT = 0.4
"""Share of the shorter edge that images may lie apart."""

LEAST_CORRELATION = 0.3


@dataclass(frozen=True, slots=True)
class FieldShift:
    """How far the field of view moved in the lab [um], and how alike the images are there."""

    by_um: Point
    correlation: float

    @property
    def certain(self) -> bool:
        return self.correlation >= LEAST_CORRELATION


def field_shift(pair: Pair, reference: Pair, scan_rot_deg: float) -> FieldShift:
    """From ``reference`` to ``pair``, both taken with the same frame.

    The mean over both images of the pairs: each is compared with the one that is blurred alike.
    """
    pixel_um = 1e-3 * pair.condition.pixel_size_nm
    images = (pair.plus, reference.plus), (pair.minus, reference.minus)
    found = [_content_shift_px(*two, pair.condition.pixel_size_nm) for two in images]
    columns, rows = np.mean([shift for shift, _ in found], axis=0).tolist()
    # what is shown moves against the field; rows run down
    by_um = turn((-columns * pixel_um, rows * pixel_um), scan_rot_deg)
    return FieldShift(by_um, min(correlation for _, correlation in found))


def _content_shift_px(image: Image, reference: Image, pixel_nm: float) -> tuple[Point, float]:
    band = Band(BLURRED_NM / pixel_nm, SHADING_NM / pixel_nm)
    found = align(image, reference, band, (0.0, 0.0), LONGEST_SHIFT * min(image.shape))
    middle = (np.array(image.shape[::-1]) - 1) / 2
    columns, rows = (found.matrix @ (*middle, 1.0) - middle).tolist()
    return (columns, rows), found.correlation
