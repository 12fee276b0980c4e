"""The wizard of one calibration: its title, the three steps, and the page of the one it is at."""

from __future__ import annotations

from ui.calibrate.measure_page import MeasurePage
from ui.calibrate.prepare_page import PreparePage
from ui.calibrate.result_page import ResultPage
from ui.parts.label import label
from ui.parts.step_pages import StepPages
from ui.presenters.calibration import WizardStep, WizardView


class Wizard(StepPages[WizardStep]):
    """Shows a ``WizardView``; what its operator wants is said by its pages."""

    def __init__(self) -> None:
        super().__init__(WizardStep)
        self.title = label(role="title")
        self.prepare, self.measure, self.result = PreparePage(), MeasurePage(), ResultPage()
        self.put(self.title, (self.prepare, self.measure, self.result))

    def show_view(self, view: WizardView) -> None:
        """Show the page of the step it is at."""
        self.title.setText(view.title)
        for page in (self.prepare, self.measure, self.result):
            page.show_view(view)
        self.show_step(view.step, view.trouble)
