"""Touching sections told apart: typical sections are laid into a clump until it is used up.

A place is good where all is section inside the outline and nothing around it. So those at the border of a
clump are found first, then what their removal lays bare; in a ribbon from both ends to the middle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.sections.components import CERTAIN, Component, Probability
from scopeacq.sections.outlines import Mask, Outline, area, fill, outline_of, reach, turned

Signed = NDArray[np.float32]
"""Shape (y, x): 1 where a section is certain, -1 where none is."""

WORKING_EDGE_PX = 20.0
TURN_STEP_DEG = 6.0
RING_PX = 2
STEEPNESS = 6.0
"""How quickly what is more probable than not is taken for certain."""
RING_WEIGHT = 0.5
LEAST_FILLED = 0.4
"""How much of -1 to 1 an outline must hold to be laid down."""
MARKER = 0.6
"""Size of what is surely of one section, relative to its outline."""
BELIEVED = 0.7
"""Overlap with the typical outline from which on the outline of a part's own pixels is believed."""


@dataclass(frozen=True, slots=True)
class _Stencil:
    """The typical section in one rotation, as a kernel to correlate with."""

    angle_deg: float
    kernel: Signed
    inside: Signed


def split(clump: Component, found: Probability, typical: Outline) -> list[tuple[Outline, float]]:
    """Outlines of the sections in a clump [px of the whole], and how well each fills its place (0..1).

    ``found``: the probabilities of the whole picture; ``typical``: see ``typical_outline``.
    """
    window = np.where(clump.mask > 0, _cut(found, clump), 0.0).astype(np.float32)
    scale = min(1.0, WORKING_EDGE_PX / math.sqrt(area(typical)))
    laid = _laid_down(_shrunk(window, scale), typical * scale)
    poses = [((outline + 0.5) / scale - 0.5, fit) for outline, fit in laid]
    if not poses:
        return []
    regions = _shared_out(window, [outline for outline, _ in poses])
    return [
        (_believed(regions == number, outline, clump), fit)
        for number, (outline, fit) in enumerate(poses, 1)
    ]


def _cut(found: Probability, clump: Component) -> Probability:
    """The clump's window of the whole, with zeros where it reaches beyond."""
    rows, columns = clump.window
    top, left = max(0, -rows.start), max(0, -columns.start)
    inner = found[max(0, rows.start) : rows.stop, max(0, columns.start) : columns.stop]
    out = np.zeros(clump.mask.shape, np.float32)
    out[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return out


def _shrunk(window: Probability, scale: float) -> Signed:
    size = [max(1, round(n * scale)) for n in reversed(window.shape)]
    small = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(STEEPNESS * (small - CERTAIN), -1, 1), np.float32)


def _stencils(typical: Outline) -> list[_Stencil]:
    edge = 2 * math.ceil(reach(typical) + RING_PX + 1) + 1
    return [_stencil(typical, angle, edge) for angle in np.arange(0.0, 360.0, TURN_STEP_DEG)]


def _stencil(typical: Outline, angle_deg: float, edge: int) -> _Stencil:
    mask = np.zeros((edge, edge), np.uint8)
    fill(mask, turned(typical, angle_deg) + edge // 2)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RING_PX + 1, 2 * RING_PX + 1))
    ring = cv2.dilate(mask, disc) - mask
    inside = mask.astype(np.float32) / max(1, cv2.countNonZero(mask))
    around = ring.astype(np.float32) / max(1, cv2.countNonZero(ring))
    kernel = np.asarray(inside - RING_WEIGHT * around, np.float32)
    return _Stencil(angle_deg, kernel, np.asarray(inside, np.float32))


def _laid_down(signed: Signed, typical: Outline) -> Iterator[tuple[Outline, float]]:
    """Typical outlines laid into a map, the best one first, and how filled each is (0..1)."""
    stencils = _stencils(typical)
    half = stencils[0].kernel.shape[0] // 2
    left = np.pad(signed, half, constant_values=-1.0)
    best, turn = np.full(left.shape, -np.inf, np.float32), np.zeros(left.shape, np.uint8)
    _judge(left, stencils, (slice(0, left.shape[0]), slice(0, left.shape[1])), best, turn)
    for _ in range(int(3 * signed.size / area(typical)) + 1):
        y, x = np.unravel_index(int(best.argmax()), best.shape)
        stencil = stencils[turn[y, x]]
        window = (slice(y - half, y + half + 1), slice(x - half, x + half + 1))
        filled = float((left[window] * stencil.inside).sum())
        if filled < LEAST_FILLED:
            break
        outline = turned(typical, stencil.angle_deg) + np.array([x, y])
        yield outline - half, (filled + 1) / 2
        left[window][stencil.inside > 0] = -1.0
        rows, columns = (slice(max(0, n - 2 * half), n + 2 * half + 1) for n in (int(y), int(x)))
        _judge(left, stencils, (rows, columns), best, turn)


def _judge(
    left: Signed, stencils: list[_Stencil], window: tuple[slice, slice], best: Signed, turn: Mask
) -> None:
    """How well the best rotation fits at each place of a window, and which it is."""
    half = stencils[0].kernel.shape[0] // 2
    rows, columns = (
        slice(max(half, s.start), min(n - half, s.stop)) for s, n in zip(window, left.shape, strict=True)
    )
    around = left[rows.start - half : rows.stop + half, columns.start - half : columns.stop + half]
    highest = np.full((rows.stop - rows.start, columns.stop - columns.start), -np.inf, np.float32)
    which = np.zeros(highest.shape, np.uint8)
    for number, stencil in enumerate(stencils):
        fit = cv2.matchTemplate(around, stencil.kernel, cv2.TM_CCORR)
        better = fit > highest
        highest[better], which[better] = fit[better], number
    best[rows, columns], turn[rows, columns] = highest, which


def _shared_out(window: Probability, outlines: list[Outline]) -> NDArray[np.int32]:
    """Whose each pixel of a clump is, by number from 1: grown from within the outlines."""
    markers = np.where(window > 0, 0, -2).astype(np.int32)
    for number, outline in enumerate(outlines, 1):
        core = np.zeros(window.shape, np.uint8)
        fill(core, outline.mean(0) + MARKER * (outline - outline.mean(0)))
        markers[(core > 0) & (window > 0)] = number
    beside = len(outlines) + 1
    markers[markers == -2] = beside
    landscape = np.asarray(255 * (1 - window), np.uint8)
    return np.asarray(cv2.watershed(cv2.cvtColor(landscape, cv2.COLOR_GRAY2BGR), markers))


def _believed(region: NDArray[np.bool_], laid: Outline, clump: Component) -> Outline:
    """The outline of a section's own pixels, or that which was laid where these tell otherwise."""
    # the watershed's lines belong to nobody
    grown = (
        np.asarray(cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8)), np.uint8) & clump.mask
    )
    own = outline_of(grown) if _iou(grown, laid) > BELIEVED else None
    return np.asarray((laid if own is None else own) + np.array(clump.corner))


def _iou(mask: Mask, outline: Outline) -> float:
    drawn = np.zeros_like(mask)
    fill(drawn, outline)
    return cv2.countNonZero(mask & drawn) / max(1, cv2.countNonZero(mask | drawn))
