"""What lies over the map: scale bar, the legend's card, and the handles of a selected section."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from PyQt5.QtCore import QEvent, QLineF, QObject, QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QWidget

from scopeacq.plan.geometry import Point
from ui.presenters.camera import Camera, length_text, scale_bar_um
from ui.presenters.layers import Legend
from ui.theme import FontPt, Shades, Space, font, mixed, shades
from ui.viewport.colours import RAMP, legible_on, state_colour

BAR_MOST_PX = 180.0
HANDLE_PX = 9.0
TURN_HANDLE_PX = 46.0
STEM_PX = 16.0
"""How far above a section its handle for turning stands."""


def draw_scale_bar(painter: QPainter, camera: Camera, colours: Shades) -> None:
    """A bar of a round length, lower left."""
    length_um = scale_bar_um(camera.um_per_px, BAR_MOST_PX)
    length_px = length_um / camera.um_per_px
    left, bottom = float(Space.L), camera.height_px - float(Space.L)
    card = QRectF(left - 10, bottom - 34, max(length_px, 40) + 20, 44)
    draw_card(painter, card, colours)
    painter.setPen(QPen(QColor(colours.text), 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(QLineF(left, bottom, left + length_px, bottom))
    painter.setFont(font(FontPt.SMALL))
    painter.drawText(
        QRectF(left, bottom - 28, length_px, 22), Qt.AlignmentFlag.AlignCenter, length_text(length_um)
    )


def draw_card(painter: QPainter, area: QRectF, colours: Shades) -> None:
    """The ground of what stands over the map."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    background = QColor(colours.panel)
    background.setAlphaF(0.88)
    painter.setBrush(background)
    painter.setPen(QPen(QColor(colours.line), 1.0))
    painter.drawRoundedRect(area, Space.RADIUS, Space.RADIUS)
    painter.restore()


class LegendCard(QWidget):
    """The active layer in words and numbers. Clicks go through to the map."""

    LINE_PX = 22.0
    BAR_PX = 14.0
    PAD_PX = 14.0

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._legend = Legend("", ())
        parent.installEventFilter(self)

    def show_legend(self, legend: Legend) -> None:
        """Show this from now on."""
        if legend != self._legend:
            self._legend = legend
            self.resize(self.sizeHint())
            self._place()
            self.setAccessibleDescription("; ".join(e.label for e in legend.entries) or legend.empty)
            self.setAccessibleName(legend.title)
            self.update()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        """In the corner at the lower right."""
        parent = self.parentWidget()
        assert parent is not None
        self.move(parent.width() - self.width() - Space.M, parent.height() - self.height() - Space.M)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        body, title = QFontMetricsF(font(FontPt.SMALL)), QFontMetricsF(font(FontPt.SMALL, 63))
        labels = [self._text(n) for n in range(len(self._legend.entries))] or [self._legend.empty]
        widest = max(max(body.horizontalAdvance(text) for text in labels) + 34, 120)
        notes = (body.horizontalAdvance(note) for note in self._legend.notes)
        widest = max(widest, *notes, 0.0)
        width = max(widest, title.horizontalAdvance(self._legend.title)) + 2 * self.PAD_PX
        lines = max(len(self._legend.entries), 1) + 1 + len(self._legend.notes)
        return QSize(math.ceil(width), math.ceil(lines * self.LINE_PX + 2 * self.PAD_PX - 4))

    def _text(self, index: int) -> str:
        entry = self._legend.entries[index]
        return entry.label if entry.count is None else f"{entry.label}   {entry.count:,}"

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        painter, colours = QPainter(self), shades(self)
        draw_card(painter, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), colours)
        line = QRectF(self.PAD_PX, self.PAD_PX - 4, self.width() - 2 * self.PAD_PX, self.LINE_PX)
        painter.setPen(QColor(colours.text))
        painter.setFont(font(FontPt.SMALL, 63))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, self._legend.title)
        painter.setFont(font(FontPt.SMALL))
        line.translate(0, self.LINE_PX)
        if not self._legend.entries:
            painter.setPen(QColor(colours.muted))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, self._legend.empty)
        elif self._legend.entries[0].state is None:
            self._draw_ramp(painter, line, colours)
        else:
            self._draw_states(painter, line, colours)
        self._draw_notes(painter, colours)
        painter.end()

    def _draw_notes(self, painter: QPainter, colours: Shades) -> None:
        painter.setPen(QColor(colours.muted))
        top = self.height() - self.PAD_PX - len(self._legend.notes) * self.LINE_PX
        for number, note in enumerate(self._legend.notes):
            line = QRectF(self.PAD_PX, top + number * self.LINE_PX, self.width(), self.LINE_PX)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, note)

    def _draw_states(self, painter: QPainter, line: QRectF, colours: Shades) -> None:
        for entry in self._legend.entries:
            assert entry.state is not None
            colour = state_colour(entry.state, colours)
            box = QRectF(line.left(), line.center().y() - 8, 16, 16)
            painter.fillRect(box, colour)
            painter.setPen(QColor(colours.line))
            painter.drawRect(box)
            painter.setPen(legible_on(colour))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, entry.glyph)
            text = line.adjusted(26, 0, 0, 0)
            painter.setPen(QColor(colours.text if entry.count else colours.muted))
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, entry.label)
            if entry.count is not None:
                painter.setPen(QColor(colours.muted))
                painter.drawText(
                    text,
                    int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight),
                    f"{entry.count:,}",
                )
            line.translate(0, self.LINE_PX)

    def _draw_ramp(self, painter: QPainter, line: QRectF, colours: Shades) -> None:
        """The highest number on top, as on any axis."""
        count = len(self._legend.entries)
        bar = QRectF(line.left(), line.center().y(), self.BAR_PX, (count - 1) * self.LINE_PX)
        gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
        for n, name in enumerate(RAMP):
            gradient.setColorAt(n / (len(RAMP) - 1), QColor(name))
        painter.fillRect(bar, gradient)
        for entry in reversed(self._legend.entries):
            painter.setPen(QColor(colours.line))
            y = line.center().y()
            painter.drawLine(QLineF(bar.right(), y, bar.right() + 5, y))
            painter.setPen(QColor(colours.text))
            painter.drawText(line.adjusted(26, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, entry.label)
            line.translate(0, self.LINE_PX)


class Handle(Enum):
    """What can be taken hold of at a selected section."""

    TURN = "turn"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Handles:
    """Where the handles of one section are in the widget: its corners, and one above it to turn it."""

    corners: tuple[Point, ...]
    turn: Point

    @staticmethod
    def of(corners: tuple[Point, ...], middle: Point) -> Handles:
        top = min(y for _, y in corners)
        return Handles(corners, (middle[0], top - TURN_HANDLE_PX))

    def at(self, px: Point) -> Handle | None:
        """The handle under the cursor."""
        if math.dist(px, self.turn) <= HANDLE_PX:
            return Handle.TURN
        near = any(math.dist(px, corner) <= HANDLE_PX for corner in self.corners)
        return Handle.SIZE if near else None

    def draw(self, painter: QPainter, colours: Shades) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.accent), 1.5))
        x, y = self.turn
        painter.drawLine(QLineF(x, y, x, y + STEM_PX))
        painter.setBrush(mixed(QColor(colours.panel), QColor(colours.accent), 0.25))
        painter.drawEllipse(QPointF(*self.turn), 6, 6)
        for x, y in self.corners:
            painter.drawRect(QRectF(x - 4.5, y - 4.5, 9, 9))
        painter.restore()
