"""What lies over a frame: the patches of an estimate, the crosshair, and a caption."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPen

from ui import theme
from ui.presenters.focusing import PatchShown

LEAST_FOR_TEXT_PX = 30
CAPTION_PX = 28


def patch_rects(patches: Sequence[PatchShown], whole: QRectF, shape: tuple[int, ...]) -> list[QRectF]:
    """Where patches lie in the widget. They overlap by half: each is the inner half of its square.

    ``whole``: where the frame lies; ``shape``: its rows and columns.
    """
    across, down = whole.width() / shape[1], whole.height() / shape[0]
    return [
        QRectF(
            whole.left() + (left + width / 4) * across,
            whole.top() + (top + height / 4) * down,
            width / 2 * across,
            height / 2 * down,
        )
        for left, top, width, height in (patch.box for patch in patches)
    ]


def draw_patches(
    painter: QPainter, patches: Sequence[PatchShown], rects: Sequence[QRectF], colours: theme.Shades
) -> None:
    """The more a patch contributed, the stronger it is drawn."""
    painter.setFont(theme.font(theme.FontPt.SMALL))
    for patch, box in zip(patches, rects, strict=True):
        colour = QColor(colours.accent)
        colour.setAlphaF(0.04 + 0.22 * patch.strength)
        painter.fillRect(box, colour)
        colour.setAlphaF(0.25 + 0.75 * patch.strength)
        painter.setPen(QPen(colour, 1.0 + 1.5 * patch.strength))
        painter.drawRect(box)
        if box.width() > LEAST_FOR_TEXT_PX:
            _draw_on_card(painter, box, patch.text)


def _draw_on_card(painter: QPainter, box: QRectF, text: str) -> None:
    """White on dark in either mode: beneath lies an image."""
    metrics = painter.fontMetrics()
    card = QRectF(0, 0, metrics.horizontalAdvance(text) + theme.Space.S, metrics.height())
    card.moveCenter(box.center())
    painter.fillRect(card, QColor(0, 0, 0, 150))
    painter.setPen(QColor("#f4f6f8"))
    painter.drawText(card, Qt.AlignmentFlag.AlignCenter, text)


def draw_crosshair(painter: QPainter, at: QPointF, area: QRectF, colours: theme.Shades) -> None:
    """Lines through a point."""
    colour = QColor(colours.accent)
    colour.setAlphaF(0.65)
    painter.setPen(QPen(colour, 1.0))
    painter.drawLine(QLineF(area.left(), at.y(), area.right(), at.y()))
    painter.drawLine(QLineF(at.x(), area.top(), at.x(), area.bottom()))


def draw_caption(painter: QPainter, caption: str, colours: theme.Shades) -> None:
    """A few words on a card at the upper left."""
    painter.setFont(theme.font(theme.FontPt.SMALL, 63))
    width = painter.fontMetrics().horizontalAdvance(caption) + 2 * theme.Space.M
    card = QRectF(theme.Space.M, theme.Space.M, width, CAPTION_PX)
    ground = QColor(colours.panel)
    ground.setAlphaF(0.88)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(card, theme.Space.RADIUS, theme.Space.RADIUS)
    painter.setPen(QColor(colours.text))
    painter.drawText(card, Qt.AlignmentFlag.AlignCenter, caption)
