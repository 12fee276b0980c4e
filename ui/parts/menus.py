"""Menus of the window from lists of entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QMenu, QWidget


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a menu; ``keys`` do it from anywhere in the window.

    ``ticked``: of what is switched on or off, how it stands at first.
    """

    text: str
    do: Callable[[], object]
    keys: tuple[str, ...] = ()
    ticked: bool | None = None


SEPARATOR = None


def menu(window: QWidget, title: str, entries: Iterable[Entry | None]) -> QMenu:
    """A menu of ``window``."""
    made = QMenu(title, window)
    for entry in entries:
        if entry is SEPARATOR:
            made.addSeparator()
        else:
            made.addAction(_action(window, entry))
    return made


def _action(window: QWidget, entry: Entry) -> QAction:
    action = QAction(entry.text, window)
    action.setShortcuts([QKeySequence(key) for key in entry.keys])
    if entry.ticked is not None:
        action.setCheckable(True)
        action.setChecked(entry.ticked)

    def done(_checked: bool) -> None:
        entry.do()

    action.triggered.connect(done)
    return action
