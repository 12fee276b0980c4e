"""The instrument: whether it is held, what every device reads, what is set, and where the stage goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.hand.go_card import GoCard
from ui.icons import SignLabel
from ui.panels.instrument_rows import GroupView
from ui.parts.quantity import QuantityField
from ui.presenters.hold import HoldView
from ui.presenters.instrument import InstrumentView
from ui.presenters.instrument_lines import Number, Switch
from ui.presenters.orders import question_before, to_set, to_switch
from ui.presenters.tone import Sign, Tone

STAGE = "Stage"
STOP_KEYS = "F12"


class InstrumentPanel(QWidget):
    """Shows an ``InstrumentView`` and a ``HoldView``.

    Signals:
        connect_asked, release_asked
        ordered (Order): something is to be set; ``off_asked`` (Order): at once, before all else.
        stop_asked: stop the stage at once.
        go_to_asked (float, float): plan a way to this x, y of the stage [um].
    """

    connect_asked = pyqtSignal()
    release_asked = pyqtSignal()
    ordered = pyqtSignal(object)
    off_asked = pyqtSignal(object)
    stop_asked = pyqtSignal()
    go_to_asked = pyqtSignal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self.head, self.card, self.question = _Head(), GoCard(), _Question()
        self.x_um, self.y_um = QuantityField("um"), QuantityField("um")
        self.plan_way = QPushButton("Plan the way")
        self.groups: dict[str, GroupView] = {}
        self._settable = False
        self._column, self._holder, self._area = QVBoxLayout(), QWidget(), QScrollArea()
        self.head.button.clicked.connect(self._connect_or_release)
        self.head.stop.clicked.connect(lambda: self.stop_asked.emit())
        self.plan_way.clicked.connect(self._ask_way)
        self._lay_out()

    def show_hold(self, hold: HoldView) -> None:
        """Show whether the instrument is held, and take orders or not."""
        self._settable = hold.settable
        self.head.show_hold(hold)
        self._refresh_way()
        if not hold.settable:
            self.question.hide()

    def show_view(self, view: InstrumentView) -> None:
        """Show what is read now."""
        self.head.age.setText(view.age)
        for group in view.groups:
            if group.title not in self.groups:
                self._add_group(GroupView(group), group.title)
            self.groups[group.title].show_group(group, self._settable)
        bar = self._area.verticalScrollBar()
        assert bar is not None
        self._area.setMinimumWidth(self._column.minimumSize().width() + bar.sizeHint().width())
        if view.readings is not None:
            self.x_um.set_limits(view.readings.limits.get("x_um"))
            self.y_um.set_limits(view.readings.limits.get("y_um"))
        self._refresh_way()

    def _add_group(self, widget: GroupView, title: str) -> None:
        self.groups[title] = widget
        widget.number_asked.connect(lambda number, value: self._set(number, value))
        widget.switch_asked.connect(self._switch)
        self._column.insertWidget(self._column.count() - 1, widget)
        if title == STAGE:
            self._add_way(widget.below)

    def _set(self, number: Number, value: float) -> None:
        self.ordered.emit(to_set(number, value))

    def _switch(self, switch: Switch, on: bool) -> None:
        order = to_switch(switch, on)
        if question := question_before(switch, on):
            self.question.ask(question, order.doing, partial(self.ordered.emit, order))
        elif switch is Switch.GUN_HV:
            self.off_asked.emit(order)
        else:
            self.ordered.emit(order)

    def _connect_or_release(self) -> None:
        (self.connect_asked if self.head.connects else self.release_asked).emit()

    def _ask_way(self) -> None:
        if self.x_um.value is not None and self.y_um.value is not None:
            self.go_to_asked.emit(self.x_um.value, self.y_um.value)

    def _refresh_way(self) -> None:
        for field in (self.x_um, self.y_um):
            field.setEnabled(self._settable)
        known = self.x_um.value is not None and self.y_um.value is not None
        self.plan_way.setEnabled(self._settable and known)

    def _add_way(self, below: QVBoxLayout) -> None:
        row, last = QHBoxLayout(), QHBoxLayout()
        row.setSpacing(theme.Space.S)
        for name, field in (("x", self.x_um), ("y", self.y_um)):
            field.setToolTip(f"Where to send the stage, {name} in its own frame, then plan the way.")
            field.setAccessibleName(f"Go to {name}")
            field.edited.connect(lambda _: self._refresh_way())
            field.textEdited.connect(lambda _: self._refresh_way())
            field.returnPressed.connect(self._ask_way)
            row.addWidget(QLabel(name))
            row.addWidget(field, 1)
        self.plan_way.setToolTip("Find and check a way there. Nothing moves before you have seen it.")
        last.addStretch(1)
        last.addWidget(self.plan_way)
        below.addLayout(row)
        below.addLayout(last)

    def _lay_out(self) -> None:
        holder, area = self._holder, self._area
        holder.setLayout(self._column)
        self._column.setContentsMargins(0, theme.Space.S, theme.Space.S, 0)
        self._column.setSpacing(theme.Space.S)
        self._column.addStretch(1)
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        box.setSpacing(theme.Space.M)
        for widget in (self.head, self.card, self.question):
            box.addWidget(widget)
        box.addWidget(area, 1)


class _Head(QWidget):
    """Who has the instrument, how old the readings are, and the two buttons that are always there."""

    def __init__(self) -> None:
        super().__init__()
        self.connects = True
        self.sign, self.word, self.text = SignLabel(Sign.INFO, Tone.QUIET, 22), QLabel(), QLabel()
        self.age = QLabel()
        self.button, self.stop = QPushButton(), QPushButton("Stop stage")
        theme.set_role(self.word, "lead")
        for label in (self.text, self.age):
            theme.set_role(label, "muted")
        self.text.setWordWrap(True)
        theme.set_role(self.stop, "danger")
        self.stop.setShortcut(QKeySequence(STOP_KEYS))
        self.stop.setToolTip(f"Stop the stage where it is, at once, whatever is under way ({STOP_KEYS})")
        self.age.setToolTip("Everything is read about once per second while nothing else is under way.")
        self._lay_out()

    def show_hold(self, hold: HoldView) -> None:
        self.connects = hold.connect
        self.sign.show_sign(hold.badge.sign, hold.badge.tone)
        self.word.setText(hold.badge.word)
        theme.set_tone(self.word, hold.badge.tone)
        self.text.setText(hold.text)
        self.button.setText("Connect" if hold.connect else "Release")
        theme.set_role(self.button, "primary" if hold.connect else "")
        self.button.setEnabled(hold.now)
        self.button.setToolTip(hold.tip)
        self.stop.setVisible(hold.settable)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.Space.M)
        top.addWidget(self.sign)
        top.addWidget(self.word, 1)
        top.addWidget(self.stop)
        top.addWidget(self.button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.Space.XS)
        box.addLayout(top)
        box.addWidget(self.text)
        box.addWidget(self.age)


class _Question(QFrame):
    """Asks once more before something is switched, inside the panel."""

    def __init__(self) -> None:
        super().__init__()
        theme.set_role(self, "card")
        self.text, self.yes, self.no = QLabel(), QPushButton("Switch on"), QPushButton("Leave it off")
        self.text.setWordWrap(True)
        theme.set_role(self.yes, "danger")
        self._then: Callable[[], None] = self.hide
        self.yes.clicked.connect(self._do)
        self.no.clicked.connect(self.hide)
        self.no.setToolTip("Nothing is switched.")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.no)
        buttons.addWidget(self.yes)
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.L, theme.Space.M)
        box.addWidget(self.text)
        box.addLayout(buttons)
        self.hide()

    def ask(self, question: str, doing: str, then: Callable[[], None]) -> None:
        """Show the question; ``then`` is called when it is answered with yes."""
        self.text.setText(question)
        self.yes.setToolTip(f"{doing}.")
        self._then = then
        self.show()

    def _do(self) -> None:
        self.hide()
        self._then()
