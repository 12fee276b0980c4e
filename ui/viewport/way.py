"""The way that the stage is to go, over the map: a dashed line from where the beam looks to a ring."""

from __future__ import annotations

from PyQt5.QtCore import QLineF, QPointF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen

from scopeacq.plan.geometry import Point
from ui.presenters.camera import Camera
from ui.theme import Shades

RING_PX = 8.0


def draw_way(painter: QPainter, camera: Camera, colours: Shades, start_um: Point, end_um: Point) -> None:
    """From one point of the stage frame to another; legs up and down are not seen from above."""
    start, end = QPointF(*camera.to_px(start_um)), QPointF(*camera.to_px(end_um))
    line = QLineF(start, end)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((colours.window, 4.0), (colours.accent, 1.5)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawEllipse(end, RING_PX, RING_PX)
        if line.length() > 3 * RING_PX:
            line.setLength(QLineF(start, end).length() - RING_PX)
            painter.setPen(QPen(QColor(colour), width, Qt.PenStyle.DashLine))
            painter.drawLine(line)
    painter.restore()
