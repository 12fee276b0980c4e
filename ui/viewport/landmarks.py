"""Paints landmarks and fiducials with their names, and how far landmarks are off as exaggerated arrows."""

from __future__ import annotations

import math

from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QFontMetricsF, QPainter, QPolygonF, QTransform

from scopeacq.plan.geometry import Point
from scopeacq.plan.landmarks import Residual
from scopeacq.plan.wafer import Landmark
from ui.presenters.landmarks import MarksShown, exaggeration
from ui.presenters.map_items import Item, ItemKind, Overlay
from ui.theme import FontPt, Space, font
from ui.viewport.look import Look, line_pens
from ui.viewport.marks import NAME_PX, draw_pill, mapped

DIAMOND_PX = 7.0
HEAD_PX, HEAD_OPENS = 7.0, 0.45
SHORTEST_PX = 3.0
NAMED_UP_TO = 40


def draw_marks(painter: QPainter, look: Look, to_px: QTransform) -> None:
    """All landmarks and fiducials that are shown."""
    if Overlay.MARKS not in look.items.overlays:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _draw_arrows(painter, look, to_px, look.marks)
    names = list[tuple[str, Point]]()
    for fiducial in look.items.fiducials:
        at = mapped(to_px, fiducial.centre_um)
        _draw_cross(painter, look, at, Item(ItemKind.FIDUCIAL, fiducial.id) in look.chosen)
        names.append((fiducial.id, at))
    for landmark in look.items.landmarks:
        at = mapped(to_px, landmark.wafer_um)
        _draw_diamond(painter, look, at, landmark)
        names.append((landmark.id, at))
    for name, at in names if len(names) <= NAMED_UP_TO else ():
        _draw_name(painter, look, at, name)
    painter.restore()


def _draw_cross(painter: QPainter, look: Look, at: Point, chosen: bool) -> None:
    x, y = at
    reach = 9 if chosen else 6
    colour = QColor(look.line_shades.accent) if chosen else None
    for pen in line_pens(look, 2.0 if chosen else 1.5, colour):
        painter.setPen(pen)
        painter.drawLine(QLineF(x - reach, y, x + reach, y))
        painter.drawLine(QLineF(x, y - reach, x, y + reach))


def _draw_diamond(painter: QPainter, look: Look, at: Point, landmark: Landmark) -> None:
    """Filled once it was measured on the stage."""
    x, y = at
    chosen = Item(ItemKind.LANDMARK, landmark.id) in look.chosen
    colour = QColor(look.line_shades.accent if chosen else look.line_shades.simulation)
    r = DIAMOND_PX * (1.3 if chosen else 1.0)
    diamond = QPolygonF([QPointF(x, y - r), QPointF(x + r, y), QPointF(x, y + r), QPointF(x - r, y)])
    painter.setBrush(colour if landmark.stage_um is not None else Qt.BrushStyle.NoBrush)
    for pen in line_pens(look, 2.0, colour):
        painter.setPen(pen)
        painter.drawPolygon(diamond)


def _draw_name(painter: QPainter, look: Look, at: Point, name: str) -> None:
    painter.setFont(font(FontPt.SMALL))
    width = QFontMetricsF(painter.font()).horizontalAdvance(name) + Space.S
    area = QRectF(at[0] + 10, at[1] - NAME_PX - 2, width, NAME_PX)
    if look.over_pictures:
        draw_pill(painter, area, QColor(look.shades.panel))
    painter.setPen(QColor(look.shades.text))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, name)


def _draw_arrows(painter: QPainter, look: Look, to_px: QTransform, marks: MarksShown) -> None:
    """In the stage frame, which is that of the screen."""
    factor = exaggeration(marks.worst_um, look.camera.um_per_px) / look.camera.um_per_px
    places = {landmark.id: landmark.wafer_um for landmark in look.items.landmarks}
    for residual in marks.residuals:
        if residual.landmark in places:
            _draw_arrow(painter, look, mapped(to_px, places[residual.landmark]), residual, factor)


def _draw_arrow(painter: QPainter, look: Look, start: Point, residual: Residual, px_per_um: float) -> None:
    dx, dy = residual.dx_um * px_per_um, -residual.dy_um * px_per_um
    length = math.hypot(dx, dy)
    if length < SHORTEST_PX:
        return
    end = QPointF(start[0] + dx, start[1] + dy)
    turn = math.atan2(dy, dx)
    sides = [
        QLineF(end.x(), end.y(), end.x() - HEAD_PX * math.cos(a), end.y() - HEAD_PX * math.sin(a))
        for a in (turn + HEAD_OPENS, turn - HEAD_OPENS)
    ]
    for pen in line_pens(look, 2.0, QColor(look.line_shades.caution)):
        painter.setPen(pen)
        painter.drawLine(QLineF(start[0], start[1], end.x(), end.y()))
        for side in sides:
            painter.drawLine(side)
