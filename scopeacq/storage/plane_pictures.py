"""A run's planes as pictures of 8 bits, from a stamp's size down to each pixel."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.types import Image
from scopeacq.journal.records import PlaneKey
from scopeacq.storage.ome_zarr import chunk_shape
from scopeacq.storage.plane_windows import PlaneShape, Take, Window, plane_shape, read_window
from scopeacq.storage.takes import StorageError
from scopeacq.storage.thumbnails import smaller

STRETCHED = (0.5, 99.5)
"""Percentiles of a plane that become black and white."""
RANGE_FROM_PX = 256
"""A picture of this size tells them well enough."""
MOST_RANGES = 20_000


@dataclass
class PlanePictures:
    """The pictures of one run, whose store need not be there yet. Used by one thread at a time.

    Where a plane was not accepted, that of the cycle before is shown. All pictures of one plane have the
    same black and white, so that its parts meet without a seam.
    """

    root: Path
    _shapes: dict[tuple[str, int], PlaneShape] = field(default_factory=dict)
    _ranges: OrderedDict[PlaneKey, tuple[float, float]] = field(default_factory=OrderedDict)

    def whole(self, key: PlaneKey, edge_px: int) -> Image | None:
        """The plane, shape (y, x), uint8, at most ``edge_px`` along its longer edge; None when absent."""
        for there in _or_before(key):
            # absent or damaged: there is nothing to show of this one
            with suppress(StorageError):
                image = self._whole_level(there, edge_px)
                return _stretched(smaller(image, edge_px), self._range(there, image))
        return None

    def part(self, key: PlaneKey, level: int, row: int, column: int) -> Image | None:
        """One chunk of one level, shape (y, x), uint8; None when absent."""
        for there in _or_before(key):
            with suppress(StorageError):
                height, width = chunk_shape(self._shape(there).levels[level])
                window = Window(level, row * height, column * width, height, width)
                return _stretched(self._read(there, window), self._range(there))
        return None

    def _whole_level(self, key: PlaneKey, least_px: int) -> Image:
        """The smallest level with ``least_px`` along its longer edge, or the full one."""
        levels = self._shape(key).levels
        level = max((n for n, shape in enumerate(levels) if max(shape) >= least_px), default=0)
        return self._read(key, Window(level, 0, 0, *levels[level]))

    def _read(self, key: PlaneKey, window: Window) -> Image:
        return read_window(self.root, Take(key, 0, chosen=True), self._shape(key), window)

    def _shape(self, key: PlaneKey) -> PlaneShape:
        """Raises ``StorageError`` as long as there is no image of the tile."""
        place = key.section, key.tile
        if place not in self._shapes:
            self._shapes[place] = plane_shape(self.root, *place)
        return self._shapes[place]

    def _range(self, key: PlaneKey, image: Image | None = None) -> tuple[float, float]:
        """Black and white of a plane. Raises ``StorageError``."""
        if key not in self._ranges:
            if image is None:
                image = self._whole_level(key, RANGE_FROM_PX)
            low, high = np.percentile(smaller(image, RANGE_FROM_PX), STRETCHED)
            self._ranges[key] = float(low), float(high)
            if len(self._ranges) > MOST_RANGES:
                self._ranges.popitem(last=False)
        return self._ranges[key]


def _or_before(key: PlaneKey) -> Iterator[PlaneKey]:
    yield key
    if key.cycle > 0:
        yield replace(key, cycle=key.cycle - 1)


def _stretched(image: Image, black_white: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = black_white
    grey = np.clip((image.astype(np.float32) - low) * (255 / max(high - low, 1.0)), 0, 255)
    return np.asarray(grey, np.uint8)
