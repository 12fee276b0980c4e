"""Pictures of any size as tiled TIFF files with smaller levels: written whole, read part by part."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Shape (y, x) for grey, (y, x, 3) for red, green and blue."""
Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Shape = tuple[int, int]

PART_PX = 512
MOST_PART_PX = 64_000_000
"""A part is read whole each time, and so is a level that is not cut into tiles; larger ones are refused."""
MOST_COPIED_BYTES = 4 * 2**30
"""A picture that is copied into a run is held in memory as a whole, with its smaller levels beside it."""
STRETCHED = (0.2, 99.8)
"""Percentiles of a 16-bit picture that become black and white."""


class UnreadablePicture(ValueError):
    """A file is no picture that can be shown; the message says why in one sentence, without the path."""


@dataclass(frozen=True, slots=True)
class Level:
    """One size of a picture, and the size of the parts in which it is read; both (height, width)."""

    shape: Shape
    part: Shape

    @property
    def grid(self) -> Shape:
        """Rows and columns of parts."""
        return -(-self.shape[0] // self.part[0]), -(-self.shape[1] // self.part[1])


class PyramidTiff:
    """An open file. Parts may be read from any thread, one at a time. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises ``UnreadablePicture``."""
        self._lock = threading.Lock()
        with unreadable():
            self._file = tifffile.TiffFile(path)
        try:
            with unreadable():
                levels = self._file.series[0].levels
                self._pages = [cast(tifffile.TiffPage, level.pages[0]) for level in levels]
                self.levels = tuple(_level(page) for page in self._pages)
                self._black, self._white = self._range()
        except UnreadablePicture:
            self.close()
            raise

    def __enter__(self) -> PyramidTiff:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def part(self, level: int, row: int, column: int) -> Picture:
        """One part of a level, cut where the picture ends. Raises ``UnreadablePicture``."""
        with self._lock, unreadable():
            return self._in_8_bits(self._read(level, row, column))

    def _read(self, level: int, row: int, column: int) -> Pixels:
        shape, (height, width) = self.levels[level].shape, self.levels[level].part
        page = self._pages[level]
        keyframe = page.keyframe
        if not keyframe.is_tiled:
            return squeezed(page.asarray())
        index = row * self.levels[level].grid[1] + column
        self._file.filehandle.seek(page.dataoffsets[index])
        data = self._file.filehandle.read(page.databytecounts[index])
        pixels, *_ = keyframe.decode(data, index)
        whole = squeezed(np.asarray(pixels)[0])
        return whole[: min(height, shape[0] - row * height), : min(width, shape[1] - column * width)]

    def _range(self) -> tuple[float, float]:
        """What is black and white, from the smallest level; it is also proof that parts can be read."""
        smallest = self._read(len(self.levels) - 1, 0, 0)
        if smallest.dtype == np.uint8:
            return 0.0, 255.0
        low, high = np.percentile(smallest, STRETCHED)
        return float(low), float(high)

    def _in_8_bits(self, pixels: Pixels) -> Picture:
        if pixels.dtype == np.uint8:
            return cast(Picture, pixels)
        scaled = (pixels.astype(np.float32) - self._black) * (255 / max(self._white - self._black, 1.0))
        return np.asarray(np.clip(scaled, 0, 255), np.uint8)


@contextmanager
def unreadable() -> Iterator[None]:
    """Whatever a damaged file makes its reader stumble over, as one ``UnreadablePicture``."""
    try:
        yield
    except UnreadablePicture:
        raise
    except Exception as error:
        raise UnreadablePicture(f"the file is no picture that can be read ({error})") from error


def _level(page: tifffile.TiffPage) -> Level:
    level = _whole(page)
    if math.prod(level.part) > MOST_PART_PX:
        raise UnreadablePicture("its parts are too large to be read one by one; add the picture once more")
    return level


def _whole(page: tifffile.TiffPage) -> Level:
    """Refuses a size that a file only claims, since memory is taken for what is not in it as well."""
    kind = page.keyframe
    _require_kind(kind)
    shape = kind.imagelength, kind.imagewidth
    level = Level(shape, (kind.tilelength, kind.tilewidth) if kind.is_tiled else shape)
    if kind.compression == tifffile.COMPRESSION.NONE:
        held = kind.nbytes <= page.parent.filehandle.size
    else:
        held = len(page.dataoffsets) == math.prod(kind.chunked)
    if not held:
        raise UnreadablePicture("the file does not hold all parts of the picture")
    return level


def squeezed(pixels: NDArray[np.generic]) -> Pixels:
    """Grey without an axis for its channel, colour without transparency."""
    if pixels.ndim == 3:
        pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels[..., :3]
    return cast(Pixels, pixels)


def read_picture(path: Path) -> Pixels:
    """A TIFF, PNG or JPEG file as it is: shape (y, x) or (y, x, 3). Raises ``UnreadablePicture``."""
    if path.suffix.lower() in (".tif", ".tiff"):
        return _read_tiff(path)
    with unreadable():
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if image is None or image.dtype not in (np.uint8, np.uint16):
        raise UnreadablePicture("the file is neither a TIFF, a PNG nor a JPEG picture")
    if image.ndim == 3 and image.shape[2] >= 3:
        image = image[..., 2::-1]
    return squeezed(np.ascontiguousarray(image))


def _read_tiff(path: Path) -> Pixels:
    with unreadable(), tifffile.TiffFile(path) as file:
        full = file.series[0].levels[0]
        page = cast(tifffile.TiffPage, full.pages[0])
        _whole(page)
        if len(full.pages) != 1:
            raise UnreadablePicture(f"the file is a stack of {len(full.pages)} pictures; save one of them")
        require_copiable(full.nbytes)
        return squeezed(page.asarray())


def require_copiable(picture_bytes: int) -> None:
    """Raise ``UnreadablePicture`` for a picture that is too large to be held as a whole."""
    if picture_bytes > MOST_COPIED_BYTES:
        raise UnreadablePicture(
            f"the picture is too large to be copied, {picture_bytes / 1e9:.1f} of at most "
            f"{MOST_COPIED_BYTES / 1e9:.1f} GB; save it with larger pixels"
        )


def _require_kind(page: tifffile.TiffPage) -> None:
    plain = page.imagedepth == 1 and page.planarconfig == tifffile.PLANARCONFIG.CONTIG
    if not plain or page.samplesperpixel not in (1, 3, 4) or page.dtype not in (np.uint8, np.uint16):
        raise UnreadablePicture("the picture is neither grey nor colour of 8 or 16 bit")


def pyramid_bytes(image: Pixels, pixel_um: float | None = None) -> bytes:
    """An OME-TIFF of ``image``, shape (y, x) or (y, x, 3), with levels down to a single part."""
    smaller_levels = list(_halves(image))[1:]
    colour = image.ndim == 3
    metadata: dict[str, object] = {"axes": "YXS" if colour else "YX"}
    if pixel_um is not None:
        metadata |= {f"PhysicalSize{axis}": pixel_um for axis in "XY"}
        metadata |= {f"PhysicalSize{axis}Unit": "\N{MICRO SIGN}m" for axis in "XY"}
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, ome=True, bigtiff=image.nbytes > 2**31) as file:

        def write(level: Pixels, subifds: int, subfiletype: int, described: dict[str, object]) -> None:
            file.write(
                level,
                subifds=subifds,
                subfiletype=subfiletype,
                metadata=described,
                tile=(PART_PX, PART_PX),
                compression="zlib",
                photometric="rgb" if colour else "minisblack",
            )

        write(image, len(smaller_levels), 0, metadata)
        for level in smaller_levels:
            write(level, 0, 1, {})
    return buffer.getvalue()


def _halves(image: Pixels) -> Iterator[Pixels]:
    """The image and its smaller levels."""
    yield image
    while max(image.shape[:2]) > PART_PX:
        height, width = image.shape[:2]
        size = max(width // 2, 1), max(height // 2, 1)
        image = cast(Pixels, cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        yield image
