"""The panel Prepare: six steps from the bare wafer to the route, of which one is open at a time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.parts.trouble_line import TroubleLine
from ui.prepare.step_card import StepCard, main_button
from ui.presenters.prepare import PrepareView, Step
from ui.viewport.actions import action

WIDTH_PX = 300
ALL_DONE = "The wafer is prepared."


class PreparePanel(QWidget):
    """Shows a ``PrepareView``; ``bodies`` are the widgets of the steps.

    Signals:
        stop_asked: what is under way is to end.
        undo_asked, redo_asked, save_asked: of the plan, by their keys.
        finish_asked: the plan is to be saved and checked.
    """

    stop_asked = pyqtSignal()
    finish_asked = pyqtSignal()
    undo_asked = pyqtSignal()
    redo_asked = pyqtSignal()
    save_asked = pyqtSignal()

    def __init__(self, bodies: Mapping[Step, QWidget]) -> None:
        super().__init__()
        self.cards = {step: StepCard(step, n, bodies[step]) for n, step in enumerate(Step, 1)}
        self.held_back = TroubleLine()
        self.next, self.finish = (
            QPushButton(),
            main_button("Save and check", "Save the plan, then see what pre-flight says of it"),
        )
        self._next_step: Step | None = None
        self._begun = False
        self._lay_out()
        self._connect()

    def show_view(self, view: PrepareView) -> None:
        """Show how all steps stand now; the first time the one that waits is opened."""
        for step_view in view.steps:
            self.cards[step_view.step].show_view(step_view)
        self.held_back.show_trouble(view.held_back)
        for card in self.cards.values():
            card.allow(not (view.held_back or view.busy))
        self._next_step = view.next_step
        if not self._begun and view.steps:
            self._begun = True
            self.open_step(view.next_step or Step.OVERVIEW)
        self._offer_next()

    def open_step(self, step: Step) -> None:
        """Open one step and close the others."""
        for card in self.cards.values():
            card.open(card.step is step)
        self._area.ensureWidgetVisible(self.cards[step])
        self._offer_next()

    @property
    def opened(self) -> Step | None:
        """The step that is open."""
        return next((step for step, card in self.cards.items() if card.opened), None)

    def _offer_next(self) -> None:
        waits, ready = self._next_step, self._next_step is None
        self.next.setVisible(waits is not None and waits is not self.opened)
        self.next.setText(f"Next: {waits.value}" if waits is not None else "")
        self.finish.setVisible(ready)
        self._ready.setVisible(ready)

    def _toggle(self, card: StepCard) -> None:
        if card.opened:
            card.open(False)
            self._offer_next()
        else:
            self.open_step(card.step)

    def _go_on(self) -> None:
        if self._next_step is not None:
            self.open_step(self._next_step)

    def _connect(self) -> None:
        for card in self.cards.values():
            card.toggled.connect(partial(self._toggle, card))
            card.stop_asked.connect(self.stop_asked)
        self.next.clicked.connect(lambda: self._go_on())
        self.finish.clicked.connect(lambda: self.finish_asked.emit())
        action(self, "Undo", "Ctrl+Z", self.undo_asked.emit)
        action(self, "Redo", "Ctrl+Shift+Z", self.redo_asked.emit, "Ctrl+Y")
        action(self, "Save", "Ctrl+S", self.save_asked.emit)

    def _lay_out(self) -> None:
        self.setMinimumWidth(WIDTH_PX)
        self._ready = QLabel(ALL_DONE)
        theme.set_role(self._ready, "small")
        holder, self._area = QWidget(), QScrollArea()
        steps = QVBoxLayout(holder)
        steps.setContentsMargins(0, 0, 0, 0)
        steps.setSpacing(theme.Space.S)
        for card in self.cards.values():
            steps.addWidget(card)
        steps.addStretch(1)
        self._area.setWidget(holder)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.S, theme.Space.S, theme.Space.S, theme.Space.S)
        column.setSpacing(theme.Space.S)
        column.addWidget(self.held_back)
        column.addWidget(self._area, 1)
        for part in (self._ready, self.next, self.finish):
            column.addWidget(part)
