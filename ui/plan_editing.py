"""Editing the open plan on the map: allowed while no run is active, kept on the disk when it is saved."""

from __future__ import annotations

from PyQt5.QtCore import QObject, pyqtSignal

from scopeacq.explain import Explained
from scopeacq.files import DiskFiles
from scopeacq.journal import JournalReader
from scopeacq.plan_changes import Begun
from scopeacq.runfolder import Plan
from ui.banner import Banner
from ui.presenters.editing import Editor
from ui.presenters.messages import Message, problem
from ui.presenters.tone import Tone
from ui.tasks import Tasks
from ui.viewport.widget import WaferViewport

UNSAVED = Message(
    Tone.CAUTION,
    "The plan was edited and not saved.",
    "The files still say what they said before, and runs go by the files.",
    "Save the plan (Ctrl+S) or undo the edits (Ctrl+Z).",
)


class PlanEditing(QObject):
    """``saved``: the files of the plan have changed, and whoever shows the run reads them again."""

    saved = pyqtSignal()

    def __init__(self, viewport: WaferViewport, plan: Plan, tasks: Tasks, banner: Banner) -> None:
        super().__init__(viewport)
        self._viewport, self._tasks, self._banner = viewport, tasks, banner
        self._plan, self._editor = plan, Editor(plan)
        self._allowed = self._over = False
        viewport.save_requested.connect(self.save)

    def objection(self) -> Message | None:
        """Why the plan must not be left as it is, if so."""
        return UNSAVED if self._editor.unsaved else None

    def allow(self) -> None:
        """Let the plan be edited, but for what the run has worked on by now."""
        self._allowed = True
        self._tasks.run(lambda: _begun(self._plan), self._begin, self._failed)

    def forbid(self) -> None:
        """Let the plan only be looked at, as while a run is active. Edits stay for later."""
        self._allowed = False
        self._viewport.set_editor(None)
        if self._editor.unsaved:
            self._banner.say(UNSAVED)

    def save(self) -> None:
        """Write the edits to the run's files; while a run is active they wait."""
        if not (self._allowed and self._editor.unsaved):
            return
        self._viewport.setEnabled(False)
        self._tasks.run(lambda: self._editor.save(DiskFiles()), self._kept, self._failed)

    def stop(self) -> None:
        """The viewport goes; what is still being read is for nobody."""
        self._over = True

    def _begin(self, begun: Begun | None) -> None:
        if self._allowed and not self._over:
            self._editor.begun = begun
            self._viewport.set_editor(self._editor)

    def _kept(self, _: None) -> None:
        if self._over:
            return
        self._viewport.setEnabled(True)
        self._banner.withdraw(UNSAVED)
        self.saved.emit()

    def _failed(self, error: Explained) -> None:
        if self._over:
            return
        self._viewport.setEnabled(True)
        self._banner.say(problem(error))


def _begun(plan: Plan) -> Begun | None:
    """What the run has worked on, which an edit must leave alone; None before its start."""
    if not plan.folder.journal_file.exists():
        return None
    begun = Begun()
    for _ in begun.noting(row.record for row in JournalReader(plan.folder.journal_file).read()):
        pass
    return begun
