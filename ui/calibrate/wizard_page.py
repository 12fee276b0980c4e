"""A page of a wizard: what scrolls, and below it the buttons, which are always in sight."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui import theme

Parts = tuple[QWidget, ...]


class WizardPage(QWidget):
    """Laid out by ``put``, once."""

    def put(
        self, parts: tuple[QWidget, ...], left: tuple[QWidget, ...], right: tuple[QWidget, ...]
    ) -> None:
        """Put ``parts`` one below the other, and buttons at both ends of the foot."""
        holder, area = QWidget(), QScrollArea()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.L)
        inner.setSpacing(theme.Space.M)
        for part in parts:
            inner.addWidget(part)
        inner.addStretch(1)
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(area, 1)
        column.addWidget(_foot(left, right))


def _foot(left: Parts, right: Parts) -> QFrame:
    foot = QFrame()
    theme.set_role(foot, "foot")
    row = QHBoxLayout(foot)
    row.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.S)
    row.setSpacing(theme.Space.S)
    for button in left:
        row.addWidget(button)
    row.addStretch(1)
    for button in right:
        row.addWidget(button)
    return foot
