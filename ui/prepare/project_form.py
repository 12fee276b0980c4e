"""Some settings of the project as a short form; what is entered becomes an edit of the plan."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from ui.forms.short_form import ShortForm
from ui.presenters.editing import Editor
from ui.presenters.forms import Path
from ui.presenters.plan_forms import PlanForms


class ProjectForm(QWidget):
    """``edited``: the plan was edited by what was entered."""

    edited = pyqtSignal()

    def __init__(self, plan: Plan, paths: Sequence[Path]) -> None:
        super().__init__()
        self._forms = PlanForms(plan)
        self.fields: ShortForm[Project] = ShortForm(self._forms.project, self._forms.accept_project, paths)
        self.fields.changed.connect(self._take)
        self.fields.step_ended.connect(self._forms.end_step)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fields)

    def show_editor(self, editor: Editor | None) -> None:
        """Edit this plan, as it is now; without one it is only looked at."""
        self._forms.show(editor)
        self.fields.set_editable(editor is not None, self._forms.locks(measured=True))

    def _take(self) -> None:
        self._forms.take_back_beginnings()
        self.edited.emit()
