"""The bar over the map while a picture is placed."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
)

from ui.presenters.overviews import Placing
from ui.theme import Space, set_role
from ui.viewport.placing import Grip

TIPS = {
    Grip.MOVE: "Drag the picture to move it, its ring to turn it, a corner to scale it",
    Grip.PIN: "Drag from what the picture shows to where it lies on the map; two pairs place the picture",
}


class PlacingBar(QFrame):
    """Signals: grip (Grip), flip_asked, unpin_asked, done, given_up."""

    grip = pyqtSignal(object)
    flip_asked = pyqtSignal()
    unpin_asked = pyqtSignal()
    done = pyqtSignal()
    given_up = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "bar")
        self._title, self._hint, self._state = QLabel(), QLabel(TIPS[Grip.MOVE]), QLabel()
        set_role(self._title, "strong")
        set_role(self._hint, "small")
        for label in (self._hint, self._state):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._grips = QButtonGroup(self)
        self._buttons: dict[Grip, QToolButton] = {}
        self._unpin = self._plain("Remove last pin", "Take the last landmark back", self.unpin_asked.emit)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        rows.setSpacing(Space.XS)
        rows.addLayout(self._words())
        rows.addLayout(self._controls())
        self.hide()

    def show_placing(self, placing: Placing) -> None:
        """Say how well it is placed."""
        self._title.setText(f"Place {placing.overview.name}")
        self._state.setText(placing.in_words)
        self._state.setToolTip(placing.in_words)
        self._unpin.setEnabled(bool(placing.landmarks))

    def use(self, grip: Grip) -> None:
        """Show which way of placing is taken up."""
        self._buttons[grip].setChecked(True)
        self._hint.setText(f"{TIPS[grip]}.")

    def _words(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        row.addWidget(self._title)
        row.addWidget(self._hint, 1)
        return row

    def _controls(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        for grip in Grip:
            button = QToolButton()
            button.setText(grip.value)
            button.setToolTip(TIPS[grip])
            button.setCheckable(True)
            set_role(button, "quiet")
            button.clicked.connect(lambda _, grip=grip: self.grip.emit(grip))
            self._grips.addButton(button)
            self._buttons[grip] = button
            row.addWidget(button)
        row.addWidget(self._unpin)
        row.addWidget(self._plain("Mirror", "Exchange left and right of the picture", self.flip_asked.emit))
        row.addWidget(self._state, 1)
        give_up = QPushButton("Cancel")
        give_up.setToolTip("Leave the picture where it was")
        give_up.clicked.connect(lambda: self.given_up.emit())
        done = QPushButton("Done")
        done.setToolTip("Keep the picture where it is now")
        set_role(done, "primary")
        done.clicked.connect(lambda: self.done.emit())
        row.addWidget(give_up)
        row.addWidget(done)
        return row

    def _plain(self, text: str, tip: str, asked: object) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        set_role(button, "quiet")
        assert callable(asked)
        button.clicked.connect(lambda: asked())
        return button
