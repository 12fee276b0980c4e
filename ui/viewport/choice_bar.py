"""A bar with choices of which one holds and actions; where it is narrow, the choices fold into a menu."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QAction, QFrame, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from ui.theme import Space, set_role


class ChoiceBar(QFrame):
    """``choices`` at the left, ``actions`` at the right; ``between`` stands before the latter."""

    def __init__(
        self, choices: Sequence[QAction], actions: Sequence[QAction], between: QWidget | None = None
    ) -> None:
        super().__init__()
        self._choices = choices
        self.spread = _row([_button(each) for each in choices])
        self._rest = _row(([between] if between is not None else []) + [_button(each) for each in actions])
        self.folded = QToolButton()
        set_role(self, "bar")
        self._prepare_folded()
        spread_row = self.spread.layout()
        assert isinstance(spread_row, QHBoxLayout)
        spread_row.addStretch(1)
        self.spread.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.XS, Space.S, Space.XS)
        row.setSpacing(Space.XS)
        row.addWidget(self.folded)
        row.addWidget(self.spread, 1)
        row.addStretch(0)
        row.addWidget(self._rest)
        for each in choices:
            each.toggled.connect(lambda _: self._name())
        self._fold()
        self._name()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._fold()

    def _fold(self) -> None:
        """Fold the choices where they do not fit beside the rest, or spread them again."""
        parts = self.spread.sizeHint().width() + self._rest.sizeHint().width()
        fits = parts + 2 * Space.S + 2 * Space.XS <= self.width()
        self.spread.setVisible(fits)
        self.folded.setVisible(not fits)

    def _name(self) -> None:
        """The folded choices go by the one that holds."""
        chosen = next((each for each in self._choices if each.isChecked()), None)
        if chosen is not None:
            self.folded.setText(f"{chosen.text()} \N{BLACK DOWN-POINTING SMALL TRIANGLE}")
            self.folded.setToolTip(chosen.toolTip())

    def _prepare_folded(self) -> None:
        menu = QMenu(self.folded)
        menu.addActions(list(self._choices))
        self.folded.setMenu(menu)
        self.folded.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.folded.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_role(self.folded, "fold")


def _button(action: QAction) -> QToolButton:
    made = QToolButton()
    made.setDefaultAction(action)
    set_role(made, "quiet")
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def _row(widgets: Sequence[QWidget]) -> QWidget:
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(Space.XS)
    for each in widgets:
        row.addWidget(each)
    return made
