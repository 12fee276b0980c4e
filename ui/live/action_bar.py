"""Grab, live, stop, save: what is done with the instrument, and what goes on."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QSizePolicy, QWidget

from ui import theme
from ui.live.parts import button
from ui.parts.label import label
from ui.parts.quantity import QuantityField
from ui.presenters.live import LIVE_LIMITS_S, LIVE_S, Doing, LiveView

GRAB_KEY, LIVE_KEY, STOP_KEY, SAVE_KEY = "G", "V", "Esc", "Ctrl+S"
PROGRESS_PX = 120


class ActionBar(QFrame):
    """Says what is asked for; ``live_asked`` (duration_s)."""

    connect_asked = pyqtSignal()
    grab_asked = pyqtSignal()
    live_asked = pyqtSignal(float)
    stop_asked = pyqtSignal()
    save_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        theme.set_role(self, "bar")
        self._view, self._frame_valid, self._offer = LiveView(), True, False
        self.connect_button = button(
            "Connect", "Take the instrument in hand", self.connect_asked.emit, "primary"
        )
        self.grab_button = button("Grab", "Scan one frame", self.grab_asked.emit, "primary", GRAB_KEY)
        self.live_button = button(
            "Live", "Frame after frame, until the time is over", self._ask_live, key=LIVE_KEY
        )
        self.stop_button = button("Stop", "End before the next frame", self.stop_asked.emit, key=STOP_KEY)
        self.save_button = button(
            "Save", "Keep this frame as TIFF in the run's folder", self.save_asked.emit, key=SAVE_KEY
        )
        self.duration = QuantityField("s", LIVE_LIMITS_S)
        self.duration.show_value(LIVE_S)
        self.duration.setToolTip(
            "A live scan ends by itself after this: a beam left scanning harms the specimen"
        )
        self.duration.setMaximumWidth(110)
        self.duration.textChanged.connect(lambda _: self._refresh())
        self.words, self.progress = label(role="muted", wrap=False), QProgressBar()
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(PROGRESS_PX, theme.Space.S)
        self.cost = label(role="small", tip="Field of view, bare time and dose of each frame", wrap=False)
        self._for = label("for", "muted", wrap=False)
        self._lay_out()
        self._refresh()

    def show_view(self, view: LiveView) -> None:
        """Show what goes on, and enable what may be done."""
        self._view = view
        self._refresh()

    def show_offer(self, offer: bool) -> None:
        """Whether to offer the instrument here; not where the empty view does."""
        self._offer = offer
        self._refresh()

    def show_frame_valid(self, valid: bool) -> None:
        """Whether there is a frame that could be scanned."""
        self._frame_valid = valid
        self._refresh()

    def show_cost(self, cost: str) -> None:
        """What each frame covers, takes and lays down."""
        self.cost.setText(cost)

    def show_savable(self, savable: bool) -> None:
        """Whether there is a frame to be saved."""
        self.save_button.setEnabled(savable)

    def _refresh(self) -> None:
        view, idle = self._view, self._view.doing is Doing.NOTHING
        may_scan = view.may_begin and self._frame_valid
        self.connect_button.setVisible(self._offer and not view.connected)
        self.connect_button.setEnabled(view.may_connect)
        self.connect_button.setText("Connecting \N{HORIZONTAL ELLIPSIS}" if view.connecting else "Connect")
        for part in (self.grab_button, self.live_button, self.duration, self._for):
            part.setVisible(view.connected and idle)
        self.grab_button.setEnabled(may_scan)
        self.live_button.setEnabled(may_scan and self.duration.value is not None)
        self.stop_button.setVisible(not idle)
        self.progress.setVisible(not idle and not view.live)
        self.progress.setRange(0, view.progress[1])
        self.progress.setValue(view.progress[0])
        self.words.setText(view.words if self._offer or view.connected or view.run_active else "")

    def _ask_live(self) -> None:
        if self.duration.value is not None:
            self.live_asked.emit(self.duration.value)

    def _lay_out(self) -> None:
        self.save_button.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.Space.M, theme.Space.XS, theme.Space.M, theme.Space.XS)
        row.setSpacing(theme.Space.S)
        parts: tuple[QWidget, ...] = (
            self.connect_button,
            self.grab_button,
            self.live_button,
            self._for,
            self.duration,
            self.stop_button,
            self.progress,
            self.words,
        )
        for part in parts:
            row.addWidget(part, 1 if part is self.words else 0)
        row.addWidget(self.cost)
        row.addWidget(self.save_button)
