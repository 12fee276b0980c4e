"""The templates of new runs as cards, on the start page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ui import theme
from ui.parts.pressable import Pressable
from ui.start.start_cards import label

if TYPE_CHECKING:  # brings shapely, which the first window does without
    from ui.presenters.beginnings import TemplateCard

PER_ROW = 3
COUNTING = "Counting what each of them takes \N{HORIZONTAL ELLIPSIS}"


class TemplateCards(QWidget):
    """Shows ``TemplateCard``s; says which one was ``chosen`` (its key)."""

    chosen = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setSpacing(theme.Space.M)
        self._waiting = label(COUNTING, "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.Space.M)
        column.addWidget(label("Begin with", "lead"))
        column.addWidget(self._waiting)
        column.addLayout(self._grid)
        for n in range(PER_ROW):
            self._grid.setColumnStretch(n, 1)

    def show_templates(self, cards: tuple[TemplateCard, ...]) -> None:
        """Show these to choose from; the first gets the focus."""
        self._waiting.setVisible(not cards)
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for n, card in enumerate(cards):
            widget = _Card(card)
            widget.pressed.connect(partial(self.chosen.emit, card.key))
            self._grid.addWidget(widget, n // PER_ROW, n % PER_ROW)
            if n == 0:
                widget.setFocus()


class _Card(Pressable):
    """One template: what it is, and what a run of it takes."""

    def __init__(self, card: TemplateCard) -> None:
        super().__init__()
        self.setToolTip(f"Make a new run of it, in a folder that you name.\n{card.description}")
        self.setAccessibleName(f"{card.title}. {card.description} {' '.join(card.cost)}")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        column.setSpacing(theme.Space.XS)
        column.addWidget(label(card.title, "strong"))
        column.addWidget(label(card.description, "small"))
        column.addStretch(1)
        column.addSpacing(theme.Space.S)
        for line in card.cost:
            column.addWidget(label(line, "remark"))
