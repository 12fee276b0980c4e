"""The card on which an operator confirms a way of the stage, watches it and stops it."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.parts.label import label
from ui.presenters.go_to import GoPhase, GoView
from ui.presenters.tone import Sign, Tone

BAR_STEPS = 1000


class GoCard(QFrame):
    """Shows a ``GoView``; says ``go_asked``, and ``cancel_asked``, which stops a stage on its way."""

    go_asked = pyqtSignal()
    cancel_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self.title, self.summary, self.legs = label(role="strong"), label(role="body"), label(role="small")
        self.bar = QProgressBar()
        self.bar.setRange(0, BAR_STEPS)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(theme.Space.S)
        self.bar.setToolTip(
            "By the time that the way should take; the stage itself says nothing on its way."
        )
        self.go = QPushButton("Go")
        self.go.setToolTip("Drive this way; it is checked once more before.")
        theme.set_role(self.go, "primary")
        self.cancel = QPushButton("Cancel")
        self.go.clicked.connect(lambda: self.go_asked.emit())
        self.cancel.clicked.connect(lambda: self.cancel_asked.emit())
        self._lay_out()
        self.hide()

    def show_view(self, view: GoView | None) -> None:
        """Show it, or nothing."""
        self.setVisible(view is not None)
        if view is None:
            return
        self.title.setText(view.title)
        self.summary.setText(view.summary)
        self.legs.setText("\n".join(f"{n}.  {leg}" for n, leg in enumerate(view.legs, 1)))
        self.legs.setVisible(len(view.legs) > 1 and view.phase is GoPhase.PLANNED)
        going = view.phase is GoPhase.GOING
        self.bar.setVisible(going)
        self.bar.setValue(round(view.share * BAR_STEPS))
        self.go.setVisible(not going)
        self.go.setEnabled(view.phase is GoPhase.PLANNED)
        self.cancel.setText("Stop" if going else "Cancel")
        self.cancel.setToolTip("Stop the stage where it is, at once." if going else "Nothing moves.")
        theme.set_role(self.cancel, "danger" if going else "")
        self.setAccessibleName(f"{view.title} {view.summary}")
        self.adjustSize()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(theme.Space.XS)
        for widget in (self.title, self.summary, self.legs, self.bar):
            texts.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.Space.S)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        texts.addSpacing(theme.Space.XS)
        texts.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.L, theme.Space.M)
        row.setSpacing(theme.Space.M)
        row.addWidget(SignLabel(Sign.TARGET, Tone.ACTIVE, 20), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
