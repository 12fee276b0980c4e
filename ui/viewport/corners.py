"""Outlines and marks taken by the mouse: corners dragged, set into an edge, taken away; marks moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from scopeacq.plan.geometry import Point
from scopeacq.sections.candidates import Ring
from scopeacq.sections.rings import OutlineRefused, corner_removed
from ui.presenters.drawing import middles, nearest
from ui.presenters.edits import Edit
from ui.theme import Shades, mixed
from ui.viewport.hand import Hand
from ui.viewport.look import CASING
from ui.viewport.marks import mapped

REACH_PX = 9.0
CORNER_PX, MIDDLE_PX = 4.5, 3.0


@dataclass(frozen=True, slots=True)
class Shape:
    """An outline on the wafer [um], and the edit that gives it another one."""

    outline: Ring
    edit: Callable[[Ring], Edit]


@dataclass(frozen=True, slots=True)
class _Corner:
    """A corner of one of several outlines, by their places."""

    shape: int
    corner: int


@dataclass
class CornersHand(Hand):
    """The corners of some outlines. ``propose`` takes what a drag came to; ``told`` why it is nothing."""

    shapes: Sequence[Shape]
    propose: Callable[[Edit], None]
    told: Callable[[str], None]
    _held: _Corner | None = None
    _now: Ring = ()
    _under: _Corner | None = None

    def press(self, at_um: Point, at_px: Point, to_px: QTransform) -> bool:
        """A corner, or the middle of a side, where a corner is set."""
        if (corner := self._corner_at(at_px, to_px)) is not None:
            self._held, self._now = corner, self.shapes[corner.shape].outline
            return True
        for number, shape in enumerate(self.shapes):
            side = _nearest_px(middles(shape.outline), at_px, to_px)
            if side is not None:
                self._held = _Corner(number, side + 1)
                self._now = (*shape.outline[: side + 1], at_um, *shape.outline[side + 1 :])
                return True
        return False

    def move(self, at_um: Point, *, snap: bool) -> None:
        if self._held is not None:
            self._now = (*self._now[: self._held.corner], at_um, *self._now[self._held.corner + 1 :])

    def release(self, at_um: Point) -> None:
        held, now = self._held, self._now
        self.give_up()
        if held is not None:
            self._propose(held.shape, now)

    def click(self, at_um: Point, at_px: Point, to_px: QTransform, *, ctrl: bool) -> bool:
        """With Ctrl a corner is taken away; without, one that was clicked stays as it is."""
        self.give_up()
        corner = self._corner_at(at_px, to_px)
        if corner is not None and ctrl:
            self._take_away(corner)
        return corner is not None

    def hover(self, at_um: Point, at_px: Point, to_px: QTransform) -> None:
        self._under = self._corner_at(at_px, to_px)

    def back(self) -> bool:
        """Take away the corner under the cursor."""
        under, self._under = self._under, None
        if under is not None:
            self._take_away(under)
        return under is not None

    def give_up(self) -> bool:
        under_way = self._held is not None
        self._held, self._now = None, ()
        return under_way

    def draw(self, painter: QPainter, colours: Shades, to_px: QTransform) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, shape in enumerate(self.shapes):
            held = self._held is not None and self._held.shape == number
            _draw_corners(painter, colours, to_px, self._now if held else shape.outline)
        painter.restore()

    def _corner_at(self, at_px: Point, to_px: QTransform) -> _Corner | None:
        for number, shape in enumerate(self.shapes):
            corner = _nearest_px(shape.outline, at_px, to_px)
            if corner is not None:
                return _Corner(number, corner)
        return None

    def _take_away(self, corner: _Corner) -> None:
        try:
            left = corner_removed(self.shapes[corner.shape].outline, corner.corner)
        except OutlineRefused as refused:
            self.told(str(refused))
            return
        self._propose(corner.shape, left)

    def _propose(self, number: int, outline: Ring) -> None:
        shape = self.shapes[number]
        if outline != shape.outline:
            self.propose(shape.edit(outline))


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the wafer [um], and the edit that puts it elsewhere."""

    at_um: Point
    edit: Callable[[Point], Edit]


@dataclass
class MarksHand(Hand):
    """Marks that follow the mouse."""

    marks: Sequence[Mark]
    propose: Callable[[Edit], None]
    _held: Mark | None = None
    _at_um: Point | None = None

    def press(self, at_um: Point, at_px: Point, to_px: QTransform) -> bool:
        found = _nearest_px([mark.at_um for mark in self.marks], at_px, to_px)
        self._held = None if found is None else self.marks[found]
        return found is not None

    def move(self, at_um: Point, *, snap: bool) -> None:
        self._at_um = at_um

    def release(self, at_um: Point) -> None:
        held, moved = self._held, self._at_um is not None
        self._held = self._at_um = None
        if held is not None and moved:
            self.propose(held.edit(at_um))

    def give_up(self) -> bool:
        under_way = self._at_um is not None
        self._held = self._at_um = None
        return under_way

    def draw(self, painter: QPainter, colours: Shades, to_px: QTransform) -> None:
        if self._at_um is None:
            return
        at = QPointF(*mapped(to_px, self._at_um))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(CASING, 4.0), QPen(QColor(colours.accent), 2.0)):
            painter.setPen(pen)
            painter.drawEllipse(at, REACH_PX, REACH_PX)
        painter.restore()


def _nearest_px(points_um: Sequence[Point], at_px: Point, to_px: QTransform) -> int | None:
    return nearest([mapped(to_px, point) for point in points_um], at_px, REACH_PX)


def _draw_corners(painter: QPainter, colours: Shades, to_px: QTransform, outline: Ring) -> None:
    places = [QPointF(*mapped(to_px, corner)) for corner in outline]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(CASING, 4.0), QPen(QColor(colours.accent), 1.6)):
        painter.setPen(pen)
        painter.drawPolygon(QPolygonF(places))
    painter.setBrush(mixed(QColor(colours.panel), QColor(colours.accent), 0.25))
    for middle in middles(outline):
        painter.drawEllipse(QPointF(*mapped(to_px, middle)), MIDDLE_PX, MIDDLE_PX)
    painter.setBrush(QColor(colours.panel))
    for at in places:
        painter.drawRect(QRectF(at.x() - CORNER_PX, at.y() - CORNER_PX, 2 * CORNER_PX, 2 * CORNER_PX))
