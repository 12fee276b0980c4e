"""The run: its state as a sentence, how far it is, the mill gate, and the buttons that are always there."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QSize, Qt, pyqtSignal
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import (
    QAction,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from scopeacq.journal.records import RunRequest
from ui import theme
from ui.icons import SignLabel
from ui.panels.telling import Telling
from ui.parts.label import label
from ui.presenters.abort import AbortView
from ui.presenters.acquisition import Action, Allowed, Bar, RunView
from ui.presenters.tone import Badge, Sign, Tone

PAUSES = {
    RunRequest.PAUSE_NOW: ("Pause now", "End the frame or the opening under way, then pause."),
    RunRequest.PAUSE_AFTER_TILE: ("Pause after this tile", "The tile is focused and imaged to its end."),
    RunRequest.PAUSE_AFTER_SECTION: ("Pause after this section", "All tiles of the section are imaged."),
    RunRequest.PAUSE_AFTER_SLICE: ("Pause after this slice", "All sections are imaged; nothing is milled."),
}
START_KEYS = "Ctrl+Return"


class RunPanel(QWidget):
    """Shows a ``RunView``; ``start_asked`` and ``requested(RunRequest)`` are what its operator wants."""

    start_asked = pyqtSignal()
    requested = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.head, self.gate, self.abort = _Head(), Telling(20, text_role="muted"), AbortCard()
        self.planes = _Meter("Imaging", "Tiles of the whole run that are on the disk and sharp.")
        self.passes = _Meter("Milling", "Mill passes of the whole run: one of each azimuth in each round.")
        self.mill_pass = _Meter("This pass", "Charge that the ion beam delivered in the pass under way.")
        self.time_left = _label("muted")
        self.buttons = Buttons()
        self.buttons.start_asked.connect(self.start_asked)
        self.buttons.requested.connect(self.requested)
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        box.setSpacing(theme.Space.M)
        self._told = _Told((self.abort, self.head, self._meters(), self.time_left, self.gate))
        box.addWidget(self._told, 1)
        box.addWidget(self.buttons)

    def show_view(self, view: RunView) -> None:
        """Show how the run stands now."""
        self.head.show_head(view.badge, view.cycle, view.sentence, view.step)
        self.planes.show_bar(view.planes, view.busy)
        self.passes.show_bar(view.passes, False)
        self.mill_pass.show_bar(view.mill_pass, False)
        self.time_left.setText(view.time_left)
        self.time_left.setVisible(bool(view.time_left))
        self.gate.tell(view.gate.badge, view.gate.text)
        self.abort.show_abort(view.abort)
        self.buttons.show_allowed(view)
        self._told.updateGeometry()

    def _meters(self) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(theme.Space.S)
        grid.setHorizontalSpacing(theme.Space.M)
        for row, meter in enumerate((self.planes, self.passes, self.mill_pass)):
            for column, widget in enumerate(meter.widgets):
                grid.addWidget(widget, row, column)
        grid.setColumnStretch(1, 1)
        return holder


class _Told(QScrollArea):
    """What is told of the run. It scrolls where it is much: the buttons below never lose their room."""

    LEAST_PX, USUAL_PX = 104, 300

    def __init__(self, parts: Sequence[QWidget]) -> None:
        super().__init__()
        self._inner = QWidget()
        column = QVBoxLayout(self._inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.Space.M)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(self._inner)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(self._inner.minimumSizeHint().width(), self.LEAST_PX)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The same whatever is told: a panel that grows with its sentences makes the wafer jump."""
        return QSize(self.minimumSizeHint().width(), self.USUAL_PX)


class Buttons(QWidget):
    """Start, pause, stop, abort: each says in its tooltip what it does, or why not now."""

    start_asked = pyqtSignal()
    requested = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.start = _button("Start", "primary", START_KEYS)
        self.pause = self._pause_button()
        self.resume = _button("Do not pause", "", "")
        self.stop = _button("Stop", "", "Ctrl+Shift+S")
        self.abort = _button("Abort", "danger", "Ctrl+.")
        self.start.clicked.connect(lambda: self.start_asked.emit())
        self.resume.clicked.connect(lambda: self.requested.emit(RunRequest.RESUME))
        self.stop.clicked.connect(lambda: self.requested.emit(RunRequest.STOP))
        self.abort.clicked.connect(lambda: self.requested.emit(RunRequest.ABORT))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.S)
        for button in (self.start, self.pause, self.resume, self.stop):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.abort)
        for button in (self.pause, self.resume):
            button.hide()  # they take the start's place, and would widen the panel before anything is shown

    def show_allowed(self, view: RunView) -> None:
        """Enable what is allowed."""
        widgets: dict[Action, QWidget] = {
            Action.START: self.start,
            Action.PAUSE: self.pause,
            Action.RESUME: self.resume,
            Action.STOP: self.stop,
            Action.ABORT: self.abort,
        }
        for action, widget in widgets.items():
            _allow(widget, view.allowed[action])
        if self.start.text() != view.start_text:
            self.start.setText(view.start_text)
            self.start.setShortcut(START_KEYS)  # Qt forgets it with the text
        idle = not view.allowed[Action.ABORT].now and not view.allowed[Action.RESUME].now and not view.busy
        pausing = view.allowed[Action.RESUME].now
        self.start.setVisible(idle or view.allowed[Action.START].now)
        self.resume.setVisible(pausing)
        self.pause.setVisible(not pausing and not self.start.isVisibleTo(self))

    def _pause_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("Pause")
        button.setShortcut("Ctrl+P")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        button.setMinimumHeight(_HEIGHT_PX)
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        for request, (text, hint) in PAUSES.items():
            action = QAction(text, menu)
            action.setToolTip(hint)
            action.triggered.connect(lambda _=False, wish=request: self.requested.emit(wish))
            menu.addAction(action)
        button.setMenu(menu)
        button.clicked.connect(lambda: self.requested.emit(RunRequest.PAUSE_NOW))
        return button


class _Head(QWidget):
    """The state in a word, then in a sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.sign = SignLabel(Sign.PLAY, Tone.QUIET, 26)
        self.word, self.cycle = _label("title"), _label("muted")
        self.sentence, self.step = _label("lead"), _label("muted")
        top = QHBoxLayout()
        top.setSpacing(theme.Space.M)
        top.addWidget(self.sign)
        top.addWidget(self.word, 1)
        top.addWidget(self.cycle)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.Space.S)
        box.addLayout(top)
        for text in (self.sentence, self.step):
            text.setWordWrap(True)
            box.addWidget(text)

    def show_head(self, badge: Badge, cycle: str, sentence: str, step: str) -> None:
        self.sign.show_sign(badge.sign, badge.tone)
        self.word.setText(badge.word)
        theme.set_tone(self.word, badge.tone)
        self.cycle.setText(cycle)
        self.sentence.setText(sentence)
        self.step.setText(step if step != sentence else "")


class _Meter:
    """A slim bar between its name and its words."""

    def __init__(self, name: str, hint: str) -> None:
        self.name, self.bar, self.words = _label("muted", name), QProgressBar(), _label("")
        for widget in self.widgets:
            widget.setToolTip(hint)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(theme.Space.S)
        self.words.setAlignment(
            Qt.Alignment() | Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        return self.name, self.bar, self.words

    def show_bar(self, bar: Bar | None, busy: bool) -> None:
        """Show it; nothing at all where there is none."""
        for widget in self.widgets:
            widget.setVisible(bar is not None)
        if bar is None:
            return
        # a range of 0 to 0 is Qt's moving bar: something goes on, nobody knows how far
        self.bar.setRange(0, 0 if busy and not bar.total else max(bar.total, 1))
        self.bar.setValue(bar.done)
        self.words.setText(bar.text)


class AbortCard(QFrame):
    """What became of the ion beam after an abort, in letters that can be read from across the room."""

    def __init__(self) -> None:
        super().__init__()
        self._tone = Tone.QUIET
        self.telling = Telling(36, "title", "lead")
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.L, theme.Space.M)
        box.addWidget(self.telling)
        self.setVisible(False)

    @property
    def word(self) -> QLabel:
        return self.telling.word

    @property
    def text(self) -> QLabel:
        return self.telling.text

    def show_abort(self, view: AbortView | None) -> None:
        """Show it, or nothing where nobody aborted."""
        self.setVisible(view is not None)
        if view is None:
            return
        self._tone = view.badge.tone
        self.telling.tell(view.badge, view.text)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.shades(self).of(self._tone))
        painter.setBrush(theme.shades(self).tint(self._tone))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), theme.Space.RADIUS, theme.Space.RADIUS)
        painter.end()


_HEIGHT_PX = 36


def _button(text: str, role: str, shortcut: str) -> QPushButton:
    button = QPushButton(text)
    button.setShortcut(shortcut)
    button.setMinimumHeight(_HEIGHT_PX)
    button.setMinimumWidth(84)
    if role:
        theme.set_role(button, role)
    return button


def _allow(widget: QWidget, allowed: Allowed) -> None:
    widget.setEnabled(allowed.now)
    widget.setToolTip(allowed.why)


def _label(role: str, text: str = "") -> QLabel:
    """A text that keeps its height when the panel has little room."""
    made = label(text, role, wrap=False)
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return made
