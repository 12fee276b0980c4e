"""From tiles that were taken to one picture: shading, places of all tiles, and the picture itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.types import Image
from scopeacq.mosaic.kept_tiles import Tile
from scopeacq.mosaic.layout import MosaicLayout, Spot, neighbours
from scopeacq.mosaic.registering import Fit, Link, fitted, linked
from scopeacq.mosaic.shading import FlatField, flat_field
from scopeacq.plan.geometry import Point
from scopeacq.storage.growing_pyramid import GrowingPyramid

STAGE_SD_UM = 3.0
"""How well the stage's own word is believed where no overlap says more."""

SHADING_SHARE, LINKS_SHARE = 0.2, 0.6
"""How far shading and links are, of all the work."""

T = TypeVar("T")
Floats = NDArray[np.float64]
Progress = Callable[[float], None]
"""Told the share that is done, 0 to 1; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class Composition:
    """How tiles were fitted together, and the shading that was taken out of them."""

    fit: Fit
    shading: FlatField


def compose(
    layout: MosaicLayout, read: Callable[[Spot], Tile], path: Path, progress: Progress
) -> Composition:
    """Write the picture of a whole mosaic; tiles are read one by one, several times.

    Raises ``OSError``, and what ``read`` and ``progress`` raise.
    """
    spots = layout.spots
    shading = flat_field(read(s).image for s in _counted(spots, progress, 0.0, SHADING_SHARE))
    believed = np.array([layout.corner_px(read(spot).centre_um) for spot in spots])
    pairs = _counted(tuple(neighbours(spots)), progress, SHADING_SHARE, LINKS_SHARE)
    links = [link for pair in pairs if (link := _link(layout, read, believed, pair)) is not None]
    fit = fitted(believed, links, STAGE_SD_UM * 1e3 / layout.frame.pixel_size_nm)
    with open_picture(layout, path) as picture:
        numbered = list(zip(spots, fit.corners_px.tolist(), strict=True))
        for spot, (column, row) in _counted(numbered, progress, LINKS_SHARE, 1.0):
            lay(picture, layout, shading.corrected(read(spot).image), (column, row))
        picture.sync()
    return Composition(fit, shading)


def open_picture(layout: MosaicLayout, path: Path) -> GrowingPyramid:
    """A black picture of a mosaic. Raises ``OSError``."""
    return GrowingPyramid(path, layout.height_px, layout.width_px, layout.placement.pixel_um)


def lay(picture: GrowingPyramid, layout: MosaicLayout, image: Image, corner_px: Point) -> None:
    """Lay a tile to a fraction of a pixel, less a quarter of the overlap at each of its edges.

    What is left of the overlap is for tiles that lie farther apart than planned.
    """
    margin = layout.overlap_px // 4
    column, row = math.floor(corner_px[0]), math.floor(corner_px[1])
    shift = np.array([[1.0, 0.0, corner_px[0] - column], [0.0, 1.0, corner_px[1] - row]])
    size = image.shape[1], image.shape[0]
    moved: NDArray[np.uint8] = np.asarray(
        cv2.warpAffine(image, shift, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    picture.lay(moved[margin:-margin, margin:-margin], row + margin, column + margin)


def _link(
    layout: MosaicLayout, read: Callable[[Spot], Tile], believed: Floats, pair: tuple[int, int]
) -> Link | None:
    first, second = pair
    pictures = read(layout.spots[first]).image, read(layout.spots[second]).image
    dx, dy = (believed[second] - believed[first]).tolist()
    return linked(first, second, pictures, (dx, dy), layout.overlap_px)


def _counted(items: Sequence[T], progress: Progress, begin: float, end: float) -> Iterator[T]:
    """The items; progress goes from ``begin`` to ``end`` while they are used."""
    for number, item in enumerate(items, 1):
        yield item
        progress(begin + (end - begin) * number / len(items))
