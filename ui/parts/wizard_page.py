"""A page of a wizard: what scrolls, and below it the buttons, which are always in sight."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui import theme

Parts = tuple[QWidget, ...]


class WizardPage(QWidget):
    """Laid out by ``put``, once."""

    def put(self, parts: Parts, fixed: Parts, left: Parts, right: Parts) -> None:
        """Put ``parts`` one below the other; below them ``fixed`` ones, and buttons at both ends."""
        holder = QWidget()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.L)
        inner.setSpacing(theme.Space.M)
        for part in parts:
            inner.addWidget(part)
        inner.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scrolled(holder), 1)
        if fixed or left or right:
            column.addWidget(_foot(fixed, left, right))


def scrolled(widget: QWidget) -> QScrollArea:
    """A widget that may be higher than its place; the keys go to what is in it."""
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def _foot(fixed: Parts, left: Parts, right: Parts) -> QFrame:
    foot, row = QFrame(), QHBoxLayout()
    theme.set_role(foot, "foot")
    row.setSpacing(theme.Space.S)
    for button in left:
        row.addWidget(button)
    row.addStretch(1)
    for button in right:
        row.addWidget(button)
    column = QVBoxLayout(foot)
    column.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.S)
    column.setSpacing(theme.Space.S)
    for part in fixed:
        column.addWidget(part)
    column.addLayout(row)
    return foot
