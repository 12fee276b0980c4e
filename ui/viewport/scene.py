"""Paints the wafer: everything that lies in the stage frame, at the detail that the zoom allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from scopeacq.geometry import Point
from scopeacq.status import SectionPhase
from scopeacq.wafer import Section
from ui.presenters.camera import Camera
from ui.presenters.focus_plane import Outlier, outliers
from ui.presenters.layers import Layer
from ui.presenters.sections import SectionShown
from ui.presenters.wafer_map import WaferMap
from ui.theme import mixed
from ui.viewport.look import CASING, INK, Look, cosmetic
from ui.viewport.marks import (
    draw_fiducials,
    draw_names,
    draw_outliers,
    draw_rings,
    draw_route,
    draw_stage,
    mapped,
)
from ui.viewport.pictures import Pictures
from ui.viewport.tiles import TilePainter
from ui.viewport.underlay import draw_underlay

DOT_PX = 2.5
"""Sections with a smaller radius are dots."""
DONE_OPACITY = 0.35
"""Of the tiles of a section that is milled through."""
OVER_OPACITY = 0.75
"""Of tiles over a picture of the wafer."""


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
        self._outliers: tuple[Outlier, ...] = ()
        self._pictures = pictures
        self.shown = WaferMap()

    def show(self, shown: WaferMap) -> None:
        """Paint this map from now on."""
        if shown.sections != self.shown.sections or len(self._radii) != len(shown.sections):
            centres = [s.section.roi_centre_um for s in shown.sections]
            self._centres = np.array(centres, np.float64).reshape(-1, 2)
            self._radii = np.array([s.radius_um for s in shown.sections], np.float64)
        self._outliers = outliers(shown.plane, shown.sections) if shown.plane is not None else ()
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
        draw_underlay(painter, look, to_px, look.underlay, self._pictures)
        painter.resetTransform()
        draw_route(painter, look, to_px, self.shown.route_um)
        near, dots = self._in_sight(look.camera, to_px)
        self._draw_dots(painter, look, to_px, dots)
        sections = [(shown, look.moved.get(shown.id, shown.section)) for shown in near]
        new = [section for section in look.moved.values() if self.shown.section(section.id) is None]
        self._draw_outlines(painter, look, to_px, sections, new)
        for shown, section in sections:
            self._draw_tiles(painter, look, to_px, shown, section)
        painter.resetTransform()
        all_seen = [*sections, *((shown, look.moved.get(shown.id, shown.section)) for shown in dots)]
        self._draw_marks(painter, look, to_px, all_seen)

    def _draw_marks(
        self,
        painter: QPainter,
        look: Look,
        to_px: QTransform,
        sections: Sequence[tuple[SectionShown, Section]],
    ) -> None:
        draw_rings(painter, look, to_px, sections)
        draw_fiducials(painter, look, to_px, self.shown.fiducials)
        draw_names(painter, look, to_px, sections)
        if look.paint.layer is Layer.FOCUS:
            draw_outliers(painter, look, to_px, self.shown, self._outliers)
        if self.shown.stage_um is not None:
            draw_stage(painter, look, self.shown.stage_um, self.shown.field_um)

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
        plain = {
            phase: _pen(INK if look.over_pictures else QColor(shades.muted), 1.0, phase)
            for phase in SectionPhase
        }
        chosen = {phase: _pen(QColor(shades.accent), 2.0, phase) for phase in SectionPhase}
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setWorldTransform(to_px)
        if not look.over_pictures:
            painter.setBrush(mixed(QColor(shades.panel), QColor(shades.raised), 0.8))
        if look.over_pictures:
            painter.setPen(cosmetic(CASING, 3.0))
            for _, section in sections:
                painter.drawPolygon(self._outline(section))
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
        done = shown.phase is SectionPhase.DROPPED
        painter.setOpacity(DONE_OPACITY if done else OVER_OPACITY if look.over_pictures else 1.0)
        self._tiles.draw(painter, look, local, shown)
        painter.setOpacity(1.0)

    def _outline(self, section: Section) -> QPolygonF:
        kept = self._outlines.get(section.id)
        if kept is None or kept.section is not section:
            polygon = QPolygonF([QPointF(x, y) for x, y in section.outline_um])
            kept = self._outlines[section.id] = _Outline(section, polygon)
        return kept.polygon


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
