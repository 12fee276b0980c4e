"""Finds texts of a window that are not seen whole: wider or higher than the widget that shows them."""

from __future__ import annotations

from collections.abc import Iterator

from PyQt5.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QTabBar, QToolButton, QWidget

SLACK_PX = 2


def cut_texts(window: QWidget) -> list[str]:
    """A line for each text that is cut, of all widgets that are shown."""
    return [
        f"{type(widget).__name__} {text!r}: {have} px of {need} px"
        for widget in window.findChildren(QWidget)
        if widget.isVisible()
        for text, have, need in _fits(widget)
        if text.strip() and need > have + SLACK_PX
    ]


def _fits(widget: QWidget) -> Iterator[tuple[str, int, int]]:
    """Texts with the room that they have and that they need."""
    match widget:
        case QLabel() if widget.wordWrap():
            yield widget.text(), widget.height(), widget.heightForWidth(widget.width())
        case QLabel():
            yield widget.text(), widget.width(), widget.minimumSizeHint().width()
        case QToolButton() if not widget.text():
            return
        case QAbstractButton():
            yield widget.text(), widget.width(), widget.minimumSizeHint().width()
        case QTabBar():
            for n in range(widget.count()):
                needed = widget.fontMetrics().horizontalAdvance(widget.tabText(n))
                yield widget.tabText(n), widget.tabRect(n).width(), needed
        case QComboBox():
            needed = widget.fontMetrics().horizontalAdvance(widget.currentText())
            yield widget.currentText(), widget.width(), needed
        case QLineEdit() if not widget.text():
            needed = widget.fontMetrics().horizontalAdvance(widget.placeholderText())
            yield widget.placeholderText(), widget.contentsRect().width(), needed
