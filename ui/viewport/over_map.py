"""What lies over the map and stays where it is on the screen: words and the scale bar."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QColor, QFontMetricsF, QPainter

from ui.presenters.camera import Camera
from ui.presenters.map_notes import Note
from ui.theme import FontPt, Shades, Space, font
from ui.viewport.overlays import draw_card

LINE_PX = 20.0
ABOVE_SCALE_BAR_PX = 62.0
ADVICE_PX = 420.0
WRAPPED = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter)


def draw_notes(painter: QPainter, camera: Camera, colours: Shades, notes: Sequence[Note]) -> None:
    """A card of lines above the scale bar."""
    if not notes:
        return
    painter.setFont(font(FontPt.SMALL))
    metrics = QFontMetricsF(painter.font())
    width = max(metrics.horizontalAdvance(note.text) for note in notes) + 2 * Space.M
    height = len(notes) * LINE_PX + Space.S
    card = QRectF(Space.S + 2, camera.height_px - ABOVE_SCALE_BAR_PX - height, width, height)
    draw_card(painter, card, colours)
    line = QRectF(card.left() + Space.M, card.top() + Space.XS, width, LINE_PX)
    for note in notes:
        painter.setPen(colours.of(note.tone))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, note.text)
        line.translate(0, LINE_PX)


def draw_advice(painter: QPainter, camera: Camera, colours: Shades, text: str, *, aside: bool) -> None:
    """What to do next, in the middle of a map that is empty; ``aside``: above what there is."""
    if not text:
        return
    painter.setFont(font(FontPt.BODY))
    room = QRectF(0, 0, min(ADVICE_PX, camera.width_px - 4 * Space.L), 400)
    words = QFontMetricsF(painter.font()).boundingRect(room, WRAPPED, text)
    words.moveCenter(QRectF(0, 0, camera.width_px, camera.height_px).center())
    if aside:
        words.moveTop(Space.L + Space.M)
    draw_card(painter, words.adjusted(-Space.L, -Space.M, Space.L, Space.M), colours)
    painter.setPen(QColor(colours.text))
    painter.drawText(words.adjusted(-2, 0, 2, 0), WRAPPED, text)
