"""What is known of the plane on show: facts to be read and copied, and ways to go on from here."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.parts.copying import copy_text
from ui.parts.label import label
from ui.presenters.slices import Fact
from ui.presenters.tone import Badge, Sign, Tone
from ui.slices.contrast_bar import ContrastBar

WIDTH_PX = 288


class PlaneCard(QWidget):
    """The card beside a slice.

    Signals:
        wafer_wanted: show this tile on the wafer.
        trace_wanted: show how it was focused.
        plots_wanted: show the numbers of its section over the cycles.
    """

    wafer_wanted = pyqtSignal()
    trace_wanted = pyqtSignal()
    plots_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH_PX)
        self.contrast = ContrastBar()
        self._place, self._why, self._text = label(role="title"), label(role="body"), ""
        self._sign, self._state = SignLabel(Sign.INFO, Tone.QUIET), label(role="strong")
        self._names: list[QLabel] = []
        self._values: list[QLabel] = []
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(theme.Space.M)
        self._form.setVerticalSpacing(theme.Space.XS)
        self.copy = _button("Copy", "Copy all that is known of this plane (Ctrl+C)")
        self.copy.clicked.connect(lambda: copy_text(self._text))
        self.wafer = _button("On the wafer", "Show this tile on the wafer")
        self.wafer.clicked.connect(self.wafer_wanted)
        self.trace = _button("Focus", "Show the correction of focus before this plane, in the live view")
        self.trace.clicked.connect(self.trace_wanted)
        self.plots = _button("Plots", "Plot the numbers of this section over the cycles")
        self.plots.clicked.connect(self.plots_wanted)
        self._lay_out()

    def show_plane(self, place: str, badge: Badge, why: str, facts: Sequence[Fact], text: str) -> None:
        """Show what is known; ``text`` is what is copied."""
        self._text = text
        self._place.setText(place)
        self._sign.show_sign(badge.sign, badge.tone)
        self._state.setText(badge.word)
        theme.set_tone(self._state, badge.tone)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        while len(self._names) < len(facts):
            self._add_row()
        for n, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
            fact = facts[n] if n < len(facts) else Fact("", "")
            for shown, words in ((name, fact.name), (value, fact.value)):
                shown.setText(words)
                shown.setToolTip(fact.tip)
                shown.setVisible(bool(fact.name))

    @property
    def text(self) -> str:
        """What is copied."""
        return self._text

    def _add_row(self) -> None:
        name, value = label(role="small"), label(role="body")
        name.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._form.addRow(name, value)
        self._names.append(name)
        self._values.append(value)

    def _lay_out(self) -> None:
        state = QHBoxLayout()
        state.setSpacing(theme.Space.S)
        state.addWidget(self._sign)
        state.addWidget(self._state, 1)
        state.addWidget(self.copy)
        ways = QHBoxLayout()
        ways.setSpacing(theme.Space.XS)
        for button in (self.wafer, self.trace, self.plots):
            ways.addWidget(button)
        ways.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.M)
        column.setSpacing(theme.Space.M)
        column.addWidget(self.contrast)
        column.addWidget(self._place)
        column.addLayout(state)
        column.addWidget(self._why)
        column.addLayout(ways)
        column.addLayout(self._form)
        column.addStretch(1)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    theme.set_role(button, "quiet")
    return button
