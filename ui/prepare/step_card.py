"""One step of the page: how it stands, and, when it is opened, what is done in it."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.parts.label import label
from ui.parts.pressable import Pressable
from ui.parts.trouble_line import TroubleLine
from ui.presenters.prepare import Step, StepView
from ui.presenters.tone import Sign, Tone
from ui.presenters.work import Work

BAR_STEPS = 1000


class StepCard(QFrame):
    """Shows a ``StepView`` with the widget of its step.

    Signals:
        toggled: the operator opens it, or closes it.
        stop_asked: what is under way is to end.
    """

    toggled = pyqtSignal()
    stop_asked = pyqtSignal()

    def __init__(self, step: Step, number: int, body: QWidget) -> None:
        super().__init__()
        self.step, self.body = step, body
        self.head = _Head(f"{number}  {step.value}")
        self.work = _WorkLine()
        self.note, self.trouble = label(role="remark"), TroubleLine()
        self.trouble.setContentsMargins(0, 0, 0, 0)
        theme.set_role(self, "card")
        self.head.pressed.connect(self.toggled)
        self.work.stop.clicked.connect(lambda: self.stop_asked.emit())
        self._lay_out()
        self.open(False)

    def show_view(self, view: StepView) -> None:
        """Show how the step stands now."""
        self.head.show_view(view)
        self.trouble.show_trouble(view.trouble)
        self.note.setText(view.note)
        self.work.setVisible(view.work is not None)
        if view.work is not None:
            self.work.show_work(view.work)
        self._share_room()

    def open(self, opened: bool) -> None:
        """Show what is done in this step, or only how it stands."""
        self.body.setVisible(opened)
        self.head.setToolTip("Close this step" if opened else f"Open {self.step.value}")
        self._share_room()

    def allow(self, allowed: bool) -> None:
        """Let something be done in this step now; else the keys stay with the page."""
        if not allowed and self.body.isAncestorOf(self.focusWidget()):
            self.head.setFocus()
        self.body.setEnabled(allowed)

    @property
    def opened(self) -> bool:
        return not self.body.isHidden()

    def _share_room(self) -> None:
        self.note.setVisible(self.opened and bool(self.note.text()))
        parts = (self.body, self.work, self.trouble)
        self._inner.setVisible(any(not part.isHidden() for part in parts))

    def _lay_out(self) -> None:
        self._inner = QWidget()
        inner = QVBoxLayout(self._inner)
        inner.setContentsMargins(theme.Space.M, theme.Space.XS, theme.Space.M, theme.Space.S)
        inner.setSpacing(theme.Space.S)
        for part in (self.trouble, self.note, self.work, self.body):
            inner.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self._inner)


class _Head(Pressable):
    """Sign, name, word and sentence; pressing it opens and closes the step."""

    def __init__(self, title: str) -> None:
        super().__init__()
        theme.set_role(self, "step")
        self.setAccessibleName(title)
        self.sign = SignLabel(Sign.PLAY, Tone.QUIET)
        self.word, self.sentence = QLabel(), QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        name = QLabel(title)
        theme.set_role(name, "strong")
        theme.set_role(self.sentence, "small")
        first = QHBoxLayout()
        first.setSpacing(theme.Space.S)
        first.addWidget(self.sign)
        first.addWidget(name, 1)
        first.addWidget(self.word)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.M, theme.Space.S, theme.Space.M, theme.Space.S)
        column.setSpacing(theme.Space.XS)
        column.addLayout(first)
        column.addWidget(self.sentence)

    def show_view(self, view: StepView) -> None:
        self.sign.show_sign(view.badge.sign, view.badge.tone)
        self.word.setText(view.badge.word)
        theme.set_tone(self.word, view.badge.tone)
        self.sentence.setText(view.sentence)
        self.sentence.setVisible(bool(view.sentence))
        self.setAccessibleDescription(f"{view.badge.word}. {view.sentence}")


class _WorkLine(QWidget):
    """How much is done, and the button that ends it; the words stand in the head."""

    def __init__(self) -> None:
        super().__init__()
        self.bar, self.stop = QProgressBar(), QPushButton("Stop")
        self.bar.setRange(0, BAR_STEPS)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(theme.Space.S)
        self.stop.setToolTip(
            "End this as soon as it can be ended; what it has by then is kept where it is of use"
        )
        theme.set_role(self.stop, "danger")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.M)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        self.hide()

    def show_work(self, work: Work[Step]) -> None:
        """A bar that only moves says that nobody knows how far it is."""
        self.bar.setRange(0, BAR_STEPS if work.share > 0 else 0)
        self.bar.setValue(round(work.share * BAR_STEPS))
        self.stop.setEnabled(not work.ending)


def column_of(*parts: QWidget, within: QWidget) -> None:
    """Lay out the parts of a step's widget, one below the other."""
    column = QVBoxLayout(within)
    column.setContentsMargins(0, 0, 0, theme.Space.XS)
    column.setSpacing(theme.Space.S)
    for part in parts:
        column.addWidget(part)


def main_button(text: str, tip: str) -> QPushButton:
    """The one that does what the step is for."""
    made = QPushButton(text)
    made.setToolTip(tip)
    theme.set_role(made, "primary")
    return made


def side_button(text: str, tip: str) -> QPushButton:
    """One of the others."""
    made = QPushButton(text)
    made.setToolTip(tip)
    return made


def remark(text: str) -> QLabel:
    """What an operator is to know before pressing anything."""
    return label(text, "small")
