"""How unevenly the detector sees a field of view, from the tiles themselves, and its correction.

Tiles show bright tissue and dark wafer at different places. What all bright spots (and all dark ones) have
in common at a place of the frame is shading; medians leave out what only a few tiles show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.types import Image

Floats = NDArray[np.float64]
Grey = NDArray[np.uint8]

BLOCKS = 32
"""A tile is looked at in so many blocks per edge."""
DEGREE = 4
"""Shading is a polynomial of the place in the frame."""
LEAST_TILES = 3
"""A block says something when so many tiles are alike there."""
LEAST_GREY = 1.0
"""What is darker tells nothing."""
STIFFNESS = 0.5
"""Weight of an even field, in blocks of the brightest kind: without evidence nothing is corrected."""
LIMITS = (0.5, 2.0)
"""No correction goes farther; a frame as uneven as that is no shading."""


_POWERS = tuple((i, n - i) for n in range(1, DEGREE + 1) for i in range(n + 1))


def _mean_power(exponent: int) -> float:
    """The mean of ``t ** exponent`` from -1 to 1."""
    return 1.0 / (exponent + 1) if exponent % 2 == 0 else 0.0


@dataclass(frozen=True, slots=True)
class FlatField:
    """The gain over a frame, 1 on average: a polynomial of the place, from -1 to 1 along each edge."""

    coefficients: tuple[float, ...]

    def gain(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """The gain of each pixel of a frame of (rows, columns), float32."""
        rows, columns = (np.linspace(-1.0, 1.0, edge) for edge in shape)
        gain = np.ones(shape)
        for factor, (i, j) in zip(self.coefficients, _POWERS, strict=True):
            gain += factor * (rows[:, None] ** i * columns[None, :] ** j - _mean_power(i) * _mean_power(j))
        return np.clip(gain, *LIMITS).astype(np.float32)

    def corrected(self, image: Image) -> Grey:
        """A tile, 2-D and 8 bit, as an even detector would have seen it."""
        rows, columns = image.shape
        product = cv2.multiply(image, _inverse_gain(self, (rows, columns)), dtype=cv2.CV_8U)
        return np.asarray(product, np.uint8)

    @property
    def unevenness(self) -> float:
        """The largest gain over the least, less 1."""
        gain = self.gain((BLOCKS, BLOCKS))
        return float(gain.max() / gain.min()) - 1.0


@lru_cache(maxsize=2)
def _inverse_gain(field: FlatField, shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(1.0 / field.gain(shape), np.float32)


EVEN = FlatField((0.0,) * len(_POWERS))


def flat_field(tiles: Iterable[Image]) -> FlatField:
    """The shading that tiles of one shape have in common; even where they are too few to tell.

    Each tile is held only while it is looked at. ``tiles``: 2-D, uint8 or uint16.
    """
    blocks = np.array([_blocks(tile) for tile in tiles])
    if len(blocks) < LEAST_TILES:
        return EVEN
    evidence = list(_evidence(blocks))
    if not evidence:
        return EVEN
    places, ratios, weights = (np.concatenate(parts) for parts in zip(*evidence, strict=True))
    rows, columns = (2 * places.T + 1) / BLOCKS - 1
    terms = [rows**i * columns**j - _mean_power(i) * _mean_power(j) for i, j in _POWERS]
    # the classes' own brightness is fitted along, since medians over a few blocks may miss it
    design = np.column_stack([*terms, np.ones_like(rows)])
    normal = design.T @ (weights[:, None] * design)
    normal[np.diag_indices(len(terms))] += STIFFNESS
    solution = np.linalg.solve(normal, design.T @ (weights * (ratios - 1.0)))
    return FlatField(tuple((solution[:-1] / (1.0 + solution[-1])).tolist()))


def _blocks(tile: Image) -> Floats:
    small = cv2.resize(tile.astype(np.float32), (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float64)


def _evidence(blocks: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Of bright and of dark blocks: places (n, 2), grey over that of their kind (n,), weights (n,).

    Weights follow the square of the grey: noise and offset are alike in both kinds.
    """
    border = _border(blocks)
    brightest = float(np.median(blocks[blocks >= border]))
    for kind in (_within(blocks > border), _within(blocks <= border)):
        count = kind.sum(axis=0)
        told = count >= LEAST_TILES
        if not told.any():
            continue
        of_kind = np.where(kind, blocks, np.nan)[:, told]
        medians = np.nanmedian(of_kind, axis=0)
        typical = float(np.median(medians))
        if typical < LEAST_GREY:
            continue
        weights = (typical / max(brightest, typical)) ** 2 * np.minimum(count[told] / LEAST_TILES, 3.0)
        yield np.argwhere(told).astype(np.float64), medians / typical, weights


def _within(kind: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Blocks whose neighbours are of their kind: what lies on an edge is partly of the other one."""
    square = np.ones((3, 3), np.uint8)
    return np.array([cv2.erode(one.astype(np.uint8), square, borderValue=1) for one in kind], np.bool_)


def _border(blocks: Floats) -> float:
    """The grey between wafer and tissue, by Otsu's method."""
    low, high = float(blocks.min()), float(blocks.max())
    if high <= low:
        return high
    levels = np.rint((blocks - low) * (255.0 / (high - low))).astype(np.uint8)
    border, _ = cv2.threshold(levels.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return low + float(border) * (high - low) / 255.0
