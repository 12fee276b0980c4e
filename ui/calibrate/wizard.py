"""The wizard of one calibration: its title, the three steps, and the page of the one it is at."""

from __future__ import annotations

from PyQt5.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from ui import theme
from ui.calibrate.measure_page import MeasurePage
from ui.calibrate.prepare_page import PreparePage
from ui.calibrate.result_page import ResultPage
from ui.parts.label import label
from ui.parts.trail import Trail
from ui.parts.trouble_line import TroubleLine
from ui.presenters.calibration import WizardStep, WizardView


class Wizard(QWidget):
    """Shows a ``WizardView``; what its operator wants is said by its pages."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.trail, self.trouble = label(role="title"), Trail(WizardStep), TroubleLine()
        self.prepare, self.measure, self.result = PreparePage(), MeasurePage(), ResultPage()
        self._pages = {
            WizardStep.PREPARE: self.prepare,
            WizardStep.MEASURE: self.measure,
            WizardStep.RESULT: self.result,
        }
        self._stack = QStackedWidget()
        for page in self._pages.values():
            self._stack.addWidget(page)
        head = QVBoxLayout()
        head.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.L, theme.Space.S)
        head.setSpacing(theme.Space.S)
        head.addWidget(self.title)
        head.addWidget(self.trail)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.trouble)
        column.addWidget(self._stack, 1)

    @property
    def step(self) -> WizardStep:
        """The step whose page is seen."""
        return next(s for s, page in self._pages.items() if page is self._stack.currentWidget())

    def show_view(self, view: WizardView) -> None:
        """Show the page of the step it is at."""
        self.title.setText(view.title)
        self.trail.show_step(view.step)
        self.trouble.show_trouble(view.trouble)
        for page in (self.prepare, self.measure, self.result):
            page.show_view(view)
        self._stack.setCurrentWidget(self._pages[view.step])
