"""Tiles of a section put together by what their overlaps show.

A stage misses by tenths of a micrometre when a tile is scanned for the first time. All later slices of a
tile are aligned with that one, so that what one slice tells holds for all cycles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import cv2
import numpy as np

from hardware.types import Image
from scopeacq.mosaic.registering import BAND, Floats, Link, fitted, linked
from scopeacq.plan.geometry import Point
from scopeacq.vision.alignment import band_pass


def stitched(
    pictures: Mapping[int, Image], corners_px: Mapping[int, Point], overlap_px: int, believed_sd_px: float
) -> dict[int, Point]:
    """By how much each tile is to be moved (columns, rows) [px], so that overlaps fit.

    Args:
        pictures: tiles of one slice by their indices, all of one shape (y, x), uint8 or uint16.
        corners_px: where the centre of each one's first pixel is believed to lie (columns, rows).
        overlap_px: the width of the overlaps as planned.
        believed_sd_px: how far off that may be; tiles that nothing links to others stay.
    """
    tiles = sorted(pictures)
    corners = np.array([corners_px[tile] for tile in tiles])
    links = list(_links([pictures[tile] for tile in tiles], corners, overlap_px))
    moves = fitted(corners, links, believed_sd_px).corners_px - corners
    return {tile: (float(x), float(y)) for tile, (x, y) in zip(tiles, moves, strict=True)}


def _links(pictures: list[Image], corners: Floats, overlap_px: int) -> Iterator[Link]:
    """What the overlaps of tiles that lie side by side tell."""
    for first, second in combinations(range(len(pictures)), 2):
        rows, columns = pictures[first].shape
        dx, dy = (float(n) for n in corners[second] - corners[first])
        along, across = sorted((abs(dx) / columns, abs(dy) / rows))
        if along < 0.5 and across < 1.0:
            pair = pictures[first], pictures[second]
            seen = _seen(pair, (dx, dy), overlap_px // 2)
            link = linked(first, second, pair, seen, overlap_px)
            if link is not None:
                yield link


def _seen(pair: tuple[Image, Image], expected_px: Point, reach: int) -> Point:
    """From one tile's corner to that of its neighbour, to the pixel, within ``reach`` of what is expected.

    What the first one shows ``reach`` inside of the second one's border is sought in the second one.
    """
    first, second = (np.asarray(band_pass(picture, BAND), np.float32) for picture in pair)
    (rows, columns), (dx, dy) = first.shape, (round(n) for n in expected_px)
    left, top = max(dx + reach, 0), max(dy + reach, 0)
    template = first[top : rows + min(dy - reach, 0), left : columns + min(dx - reach, 0)]
    from_x, from_y = max(left - dx - reach, 0), max(top - dy - reach, 0)
    height, width = template.shape
    window = second[from_y : top - dy + reach + height, from_x : left - dx + reach + width]
    scores = cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED)
    _, _, _, (column, row) = cv2.minMaxLoc(scores)
    return float(left - from_x - column), float(top - from_y - row)
