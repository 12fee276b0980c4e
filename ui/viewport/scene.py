"""Paints the wafer: everything that lies in the stage frame, at the detail that the zoom allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from scopeacq.plan.wafer import Section
from scopeacq.telling.status import SectionPhase
from ui.presenters.camera import Camera
from ui.presenters.focus_plane import Outlier, outliers
from ui.presenters.layers import Layer
from ui.presenters.map_items import Overlay
from ui.presenters.route import RouteView
from ui.presenters.sections import SectionShown
from ui.presenters.wafer_map import WaferMap
from ui.theme import mixed
from ui.viewport.found import FoundPainter, draw_chosen
from ui.viewport.growing import Growing
from ui.viewport.labels import draw_labels
from ui.viewport.landmarks import draw_marks
from ui.viewport.look import CASING, INK, Look, cosmetic
from ui.viewport.marks import (
    all_mapped,
    draw_names,
    draw_outliers,
    draw_rings,
    draw_stage,
    mapped,
)
from ui.viewport.pictures import Pictures
from ui.viewport.route_lines import draw_found_route, draw_route
from ui.viewport.seen import Seen
from ui.viewport.tiles import TilePainter
from ui.viewport.underlay import draw_underlay

DOT_PX = 2.5
"""Sections with a smaller radius are dots."""
DONE_OPACITY = 0.35
"""Of the tiles of a section that is milled through."""
PLANNED_OPACITY = 0.6
MOST_CASED = 100
"""Outlines that get a dark casing over a picture; more of them are too small for it."""


@dataclass(frozen=True, slots=True)
class _Outline:
    section: Section
    polygon: QPolygonF


class Scene:
    """A map made ready to be painted again and again."""

    def __init__(self, pictures: Pictures) -> None:
        self._tiles, self._found, self.growing = TilePainter(pictures), FoundPainter(), Growing()
        self._outlines: dict[str, _Outline] = {}
        self._centres: NDArray[np.float64] = np.zeros((0, 2))
        self._radii: NDArray[np.float64] = np.zeros(0)
        self._grid_radii: NDArray[np.float64] = np.zeros(0)
        self._outliers: tuple[Outlier, ...] | None = None
        self._route_um: NDArray[np.float64] = np.zeros((0, 2))
        self._before_um: NDArray[np.float64] = np.zeros((0, 2))
        self._found_route: RouteView | None = None
        self._pictures = pictures
        self.shown = WaferMap()

    def show(self, shown: WaferMap) -> None:
        """Paint this map from now on."""
        if shown.sections != self.shown.sections or len(self._radii) != len(shown.sections):
            centres = [s.section.roi_centre_um for s in shown.sections]
            self._centres = np.array(centres, np.float64).reshape(-1, 2)
            self._radii = np.array([s.radius_um for s in shown.sections], np.float64)
            grids = [math.hypot(*s.grid.size_um) / 2 for s in shown.sections]
            self._grid_radii = np.array(grids, np.float64)
        self._outliers = None
        route_um = shown.route_um
        if self._found_route is not None and route_um != self._found_route.after_um:
            self.show_route(None)
        self._route_um = np.array(route_um, np.float64).reshape(-1, 2)
        self.shown = shown

    def show_route(self, found: RouteView | None) -> None:
        """Paint a way that was found over the one of before, for as long as sections are imaged by it."""
        self._found_route = found
        before_um = found.before_um if found is not None else ()
        self._before_um = np.array(before_um, np.float64).reshape(-1, 2)

    @property
    def route_in_words(self) -> str:
        """What the way that was found saves, empty where none is shown."""
        return self._found_route.sentence if self._found_route is not None else ""

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
        self._draw_ground(painter, look, to_px)
        draw_underlay(painter, look, to_px, look.underlay, self._pictures)
        self.growing.draw(painter, to_px)
        painter.resetTransform()
        draw_labels(painter, look, to_px)
        self._draw_route(painter, look, to_px)
        seen, dots = self._in_sight(look, to_px)
        self._draw_dots(painter, look, to_px, dots)
        new = [section for section in look.moved.values() if self.shown.section(section.id) is None]
        self._draw_outlines(painter, look, to_px, seen, new)
        for each in seen:
            self._draw_tiles(painter, look, to_px, each)
        painter.resetTransform()
        self._draw_marks(painter, look, to_px, [*seen, *dots])

    def _draw_route(self, painter: QPainter, look: Look, to_px: QTransform) -> None:
        if Overlay.ROUTE not in look.items.overlays:
            return
        if self._found_route is None:
            draw_route(painter, look, to_px, self._route_um)
        else:
            draw_found_route(painter, look, to_px, self._before_um, self._route_um)

    def _draw_marks(self, painter: QPainter, look: Look, to_px: QTransform, seen: Sequence[Seen]) -> None:
        draw_rings(painter, look, to_px, seen)
        self._draw_rois(painter, look, to_px, seen)
        self._found.draw(painter, look, to_px)
        draw_chosen(painter, look, to_px)
        draw_marks(painter, look, to_px)
        draw_names(painter, look, to_px, seen)
        if look.paint.layer is Layer.FOCUS:
            draw_outliers(painter, look, to_px, self.shown, self._off_plane())
        if self.shown.stage_um is not None:
            draw_stage(painter, look, self.shown.stage_um, self.shown.field_um)

    def _draw_rois(self, painter: QPainter, look: Look, to_px: QTransform, seen: Sequence[Seen]) -> None:
        """What of each section is imaged, where its operator has said so."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setWorldTransform(to_px)
        painter.setPen(cosmetic(QColor(look.line_shades.simulation), 1.5))
        for roi_um in (each.section.roi_um for each in seen if each.section.roi_um is not None):
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in roi_um]))
        painter.restore()

    def _off_plane(self) -> tuple[Outlier, ...]:
        """Found when they are first painted, since other layers do not show them."""
        if self._outliers is None:
            plane = self.shown.plane
            self._outliers = outliers(plane, self.shown.sections) if plane is not None else ()
        return self._outliers

    def _in_sight(self, look: Look, to_px: QTransform) -> tuple[list[Seen], list[Seen]]:
        """Sections of which something lies in the window: those to be painted, and those that are dots."""
        camera = look.camera
        places = all_mapped(to_px, self._centres)
        reach = self._radii[:, None] / camera.um_per_px
        size = (camera.width_px, camera.height_px)
        inside = ((places > -reach) & (places < size + reach)).all(1)
        large = reach[:, 0] >= DOT_PX
        near, far = (
            [self._seen(look, int(n)) for n in np.flatnonzero(inside & of)] for of in (large, ~large)
        )
        return near, far

    def _seen(self, look: Look, number: int) -> Seen:
        shown = self.shown.sections[number]
        section = look.moved.get(shown.id, shown.section)
        radii = (float(radii[number]) / look.camera.um_per_px for radii in (self._radii, self._grid_radii))
        return Seen(shown, section, self._outline(section), *radii)

    def _draw_ground(self, painter: QPainter, look: Look, to_px: QTransform) -> None:
        """The wafer on what is beside it; where the wafer fills the window, nothing but its colour."""
        shades, camera, radius = look.shades, look.camera, self.shown.radius_um
        wafer = mixed(QColor(shades.window), QColor(shades.panel), 0.75)
        window = QRectF(0, 0, camera.width_px, camera.height_px)
        x, y = mapped(to_px, (0.0, 0.0))
        corners = (math.dist((x, y), (u, v)) for u in (0, window.width()) for v in (0, window.height()))
        if max(corners) < radius / camera.um_per_px:
            painter.fillRect(window, wafer)
            return
        painter.fillRect(window, QColor(shades.window))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setWorldTransform(to_px)
        painter.setPen(cosmetic(QColor(shades.line), 1.5))
        painter.setBrush(wafer)
        painter.drawEllipse(QPointF(0, 0), radius, radius)
        painter.restore()

    def _draw_dots(self, painter: QPainter, look: Look, to_px: QTransform, dots: Sequence[Seen]) -> None:
        for each in dots:
            x, y = mapped(to_px, each.section.roi_centre_um)
            selected = each.shown.id in look.selected
            tile = each.shown.tiles[0]
            colour = QColor(look.shades.accent) if selected else look.paint.colour(each.shown, tile)
            painter.fillRect(QRectF(x - DOT_PX, y - DOT_PX, 2 * DOT_PX, 2 * DOT_PX), colour)

    def _draw_outlines(
        self,
        painter: QPainter,
        look: Look,
        to_px: QTransform,
        seen: Sequence[Seen],
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
        elif len(seen) <= MOST_CASED and not look.moving:
            painter.setPen(cosmetic(CASING, 3.0))
            for each in seen:
                painter.drawPolygon(each.outline)
        for each in seen:
            painter.setPen((chosen if each.shown.id in look.selected else plain)[each.shown.phase])
            painter.drawPolygon(each.outline)
        painter.setPen(chosen[SectionPhase.ACTIVE])
        for section in new:
            painter.drawPolygon(self._outline(section))
        painter.restore()

    def _draw_tiles(self, painter: QPainter, look: Look, to_px: QTransform, each: Seen) -> None:
        local = QTransform(to_px)
        local.translate(*each.section.roi_centre_um)
        local.rotate(each.section.rotation_deg)
        local.scale(1, -1)
        painter.setWorldTransform(local)
        painter.setOpacity(_opacity(look, each.shown))
        self._tiles.draw(painter, look, local, each.shown)
        painter.setOpacity(1.0)

    def _outline(self, section: Section) -> QPolygonF:
        kept = self._outlines.get(section.id)
        if kept is None or kept.section is not section:
            polygon = QPolygonF([QPointF(x, y) for x, y in section.outline_um])
            kept = self._outlines[section.id] = _Outline(section, polygon)
        return kept.polygon


def _opacity(look: Look, shown: SectionShown) -> float:
    """Of a section's tiles: faint when milled through, or only planned over a picture of the wafer."""
    if shown.phase is SectionPhase.DROPPED:
        return DONE_OPACITY
    planned = look.over_pictures and all(tile.cycle is None for tile in shown.tiles)
    return PLANNED_OPACITY if planned else 1.0


def _pen(colour: QColor, width_px: float, phase: SectionPhase) -> QPen:
    """Of an outline; dashed where the section does not take part."""
    pen = cosmetic(colour, width_px)
    if phase is not SectionPhase.ACTIVE:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen
