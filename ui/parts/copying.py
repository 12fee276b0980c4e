"""Every value can be copied by a context menu, and actions as the command line that does the same."""

from __future__ import annotations

import re

from PyQt5.QtCore import QEvent, QObject, QPoint, Qt
from PyQt5.QtGui import QContextMenuEvent, QTextDocumentFragment
from PyQt5.QtWidgets import (
    QAction,
    QApplication,
    QLabel,
    QMenu,
    QProgressBar,
    QToolButton,
    QWhatsThis,
    QWidget,
)

_COMMAND = "command_line"
_TAG = re.compile(r"<[a-z][^<>]*>")


def copy_text(text: str) -> None:
    """Put a text on the clipboard."""
    clipboard = QApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)


def offer_command(source: QWidget | QAction, command: str) -> None:
    """Let a widget's context menu, or that of an action's buttons, copy the same as a command line."""
    source.setProperty(_COMMAND, command)


class CopyMenus(QObject):
    """Watches the application for right clicks on values; labels that come later are served, too."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        if event is None or event.type() != QEvent.Type.ContextMenu or not isinstance(watched, QWidget):
            return False
        menu = menu_for(watched)
        if menu is None or not isinstance(event, QContextMenuEvent):
            return False
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())
        return True


def menu_for(widget: QWidget) -> QMenu | None:
    """What can be copied of ``widget``, and what it is; None where it has nothing to give."""
    text, command, meaning = value_of(widget), _command_of(widget), meaning_of(widget)
    if not (text or command) or widget.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu:
        return None
    menu = QMenu(widget)
    if text:
        menu.addAction("Copy", lambda: copy_text(text))
    if command:
        menu.addAction("Copy as command line", lambda: copy_text(command))
    if meaning:
        where = widget.mapToGlobal(QPoint(0, widget.height()))
        menu.addAction("What is this?", lambda: QWhatsThis.showText(where, meaning, widget))
    return menu


def _command_of(widget: QWidget) -> str:
    action = widget.defaultAction() if isinstance(widget, QToolButton) else None
    return str(widget.property(_COMMAND) or (action is not None and action.property(_COMMAND)) or "")


def value_of(widget: QWidget) -> str:
    """The text that a value's widget shows: what is selected of it, or else all of it."""
    if isinstance(widget, QLabel):
        return widget.selectedText() or (_plain(widget.text()) if _is_rich(widget) else widget.text())
    return widget.text() if isinstance(widget, QProgressBar) else ""


def _is_rich(label: QLabel) -> bool:
    form = label.textFormat()
    guessed = form == Qt.TextFormat.AutoText and _TAG.search(label.text()) is not None
    return form == Qt.TextFormat.RichText or guessed


def _plain(html: str) -> str:
    return QTextDocumentFragment.fromHtml(html).toPlainText()


def meaning_of(widget: QWidget | None) -> str:
    """What a value means: the nearest explanation of the widget or of what holds it."""
    while widget is not None:
        if explanation := widget.whatsThis() or widget.toolTip():
            return str(explanation)
        widget = widget.parentWidget()
    return ""
