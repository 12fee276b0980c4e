"""The step Overview: the mosaic of the wafer, or a picture from elsewhere."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QWidget

from scopeacq.plan.runfolder import Plan
from ui.prepare.project_form import ProjectForm
from ui.prepare.step_card import column_of, main_button, remark, side_button

PATHS = tuple(("overview", key) for key in ("columns", "rows", "pixel_size_nm", "dwell_ns"))
ABOUT = "Takes tile after tile with the instrument, and fits them together."


class OverviewStep(QWidget):
    """``acquire_asked``: take the mosaic; ``add_asked``: take a picture from a file."""

    acquire_asked = pyqtSignal()
    add_asked = pyqtSignal()

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.form = ProjectForm(plan, PATHS)
        self.cost = remark(ABOUT)
        self.acquire = main_button(
            "Acquire overview", "Connects the instrument where it is not in hand yet"
        )
        self.add = side_button(
            "Add a picture \N{HORIZONTAL ELLIPSIS}",
            "A light microscope's, or an earlier mosaic; place it on the map",
        )
        self.acquire.clicked.connect(lambda: self.acquire_asked.emit())
        self.add.clicked.connect(lambda: self.add_asked.emit())
        column_of(self.form, self.cost, self.acquire, self.add, within=self)
