"""The step Grids: what of each section is imaged, and with which tiles."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QWidget

from scopeacq.plan.runfolder import Plan
from ui.forms.choice_form import ChoiceForm
from ui.prepare.project_form import ProjectForm
from ui.prepare.step_card import column_of, main_button, remark
from ui.presenters.prepare_settings import GridChoice

PATHS = tuple(
    ("imaging", key)
    for key in (
        "grid_rows",
        "grid_columns",
        "pixel_size_nm",
        "tile_width_px",
        "tile_height_px",
        "overlap_px",
        "dwell_ns",
    )
)
ABOUT = "All sections get the same grid, turned with each; single ones are changed in the panel Sections."


class GridsStep(QWidget):
    """``propagate_asked``: give all sections their grid."""

    propagate_asked = pyqtSignal()

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.choice, self.form = ChoiceForm(GridChoice()), ProjectForm(plan, PATHS)
        self.propagate = main_button("Propagate grids", "One step, which undo takes back")
        self.propagate.clicked.connect(lambda: self.propagate_asked.emit())
        column_of(remark(ABOUT), self.choice, self.propagate, self.form, within=self)
