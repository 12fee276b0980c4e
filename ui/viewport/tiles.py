"""Paints the tiles of one section: one picture of all from afar, each with sign and image from near."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QImage, QPainter, QTransform

from scopeacq.journal.records import PlaneKey
from ui.presenters.camera import Camera
from ui.presenters.sections import GLYPHS, SectionShown, TileState
from ui.theme import FontPt, font
from ui.viewport.colours import legible_on
from ui.viewport.grid_images import GridImages
from ui.viewport.look import Look, cosmetic
from ui.viewport.pictures import Pictures
from ui.viewport.tile_pictures import PICTURES_FROM_PX, Slice, TilePictures

LINES_FROM_PX = 7.0
"""Tiles of this edge get lines between them,"""
SIGNS_FROM_PX = 22.0
"""and of this one signs of their states."""
SIGN_PX = 18.0
FRAME_PX = 1.5
LEFT_OUT_OPACITY = 0.35
LOOK_OPACITY = 0.45
"""Of the state's colour over a low-dose look at the section, where the tile has no picture yet."""


class TilePainter:
    """Keeps what was painted before for the next frame."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = TilePictures(pictures)
        self._images = GridImages()

    def draw(self, painter: QPainter, look: Look, local: QTransform, shown: SectionShown) -> None:
        """Paint in the section's own frame, to which ``local`` was set: um, y down, ROI's centre at 0."""
        tile_px = min(shown.grid.tile_um) / look.camera.um_per_px
        indices = _tiles_in(shown, local, look.camera) if tile_px >= SIGNS_FROM_PX else []
        if tile_px < PICTURES_FROM_PX:
            self._draw_all(painter, look, shown, lines=tile_px >= LINES_FROM_PX)
            _draw_signs(painter, look, shown, [(index, False) for index in indices])
            _draw_chosen(painter, look, shown)
            return
        looked = self._pictures.draw_look(painter, shown)
        drawn = [(n, self._draw_inside(painter, look, shown, n, over_look=looked)) for n in indices]
        # frames last, since neighbouring tiles overlap
        for index, picture in drawn:
            _draw_frame(painter, look, shown, index, over_picture=picture)
        _draw_signs(painter, look, shown, drawn)
        _draw_chosen(painter, look, shown)

    def _draw_all(self, painter: QPainter, look: Look, shown: SectionShown, *, lines: bool) -> None:
        width, height = shown.grid.size_um
        painter.drawImage(
            QRectF(-width / 2, -height / 2, width, height), self._images.of(shown, look.paint)
        )
        if lines and (between := _between(shown)):  # a grid of one tile has none
            painter.setPen(cosmetic(QColor(look.shades.panel), 1.0))
            painter.drawLines(*between)

    def _draw_inside(
        self, painter: QPainter, look: Look, shown: SectionShown, index: int, *, over_look: bool
    ) -> bool:
        """The tile's latest slice, or the colour of its state; whether it was a picture."""
        tile, opacity = shown.tiles[index], painter.opacity()
        left_out = tile.state is TileState.INACTIVE
        painter.setOpacity(opacity * (LEFT_OUT_OPACITY if left_out else 1.0))
        pictured = False
        if tile.cycle is not None:
            plane = PlaneKey(tile.cycle, shown.id, index)
            taken = Slice(plane, _area(shown, index), shown.grid.tile_px, tile.state)
            pictured = self._pictures.draw(painter, look, taken)
        if not pictured:
            painter.setOpacity(opacity * (LOOK_OPACITY if over_look else 1.0))
            painter.fillRect(_area(shown, index), look.paint.colour(shown, tile))
        painter.setOpacity(opacity)
        return pictured


def _draw_frame(
    painter: QPainter, look: Look, shown: SectionShown, index: int, *, over_picture: bool
) -> None:
    """The tile's edge; over a picture it has the state's colour."""
    area, inset = _area(shown, index), look.camera.um_per_px * FRAME_PX
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if over_picture:
        painter.setPen(cosmetic(look.paint.colour(shown, shown.tiles[index]), FRAME_PX))
        painter.drawRect(area.adjusted(inset, inset, -inset, -inset))
    else:
        painter.setPen(cosmetic(QColor(look.shades.panel), 1.0))
        painter.drawRect(area)


def _draw_chosen(painter: QPainter, look: Look, shown: SectionShown) -> None:
    """The edges of tiles that are chosen."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(cosmetic(QColor(look.shades.accent), 2 * FRAME_PX))
    for section, index in look.selected_tiles:
        if section == shown.id and index < len(shown.tiles):
            painter.drawRect(_area(shown, index))


def _area(shown: SectionShown, index: int) -> QRectF:
    """A tile in the section's own frame, y down."""
    (x, y), (u, v) = shown.grid.offset_um(index), shown.grid.tile_um
    return QRectF(x - u / 2, -y - v / 2, u, v)


def _draw_signs(
    painter: QPainter, look: Look, shown: SectionShown, drawn: Sequence[tuple[int, bool]]
) -> None:
    """Upright whatever the wafer's turn; in the middle of tiles or, over their pictures, in a corner."""
    local, device = painter.worldTransform(), painter.device()
    ratio = device.devicePixelRatioF() if device is not None else 1.0
    painter.save()
    painter.resetTransform()
    for index, over_picture in drawn:
        tile = shown.tiles[index]
        if not (sign := GLYPHS[tile.state]):
            continue
        stamp = _stamp(sign, look.paint.colour(shown, tile).rgb(), ratio, on_ground=over_picture)
        if over_picture:
            at = local.map(_area(shown, index).topLeft()) + QPointF(4, 4)
        else:
            at = local.map(_area(shown, index).center()) - QPointF(SIGN_PX / 2, SIGN_PX / 2)
        painter.drawImage(at, stamp)
    painter.restore()


@lru_cache(maxsize=256)
def _stamp(sign: str, rgb: int, ratio: float, *, on_ground: bool) -> QImage:
    """A sign to be painted again and again: text costs four times as much."""
    edge, colour = math.ceil(SIGN_PX * ratio), QColor(rgb)
    stamp = QImage(edge, edge, QImage.Format.Format_ARGB32_Premultiplied)
    stamp.setDevicePixelRatio(ratio)
    stamp.fill(Qt.GlobalColor.transparent)
    painter, area = QPainter(stamp), QRectF(0, 0, SIGN_PX, SIGN_PX)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if on_ground:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(area, 4, 4)
    painter.setPen(legible_on(colour))
    painter.setFont(font(FontPt.SMALL))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, sign)
    painter.end()
    return stamp


def _between(shown: SectionShown) -> list[QLineF]:
    """Lines between the rows and columns of a grid, in its own frame."""
    grid = shown.grid
    width, height = grid.size_um
    x = [-width / 2 + width * n / grid.columns for n in range(1, grid.columns)]
    y = [-height / 2 + height * n / grid.rows for n in range(1, grid.rows)]
    upright = [QLineF(u, -height / 2, u, height / 2) for u in x]
    return upright + [QLineF(-width / 2, v, width / 2, v) for v in y]


def _tiles_in(shown: SectionShown, local: QTransform, camera: Camera) -> list[int]:
    """Tiles of which something lies in the window."""
    grid = shown.grid
    back, _ = local.inverted()
    window = back.mapRect(QRectF(0, 0, camera.width_px, camera.height_px))
    rows = _range(grid.rows, grid.step_um[1], window.top(), window.bottom(), grid.tile_um[1])
    columns = _range(grid.columns, grid.step_um[0], window.left(), window.right(), grid.tile_um[0])
    return [row * grid.columns + column for row in rows for column in columns]


def _range(count: int, step: float, low: float, high: float, edge: float) -> range:
    """Indices of tiles along one axis that reach into [low, high]."""
    first = math.ceil((low - edge / 2) / step + (count - 1) / 2)
    last = math.floor((high + edge / 2) / step + (count - 1) / 2)
    return range(max(first, 0), min(last, count - 1) + 1)
