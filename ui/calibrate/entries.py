"""The list of all calibrations, under headings; one of them is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from scopeacq.plan.calibrations import CalibrationKind
from ui import theme
from ui.icons import SignLabel
from ui.parts.label import label
from ui.parts.pressable import Pressable
from ui.presenters.calibration_list import GROUPS, EntryView, GroupView
from ui.presenters.tone import Sign, Tone

WIDTH_PX = 290


class EntryList(QScrollArea):
    """Shows groups of entries.

    Signals:
        chosen, undo_asked, adopt_asked (CalibrationKind): the operator wants to see one, to undo what was
            accepted, or to go by another one that fits.
    """

    chosen = pyqtSignal(object)
    undo_asked = pyqtSignal(object)
    adopt_asked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.cards = {kind: EntryCard() for kinds in GROUPS.values() for kind in kinds}
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for kind, card in self.cards.items():
            card.setToolTip(kind.about)
            card.pressed.connect(partial(self.chosen.emit, kind))
            card.undo.clicked.connect(lambda _, kind=kind: self.undo_asked.emit(kind))
            card.adopt.clicked.connect(lambda _, kind=kind: self.adopt_asked.emit(kind))
        self._lay_out()

    def show_groups(self, groups: Sequence[GroupView], chosen: CalibrationKind | None) -> None:
        """Show how all stand now."""
        for entry in (entry for group in groups for entry in group.entries):
            self.cards[entry.kind].show_view(entry, chosen=entry.kind is chosen)

    def _lay_out(self) -> None:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(theme.Space.S, theme.Space.M, theme.Space.S, theme.Space.M)
        column.setSpacing(theme.Space.XS)
        for title, kinds in GROUPS.items():
            heading = label(title, "muted")
            heading.setContentsMargins(theme.Space.M, theme.Space.S, 0, 0)
            column.addWidget(heading)
            for kind in kinds:
                column.addWidget(self.cards[kind])
        column.addStretch(1)
        self.setWidget(holder)
        self.setMinimumWidth(WIDTH_PX)


class EntryCard(Pressable):
    """One calibration: sign, name, word, what is in use, and how that is undone."""

    def __init__(self) -> None:
        super().__init__()
        theme.set_role(self, "step")
        self.sign = SignLabel(Sign.QUESTION, Tone.QUIET)
        self.title, self.word = label(role="strong", wrap=False), label(wrap=False)
        self.sentence, self.undo = label(role="small"), QPushButton("Undo")
        self.adopt = QPushButton("Adopt")
        for button in (self.undo, self.adopt):
            theme.set_role(button, "note")
        for text in (self.title, self.word, self.sentence):  # the card is pressed wherever it is hit
            text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view: EntryView | None = None
        self._lay_out()

    def show_view(self, view: EntryView, *, chosen: bool) -> None:
        """Show how it stands now."""
        theme.set_chosen(self, chosen)
        if view == self._view:
            return
        self._view = view
        self.sign.show_sign(view.badge.sign, view.badge.tone)
        self.title.setText(view.title)
        self.word.setText(view.badge.word)
        theme.set_tone(self.word, view.badge.tone)
        self.sentence.setText(view.sentence)
        self.sentence.setVisible(bool(view.sentence))
        for button, tip in ((self.undo, view.undo), (self.adopt, view.adopt)):
            button.setVisible(bool(tip))
            button.setToolTip(tip)
        self.setAccessibleName(view.title)
        self.setAccessibleDescription(f"{view.badge.word}. {view.sentence}")

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(theme.Space.S)
        first.addWidget(self.sign)
        first.addWidget(self.title, 1)
        first.addWidget(self.word)
        second.addWidget(self.sentence, 1)
        for button in (self.adopt, self.undo):
            second.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.M, theme.Space.S, theme.Space.M, theme.Space.S)
        column.setSpacing(theme.Space.XS)
        column.addLayout(first)
        column.addLayout(second)
