"""A grey picture of any size that grows piece by piece: a tiled TIFF pyramid, valid after every piece.

All levels are laid out when the file is made, uncompressed, so that a piece touches only those parts of
each level that lie under it. Nothing else is held in memory or written again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from scopeacq.storage.pyramid_tiff import PART_PX, Shape

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Level:
    """``offsets``: where each part lies in the file, row by row."""

    shape: Shape
    offsets: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Parts side by side."""
        return -(-self.shape[1] // PART_PX)


@dataclass(frozen=True, slots=True)
class _Box:
    """Pixels of a level: rows from ``top`` to before ``bottom``, columns alike."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> Shape:
        return self.bottom - self.top, self.right - self.left


class GrowingPyramid:
    """An open file that is laid down upon. Use as a context manager, from one thread."""

    def __init__(self, path: Path, height_px: int, width_px: int, pixel_um: float) -> None:
        """Make the file, black, at least as large as asked for. Raises ``OSError``."""
        self._levels = _made(path, (height_px, width_px), pixel_um)
        self._file = path.open("r+b")

    def __enter__(self) -> GrowingPyramid:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def lay(self, piece: Grey, top: int, left: int) -> None:
        """Lay ``piece``, shape (y, x), over what is there; what reaches beyond the picture is cut off."""
        height, width = self._levels[0].shape
        box = _Box(
            max(top, 0),
            min(top + piece.shape[0], height),
            max(left, 0),
            min(left + piece.shape[1], width),
        )
        if min(box.shape) <= 0:
            return
        self._write(0, box, piece[box.top - top : box.bottom - top, box.left - left : box.right - left])
        for number in range(1, len(self._levels)):
            box = self._renew(number, box)
        self._file.flush()

    def sync(self) -> None:
        """What was laid reaches the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def _renew(self, number: int, below: _Box) -> _Box:
        """Make a level anew where the larger one changed; the pixels that this touched."""
        box = _Box(below.top // 2, -(-below.bottom // 2), below.left // 2, -(-below.right // 2))
        finer = self._read(number - 1, _Box(2 * box.top, 2 * box.bottom, 2 * box.left, 2 * box.right))
        halved = cv2.resize(finer, box.shape[::-1], interpolation=cv2.INTER_AREA)
        self._write(number, box, np.asarray(halved, np.uint8))
        return box

    def _read(self, number: int, box: _Box) -> Grey:
        pixels = np.empty(box.shape, np.uint8)
        for offset, in_part, in_box in _parts(self._levels[number], box):
            pixels[in_box] = self._part(offset)[in_part]
        return pixels

    def _write(self, number: int, box: _Box, pixels: Grey) -> None:
        for offset, in_part, in_box in _parts(self._levels[number], box):
            part = self._part(offset)
            part[in_part] = pixels[in_box]
            self._file.seek(offset)
            self._file.write(part.tobytes())

    def _part(self, offset: int) -> Grey:
        self._file.seek(offset)
        data = bytearray(self._file.read(PART_PX * PART_PX))
        return np.frombuffer(data, np.uint8).reshape(PART_PX, PART_PX)


_Region = tuple[slice, slice]


def _parts(level: _Level, box: _Box) -> Iterator[tuple[int, _Region, _Region]]:
    """The parts under a box: the place of each in the file, and what they share, in either's pixels."""
    for row in range(box.top // PART_PX, -(-box.bottom // PART_PX)):
        top, bottom = max(box.top, row * PART_PX), min(box.bottom, (row + 1) * PART_PX)
        for column in range(box.left // PART_PX, -(-box.right // PART_PX)):
            left, right = max(box.left, column * PART_PX), min(box.right, (column + 1) * PART_PX)
            in_part = (
                slice(top - row * PART_PX, bottom - row * PART_PX),
                slice(left - column * PART_PX, right - column * PART_PX),
            )
            in_box = slice(top - box.top, bottom - box.top), slice(left - box.left, right - box.left)
            yield level.offsets[row * level.columns + column], in_part, in_box


def _made(path: Path, least: Shape, pixel_um: float) -> tuple[_Level, ...]:
    """Write a black picture, the smallest that can be halved down to a single part."""
    halvings = 0
    while max(least) > PART_PX << halvings:
        halvings += 1
    rows, columns = (-(-edge >> halvings) << halvings for edge in least)
    shapes = [(rows >> n, columns >> n) for n in range(halvings + 1)]
    metadata: dict[str, object] = {"axes": "YX"}
    metadata |= {f"PhysicalSize{axis}": pixel_um for axis in "XY"}
    metadata |= {f"PhysicalSize{axis}Unit": "\N{MICRO SIGN}m" for axis in "XY"}
    with tifffile.TiffWriter(path, ome=True, bigtiff=2 * rows * columns > 2**31) as file:
        for number, shape in enumerate(shapes):
            file.write(
                None,
                shape=shape,
                dtype=np.uint8,
                tile=(PART_PX, PART_PX),
                photometric="minisblack",
                subifds=halvings if number == 0 else 0,
                subfiletype=0 if number == 0 else 1,
                metadata=metadata if number == 0 else {},
            )
    with tifffile.TiffFile(path) as written:
        pages = [cast(tifffile.TiffPage, level.pages[0]) for level in written.series[0].levels]
        return tuple(_Level(s, tuple(p.dataoffsets)) for s, p in zip(shapes, pages, strict=True))
