"""A frame as a canvas shows it: which part, how fine, between which levels, and what lies under a point."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtCore import QPointF, QRectF
from PyQt5.QtGui import QImage

from hardware.types import Image
from scopeacq.vision.looking import Levels, grey
from ui.presenters.camera import Camera


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame. ``overview`` is the same with at most 2048 px along an edge; ``image`` may be it as well."""

    image: Image
    overview: Image
    pixel_size_nm: float

    @property
    def size_um(self) -> tuple[float, float]:
        """Width and height."""
        height, width = self.image.shape
        return 1e-3 * width * self.pixel_size_nm, 1e-3 * height * self.pixel_size_nm

    def rect(self, camera: Camera) -> QRectF:
        """Where the whole frame lies in the widget; its middle is the camera's origin."""
        width, height = self.size_um
        left, top = camera.to_px((-width / 2, height / 2))
        return QRectF(left, top, width / camera.um_per_px, height / camera.um_per_px)


@dataclass(frozen=True, slots=True)
class Hover:
    """What lies under the cursor: column, row, grey value, and um from the middle (x right, y up)."""

    column: int
    row: int
    value: int
    x_um: float
    y_um: float

    @classmethod
    def at(cls, cursor: QPointF, picture: Picture, camera: Camera) -> Hover | None:
        """What lies under a point of the widget; None beside the frame."""
        x_um, y_um = camera.to_um((cursor.x(), cursor.y()))
        (width_um, height_um), (rows, columns) = picture.size_um, picture.image.shape
        column = int((x_um / width_um + 0.5) * columns // 1)
        row = int((0.5 - y_um / height_um) * rows // 1)
        if not (0 <= column < columns and 0 <= row < rows):
            return None
        return cls(column, row, int(picture.image[row, column]), x_um, y_um)


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a frame, ready to be drawn; ``key`` says what it is a part of."""

    key: tuple[object, ...]
    image: QImage
    part: QRectF

    def place(self, whole: QRectF) -> QRectF:
        """Where it lies when the whole frame lies there."""
        return QRectF(
            whole.left() + self.part.left() * whole.width(),
            whole.top() + self.part.top() * whole.height(),
            self.part.width() * whole.width(),
            self.part.height() * whole.height(),
        )


def cut_out(
    picture: Picture, whole: QRectF, window: QRectF, levels: Levels, ratio: float, last: Cut | None
) -> Cut | None:
    """The part of a frame that ``window`` shows, no finer than the screen; ``last`` where that still is it.

    Args:
        whole: where the whole frame lies.
        ratio: pixels of the screen per logical pixel.
    """
    seen = whole.intersected(window)
    if seen.isEmpty():
        return None
    fine = whole.width() * ratio > picture.overview.shape[1]
    source = picture.image if fine else picture.overview
    rows, columns = source.shape
    left, right = ((x - whole.left()) / whole.width() * columns for x in (seen.left(), seen.right()))
    top, bottom = ((y - whole.top()) / whole.height() * rows for y in (seen.top(), seen.bottom()))
    x0, x1, y0, y1 = int(left), min(int(right) + 1, columns), int(top), min(int(bottom) + 1, rows)
    key = (id(source), x0, x1, y0, y1, levels)
    if last is not None and last.key == key:
        return last
    shown = grey(source[y0:y1, x0:x1], levels)
    height, width = shown.shape
    image = QImage(shown.tobytes(), width, height, width, QImage.Format.Format_Grayscale8).copy()
    return Cut(key, image, QRectF(x0 / columns, y0 / rows, width / columns, height / rows))
