"""Connected parts of a map of where sections are, each with the outline that fits it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.sections.outlines import Mask, Outline, contour_of, outline_of

Probability = NDArray[np.float32]
"""Shape (y, x), 0..1: how probable a section is at each pixel."""

CERTAIN = 0.5
BROAD = 1.1
"""Radius of a disc that no section holds, nor do several where there are gaps between them; in edges."""
BROAD_EDGE_PX = 10.0
THIN = 0.3
"""Width of what is a sliver, a hair or a bridge, and no part of a section; in edges."""
LEAST_AREA_PX = 40
MARGIN_PX = 2


@dataclass(frozen=True, slots=True)
class Component:
    """One connected part. ``mask`` is cut out of the whole at ``corner`` (column, row), its holes filled.

    ``area`` [px^2] of the mask; ``solidity``: what share of its convex hull it fills; ``cut``: it reaches
    the border of the picture.
    """

    corner: tuple[int, int]
    mask: Mask
    area: float
    solidity: float
    cut: bool

    @property
    def window(self) -> tuple[slice, slice]:
        """Where the mask lies in the whole, as rows and columns."""
        (x, y), (height, width) = self.corner, self.mask.shape
        return slice(y, y + height), slice(x, x + width)

    def outline(self) -> Outline | None:
        """The outline with few corners that fits it [px of the whole]; see ``outline_of``."""
        own = outline_of(self.mask)
        return None if own is None else own + np.array(self.corner)


def components(found: Probability, least_area_px: float = LEAST_AREA_PX) -> Iterator[Component]:
    """The connected parts of what is more probably section than not, each closed by one step."""
    mask = (found > CERTAIN).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    for number in range(1, count):
        x, y, width, height, pixels = stats[number].tolist()
        if pixels < least_area_px:
            continue
        own = labels[y : y + height, x : x + width] == number
        cut = min(x, y) == 0 or x + width == mask.shape[1] or y + height == mask.shape[0]
        yield component_of(np.pad(own.astype(np.uint8), MARGIN_PX), (x - MARGIN_PX, y - MARGIN_PX), cut=cut)


def component_of(mask: Mask, corner: tuple[int, int], *, cut: bool = False) -> Component:
    """The largest part of a mask that has a margin of zeros and is not empty, with its holes filled."""
    closed = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.uint8)
    contour = contour_of(closed).astype(np.int32)
    whole = np.zeros_like(mask)
    cv2.fillPoly(whole, [contour], 1)
    hull = np.zeros_like(mask)
    cv2.fillConvexPoly(hull, cv2.convexHull(contour), 1)
    pixels = cv2.countNonZero(whole)
    return Component(corner, whole, float(pixels), pixels / cv2.countNonZero(hull), cut)


def broad(found: Probability, edge_px: float) -> NDArray[np.bool_]:
    """Where a wide plain region reaches the border of the picture: what lies beyond the wafer.

    ``edge_px``: the root of the area of a section.
    """
    scale = min(1.0, BROAD_EDGE_PX / edge_px)
    size = [max(1, round(n * scale)) for n in reversed(found.shape)]
    mask = (cv2.resize(found, size, interpolation=cv2.INTER_AREA) > CERTAIN).astype(np.uint8)
    radius = round(BROAD * edge_px * scale)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    around = cv2.copyMakeBorder(mask, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(around, cv2.MORPH_OPEN, disc)[radius:-radius, radius:-radius]
    _, labels = cv2.connectedComponents(opened)
    at_border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    beyond = np.isin(labels, at_border[at_border > 0]).astype(np.uint8)
    grown = cv2.dilate(beyond, np.ones((3, 3), np.uint8))
    return cv2.resize(grown, found.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0


def without_thin(found: Probability, edge_px: float) -> Probability:
    """The same without what is thinner than any part of a section; see :func:`broad`."""
    width = 2 * round(THIN * edge_px / 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    opened = cv2.morphologyEx((found > CERTAIN).astype(np.uint8), cv2.MORPH_OPEN, disc)
    return np.where(opened > 0, found, np.float32(0))
