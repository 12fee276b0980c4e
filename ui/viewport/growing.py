"""The overview that is being taken: each tile as it arrives, coarsely, until the whole picture is there."""

from __future__ import annotations

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QImage, QPainter, QTransform

from scopeacq.plan.placement import Placement
from scopeacq.storage.pyramid_tiff import Picture
from ui.viewport.pictures import as_image
from ui.viewport.underlay import pixel_edges_to_wafer

EDGE_PX = 256
"""Tiles are kept so wide: some hundreds of them take less memory than one that is whole."""


class Growing:
    """The tiles that have arrived so far."""

    def __init__(self) -> None:
        self._tiles: list[tuple[QRectF, QTransform, QImage]] = []

    def __len__(self) -> int:
        return len(self._tiles)

    def add(self, pixels: Picture, placement: Placement) -> None:
        """One tile more; ``pixels`` are grey, shape (rows, columns), uint8."""
        height, width = pixels.shape[:2]
        step = max(width // EDGE_PX, 1)
        image = as_image(pixels[::step, ::step])
        self._tiles.append((QRectF(0, 0, width, height), pixel_edges_to_wafer(placement), image))

    def clear(self) -> None:
        """Forget them: the whole picture is there, or another one begins."""
        self._tiles.clear()

    def draw(self, painter: QPainter, to_px: QTransform) -> None:
        """All of them, the last on top."""
        for area, to_wafer, image in self._tiles:
            painter.setWorldTransform(to_wafer * to_px)
            painter.drawImage(area, image)
        painter.resetTransform()
