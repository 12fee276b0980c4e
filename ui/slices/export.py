"""Pictures of a slice as it is seen, for the reports of a run: PNG with its scale bar, TIFF without."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import tifffile
from numpy.typing import NDArray
from PyQt5.QtCore import QBuffer, QByteArray, QIODevice
from PyQt5.QtGui import QImage, QPainter

from ui.presenters.slices import Looked
from ui.slices.canvas import SliceCanvas

UM_PER_CM = 1e4


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a slice. ``um_per_px``: of both pictures."""

    name: str
    picture: QImage
    grey: NDArray[np.uint8]
    um_per_px: float

    def as_png(self) -> bytes:
        """The picture with its scale bar."""
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self.picture.save(buffer, "PNG")
        return bytes(data)

    def as_tiff(self) -> bytes:
        """Grey values alone, with the size of a pixel."""
        buffer = io.BytesIO()
        per_cm = UM_PER_CM / self.um_per_px
        tifffile.imwrite(buffer, self.grey, resolution=(per_cm, per_cm), resolutionunit="CENTIMETER")
        return buffer.getvalue()


def seen(canvas: SliceCanvas) -> Seen:
    """What a canvas shows now."""
    ratio = canvas.devicePixelRatioF()
    um_per_px = canvas.pixel_um / canvas.eye.zoom / ratio
    bare = _painted(canvas, with_signs=False).convertToFormat(QImage.Format.Format_Grayscale8)
    bits = bare.constBits()
    assert bits is not None
    rows = np.frombuffer(bits.asstring(bare.sizeInBytes()), np.uint8).reshape(
        bare.height(), bare.bytesPerLine()
    )
    grey = rows[:, : bare.width()].copy()
    return Seen(name_of(canvas.scene.looked), _painted(canvas, with_signs=True), grey, um_per_px)


def name_of(looked: Looked) -> str:
    """What a picture of a slice is called."""
    parts = [looked.section, f"cycle{looked.cycle + 1}"]
    parts += [f"tile{looked.tile + 1}"] if looked.tile is not None else []
    parts += [f"take{looked.take + 1}"] if looked.take is not None else []
    return "-".join(parts + (["difference"] if looked.difference else []))


def _painted(canvas: SliceCanvas, with_signs: bool) -> QImage:
    ratio = canvas.devicePixelRatioF()
    image = QImage(canvas.size() * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    canvas.paint(painter, with_signs)
    painter.end()
    return image
