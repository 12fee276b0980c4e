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
HOLE = 0.1
"""Area of what is a hole in a section at most, relative to one."""
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


def components(
    found: Probability, least_area_px: float = LEAST_AREA_PX, certain: float = CERTAIN
) -> Iterator[Component]:
    """The connected parts of what is more ``certain`` to be section than that, each closed by one step."""
    mask = (found > certain).astype(np.uint8)
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
    """What lies beyond the wafer: where a wide plain region reaches the border of the picture, and all
    that hangs together with it by more than a bridge.

    ``edge_px``: the root of the area of a section.
    """
    scale = min(1.0, BROAD_EDGE_PX / edge_px)
    size = [max(1, round(n * scale)) for n in reversed(found.shape)]
    mask = (cv2.resize(found, size, interpolation=cv2.INTER_AREA) > CERTAIN).astype(np.uint8)
    wide = _opened(mask, 2 * round(BROAD * edge_px * scale) + 1)
    _, labels = cv2.connectedComponents(_opened(mask, 2 * round(THIN * edge_px * scale / 2) + 1))
    _, wide_labels = cv2.connectedComponents(wide)
    edges = (wide_labels[0], wide_labels[-1], wide_labels[:, 0], wide_labels[:, -1])
    at_border = np.isin(wide_labels, np.setdiff1d(np.concatenate(edges), [0]))
    beyond = np.isin(labels, np.setdiff1d(labels[at_border], [0])) | at_border
    grown = cv2.dilate(beyond.astype(np.uint8), np.ones((3, 3), np.uint8))
    return cv2.resize(grown, found.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0


def _opened(mask: Mask, width_px: int) -> Mask:
    """Without what holds no disc of an odd width; the picture is thought to go on at its borders."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width_px, width_px))
    around = np.pad(mask, width_px, mode="edge")
    opened = cv2.morphologyEx(around, cv2.MORPH_OPEN, disc)
    return np.asarray(opened[width_px:-width_px, width_px:-width_px], np.uint8)


def without_thin(found: Probability, edge_px: float) -> Probability:
    """The same without what is thinner than any part of a section; see :func:`broad`."""
    # a speckled section is not thin
    whole = _without_holes((found > CERTAIN).astype(np.uint8), HOLE * edge_px**2)
    opened = _opened(whole, 2 * round(THIN * edge_px / 2) + 1)
    return np.where(opened > 0, found, np.float32(0))


def _without_holes(mask: Mask, largest_px: float) -> Mask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=8)
    holes = stats[:, cv2.CC_STAT_AREA] < largest_px
    holes[0] = False
    return np.asarray(mask | holes[labels], np.uint8)
