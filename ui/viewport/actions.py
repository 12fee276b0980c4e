"""Actions with their keys, and bars of buttons for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QFrame, QHBoxLayout, QToolButton, QWidget

from ui.theme import Space, set_role


def action(owner: QWidget, text: str, key: str, done: Callable[[], None], *more: str) -> QAction:
    """An action of ``owner`` whose keys work wherever the focus is inside it."""
    made = QAction(text, owner)
    made.setShortcuts([QKeySequence(k) for k in (key, *more)])
    made.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    made.setToolTip(f"{text} ({key})")
    made.triggered.connect(lambda: done())
    owner.addAction(made)
    return made


def name_step(button: QAction, step: str) -> None:
    """Say which step is undone or done again; empty where there is none."""
    button.setEnabled(bool(step))
    keys = button.shortcut().toString()
    button.setToolTip(f"{button.text()}: {step} ({keys})" if step else f"{button.text()} ({keys})")


def choice(
    owner: QWidget, group: QActionGroup, text: str, key: str, tip: str, done: Callable[[], None]
) -> QAction:
    """One of several, of which exactly one holds."""
    made = action(owner, text, key, done)
    made.setCheckable(True)
    made.setToolTip(f"{tip} ({key})")
    group.addAction(made)
    return made


def bar(left: Sequence[QAction], right: Sequence[QAction], between: QWidget | None = None) -> QFrame:
    """Buttons for actions at both ends of a bar; ``between`` stands before the right ones."""
    frame = QFrame()
    set_role(frame, "bar")
    row = QHBoxLayout(frame)
    row.setContentsMargins(Space.S, Space.XS, Space.S, Space.XS)
    row.setSpacing(Space.XS)
    for actions in (left, right):
        for each in actions:
            button = QToolButton()
            button.setDefaultAction(each)
            set_role(button, "quiet")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        if actions is left:
            row.addStretch(1)
            if between is not None:
                row.addWidget(between)
    return frame
