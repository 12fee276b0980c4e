"""The first step: where devices may be, and who answers there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.parts.label import label
from ui.parts.tick_box import TickBox
from ui.parts.wizard_page import WizardPage
from ui.prepare.step_card import side_button
from ui.presenters.connection import AddressRow, ConnectionView
from ui.presenters.connection_state import Doing
from ui.presenters.tone import Sign, Tone

NOWHERE = "No port, no VISA resource and no usual address is known here: add an address below."


class FindPage(WizardPage):
    """Signals:

    ticked (str, bool): an address is to be asked, or not.
    added (str): one more address.
    search_asked, stop_asked: ask at all that are ticked; end that.
    """

    ticked = pyqtSignal(str, bool)
    added = pyqtSignal(str)
    search_asked = pyqtSignal()
    stop_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.sentence, self.nowhere = label(role="lead"), label(NOWHERE, "muted")
        self.address, self.add = QLineEdit(), QPushButton("Add")
        self.address.setPlaceholderText("COM3, /dev/ttyUSB0, 192.168.0.5:8300, USB0::...::INSTR")
        self.address.setAccessibleName("One more address")
        self.search = side_button("Search", "Asks each address that is ticked who is there")
        self.stop = side_button("Stop", "Asks no more; what was found stays")
        self.lines: dict[str, AddressLine] = {}
        self._grid = QGridLayout()
        self._rows: Sequence[AddressRow] = ()
        self._connect()
        self._lay_out()

    def show_view(self, view: ConnectionView) -> None:
        """Show what is known of each address."""
        searching = view.doing is Doing.SEARCHING
        self.sentence.setText(view.sentence)
        self.nowhere.setVisible(not view.addresses and view.doing is None)
        self.search.setVisible(not searching)
        self.search.setEnabled(view.doing is None and any(row.ticked for row in view.addresses))
        self.stop.setVisible(searching)
        self.stop.setEnabled(view.stops)
        for row in view.addresses:
            if row.address not in self.lines:
                self._add_line(row.address)
            self.lines[row.address].show_row(row, editable=not searching)
        for gone in set(self.lines) - {row.address for row in view.addresses}:
            self.lines.pop(gone).remove()

    def _add_line(self, text: str) -> None:
        line = self.lines[text] = AddressLine()
        line.tick.clicked.connect(partial(self.ticked.emit, text))
        line.lay_into(self._grid, self._grid.rowCount())

    def _connect(self) -> None:
        self.add.clicked.connect(self._take_address)
        self.address.returnPressed.connect(self._take_address)
        self.search.clicked.connect(lambda: self.search_asked.emit())
        self.stop.clicked.connect(lambda: self.stop_asked.emit())

    def _take_address(self) -> None:
        if text := self.address.text().strip():
            self.added.emit(text)
            self.address.clear()

    def _lay_out(self) -> None:
        holder, adding = QWidget(), QWidget()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.Space.M)
        self._grid.setVerticalSpacing(theme.Space.S)
        self._grid.setColumnStretch(3, 1)
        holder.setLayout(self._grid)
        row = QHBoxLayout(adding)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.S)
        row.addWidget(self.address, 1)
        row.addWidget(self.add)
        row.addWidget(self.search)
        row.addWidget(self.stop)
        self.put((self.sentence, holder, self.nowhere), (adding,), (), ())


class AddressLine:
    """One address: whether it is asked, what the system says of it, who answered."""

    def __init__(self) -> None:
        self.tick = TickBox("")
        self.says, self.sentence = label(role="small", wrap=False), label()
        self.sign = SignLabel(Sign.QUESTION, Tone.QUIET)

    def show_row(self, row: AddressRow, *, editable: bool) -> None:
        """Show it as it stands."""
        self.tick.setText(row.address)
        self.tick.setChecked(row.ticked)
        self.tick.setEnabled(editable)
        self.says.setText(f"{row.wire}, {row.says}" if row.says else row.wire)
        self.sentence.setText(row.sentence)
        self.sign.setVisible(row.badge is not None)
        if row.badge is not None:
            self.sign.show_sign(row.badge.sign, row.badge.tone)

    def lay_into(self, grid: QGridLayout, row: int) -> None:
        """Put its widgets into a row of a grid."""
        for column, widget in enumerate((self.tick, self.says, self.sign, self.sentence)):
            grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignVCenter)

    def remove(self) -> None:
        """It is not there any more."""
        for widget in (self.tick, self.says, self.sign, self.sentence):
            widget.hide()
            widget.deleteLater()
