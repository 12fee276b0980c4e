"""How held-out specimens are painted: shapes stamped and cells divided on a periodic tile.

Nothing here filters noise, which is how the textures of the training come about.
Lengths are pixels of the tile, which are 10 nm wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rng = np.random.Generator


def standardised(tile: Floats) -> Floats:
    """Mean 0 and sd 1, float32, edges softened to what pixels can show."""
    soft = cv2.GaussianBlur(np.pad(tile, 4, mode="wrap"), (0, 0), 0.6)[4:-4, 4:-4]
    return np.asarray((soft - soft.mean()) / soft.std(), dtype=np.float32)


def log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


@dataclass(frozen=True)
class Stamp:
    """A rotated ellipse: what it covers, and where in it each pixel lies.

    ``at`` indexes a tile; ``along`` and ``across`` (k, k) are coordinates in units of the radii.
    """

    at: tuple[NDArray[np.intp], NDArray[np.intp]]
    along: Doubles
    across: Doubles

    @classmethod
    def on(
        cls,
        shape: tuple[int, int],
        centre: tuple[float, float],
        radii: tuple[float, float],
        angle: float = 0.0,
        reach: float = 1.2,
    ) -> Stamp:
        """At ``centre`` (row, column), wrapped; the window reaches ``reach`` times the larger radius."""
        half = math.ceil(reach * max(radii)) + 1
        half = min(half, min(shape) // 2 - 1)
        offsets = np.arange(-half, half + 1)
        row, column = round(centre[0]), round(centre[1])
        down = (offsets + row - centre[0])[:, None]
        right = (offsets + column - centre[1])[None, :]
        c, s = math.cos(angle), math.sin(angle)
        rows, columns = np.ix_((offsets + row) % shape[0], (offsets + column) % shape[1])
        return cls((rows, columns), (c * right + s * down) / radii[0], (c * down - s * right) / radii[1])

    @property
    def radius(self) -> Doubles:
        """0 at the centre, 1 at the rim."""
        return np.hypot(self.along, self.across)

    def paint(self, tile: Floats, value: Doubles | float, where: NDArray[np.bool_]) -> None:
        """``value`` over the tile, where ``where`` (k, k) holds."""
        tile[self.at] = np.where(where, value, tile[self.at])


@dataclass(frozen=True)
class Cells:
    """A tile divided: whose each pixel is, and how far it lies from the nearest border [px]."""

    owner: NDArray[np.intp]
    border_px: Floats


def divided(points: Doubles, shape: tuple[int, int], rng: Rng, waviness_px: float = 0.0) -> Cells:
    """Voronoi cells of points (n, 2) (row, column), their borders bent by ``waviness_px``."""
    pad = min(shape) // 4
    seeds = np.zeros(shape, np.int32)
    rows, columns = (points % shape).astype(int).T
    seeds[rows, columns] = np.arange(1, len(points) + 1)
    padded = np.pad(seeds, pad, mode="wrap")
    _, label = cv2.distanceTransformWithLabels(
        (padded == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    names = np.zeros(int(label.max()) + 1, np.int32)
    names[label[padded > 0]] = padded[padded > 0] - 1
    owner = names[label][pad:-pad, pad:-pad]
    if waviness_px > 0:
        owner = _bent(owner, waviness_px, rng)
    border = (owner != np.roll(owner, 1, 0)) | (owner != np.roll(owner, 1, 1))
    inside = np.pad(~border, pad, mode="wrap").astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[pad:-pad, pad:-pad]
    return Cells(owner.astype(np.intp), np.asarray(distance, np.float32))


def _bent(owner: NDArray[np.int32], amplitude_px: float, rng: Rng) -> NDArray[np.int32]:
    """Labels read at places displaced by a few periodic waves."""
    places = [
        np.rint(np.arange(n).reshape(line) + amplitude_px / math.sqrt(3) * _waves(owner.shape, rng)) % n
        for n, line in zip(owner.shape, ((-1, 1), (1, -1)), strict=True)
    ]
    return np.asarray(owner[places[0].astype(int), places[1].astype(int)])


def _waves(shape: tuple[int, ...], rng: Rng) -> Floats:
    """Six plane waves that fit the tile, added up."""
    y, x = (2 * math.pi * np.arange(n, dtype=np.float32) / n for n in shape)
    total = np.zeros(shape, np.float32)
    for _ in range(6):
        (down, across), phase = rng.integers(-14, 15, 2), rng.uniform(0, 2 * math.pi)
        total += np.outer(np.sin(down * y + phase), np.cos(across * x))
        total += np.outer(np.cos(down * y + phase), np.sin(across * x))
    return total


def scattered(count: int, shape: tuple[int, int], rng: Rng) -> Doubles:
    """Points at random, (count, 2)."""
    return rng.uniform(0, 1, (count, 2)) * shape


def spaced(radii: Doubles, shape: tuple[int, int], rng: Rng, tries: int = 30) -> Doubles:
    """Disks of ``radii`` that do not overlap, largest first: rows of (row, column, radius)."""
    placed = np.zeros((0, 3))
    for radius in np.sort(radii)[::-1]:
        for point in scattered(tries, shape, rng):
            gap = np.abs(placed[:, :2] - point)
            gap = np.minimum(gap, np.asarray(shape) - gap)
            if np.all(np.hypot(*gap.T) > placed[:, 2] + radius):
                placed = np.vstack([placed, [*point, radius]])
                break
    return placed
