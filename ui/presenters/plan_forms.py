"""The forms of a plan: what is entered in them becomes edits of the plan that the map shows, too."""

from __future__ import annotations

from dataclasses import replace

from scopeacq.plan.instrument import Instrument
from scopeacq.plan.plan_changes import fixed
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from ui.presenters.editing import Edit, Editor, Refused
from ui.presenters.form_rows import Locks
from ui.presenters.form_state import SettingsForm, Unacceptable
from ui.presenters.forms import Path, fields_of
from ui.presenters.messages import Message
from ui.presenters.plan_page import EditState, edit_state, wrong_message


class PlanForms:
    """Project and instrument of a plan under edit. ``editor`` is None while the plan is only looked at."""

    def __init__(self, plan: Plan) -> None:
        self.editor: Editor | None = None
        self.project = SettingsForm(plan.project, plan.project)
        self.instrument = SettingsForm(plan.instrument, plan.instrument)

    def show(self, editor: Editor | None) -> None:
        """Edit this plan, as it is now."""
        self.editor = editor
        if editor is not None:
            self.project.show(editor.document.project, editor.saved.project)
            self.instrument.show(editor.document.instrument, editor.saved.instrument)

    def accept_project(self, path: Path, project: Project) -> None:
        """Take a project in which the value at ``path`` is another. Raises ``Unacceptable``."""
        name = f"Set {_name(Project, path).lower()}"
        self._do(Edit(name, lambda document: replace(document, project=project), topic=path))

    def accept_instrument(self, path: Path, instrument: Instrument) -> None:
        """Take a profile in which the value at ``path`` is another. Raises ``Unacceptable``."""
        name, topic = f"Set {_name(Instrument, path).lower()}", ("instrument", *path)
        self._do(Edit(name, lambda document: replace(document, instrument=instrument), topic=topic))

    def end_step(self) -> None:
        """What is entered next is undone by itself."""
        if self.editor is not None:
            self.editor.end_step()

    def take_back_beginnings(self) -> None:
        """Take the beginnings of what became wrong out of the plan: of 40x nobody meant the 40."""
        if self.editor is None:
            return
        for path in self.project.problems:
            if self.editor.take_back(path):
                self.project.settings = self.editor.document.project
        for path in self.instrument.problems:
            if self.editor.take_back(("instrument", *path)):
                self.instrument.settings = self.editor.document.instrument

    def undo(self) -> None:
        """Take the last step back, wherever it was made; what is wrong is given up."""
        self._forget()
        if self.editor is not None:
            self.editor.undo()

    def redo(self) -> None:
        """Do again what was undone last; what is wrong is given up."""
        self._forget()
        if self.editor is not None:
            self.editor.redo()

    @property
    def unsaved(self) -> bool:
        """Whether the files say something else than the plan."""
        return self.editor is not None and self.editor.unsaved

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of values that are wrong and so no part of the plan."""
        project = (_name(Project, path) for path in self.project.problems)
        instrument = (_name(Instrument, path) for path in self.instrument.problems)
        return (*project, *instrument)

    @property
    def state(self) -> EditState:
        """How the edits stand, in a sentence."""
        return edit_state(self.editor is not None, self.unsaved, self.wrong)

    def objection(self) -> Message | None:
        """Why the plan must not be saved or left as it is, if so."""
        return wrong_message(self.wrong) if self.wrong else None

    def locks(self, measured: bool) -> Locks:
        """What must not be edited; ``measured``: so are measured values."""
        begun = self.editor.begun if self.editor is not None else None
        return Locks(fixed(begun) if begun is not None else {}, measured)

    def _forget(self) -> None:
        self.project.forget_all()
        self.instrument.forget_all()

    def _do(self, edit: Edit) -> None:
        if self.editor is None:
            raise Unacceptable("The plan is only shown now.")
        try:
            self.editor.do(edit)
        except Refused as refusal:
            raise Unacceptable(str(refusal)) from None


def _name(model: type[Project] | type[Instrument], path: Path) -> str:
    field = fields_of(model).get(path)
    return field.label if field is not None else path[-1].capitalize()
