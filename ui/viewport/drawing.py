"""Drawing on the map: clicked corners close to an outline, a drag makes a rectangle, a click a mark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PyQt5.QtCore import QPointF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from scopeacq.plan.geometry import Point
from ui.presenters.drawing import Sketch, box
from ui.presenters.edits import Refused
from ui.theme import Shades
from ui.viewport.hand import Hand
from ui.viewport.look import CASING
from ui.viewport.marks import mapped

CLOSE_PX = 9.0
"""A click so near to the first corner closes the outline."""
LEAST_PX = 6.0
"""A rectangle has longer edges than this."""
CORNER_PX = 3.5


@dataclass
class OutlineHand(Hand):
    """One outline after the other. ``made`` takes each; ``told`` takes why one is none."""

    made: Callable[[tuple[Point, ...]], None]
    told: Callable[[str], None]
    changed: Callable[[], None]
    sketch: Sketch = field(default_factory=Sketch)
    _cursor_um: Point | None = None
    _start_um: Point | None = None
    _box: tuple[Point, ...] = ()
    _um_per_px: float = 1.0

    def press(self, at_um: Point, at_px: Point, to_px: QTransform) -> bool:
        """A drag makes a rectangle; while corners are clicked it goes along the map."""
        self._um_per_px = um_per_px(to_px)
        if self.sketch.corners:
            return False
        self._start_um = at_um
        return True

    def move(self, at_um: Point, *, snap: bool) -> None:
        if self._start_um is not None:
            self._box = box(self._start_um, at_um, square=snap)

    def release(self, at_um: Point) -> None:
        outline, self._start_um, self._box = self._box, None, ()
        if outline and min(_size(outline)) >= LEAST_PX * self._um_per_px:
            self.made(outline)

    def click(self, at_um: Point, at_px: Point, to_px: QTransform, *, ctrl: bool) -> bool:
        self._start_um, self._box = None, ()
        if self.sketch.closes_at(at_um, CLOSE_PX * um_per_px(to_px)):
            return self.finish()
        self._become(self.sketch.with_corner(at_um))
        return True

    def hover(self, at_um: Point, at_px: Point, to_px: QTransform) -> None:
        self._cursor_um = at_um
        if self.sketch.corners:
            self.changed()

    def finish(self) -> bool:
        if not self.sketch.corners:
            return False
        try:
            outline = self.sketch.closed()
        except Refused as refusal:
            self.told(str(refusal))
            return True
        self._become(Sketch())
        self.made(outline)
        return True

    def back(self) -> bool:
        if not self.sketch.corners:
            return False
        self._become(self.sketch.without_last())
        return True

    def give_up(self) -> bool:
        under_way = bool(self.sketch.corners or self._start_um)
        self._start_um, self._box = None, ()
        self._become(Sketch())
        return under_way

    def draw(self, painter: QPainter, colours: Shades, to_px: QTransform) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        corners = [QPointF(*mapped(to_px, corner)) for corner in self._box or self.sketch.corners]
        whole = list(corners)
        if not self._box and corners and self._cursor_um is not None:
            whole.append(QPointF(*mapped(to_px, self._cursor_um)))
        fill = QColor(colours.accent)
        fill.setAlphaF(0.14)
        painter.setBrush(fill)
        for pen in (QPen(CASING, 4.0), QPen(QColor(colours.accent), 1.6)):
            painter.setPen(pen)
            painter.drawPolygon(QPolygonF(whole))
        painter.setBrush(QColor(colours.panel))
        for n, corner in enumerate([] if self._box else corners):
            radius = CORNER_PX * (1.6 if n == 0 else 1.0)
            painter.drawEllipse(corner, radius, radius)
        painter.restore()

    def _become(self, sketch: Sketch) -> None:
        self.sketch = sketch
        self.changed()


@dataclass
class PointHand(Hand):
    """Each click sets a mark; ``made`` takes its place on the wafer."""

    made: Callable[[Point], None]

    def click(self, at_um: Point, at_px: Point, to_px: QTransform, *, ctrl: bool) -> bool:
        self.made(at_um)
        return True


@dataclass
class LineHand(Hand):
    """A line drawn by a drag; ``made`` takes its ends on the wafer."""

    made: Callable[[Point, Point], None]
    _start_um: Point | None = None
    _end_um: Point | None = None

    def press(self, at_um: Point, at_px: Point, to_px: QTransform) -> bool:
        self._start_um, self._end_um = at_um, None
        return True

    def move(self, at_um: Point, *, snap: bool) -> None:
        self._end_um = at_um

    def release(self, at_um: Point) -> None:
        start, dragged = self._start_um, self._end_um is not None
        self._start_um = self._end_um = None
        if start is not None and dragged:
            self.made(start, at_um)

    def give_up(self) -> bool:
        under_way = self._end_um is not None
        self._start_um = self._end_um = None
        return under_way

    def draw(self, painter: QPainter, colours: Shades, to_px: QTransform) -> None:
        if self._start_um is None or self._end_um is None:
            return
        ends = [QPointF(*mapped(to_px, p)) for p in (self._start_um, self._end_um)]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for pen in (QPen(CASING, 4.0), QPen(QColor(colours.accent), 1.6, Qt.PenStyle.DashLine)):
            painter.setPen(pen)
            painter.drawLine(*ends)
        painter.restore()


def um_per_px(to_px: QTransform) -> float:
    """How much of the wafer a pixel of the widget covers."""
    return float(abs(to_px.determinant()) ** -0.5)


def _size(outline: tuple[Point, ...]) -> Point:
    x, y = zip(*outline, strict=True)
    return max(x) - min(x), max(y) - min(y)
