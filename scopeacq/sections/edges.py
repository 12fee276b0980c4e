"""Outlines moved to the edges that the picture itself shows, finer than its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.sections.finding import FoundSection
from scopeacq.sections.outlines import Outline, corners_of_sides, outward_normals, overlap

Picture = NDArray[np.uint8]
Doubles = NDArray[np.float64]

REACH = 0.08
"""How far a side may lie from its edge, relative to its length."""
REACH_PX = (2.0, 8.0)
STEP_PX = 0.5
SAMPLES = 24
INNER = (0.1, 0.9)
"""What part of a side counts: corners are round or broken."""
CLEAR = 0.3
"""A side is moved to an edge that is at least so steep, relative to that of a usual side."""
SAME = 0.8
"""Overlap with the outline before below which the moved one is not believed."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where the steepest straight line beside a side runs, and how steep it is [grey values per px]."""

    start: Doubles
    end: Doubles
    steepness: float


def sharpened(picture: Picture, sections: Sequence[FoundSection], bright: bool) -> list[FoundSection]:
    """The same sections, each side where the picture changes most from section to wafer.

    Args:
        picture: greys, shape (y, x), uint8.
        sections: outlines that are right to a few pixels.
        bright: sections are brighter than the wafer.
    """
    edges = [_edges(picture, section.outline, -1.0 if bright else 1.0) for section in sections]
    usual = float(np.median([edge.steepness for sides in edges for edge in sides])) if edges else 0.0
    return [_moved(section, own, CLEAR * usual) for section, own in zip(sections, edges, strict=True)]


def _moved(section: FoundSection, edges: Sequence[_Edge], least: float) -> FoundSection:
    """Sides without a clear edge stay where they are."""
    before = section.outline
    sides = [
        (edge.start, edge.end) if edge.steepness > max(0.0, least) else (a, b)
        for edge, a, b in zip(edges, before, np.roll(before, -1, axis=0), strict=True)
    ]
    after = corners_of_sides(sides, before)
    if overlap(before, after) < SAME:
        return section
    return replace(section, corners=tuple((float(x), float(y)) for x, y in after))


def _edges(picture: Picture, outline: Outline, sign: float) -> list[_Edge]:
    sides = zip(outline, np.roll(outline, -1, axis=0), outward_normals(outline), strict=True)
    return [_edge(picture, a, b, normal, sign) for a, b, normal in sides]


def _edge(picture: Picture, a: Doubles, b: Doubles, normal: Doubles, sign: float) -> _Edge:
    """The straight line along which the picture rises most on the way outwards.

    Both ends of the line are tried at all distances, so that noise averages out along the whole side.
    """
    reach_px = float(np.clip(REACH * np.linalg.norm(b - a), *REACH_PX))
    offsets = np.arange(-reach_px, reach_px + STEP_PX / 2, STEP_PX)
    share = np.linspace(*INNER, SAMPLES)
    rises = sign * _rises(picture, a + share[:, None] * (b - a), normal, offsets)
    starts, ends = np.meshgrid(np.arange(len(offsets)), np.arange(len(offsets)), indexing="ij")
    lines = starts[..., None] + (ends - starts)[..., None] * (share - INNER[0]) / (INNER[1] - INNER[0])
    steepness = rises[np.arange(SAMPLES), np.round(lines).astype(int)].mean(-1)
    i, j = np.unravel_index(int(steepness.argmax()), steepness.shape)
    first, last = (a + s * (b - a) for s in INNER)
    start = first + (offsets[i] + STEP_PX * _peak(steepness[:, j], int(i))) * normal
    end = last + (offsets[j] + STEP_PX * _peak(steepness[i], int(j))) * normal
    return _Edge(start, end, float(steepness[i, j]))


def _rises(picture: Picture, places: Doubles, normal: Doubles, offsets: Doubles) -> Doubles:
    """How steeply the picture rises along ``normal`` at places (n, 2) moved by offsets [px]: (n, m)."""
    around = np.concatenate([[offsets[0] - STEP_PX], offsets, [offsets[-1] + STEP_PX]])
    at = (places[:, None] + around[None, :, None] * normal).astype(np.float32)
    greys = cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(greys.astype(np.float32), (5, 1), 1.0, sigmaY=0.1)
    return np.asarray((soft[:, 2:] - soft[:, :-2]) / (2 * STEP_PX), np.float64)


def _peak(values: Doubles, k: int) -> float:
    """How far the top of a parabola lies from place ``k`` of the largest value, in places."""
    if not 0 < k < len(values) - 1:
        return 0.0
    before, here, after = values[k - 1 : k + 2]
    bend = before - 2 * here + after
    return float(0.5 * (before - after) / bend) if bend < 0 else 0.0
