"""Parts of planes, read without the rest: whoever looks at a plane reads the level and the pixels in view.

Shards are uncompressed chunks one after another, so that a part is a few reads at known places. A file is
never mapped into memory: where a folder vanishes under a map, the program would be ended by a signal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from io import FileIO
from itertools import product
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.types import Image
from scopeacq.journal.records import PlaneKey
from scopeacq.storage import ome_zarr, takes
from scopeacq.storage.ome_zarr import Shape
from scopeacq.storage.storage import read_metadata
from scopeacq.storage.takes import StorageError

MOST_EDGE_PX = 2**16
"""No microscope scans planes as wide or high as this; metadata that say so are damaged."""


@dataclass(frozen=True, slots=True)
class Take:
    """One scan of a plane. Only a chosen one has smaller levels of its own on the disk."""

    key: PlaneKey
    take: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels of one level."""

    level: int
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class PlaneShape:
    """Level 0 of all planes of one tile: shape (y, x) and type."""

    shape_yx: Shape
    dtype: np.dtype[Any]

    @property
    def levels(self) -> list[Shape]:
        """Shapes (y, x) of all levels, the finest first."""
        return ome_zarr.level_shapes(self.shape_yx)


def plane_shape(images: Path, section: str, tile: int) -> PlaneShape:
    """Shape and type of a tile's planes. ``images``: the store's folder.

    Raises:
        StorageError: there are none, or their metadata is damaged.
    """
    node = images / section / str(tile) / "0"
    match read_metadata(node):
        case {
            "shape": [_, int(height), int(width)],
            "data_type": "uint8" | "uint16" as dtype,
        } if 0 < height < MOST_EDGE_PX and 0 < width < MOST_EDGE_PX:
            return PlaneShape((height, width), np.dtype(dtype))
    raise StorageError(f"{node} is not a stack of planes; check the folder of images.")


def file_of(images: Path, take: Take, level: int = 0) -> Path:
    """Where a take lies. Smaller levels exist of chosen ones only."""
    if not take.chosen and level == 0:
        return images / takes.take_path(take.key, take.take)
    image = images / take.key.section / str(take.key.tile)
    return image / str(level) / takes.grid_place(take.key.cycle)


def read_window(images: Path, take: Take, shape: PlaneShape, window: Window) -> Image:
    """The pixels of a window, shape (height, width), clipped to the plane.

    A level that is not on the disk, or damaged, is made of level 0 by means over its pixels.

    Raises:
        StorageError: the file is missing, cut off or not such a plane, or cannot be read.
    """
    window = _clipped(window, shape.levels[window.level])
    if window.level == 0:
        return _stored(images, take, shape, window)
    if take.chosen:
        # smaller levels are for looking only: a missing or damaged one is made again
        with suppress(StorageError):
            return _stored(images, take, shape, window)
    return _derived(images, take, shape, window)


def _stored(images: Path, take: Take, shape: PlaneShape, window: Window) -> Image:
    path = file_of(images, take, window.level)
    try:
        with path.open("rb", buffering=0) as file:
            return _read(file, shape.levels[window.level], shape.dtype, window)
    except FileNotFoundError as error:
        raise StorageError(f"The file {path} of this plane is missing.") from error
    except (OSError, ValueError) as error:
        raise StorageError(f"The file {path} of this plane cannot be read ({error}).") from error


def _clipped(window: Window, shape_yx: Shape) -> Window:
    top, left = max(window.top, 0), max(window.left, 0)
    bottom = min(window.top + window.height, shape_yx[0])
    right = min(window.left + window.width, shape_yx[1])
    return replace(window, top=top, left=left, height=max(bottom - top, 0), width=max(right - left, 0))


def _derived(images: Path, take: Take, shape: PlaneShape, window: Window) -> Image:
    factor = 2**window.level
    fine = Window(0, *(n * factor for n in (window.top, window.left, window.height, window.width)))
    pixels = read_window(images, take, shape, fine)
    if not pixels.size:
        return np.zeros((window.height, window.width), shape.dtype)
    size = window.width, window.height
    return cast(Image, cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _read(file: FileIO, shape_yx: Shape, dtype: np.dtype[Any], window: Window) -> Image:
    """Copy the window out of the chunks that it touches. Raises ``ValueError`` for another file."""
    _refuse_other(file, shape_yx, dtype)
    chunk = ome_zarr.chunk_shape(shape_yx)
    columns = -(-shape_yx[1] // chunk[1])
    out: NDArray[Any] = np.empty((window.height, window.width), dtype)
    for row, column in _touched(window, chunk):
        top, left = row * chunk[0], column * chunk[1]
        rows = max(window.top, top), min(window.top + window.height, top + chunk[0])
        start, stop = max(window.left, left), min(window.left + window.width, left + chunk[1])
        place = (row * columns + column) * chunk[0] + rows[0] - top
        part = _rows(
            file, dtype, place * chunk[1], (rows[1] - rows[0], chunk[1]), start - left, stop - left
        )
        out[rows[0] - window.top : rows[1] - window.top, start - window.left : stop - window.left] = part
    return out


def _rows(
    file: FileIO, dtype: np.dtype[Any], first: int, shape_yx: Shape, start: int, stop: int
) -> NDArray[Any]:
    """Columns ``start`` to ``stop`` of rows of one chunk, which begin at pixel ``first`` of the file."""
    rows, width = shape_yx
    if rows == 1:
        # a line through a stack needs no more than its pixels
        first, width, start, stop = first + start, stop - start, 0, stop - start
    file.seek(first * dtype.itemsize)
    data = file.read(rows * width * dtype.itemsize)
    if len(data) != rows * width * dtype.itemsize:
        raise ValueError("it is cut off")
    return np.frombuffer(data, dtype.newbyteorder("<")).reshape(rows, width)[:, start:stop]


def _touched(window: Window, chunk: Shape) -> Iterator[tuple[int, int]]:
    if not window.height or not window.width:
        return iter(())
    rows = range(window.top // chunk[0], (window.top + window.height - 1) // chunk[0] + 1)
    columns = range(window.left // chunk[1], (window.left + window.width - 1) // chunk[1] + 1)
    return product(rows, columns)


def _refuse_other(file: FileIO, shape_yx: Shape, dtype: np.dtype[Any]) -> None:
    index = ome_zarr.shard_index(shape_yx, dtype)
    size = file.seek(0, 2)
    if size >= len(index):
        file.seek(-len(index), 2)
        if file.read(len(index)) == index and size == _data_bytes(shape_yx, dtype) + len(index):
            return
    raise ValueError(f"it is cut off or not a {dtype.name} plane of {shape_yx[1]} x {shape_yx[0]} pixels")


def _data_bytes(shape_yx: Shape, dtype: np.dtype[Any]) -> int:
    chunk = ome_zarr.chunk_shape(shape_yx)
    rows, columns = (-(-n // c) for n, c in zip(shape_yx, chunk, strict=True))
    return rows * columns * chunk[0] * chunk[1] * dtype.itemsize
