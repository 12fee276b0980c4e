"""The devices of an instrument below each other; one of them may be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.parts.label import label
from ui.parts.pressable import Pressable
from ui.presenters.connection import DeviceRow
from ui.presenters.tone import Sign, Tone


class DeviceList(QWidget):
    """Signals:

    chosen (str): the operator wants to see a device.
    remove_asked (str): the instrument is to be without it.
    """

    chosen = pyqtSignal(str)
    remove_asked = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, DeviceCard] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.Space.S)

    def show_rows(self, rows: Sequence[DeviceRow], chosen: str = "") -> None:
        """Show these devices and no others."""
        if list(self.cards) != [row.name for row in rows]:
            self._make_anew(rows)
        for row in rows:
            self.cards[row.name].show_row(row, chosen=row.name == chosen)

    def _make_anew(self, rows: Sequence[DeviceRow]) -> None:
        for card in self.cards.values():
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = {row.name: DeviceCard() for row in rows}
        for name, card in self.cards.items():
            card.pressed.connect(partial(self.chosen.emit, name))
            card.remove.clicked.connect(partial(self._ask_to_remove, name))
            self._column.addWidget(card)

    def _ask_to_remove(self, name: str, _checked: bool = False) -> None:
        self.remove_asked.emit(name)


class DeviceCard(Pressable):
    """Name, driver and parts of one device."""

    def __init__(self) -> None:
        super().__init__()
        theme.set_role(self, "step")
        self.sign = SignLabel(Sign.QUESTION, Tone.QUIET)
        self.name, self.title, self.plays = label(role="strong"), label(role="small"), label(role="small")
        self.remove = QPushButton("Remove")
        theme.set_role(self.remove, "note")
        self.remove.setToolTip("The instrument is without this device; the wizard can add it again")
        for text in (self.name, self.title, self.plays):  # the card is pressed wherever it is hit
            text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        first = QHBoxLayout()
        first.setSpacing(theme.Space.S)
        first.addWidget(self.sign)
        first.addWidget(self.name, 1)
        first.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.M, theme.Space.S, theme.Space.M, theme.Space.S)
        column.setSpacing(theme.Space.XS)
        column.addLayout(first)
        column.addWidget(self.title)
        column.addWidget(self.plays)

    def show_row(self, row: DeviceRow, *, chosen: bool) -> None:
        """Show it as it stands."""
        theme.set_chosen(self, chosen)
        self.sign.show_sign(row.badge.sign, row.badge.tone)
        self.name.setText(row.name)
        self.title.setText(row.title)
        self.plays.setText(row.plays)
        self.setAccessibleName(row.name)
        self.setAccessibleDescription(f"{row.badge.word}. {row.title}. {row.plays}")
