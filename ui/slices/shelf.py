"""The blocks that were read, and the pictures made of them: both bounded."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtGui import QImage

from hardware.types import Image
from ui.presenters.contrast import Contrast, as_shown, difference_as_shown
from ui.presenters.kept import Kept
from ui.presenters.slice_scene import Block, Placed

PIXELS_BYTES = 384 * 2**20
PICTURES_BYTES = 96 * 2**20

Made = tuple[Block, Block | None, Contrast]


class Shelf:
    """Grey values of blocks, and what is painted of them."""

    def __init__(self, budget_bytes: int = PIXELS_BYTES) -> None:
        self._pixels: Kept[Block, Image] = Kept(budget_bytes)
        self._pictures: Kept[Made, tuple[QImage, bytes]] = Kept(PICTURES_BYTES)

    def put(self, block: Block, pixels: Image) -> None:
        self._pixels.put(block, pixels, pixels.nbytes)

    def __contains__(self, block: Block) -> bool:
        return block in self._pixels

    def of(self, blocks: Iterable[Block]) -> list[Image]:
        """The pixels of those blocks that are here."""
        found = (self._pixels.get(block) for block in blocks)
        return [pixels for pixels in found if pixels is not None]

    def value(self, blocks: Iterable[Block], plane: Placed, x: float, y: float) -> int | None:
        """The grey value at a pixel of full resolution, from whichever of these blocks holds it."""
        for block in blocks:
            window, factor = block.window(plane.shape), 2**block.level
            column, row = math.floor(x / factor) - window.left, math.floor(y / factor) - window.top
            if 0 <= column < window.width and 0 <= row < window.height:
                pixels = self._pixels.get(block)
                return None if pixels is None else int(pixels[row, column])
        return None

    def picture(self, block: Block, minus: Block | None, contrast: Contrast) -> QImage | None:
        """A block as it is painted, or its difference to another one; None while one is not here."""
        made = block, minus, contrast
        if (kept := self._pictures.get(made)) is not None:
            return kept[0]
        grey = self._grey(block, minus, contrast)
        if grey is None:
            return None
        height, width = grey.shape
        data = grey.tobytes()
        picture = QImage(data, width, height, width, QImage.Format.Format_Grayscale8)
        # the picture shares the memory of its data
        self._pictures.put(made, (picture, data), len(data))
        return picture

    def _grey(self, block: Block, minus: Block | None, contrast: Contrast) -> NDArray[np.uint8] | None:
        found = self.of([block] if minus is None else [block, minus])
        if minus is None:
            return as_shown(found[0], contrast) if found else None
        if len(found) < 2 or found[0].shape != found[1].shape:
            return None
        return difference_as_shown(found[0], found[1], contrast)

    def clear(self) -> None:
        self._pixels.clear()
        self._pictures.clear()
