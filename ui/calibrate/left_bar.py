"""Says that the instrument is not as a calibration found it, and has that mended."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout

from ui import theme
from ui.icons import SignLabel
from ui.parts.label import label
from ui.prepare.step_card import main_button, side_button
from ui.presenters.calibration_left import LeftView
from ui.presenters.tone import Sign, Tone


class LeftBar(QFrame):
    """Hidden while all is in order. ``restore_asked``: put it back; ``leave_asked``: leave it as it is."""

    restore_asked = pyqtSignal()
    leave_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        theme.set_role(self, "bar")
        self.sentence = label()
        theme.set_tone(self.sentence, Tone.CAUTION)
        self.restore = main_button(
            "Put it back", "Drives the stage and sets optics, beam and detector as they were found"
        )
        self.leave = side_button("Leave it as it is", "Nothing is driven or set; runs may start again")
        self.restore.clicked.connect(lambda: self.restore_asked.emit())
        self.leave.clicked.connect(lambda: self.leave_asked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.S)
        row.setSpacing(theme.Space.M)
        row.addWidget(SignLabel(Sign.WARNING, Tone.CAUTION))
        row.addWidget(self.sentence, 1)
        row.addWidget(self.leave)
        row.addWidget(self.restore)
        self.hide()

    def show_view(self, view: LeftView | None) -> None:
        """Show it, or nothing."""
        self.setVisible(view is not None)
        if view is not None:
            self.sentence.setText(view.sentence)
            self.restore.setEnabled(view.may_act)
            self.leave.setEnabled(view.may_act)
