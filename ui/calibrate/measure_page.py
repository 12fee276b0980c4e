"""The second step: how far it is, what it does now, and what it has seen so far."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QProgressBar, QPushButton

from ui import theme
from ui.calibrate.figure_grid import FigureGrid
from ui.parts.label import label
from ui.parts.wizard_page import WizardPage
from ui.prepare.step_card import main_button, side_button
from ui.presenters.calibration import WizardView
from ui.presenters.tone import Tone

BAR_STEPS = 1000


class MeasurePage(WizardPage):
    """Signals:

    pause_asked, stop_asked: end what is under way; after a stop the wizard is back at its first step.
    go_on_asked, left: go on with what was paused, or leave it for later.
    end_asked: end it here, with a result of what it has.
    """

    pause_asked = pyqtSignal()
    stop_asked = pyqtSignal()
    go_on_asked = pyqtSignal()
    left = pyqtSignal()
    end_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.sentence, self.held_back = label(role="lead"), label(role="remark")
        self.bar, self.figures = QProgressBar(), FigureGrid()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(theme.Space.S)
        theme.set_tone(self.held_back, Tone.CAUTION)
        self.pause = side_button(
            "Pause",
            "End now and put the instrument back as it was found; it can go on later",
        )
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("The same, and back to the settings; what was measured is kept for later")
        theme.set_role(self.stop, "danger")
        self.go_on = main_button("Go on", "Measure what is missing")
        self.end = side_button("End here", "Switch off what it watches, and take what was counted so far")
        self.leave = side_button("Back", "Leave it for later; the list says that it is unfinished")
        for button, signal in (
            (self.pause, self.pause_asked),
            (self.stop, self.stop_asked),
            (self.go_on, self.go_on_asked),
            (self.end, self.end_asked),
            (self.leave, self.left),
        ):
            button.clicked.connect(lambda _, asked=signal: asked.emit())
        self.put(
            (self.sentence, self.bar, self.figures),
            (self.held_back,),
            (),
            (self.leave, self.end, self.pause, self.stop, self.go_on),
        )

    def show_view(self, view: WizardView) -> None:
        """Show how far it is."""
        measure, running = view.measure, view.measure.share is not None
        self.sentence.setText(measure.sentence)
        self.sentence.setVisible(bool(measure.sentence))
        self.held_back.setText(view.held_back)
        self.held_back.setVisible(bool(view.held_back))
        self.bar.setVisible(running)
        # a bar that only moves says that nobody knows how far it is
        self.bar.setRange(0, BAR_STEPS if measure.share else 0)
        self.bar.setValue(round((measure.share or 0.0) * BAR_STEPS))
        for button in (self.pause, self.stop):
            button.setVisible(running)
            button.setEnabled(not measure.ending)
        for button in (self.go_on, self.leave):
            button.setVisible(not running)
        self.go_on.setEnabled(view.may_act)
        self.end.setVisible(measure.ends_early)
        self.end.setEnabled(not measure.ending if running else view.may_act)
