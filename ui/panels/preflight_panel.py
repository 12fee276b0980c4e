"""Pre-flight: what a check has found, and what the operator confirms by hand."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.presenters.checklist import HINTS, Checklist, Confirmation, Item
from ui.presenters.tone import Sign, Tone
from ui.tick_box import TickBox


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
        self.again.setToolTip("Check plan, limits, disk, drivers and networks again, as after an edit.")
        self.again.clicked.connect(lambda: self.check_asked.emit())
        self.boxes = {what: self._box(what) for what in Confirmation}
        self._items: tuple[Item, ...] | None = None
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.Space.M)
        self._lay_out()

    def show_list(self, checklist: Checklist) -> None:
        """Show the list as it is now."""
        summary = checklist.summary
        self.sign.show_sign(summary.sign, summary.tone)
        self.word.setText(summary.word)
        theme.set_tone(self.word, summary.tone)
        self.again.setEnabled(not checklist.checking)
        for what, box in self.boxes.items():
            box.setChecked(what in checklist.confirmed)
        if checklist.items != self._items:
            self._items = checklist.items
            self._show_items(checklist.items)

    def _show_items(self, items: tuple[Item, ...]) -> None:
        while (old := self._list.takeAt(0)) is not None:
            if (row := old.widget()) is not None:
                row.hide()
                row.deleteLater()
        for item in items:
            self._list.addWidget(_Row(item))
        self._list.addStretch(1)

    def _box(self, what: Confirmation) -> TickBox:
        box = TickBox(what.value)
        box.setToolTip(HINTS[what])
        # clicked, not toggled: only a hand confirms
        box.clicked.connect(lambda holds, what=what: self.confirmed.emit(what, holds))
        return box

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.Space.M)
        top.addWidget(self.sign)
        top.addWidget(self.word, 1)
        top.addWidget(self.again)
        by_hand = QLabel("No software can read these. Look, then confirm.")
        theme.set_role(by_hand, "muted")
        holder, area = QWidget(), QScrollArea()
        holder.setLayout(self._list)
        self._list.setContentsMargins(0, 0, theme.Space.S, 0)
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        box.setSpacing(theme.Space.M)
        box.addLayout(top)
        box.addWidget(by_hand)
        for confirmation in self.boxes.values():
            box.addWidget(confirmation)
        box.addWidget(area, 1)


class _Row(QWidget):
    """A finding: sign, word, sentence."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        word, text = QLabel(item.badge.word), QLabel(item.text)
        theme.set_tone(word, item.badge.tone)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(word)
        texts.addWidget(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.M)
        row.addWidget(SignLabel(item.badge.sign, item.badge.tone, 18), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
