"""How one line of the event log is painted: time, sign and word in the tone's colour, the sentence."""

from __future__ import annotations

from PyQt5.QtCore import QModelIndex, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFontMetrics, QPainter
from PyQt5.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui import theme
from ui.icons import draw
from ui.presenters.event_log import Entry

ENTRY = Qt.ItemDataRole.UserRole
SIGN_PX, PADDING_PX = 16, 7
LONGEST_WORD = "Waits for you"
LONGEST_TIME, LONGEST_DATE = "00:00:00", "00 Mmm 00:00"


class EntryDelegate(QStyledItemDelegate):
    """Paints the ``Entry`` that the model gives as :data:`ENTRY`."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, QFontMetrics(option.font).height() + 2 * PADDING_PX)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        entry, widget = index.data(ENTRY), option.widget
        if painter is None or widget is None or not isinstance(entry, Entry):
            return
        painter.save()
        colours, metrics = theme.shades(widget), QFontMetrics(option.font)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(colours.hover))
        area = QRectF(option.rect).adjusted(theme.Space.S, 0, -theme.Space.S, 0)
        painter.setFont(option.font)
        painter.setPen(QColor(colours.muted))
        longest = LONGEST_DATE if entry.of_another_day else LONGEST_TIME
        area = _written(painter, area, entry.clock, metrics.horizontalAdvance(longest))
        tone = colours.of(entry.badge.tone)
        draw(
            painter,
            entry.badge.sign,
            QRectF(area.left(), area.center().y() - SIGN_PX / 2, SIGN_PX, SIGN_PX),
            tone,
        )
        painter.setPen(tone)
        area = _written(
            painter,
            area.adjusted(SIGN_PX + theme.Space.S, 0, 0, 0),
            entry.badge.word,
            metrics.horizontalAdvance(LONGEST_WORD),
        )
        painter.setPen(QColor(colours.text))
        text = metrics.elidedText(entry.text, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def _written(painter: QPainter, area: QRectF, text: str, width_px: float) -> QRectF:
    """What is left of ``area`` after a column of text."""
    column = QRectF(area.left(), area.top(), width_px, area.height())
    painter.drawText(column, Qt.AlignmentFlag.AlignVCenter, text)
    return area.adjusted(width_px + theme.Space.M, 0, 0, 0)
