"""The menu at a point of the map."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PyQt5.QtWidgets import QAction, QMenu, QWidget

Entry = tuple[str, Callable[[], None]]


def menu_of(parent: QWidget, *groups: Iterable[Entry | QAction]) -> QMenu:
    """A menu with a line between its groups; each entry does something, or is an action there already."""
    menu = QMenu(parent)
    for group in groups:
        for entry in group:
            if isinstance(entry, QAction):
                menu.addAction(entry)
                continue
            text, done = entry
            action = QAction(text, menu)
            action.triggered.connect(lambda _, done=done: done())
            menu.addAction(action)
        menu.addSeparator()
    return menu
