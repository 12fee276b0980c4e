"""What stands upright over the map whatever its turn and zoom: names, marks, the route, the stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTransform

from scopeacq.plan.geometry import Point
from ui.presenters.focus_plane import Outlier
from ui.presenters.wafer_map import WaferMap
from ui.theme import FontPt, Space, font
from ui.viewport.look import Look, line_pens
from ui.viewport.seen import Seen

RINGS_BELOW_PX = 14.0
"""Sections with a smaller radius stand in a ring of this one, so that few small ones are found at once,"""
GRID_RING_PX = 9.0
"""and so do smaller grids on sections that are large,"""
MOST_RINGS = 80
"""unless there are so many that rings would hide them."""
MOST_NAMED = 150
CELL = (10.0, 9.0)
"""Names keep to a raster, in which each takes its cells: width and height [px]."""
NAME_PX = 18.0
FIELD_FROM_PX = 6.0


def mapped(transform: QTransform, point: Point) -> Point:
    """A point through a transform."""
    at = transform.map(QPointF(*point))
    return at.x(), at.y()


def all_mapped(transform: QTransform, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Many points, shape (n, 2), through a transform."""
    linear = np.array([[transform.m11(), transform.m12()], [transform.m21(), transform.m22()]])
    moved: NDArray[np.float64] = points @ linear + (transform.dx(), transform.dy())
    return moved


def draw_rings(painter: QPainter, look: Look, to_px: QTransform, seen: Sequence[Seen]) -> None:
    """Around sections and grids that are hard to see from afar."""
    if len(seen) > MOST_RINGS:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for each in seen:
        radius = RINGS_BELOW_PX if each.radius_px < RINGS_BELOW_PX else GRID_RING_PX
        if min(each.radius_px, each.grid_px) >= radius:
            continue
        chosen = QColor(look.shades.accent) if each.shown.id in look.selected else None
        for pen in line_pens(look, 1.2, chosen):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(*mapped(to_px, each.section.roi_centre_um)), radius, radius)
    painter.restore()


def draw_names(painter: QPainter, look: Look, to_px: QTransform, seen: Sequence[Seen]) -> None:
    """Above each outline, where there is room; what is chosen is named first, large before small."""
    ordered = sorted(seen, key=lambda each: (each.shown.id not in look.selected, -each.radius_px))
    painter.setFont(font(FontPt.SMALL))
    metrics = QFontMetricsF(painter.font())
    taken: set[tuple[int, int]] = set()
    ground = QColor(look.shades.panel)
    ground.setAlphaF(0.86)
    for each in ordered[:MOST_NAMED]:
        area = _name_area(to_px, each, metrics)
        cells = _cells(area)
        if not cells.isdisjoint(taken):
            continue
        taken |= cells
        if look.over_pictures:
            painter.fillRect(area, ground)
        painter.setPen(QColor(look.shades.accent if each.shown.id in look.selected else look.shades.text))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, each.section.id)


def _name_area(to_px: QTransform, each: Seen, metrics: QFontMetricsF) -> QRectF:
    width = metrics.horizontalAdvance(each.section.id) + Space.S
    if each.radius_px < RINGS_BELOW_PX:
        middle, y = mapped(to_px, each.section.roi_centre_um)
        top = y - RINGS_BELOW_PX
    else:
        box = to_px.map(each.outline).boundingRect()
        middle, top = box.center().x(), box.top()
    return QRectF(middle - width / 2, top - NAME_PX - 3, width, NAME_PX)


def _cells(area: QRectF) -> set[tuple[int, int]]:
    columns = range(math.floor(area.left() / CELL[0]), math.ceil(area.right() / CELL[0]))
    rows = range(math.floor(area.top() / CELL[1]), math.ceil(area.bottom() / CELL[1]))
    return set(product(columns, rows))


def draw_outliers(
    painter: QPainter, look: Look, to_px: QTransform, shown: WaferMap, off: Sequence[Outlier]
) -> None:
    """Sections off the plane of focus: which way as a sign, and by how much."""
    painter.setFont(font(FontPt.SMALL, 63))
    metrics = QFontMetricsF(painter.font())
    for outlier in off:
        section = shown.section(outlier.section)
        if section is None:
            continue
        x, y = mapped(to_px, section.from_local(section.grid.offset_um(outlier.tile)))
        width = metrics.horizontalAdvance(outlier.text) + Space.M
        area = QRectF(x - width / 2, y - NAME_PX / 2, width, NAME_PX + 2)
        draw_pill(painter, area, QColor(look.shades.panel), QColor(look.shades.caution))
        painter.setPen(QColor(look.shades.caution))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, outlier.text)


def draw_pill(painter: QPainter, area: QRectF, fill: QColor, edge: QColor | None = None) -> None:
    """The ground of a few words on the map."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill.setAlphaF(0.86)
    painter.setBrush(fill)
    painter.setPen(QPen(edge, 1.0) if edge is not None else Qt.PenStyle.NoPen)
    painter.drawRoundedRect(area, Space.XS, Space.XS)
    painter.restore()


def draw_stage(painter: QPainter, look: Look, stage_um: Point, field_um: Point | None) -> None:
    """A ring with a cross where the beam looks now, and the frame of what it scans there."""
    x, y = look.camera.to_px(stage_um)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    width, height = (edge / look.camera.um_per_px for edge in field_um or (0.0, 0.0))
    for colour, thickness in ((look.shades.window, 5.0), (look.shades.accent, 2.0)):
        painter.setPen(QPen(QColor(colour), thickness, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        if min(width, height) >= FIELD_FROM_PX:
            painter.drawRect(QRectF(x - width / 2, y - height / 2, width, height))
        painter.drawEllipse(QPointF(x, y), 8, 8)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(QLineF(x + 8 * dx, y + 8 * dy, x + 15 * dx, y + 15 * dy))
    painter.restore()
