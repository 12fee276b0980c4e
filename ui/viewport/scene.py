"""Paints the wafer: everything that lies in the stage frame, at the detail that the zoom allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from scopeacq.geometry import Point
from scopeacq.status import SectionPhase
from scopeacq.wafer import Section
from ui.presenters.camera import Camera
from ui.presenters.sections import SectionShown
from ui.presenters.wafer_map import WaferMap
from ui.theme import FontPt, font, mixed
from ui.viewport.look import Look, cosmetic
from ui.viewport.pictures import Pictures
from ui.viewport.tiles import TilePainter

DOT_PX = 2.5
"""Sections with a smaller radius are dots,"""
NAMES_FROM_PX = 26.0
"""those with a larger one than this are named."""
DONE_OPACITY = 0.35
"""Of the tiles of a section that is milled through."""


@dataclass(frozen=True, slots=True)
class _Outline:
    section: Section
    polygon: QPolygonF


class Scene:
    """A map made ready to be painted again and again."""

    def __init__(self, pictures: Pictures) -> None:
        self._tiles = TilePainter(pictures)
        self._outlines: dict[str, _Outline] = {}
        self._centres: NDArray[np.float64] = np.zeros((0, 2))
        self._radii: NDArray[np.float64] = np.zeros(0)
        self.shown = WaferMap()

    def show(self, shown: WaferMap) -> None:
        """Paint this map from now on."""
        if shown.sections != self.shown.sections or len(self._radii) != len(shown.sections):
            centres = [s.section.roi_centre_um for s in shown.sections]
            self._centres = np.array(centres, np.float64).reshape(-1, 2)
            self._radii = np.array([s.radius_um for s in shown.sections], np.float64)
        self.shown = shown

    def to_px(self, camera: Camera) -> QTransform:
        """From the wafer to the widget."""
        place, (x, y) = self.shown.wafer_to_stage, camera.centre_um
        transform = QTransform()
        transform.translate(camera.width_px / 2, camera.height_px / 2)
        transform.scale(1 / camera.um_per_px, -1 / camera.um_per_px)
        transform.translate(place.x_um - x, place.y_um - y)
        transform.rotate(place.rotation_deg)
        return transform

    def draw(self, painter: QPainter, look: Look) -> None:
        """Everything, from the wafer up to the stage's cross."""
        to_px = self.to_px(look.camera)
        self._draw_disc(painter, look, to_px)
        self._draw_route(painter, look, to_px)
        near, dots = self._in_sight(look.camera, to_px)
        self._draw_dots(painter, look, to_px, dots)
        sections = [(shown, look.moved.get(shown.id, shown.section)) for shown in near]
        new = [section for section in look.moved.values() if self.shown.section(section.id) is None]
        self._draw_outlines(painter, look, to_px, sections, new)
        for shown, section in sections:
            self._draw_tiles(painter, look, to_px, shown, section)
        painter.resetTransform()
        self._draw_names(painter, look, to_px, sections)
        self._draw_fiducials(painter, look, to_px)
        self._draw_stage(painter, look)

    def _in_sight(self, camera: Camera, to_px: QTransform) -> tuple[list[SectionShown], list[SectionShown]]:
        """Sections of which something lies in the window: those to be painted, and those that are dots."""
        linear = np.array([[to_px.m11(), to_px.m12()], [to_px.m21(), to_px.m22()]])
        places = self._centres @ linear + (to_px.dx(), to_px.dy())
        reach = self._radii[:, None] / camera.um_per_px
        size = (camera.width_px, camera.height_px)
        seen = ((places > -reach) & (places < size + reach)).all(1)
        large = reach[:, 0] >= DOT_PX
        sections = self.shown.sections
        return [sections[n] for n in np.flatnonzero(seen & large)], [
            sections[n] for n in np.flatnonzero(seen & ~large)
        ]

    def _draw_disc(self, painter: QPainter, look: Look, to_px: QTransform) -> None:
        shades, radius = look.shades, self.shown.radius_um
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setWorldTransform(to_px)
        painter.setPen(cosmetic(QColor(shades.line), 1.5))
        painter.setBrush(mixed(QColor(shades.window), QColor(shades.panel), 0.75))
        painter.drawEllipse(QPointF(0, 0), radius, radius)
        painter.restore()

    def _draw_dots(
        self, painter: QPainter, look: Look, to_px: QTransform, dots: Sequence[SectionShown]
    ) -> None:
        for shown in dots:
            x, y = mapped(to_px, look.moved.get(shown.id, shown.section).roi_centre_um)
            selected = shown.id in look.selected
            colour = QColor(look.shades.accent) if selected else look.paint.colour(shown, shown.tiles[0])
            painter.fillRect(QRectF(x - DOT_PX, y - DOT_PX, 2 * DOT_PX, 2 * DOT_PX), colour)

    def _draw_outlines(
        self,
        painter: QPainter,
        look: Look,
        to_px: QTransform,
        sections: Sequence[tuple[SectionShown, Section]],
        new: Sequence[Section],
    ) -> None:
        """All in one go, since setting a painter up costs more than a polygon."""
        shades = look.shades
        plain = {phase: _pen(QColor(shades.muted), 1.0, phase) for phase in SectionPhase}
        chosen = {phase: _pen(QColor(shades.accent), 2.0, phase) for phase in SectionPhase}
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setWorldTransform(to_px)
        painter.setBrush(mixed(QColor(shades.panel), QColor(shades.raised), 0.8))
        for shown, section in sections:
            painter.setPen((chosen if shown.id in look.selected else plain)[shown.phase])
            painter.drawPolygon(self._outline(section))
        painter.setPen(chosen[SectionPhase.ACTIVE])
        for section in new:
            painter.drawPolygon(self._outline(section))
        painter.restore()

    def _draw_tiles(
        self, painter: QPainter, look: Look, to_px: QTransform, shown: SectionShown, section: Section
    ) -> None:
        local = QTransform(to_px)
        local.translate(*section.roi_centre_um)
        local.rotate(section.rotation_deg)
        local.scale(1, -1)
        painter.setWorldTransform(local)
        painter.setOpacity(DONE_OPACITY if shown.phase is SectionPhase.DROPPED else 1.0)
        self._tiles.draw(painter, look, local, shown)
        painter.setOpacity(1.0)

    def _outline(self, section: Section) -> QPolygonF:
        kept = self._outlines.get(section.id)
        if kept is None or kept.section is not section:
            polygon = QPolygonF([QPointF(x, y) for x, y in section.outline_um])
            kept = self._outlines[section.id] = _Outline(section, polygon)
        return kept.polygon

    def _draw_names(
        self,
        painter: QPainter,
        look: Look,
        to_px: QTransform,
        sections: Sequence[tuple[SectionShown, Section]],
    ) -> None:
        """Above the topmost corner of each outline, upright."""
        least_um = NAMES_FROM_PX * look.camera.um_per_px
        if self._radii.max(initial=0.0) < least_um:
            return
        painter.setFont(font(FontPt.SMALL))
        for shown, section in sections:
            if shown.radius_um < least_um:
                continue
            corners = [mapped(to_px, corner) for corner in section.outline_um]
            top = min(y for _, y in corners)
            middle = (min(x for x, _ in corners) + max(x for x, _ in corners)) / 2
            painter.setPen(QColor(look.shades.accent if shown.id in look.selected else look.shades.muted))
            area = QRectF(middle - 80, top - 22, 160, 18)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, section.id)

    def _draw_fiducials(self, painter: QPainter, look: Look, to_px: QTransform) -> None:
        painter.setPen(QPen(QColor(look.shades.muted), 1.5))
        for fiducial in self.shown.fiducials:
            x, y = mapped(to_px, fiducial.centre_um)
            painter.drawLine(QLineF(x - 6, y, x + 6, y))
            painter.drawLine(QLineF(x, y - 6, x, y + 6))

    def _draw_route(self, painter: QPainter, look: Look, to_px: QTransform) -> None:
        route = self.shown.route_um
        if len(route) < 2:
            return
        colour = QColor(look.shades.muted)
        colour.setAlphaF(0.45)
        painter.setPen(QPen(colour, 1.0, Qt.PenStyle.DotLine))
        painter.drawPolyline(QPolygonF([QPointF(*mapped(to_px, place)) for place in route]))

    def _draw_stage(self, painter: QPainter, look: Look) -> None:
        """A ring with a cross where the beam looks now."""
        if self.shown.stage_um is None:
            return
        x, y = look.camera.to_px(self.shown.stage_um)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((look.shades.window, 5.0), (look.shades.accent, 2.0)):
            painter.setPen(QPen(QColor(colour), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawEllipse(QPointF(x, y), 8, 8)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(QLineF(x + 8 * dx, y + 8 * dy, x + 15 * dx, y + 15 * dy))
        painter.restore()


def corners_px(scene: Scene, camera: Camera, section: Section) -> list[Point]:
    """Where the corners of a section's outline lie in the widget."""
    to_px = scene.to_px(camera)
    return [mapped(to_px, corner) for corner in section.outline_um]


def _pen(colour: QColor, width_px: float, phase: SectionPhase) -> QPen:
    """Of an outline; dashed where the section does not take part."""
    pen = cosmetic(colour, width_px)
    if phase is not SectionPhase.ACTIVE:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen


def mapped(transform: QTransform, point: Point) -> Point:
    """A point through a transform."""
    at = transform.map(QPointF(*point))
    return at.x(), at.y()
