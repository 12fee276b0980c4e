"""Pre-flight: what a check has found, and what the operator confirms by hand."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.panels.telling import Telling
from ui.parts.tick_box import TickBox
from ui.presenters.checklist import HINTS, Checklist, Confirmation, Item
from ui.presenters.tone import Sign, Tone

AGAIN = "Check plan, limits, disk, drivers and networks again, as after an edit."
NOT_NOW = "The plan is checked while no run is active."


class PreflightPanel(QWidget):
    """Shows a ``Checklist``; says ``confirmed(Confirmation, bool)`` and ``check_asked``."""

    confirmed = pyqtSignal(object, bool)
    check_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.sign, self.word = SignLabel(Sign.HOURGLASS, Tone.QUIET, 22), QLabel()
        theme.set_role(self.word, "lead")
        self.word.setWordWrap(True)
        self.again = QPushButton("Check again")
        self.again.setToolTip(AGAIN)
        self.again.clicked.connect(lambda: self.check_asked.emit())
        self.boxes = {what: self._box(what) for what in Confirmation}
        self.by_hand = self._confirmations()
        self._items: tuple[Item, ...] | None = None
        self._checking = self._running = False
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.Space.M)
        self._lay_out()

    def show_list(self, checklist: Checklist) -> None:
        """Show the list as it is now."""
        summary = checklist.summary
        self.sign.show_sign(summary.sign, summary.tone)
        self.word.setText(summary.word)
        theme.set_tone(self.word, summary.tone)
        self._checking = checklist.checking
        self._allow()
        self.by_hand.setVisible(not checklist.finished)
        for what, box in self.boxes.items():
            box.setChecked(what in checklist.confirmed)
        if checklist.items != self._items:
            self._items = checklist.items
            self._show_items(checklist.items)

    def show_running(self, running: bool) -> None:
        """While a run is active its plan is not checked again: that would take time from the run."""
        self._running = running
        self._allow()

    def _allow(self) -> None:
        self.again.setEnabled(not (self._checking or self._running))
        self.again.setToolTip(NOT_NOW if self._running else AGAIN)

    def _show_items(self, items: tuple[Item, ...]) -> None:
        while (old := self._list.takeAt(0)) is not None:
            if (row := old.widget()) is not None:
                row.hide()
                row.deleteLater()
        for item in items:
            row = Telling()
            row.tell(item.badge, item.text)
            self._list.addWidget(row)
        self._list.addStretch(1)

    def _box(self, what: Confirmation) -> TickBox:
        box = TickBox(what.value)
        box.setToolTip(HINTS[what])
        # clicked, not toggled: only a hand confirms
        box.clicked.connect(lambda holds, what=what: self.confirmed.emit(what, holds))
        return box

    def _confirmations(self) -> QWidget:
        hint, holder = QLabel("No software can read these. Look, then confirm."), QWidget()
        theme.set_role(hint, "muted")
        hint.setWordWrap(True)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.Space.M)
        column.addWidget(hint)
        for box in self.boxes.values():
            column.addWidget(box)
        return holder

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.Space.M)
        top.addWidget(self.sign)
        top.addWidget(self.word, 1)
        top.addWidget(self.again)
        holder, area = QWidget(), QScrollArea()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, theme.Space.S, 0)
        column.setSpacing(theme.Space.M)
        # the panel of the run needs the room when it has much to tell: this one scrolls
        column.addWidget(self.by_hand)
        column.addLayout(self._list, 1)
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        box.setSpacing(theme.Space.M)
        box.addLayout(top)
        box.addWidget(area, 1)
