"""Paints labels: what an operator says of parts of the wafer, by colour, pattern and a letter."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QBrush, QColor, QPainter, QPolygonF, QTransform

from scopeacq.sections.candidates import LabelKind
from ui.presenters.map_items import centre_of
from ui.theme import FontPt, font
from ui.viewport.look import Look, cosmetic
from ui.viewport.marks import NAME_PX, draw_pill, mapped

LETTER_FROM_PX = 24.0
PATTERNS = {
    LabelKind.TISSUE: Qt.BrushStyle.SolidPattern,
    LabelKind.BACKGROUND: Qt.BrushStyle.BDiagPattern,
    LabelKind.IGNORE: Qt.BrushStyle.DiagCrossPattern,
}


def draw_labels(painter: QPainter, look: Look, to_px: QTransform) -> None:
    """All labels that are shown, the last one on top."""
    labels = look.items.labels
    if not labels:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font(FontPt.SMALL, 63))
    for label in labels:
        colour = _colour(look, label.kind)
        polygon = QPolygonF([QPointF(*mapped(to_px, corner)) for corner in label.outline_um])
        painter.setPen(cosmetic(colour, 1.5))
        painter.setBrush(_brush(colour, label.kind))
        painter.drawPolygon(polygon)
        if polygon.boundingRect().width() >= LETTER_FROM_PX:
            _draw_letter(painter, look, to_px, label.kind, label.outline_um)
    painter.restore()


def _draw_letter(
    painter: QPainter,
    look: Look,
    to_px: QTransform,
    kind: LabelKind,
    outline_um: tuple[tuple[float, float], ...],
) -> None:
    x, y = mapped(to_px, centre_of(outline_um))
    area = QRectF(x - NAME_PX / 2, y - NAME_PX / 2, NAME_PX, NAME_PX)
    draw_pill(painter, area, QColor(look.line_shades.panel))
    painter.setPen(_colour(look, kind))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, kind.value[0].upper())


def _colour(look: Look, kind: LabelKind) -> QColor:
    shades = look.line_shades
    names = {
        LabelKind.TISSUE: shades.good,
        LabelKind.BACKGROUND: shades.simulation,
        LabelKind.IGNORE: shades.muted,
    }
    return QColor(names[kind])


def _brush(colour: QColor, kind: LabelKind) -> QBrush:
    fill = QColor(colour)
    fill.setAlphaF(0.22 if kind is LabelKind.TISSUE else 0.5)
    return QBrush(fill, PATTERNS[kind])
