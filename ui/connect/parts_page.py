"""The second step: which devices there are, and which of them plays each part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from hardware.parts import Part
from ui import theme
from ui.connect.device_list import DeviceList
from ui.icons import SignLabel
from ui.parts.combo_box import CalmComboBox
from ui.parts.label import label
from ui.parts.wizard_page import WizardPage
from ui.presenters.connection import ConnectionView, PartRow, part_in_words
from ui.presenters.tone import Sign, Tone

CHOICE_PX, LETTERS = 220, 24


class PartsPage(WizardPage):
    """Signals:

    device_asked (str): one device more, of a driver by its name.
    remove_asked (str), device_chosen (str): a device is to go; its settings are to be seen.
    player_chosen (Part, str): a part is to be played by this device.
    """

    device_asked = pyqtSignal(str)
    remove_asked = pyqtSignal(str)
    device_chosen = pyqtSignal(str)
    player_chosen = pyqtSignal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self.sentence, self.problems = label(role="lead"), label()
        self.devices = DeviceList()
        self.drivers, self.add = CalmComboBox(), QPushButton("Add device")
        self.drivers.setAccessibleName("Kinds of devices")
        self.drivers.setSizeAdjustPolicy(CalmComboBox.AdjustToMinimumContentsLengthWithIcon)
        self.drivers.setMinimumContentsLength(LETTERS)
        self.players = {part: PlayerLine(part) for part in Part}
        theme.set_tone(self.problems, Tone.CAUTION)
        self.devices.remove_asked.connect(self.remove_asked)
        self.devices.chosen.connect(self.device_chosen)
        self.add.clicked.connect(lambda: self.device_asked.emit(self.drivers.currentData()))
        for part, line in self.players.items():
            line.choice.activated.connect(partial(self._choose, part))
        self._lay_out()

    def show_drivers(self, drivers: Sequence[tuple[str, str]]) -> None:
        """Of what kinds devices can be added: names and titles of drivers."""
        self.drivers.clear()
        for name, title in drivers:
            self.drivers.addItem(title, name)

    def show_view(self, view: ConnectionView) -> None:
        """Show devices, parts and what is wrong with them."""
        self.sentence.setText(view.sentence)
        self.problems.setText("\n".join(view.problems))
        self.problems.setVisible(bool(view.problems))
        self.devices.show_rows(view.devices)
        self.add.setEnabled(self.drivers.count() > 0)
        for row in view.parts:
            self.players[row.part].show_row(row)

    def _choose(self, part: Part, _index: int) -> None:
        self.player_chosen.emit(part, self.players[part].choice.currentText())

    def _lay_out(self) -> None:
        both, left, parts, adding = QWidget(), QVBoxLayout(), QGridLayout(), QWidget()
        more = QHBoxLayout(adding)
        more.setContentsMargins(0, 0, 0, 0)
        more.setSpacing(theme.Space.S)
        more.addWidget(self.drivers, 1)
        more.addWidget(self.add)
        left.setSpacing(theme.Space.S)
        left.addWidget(label("Devices", "strong"))
        left.addWidget(self.devices)
        left.addStretch(1)
        parts.setHorizontalSpacing(theme.Space.M)
        parts.setVerticalSpacing(theme.Space.S)
        parts.addWidget(label("Parts, and who plays them", "strong"), 0, 0, 1, 3)
        for n, line in enumerate(self.players.values(), 1):
            line.lay_into(parts, n)
        parts.setRowStretch(len(self.players) + 1, 1)
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.XL)
        row.addLayout(left, 1)
        row.addLayout(parts)
        self.put((self.sentence, self.problems, both), (adding,), (), ())


class PlayerLine:
    """One part, and a list of who can play it."""

    def __init__(self, part: Part) -> None:
        self.title, self.choice = label(part_in_words(part), wrap=False), CalmComboBox()
        self.choice.setAccessibleName(f"Who plays the {part_in_words(part).lower()}")
        self.choice.setFixedWidth(CHOICE_PX)
        self.sign = SignLabel(Sign.QUESTION, Tone.QUIET)

    def show_row(self, row: PartRow) -> None:
        """Show who can, and who does."""
        self.sign.show_sign(row.badge.sign, row.badge.tone)
        self.sign.setToolTip(row.badge.word)
        there = tuple(self.choice.itemText(n) for n in range(self.choice.count()))
        with QSignalBlocker(self.choice):
            if there != row.choices:
                self.choice.clear()
                self.choice.addItems(row.choices)
            self.choice.setCurrentText(row.chosen)

    def lay_into(self, grid: QGridLayout, row: int) -> None:
        """Put its widgets into a row of a grid."""
        for column, widget in enumerate((self.sign, self.title, self.choice)):
            grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignVCenter)
