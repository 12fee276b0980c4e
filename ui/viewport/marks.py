"""What stands upright over the map whatever its turn and zoom: names, marks, the route, the stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF, QTransform

from scopeacq.geometry import Point
from scopeacq.wafer import Fiducial, Section
from ui.presenters.focus_plane import Outlier
from ui.presenters.sections import SectionShown
from ui.presenters.wafer_map import WaferMap
from ui.theme import FontPt, Space, font
from ui.viewport.look import Look, line_pens

Pairs = Sequence[tuple[SectionShown, Section]]
"""Sections as they are known and as they are shown now, which differ during a drag."""

RINGS_BELOW_PX = 14.0
"""Sections with a smaller radius stand in a ring of this one, so that few small ones are found at once,"""
GRID_RING_PX = 9.0
"""and so do smaller grids on sections that are large,"""
MOST_RINGS = 80
"""unless there are so many that rings would hide them."""
MOST_NAMED = 400
CELL = (10.0, 9.0)
"""Names keep to a raster, in which each takes its cells: width and height [px]."""
NAME_PX = 18.0
FIELD_FROM_PX = 6.0


def mapped(transform: QTransform, point: Point) -> Point:
    """A point through a transform."""
    at = transform.map(QPointF(*point))
    return at.x(), at.y()


def draw_rings(painter: QPainter, look: Look, to_px: QTransform, sections: Pairs) -> None:
    """Around sections and grids that are hard to see from afar."""
    if len(sections) > MOST_RINGS:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for shown, section in sections:
        grid_px = math.hypot(*shown.grid.size_um) / 2 / look.camera.um_per_px
        section_px = shown.radius_um / look.camera.um_per_px
        radius = RINGS_BELOW_PX if section_px < RINGS_BELOW_PX else GRID_RING_PX
        if min(section_px, grid_px) >= radius:
            continue
        chosen = QColor(look.shades.accent) if shown.id in look.selected else None
        for pen in line_pens(look, 1.2, chosen):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(*mapped(to_px, section.roi_centre_um)), radius, radius)
    painter.restore()


def draw_names(painter: QPainter, look: Look, to_px: QTransform, sections: Pairs) -> None:
    """Above each outline, where there is room; what is chosen is named first, large before small."""
    ordered = sorted(sections, key=lambda pair: (pair[0].id not in look.selected, -pair[0].radius_um))
    painter.setFont(font(FontPt.SMALL))
    metrics = QFontMetricsF(painter.font())
    taken: set[tuple[int, int]] = set()
    for shown, section in ordered[:MOST_NAMED]:
        area = _name_area(look, to_px, shown, section, metrics)
        cells = _cells(area)
        if not cells.isdisjoint(taken):
            continue
        taken |= cells
        colour = QColor(look.shades.accent if shown.id in look.selected else look.shades.text)
        if look.over_pictures:
            _draw_pill(painter, area, QColor(look.shades.panel))
        painter.setPen(colour)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, section.id)


def _name_area(
    look: Look, to_px: QTransform, shown: SectionShown, section: Section, metrics: QFontMetricsF
) -> QRectF:
    x, y = mapped(to_px, section.roi_centre_um)
    if shown.radius_um / look.camera.um_per_px < RINGS_BELOW_PX:
        middle, top = x, y - RINGS_BELOW_PX
    else:
        corners = [mapped(to_px, corner) for corner in section.outline_um]
        top = min(y for _, y in corners)
        middle = (min(x for x, _ in corners) + max(x for x, _ in corners)) / 2
    width = metrics.horizontalAdvance(section.id) + Space.S
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
        _draw_pill(painter, area, QColor(look.shades.panel), QColor(look.shades.caution))
        painter.setPen(QColor(look.shades.caution))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, outlier.text)


def _draw_pill(painter: QPainter, area: QRectF, fill: QColor, edge: QColor | None = None) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill.setAlphaF(0.86)
    painter.setBrush(fill)
    painter.setPen(QPen(edge, 1.0) if edge is not None else Qt.PenStyle.NoPen)
    painter.drawRoundedRect(area, Space.XS, Space.XS)
    painter.restore()


def draw_fiducials(painter: QPainter, look: Look, to_px: QTransform, fiducials: Sequence[Fiducial]) -> None:
    for pen in line_pens(look, 1.5):
        painter.setPen(pen)
        for fiducial in fiducials:
            x, y = mapped(to_px, fiducial.centre_um)
            painter.drawLine(QLineF(x - 6, y, x + 6, y))
            painter.drawLine(QLineF(x, y - 6, x, y + 6))


def draw_route(painter: QPainter, look: Look, to_px: QTransform, route_um: Sequence[Point]) -> None:
    if len(route_um) < 2:
        return
    line = QPolygonF([QPointF(*mapped(to_px, place)) for place in route_um])
    for pen in line_pens(look, 1.0):
        colour = pen.color()
        colour.setAlphaF(0.45 * colour.alphaF())
        pen.setColor(colour)
        pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.drawPolyline(line)


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
