"""Placing a picture under the map by hand: moved, turned and scaled, or pinned by landmarks."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from scopeacq.plan.geometry import Point
from scopeacq.plan.placement import Landmark, Placement, PlacementRefused
from ui.presenters.overviews import Placing
from ui.theme import FontPt, Shades, font
from ui.viewport.hand import Hand
from ui.viewport.look import CASING
from ui.viewport.marks import mapped
from ui.viewport.overlays import Handle, Handles

PIN_PX = 5.0
LEAST_FACTOR = 0.02


class Grip(Enum):
    """What a drag over the picture does."""

    MOVE = "Move by hand"
    PIN = "Pin landmarks"


@dataclass
class PlacingHand(Hand):
    """One picture under the mouse. Points come in the wafer frame [um] and in the widget [px].

    ``changed`` is called with what the picture has become, also while a drag lasts.
    """

    now: Placing
    changed: Callable[[Placing], None]
    grip: Grip = Grip.MOVE
    _before: Placing | None = None
    _start_um: Point = (0.0, 0.0)
    _end_um: Point | None = None
    _handle: Handle | None = None

    def press(self, at_um: Point, at_px: Point, to_px: QTransform) -> bool:
        """Take hold of the picture; False where there is none of it."""
        self._handle = self._handles(to_px).at(at_px) if self.grip is Grip.MOVE else None
        if self._handle is None and not self._holds(at_um):
            return False
        self._before, self._start_um, self._end_um = self.now, at_um, None
        return True

    def move(self, at_um: Point, *, snap: bool) -> None:
        """The drag goes on."""
        if self._before is None:
            return
        self._end_um = at_um
        if self.grip is Grip.MOVE:
            # a picture that would vanish in a point stays as large as it is
            with suppress(PlacementRefused):
                self._become(self._before.at(self._moved(self._before, at_um)))

    def release(self, at_um: Point) -> None:
        """The drag ends; what was pinned by it counts from now on."""
        before, self._before, end, self._end_um = self._before, None, self._end_um, None
        if before is not None and self.grip is Grip.PIN and end is not None:
            self._become(before.pinned(Landmark(before.placement.px(self._start_um), at_um)))

    def click(self, at_um: Point, at_px: Point, to_px: QTransform, *, ctrl: bool) -> bool:
        """Nothing else is chosen while a picture is placed."""
        self._before = self._end_um = None
        return True

    def give_up(self) -> bool:
        """Put the picture back where it was before the drag; whether one was under way."""
        if self._before is None:
            return False
        self._become(self._before)
        self._before = self._end_um = None
        return True

    def draw(self, painter: QPainter, colours: Shades, to_px: QTransform) -> None:
        """Its edge, its handles or its pins."""
        accent = QColor(colours.accent)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(accent, 1.5, Qt.PenStyle.DashLine))
        painter.drawPolygon(QPolygonF([QPointF(*mapped(to_px, p)) for p in self.now.corners_um]))
        if self.grip is Grip.MOVE:
            self._handles(to_px).draw(painter, colours)
        for number, mark in enumerate(self.now.landmarks, 1):
            seen_um = self.now.placement.wafer_um(mark.px)
            self._draw_pin(painter, accent, to_px, seen_um, mark.wafer_um, str(number))
        if self.grip is Grip.PIN and self._before is not None and self._end_um is not None:
            self._draw_pin(painter, accent, to_px, self._start_um, self._end_um, "")
        painter.restore()

    def _draw_pin(
        self, painter: QPainter, colour: QColor, to_px: QTransform, seen_um: Point, on_um: Point, text: str
    ) -> None:
        """From where the picture shows it to where it is."""
        seen, on = QPointF(*mapped(to_px, seen_um)), QPointF(*mapped(to_px, on_um))
        for pen in (QPen(CASING, 5.0), QPen(colour, 2.0)):
            painter.setPen(pen)
            painter.drawLine(QLineF(seen, on))
            painter.drawEllipse(on, PIN_PX, PIN_PX)
        painter.setFont(font(FontPt.SMALL, 63))
        painter.drawText(QRectF(on.x() + 8, on.y() - 9, 40, 18), Qt.AlignmentFlag.AlignVCenter, text)

    def _become(self, placing: Placing) -> None:
        self.now = placing
        self.changed(placing)

    def _handles(self, to_px: QTransform) -> Handles:
        corners = tuple(mapped(to_px, corner) for corner in self.now.corners_um)
        return Handles.of(corners, mapped(to_px, self.now.centre_um))

    def _holds(self, at_um: Point) -> bool:
        column, row = self.now.placement.px(at_um)
        width, height = self.now.overview.size_px
        return 0 <= column < width and 0 <= row < height

    def _moved(self, before: Placing, at_um: Point) -> Placement:
        centre, start = before.centre_um, self._start_um
        match self._handle:
            case Handle.TURN:
                angle_deg = _direction_deg(centre, at_um) - _direction_deg(centre, start)
                return before.placement.turned(centre, angle_deg)
            case Handle.SIZE:
                factor = math.dist(at_um, centre) / max(math.dist(start, centre), 1e-9)
                return before.placement.scaled(centre, max(factor, LEAST_FACTOR))
            case _:
                return before.placement.moved(at_um[0] - start[0], at_um[1] - start[1])


def _direction_deg(centre: Point, at: Point) -> float:
    return math.degrees(math.atan2(at[1] - centre[1], at[0] - centre[0]))
