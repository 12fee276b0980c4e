"""Collects what can be done now from the window's own actions, buttons and shortcuts."""

from __future__ import annotations

from collections.abc import Iterator

from PyQt5.QtCore import QObject
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import (
    QAbstractButton,
    QAction,
    QDockWidget,
    QLineEdit,
    QShortcut,
    QToolButton,
    QWidget,
)

from ui.help.help_keys import page_about
from ui.presenters.commands import ANYWHERE, Command


def commands_of(window: QWidget) -> list[Command]:
    """All of them that can be seen, also those that are not possible just now."""
    found = [*_actions(window), *_buttons(window), *_shortcuts(window)]
    return list({(c.text, c.where): c for c in reversed(found)}.values())[::-1]


def _actions(window: QWidget) -> Iterator[Command]:
    for action in window.findChildren(QAction):
        owner = action.parent()
        named = bool(action.text()) and not action.isSeparator() and action.menu() is None
        if not named or isinstance(owner, QLineEdit) or not _seen(owner, window):
            continue
        text = f"Show or hide {action.text()}" if isinstance(owner, QDockWidget) else _name(action)
        keys = tuple(map(_written, action.shortcuts()))
        where = ANYWHERE if isinstance(owner, QDockWidget) else _where(owner)
        yield Command(_plain(text), keys, where, action.isEnabled(), action.trigger, action.toolTip())


def _buttons(window: QWidget) -> Iterator[Command]:
    for button in window.findChildren(QAbstractButton):
        of_action = isinstance(button, QToolButton) and button.defaultAction() is not None
        text = button.text() or ("" if button.shortcut().isEmpty() else button.accessibleName())
        # buttons with keys take turns in one place: they are known also while they are hidden
        seen = button.isVisibleTo(window) or (bool(button.shortcut()) and _seen(button.parent(), window))
        if text and not of_action and seen:
            keys = () if button.shortcut().isEmpty() else (_written(button.shortcut()),)
            possible = button.isEnabled() and button.isVisibleTo(window)
            yield Command(_plain(text), keys, _where(button), possible, button.click, button.toolTip())


def _shortcuts(window: QWidget) -> Iterator[Command]:
    for shortcut in window.findChildren(QShortcut):
        if shortcut.whatsThis() and _seen(shortcut.parent(), window):
            keys = (_written(shortcut.key()),)
            yield Command(
                shortcut.whatsThis(), keys, _where(shortcut.parent()), True, shortcut.activated.emit
            )


def _seen(owner: QObject | None, window: QWidget) -> bool:
    if isinstance(owner, QDockWidget) or owner is window:
        return True
    return isinstance(owner, QWidget) and owner.isVisibleTo(window)


def _where(owner: QObject | None) -> str:
    """The name of the panel or view that holds ``owner``."""
    widget = owner if isinstance(owner, QWidget) else None
    key = page_about(widget, "")
    while widget is not None:
        if isinstance(widget, QDockWidget):
            return widget.windowTitle()
        widget = widget.parentWidget()
    return key.capitalize() or ANYWHERE


def _name(action: QAction) -> str:
    """Its text; of one that shows only a sign, the first sentence of its tooltip."""
    worded = any(letter.isalpha() for letter in action.text())
    return action.text() if worded else action.toolTip().split(" (")[0].split(". ")[0]


def _plain(text: str) -> str:
    return text.replace("&", "").removesuffix("...").removesuffix("\N{HORIZONTAL ELLIPSIS}").strip()


def _written(keys: QKeySequence) -> str:
    return keys.toString(QKeySequence.SequenceFormat.PortableText)
