"""Paints the way from section to section: its start, its direction, and what it was before."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QTransform

from ui.theme import FontPt, font
from ui.viewport.look import INK, Look
from ui.viewport.marks import NAME_PX, all_mapped, draw_pill

HEAD_PX, HEAD_OPENS = 7.0, 0.45
ARROW_FROM_PX = 36.0
"""Shorter legs have no arrow."""
MOST_ARROWS = 200
START_PX = 7.0
Places = NDArray[np.float64]
"""Shape (n, 2)."""


def draw_route(painter: QPainter, look: Look, to_px: QTransform, route_um: Places) -> None:
    """The way in the order of imaging, as it is planned: calm, with its start and its direction."""
    colour = QColor(INK if look.over_pictures else look.shades.muted)
    colour.setAlphaF(0.45)
    legs = _legs(look, to_px, route_um)
    painter.setPen(QPen(colour, 1.0, Qt.PenStyle.DotLine))
    _draw(painter, legs)
    colour.setAlphaF(0.75)
    _draw_arrows(painter, QPen(colour, 1.2), legs)
    _draw_start(painter, look, to_px, route_um, colour)


def draw_found_route(
    painter: QPainter, look: Look, to_px: QTransform, before_um: Places, after_um: Places
) -> None:
    """A way that was found, strong, over the one that it takes the place of."""
    old = QColor(look.line_shades.caution)
    old.setAlphaF(0.6)
    painter.setPen(QPen(old, 1.0, Qt.PenStyle.DashLine))
    _draw(painter, _legs(look, to_px, before_um))
    new = QColor(look.line_shades.accent)
    legs = _legs(look, to_px, after_um)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(new, 1.8))
    _draw(painter, legs)
    _draw_arrows(painter, QPen(new, 1.8), legs)
    painter.restore()
    _draw_start(painter, look, to_px, after_um, new)


def _legs(look: Look, to_px: QTransform, route_um: Places) -> list[QLineF]:
    """Those of which something may be seen."""
    if len(route_um) < 2:
        return []
    places = all_mapped(to_px, route_um)
    low, high = np.minimum(places[:-1], places[1:]), np.maximum(places[:-1], places[1:])
    seen = ((high > 0) & (low < (look.camera.width_px, look.camera.height_px))).all(1)
    return [QLineF(*places[n], *places[n + 1]) for n in np.flatnonzero(seen)]


def _draw(painter: QPainter, lines: list[QLineF]) -> None:
    if lines:
        painter.drawLines(*lines)


def _draw_arrows(painter: QPainter, pen: QPen, legs: list[QLineF]) -> None:
    """A head in the middle of each leg that is long enough; none where there are very many."""
    long = [leg for leg in legs if leg.length() >= ARROW_FROM_PX]
    if len(long) > MOST_ARROWS:
        return
    heads = list[QLineF]()
    for leg in long:
        at, turn = leg.pointAt(0.55), math.atan2(leg.dy(), leg.dx())
        for side in (turn + HEAD_OPENS, turn - HEAD_OPENS):
            x, y = at.x() - HEAD_PX * math.cos(side), at.y() - HEAD_PX * math.sin(side)
            heads.append(QLineF(at.x(), at.y(), x, y))
    painter.setPen(pen)
    _draw(painter, heads)


def _draw_start(painter: QPainter, look: Look, to_px: QTransform, route_um: Places, colour: QColor) -> None:
    """A ring and the word, where imaging begins."""
    if len(route_um) < 2:
        return
    (place,) = all_mapped(to_px, route_um[:1])
    x, y = float(place[0]), float(place[1])
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 2.0))
    painter.drawEllipse(QPointF(x, y), START_PX, START_PX)
    painter.setFont(font(FontPt.SMALL))
    area = QRectF(x + START_PX + 3, y + START_PX, 36, NAME_PX)
    draw_pill(painter, area, QColor(look.line_shades.panel))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "Start")
    painter.restore()
