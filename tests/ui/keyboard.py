"""All keys of a window that has a run open: its views and panels are shown one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PyQt5.QtCore import QObject, Qt
from PyQt5.QtWidgets import QAbstractButton, QAction, QApplication, QShortcut, QWidget

from ui.help.commands import commands_of
from ui.presenters.commands import Command, keys_page
from ui.window import MainWindow

INTRODUCTION = """\
`F1` explains what has the focus. `Ctrl+K` finds any command by typing a part of its name; `Ctrl+/` lists
the keys that hold just now. Keys of a view or a panel hold while the focus is in it.

In fields for numbers: the arrow keys step, `Page Up` and `Page Down` step ten times as far, `Enter` takes
the value, `Esc` puts back what was there. `Tab` goes to the next field or button, everywhere."""


@dataclass(frozen=True)
class Held:
    """A key sequence and where it holds: in ``scope`` and all within it, or everywhere where None."""

    keys: str
    name: str
    scope: QWidget | None

    def collides_with(self, other: Held) -> bool:
        """Whether Qt could not tell which of the two is meant."""
        if self.keys != other.keys or self.name == other.name:
            return False
        if self.scope is None or other.scope is None:
            return True
        within = self.scope.isAncestorOf(other.scope) or other.scope.isAncestorOf(self.scope)
        return self.scope is other.scope or within


def in_each_view(window: MainWindow, look: Callable[[], None]) -> None:
    """Show every view and every panel, and look each time."""
    workspace = window.workspace
    assert workspace is not None
    for key in workspace.panels:
        workspace.panel(key).show()
        workspace.panel(key).raise_()
        QApplication.processEvents()
        look()
    for key in workspace.views:
        workspace.show_view(key)
        QApplication.processEvents()
        look()


def keyboard_page(window: MainWindow) -> str:
    """The page of the manual about all keys."""
    found: dict[tuple[str, str], Command] = {}

    def look() -> None:
        for command in commands_of(window):
            found.setdefault((command.where, command.text), command)

    in_each_view(window, look)
    return keys_page(found.values(), INTRODUCTION).text


def held_now(window: QWidget) -> Iterator[Held]:
    """The keys of all that is shown, enabled or not."""
    for action in window.findChildren(QAction):
        if _seen(action.parent(), window):
            scope = _scope(action.shortcutContext(), action.parent())
            yield from (Held(keys.toString(), action.text(), scope) for keys in action.shortcuts())
    for button in window.findChildren(QAbstractButton):
        if _seen(button.parent(), window) and not button.shortcut().isEmpty():
            yield Held(button.shortcut().toString(), button.text(), None)
    for shortcut in window.findChildren(QShortcut):
        if _seen(shortcut.parent(), window):
            scope = _scope(shortcut.context(), shortcut.parent())
            yield Held(shortcut.key().toString(), shortcut.whatsThis(), scope)


def _scope(context: Qt.ShortcutContext, owner: QObject | None) -> QWidget | None:
    wide = context in (Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut)
    return None if wide or not isinstance(owner, QWidget) else owner


def _seen(owner: QObject | None, window: QWidget) -> bool:
    return owner is window or (isinstance(owner, QWidget) and owner.isVisibleTo(window))
