"""Editing the open plan, on the map and in its forms: allowed while no run is active, kept when saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PyQt5.QtCore import QObject, pyqtBoundSignal, pyqtSignal
from PyQt5.QtWidgets import QApplication, QWidget

from scopeacq.journal.journal import JournalReader
from scopeacq.plan.plan_changes import Begun
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.sections.candidates import Candidates
from scopeacq.storage.files import DiskFiles
from scopeacq.telling.explain import Explained
from ui.messages.banner import Banner
from ui.presenters.editing import Editor
from ui.presenters.messages import Message, problem
from ui.presenters.tone import Tone
from ui.tasks import Tasks

UNSAVED = Message(
    Tone.CAUTION,
    "The plan was edited and not saved.",
    "The files still say what they said before, and runs go by the files.",
    "Save the plan (Ctrl+S) or undo the edits (Ctrl+Z).",
)

UNREAD = "The sections that were found are not shown."


class Surface(Protocol):
    """A widget in which the plan is edited."""

    document_changed: pyqtBoundSignal
    save_requested: pyqtBoundSignal

    def set_editor(self, editor: Editor | None) -> None:
        """Edit this plan, as it is now; without one it is only looked at."""

    def setEnabled(self, enabled: bool) -> None:  # noqa: N802 (Qt's name)
        """As of any widget."""


class PlanEditing(QObject):
    """One plan under edit, in several widgets: with one undo and one save.

    Signals:
        saved (Plan): the plan as its files say it from now on.
        edited (Plan): how the plan would be read if it were saved now.
        allowed: it may be edited from now on; a run may have gone on meanwhile.
    """

    saved = pyqtSignal(object)
    edited = pyqtSignal(object)
    allowed = pyqtSignal()

    def __init__(self, plan: Plan, tasks: Tasks, banner: Banner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._banner = tasks, banner
        self._plan, self._editor = plan, Editor(plan)
        self._surfaces: list[Surface] = []
        self._typed_in: QWidget | None = None
        self._allowed = self._over = self._open = False

    @property
    def open(self) -> bool:
        """Whether the plan may be edited now."""
        return self._open

    @property
    def plan(self) -> Plan:
        """The plan as it would be read if it were saved now."""
        return self._editor.edited

    def edit_in(self, surface: Surface) -> None:
        """Let the plan be edited in one more widget."""
        self._surfaces.append(surface)
        surface.document_changed.connect(lambda _: self._changed_in(surface))
        surface.save_requested.connect(self.save)
        surface.set_editor(self._editor if self._open else None)

    def objection(self) -> Message | None:
        """Why the plan must not be left as it is, if so."""
        return UNSAVED if self._editor.unsaved else None

    def allow(self) -> None:
        """Let the plan be edited, but for what the run has worked on by now."""
        self._allowed = True
        self._tasks.run(lambda: _known(self._plan), self._begin, self._failed)

    def forbid(self) -> None:
        """Let the plan only be looked at, as while a run is active. Edits stay for later."""
        self._allowed = False
        self._hand_out(None)
        if self._editor.unsaved:
            self._banner.say(UNSAVED)

    def save(self) -> None:
        """Write the edits to the run's files; while a run is active they wait."""
        if not (self._allowed and self._editor.unsaved):
            return
        self._typed_in = QApplication.focusWidget()
        self._enable(False)
        self._tasks.run(lambda: _written(self._editor), self._kept, self._failed)

    def take_files(self, plan: Plan) -> None:
        """Go on with files that somebody else has changed since.

        What was edited in that very moment stays on show; saving it will say why that is refused.
        """
        if not self._editor.unsaved:
            self._plan, self._editor = plan, Editor(plan)
            self._hand_out(None)
        self.saved.emit(plan)
        if self._allowed:
            self.allow()

    def stop(self) -> None:
        """The widgets go; what is still being read is for nobody."""
        self._over = True

    def _hand_out(self, editor: Editor | None) -> None:
        self._open = editor is not None
        for surface in self._surfaces:
            surface.set_editor(editor)

    def _enable(self, enabled: bool) -> None:
        for surface in self._surfaces:
            surface.setEnabled(enabled)
        if enabled and self._typed_in is not None:
            self._typed_in.setFocus()
            self._typed_in = None

    def _changed_in(self, surface: Surface) -> None:
        """Show elsewhere what was edited in one widget."""
        for other in self._surfaces:
            if other is not surface:
                other.set_editor(self._editor if self._open else None)
        self.edited.emit(self._editor.edited)

    def _begin(self, known: _Known) -> None:
        if self._allowed and not self._over:
            self._editor.begun = known.begun
            if isinstance(known.candidates, Candidates):
                self._editor.take_candidates(known.candidates)
            else:
                self._banner.say(Message(Tone.CAUTION, UNREAD, str(known.candidates)))
            self._hand_out(self._editor)
            self.allowed.emit()

    def _kept(self, plan: Plan) -> None:
        if self._over:
            return
        self._plan = plan
        if self._open:
            self._hand_out(self._editor)
        self._enable(True)
        self._banner.withdraw(UNSAVED)
        self.saved.emit(plan)

    def _failed(self, error: Explained) -> None:
        if self._over:
            return
        self._enable(True)
        self._banner.say(problem(error))


def _written(editor: Editor) -> Plan:
    """Save the edits, and read what the files say then."""
    editor.save(DiskFiles())
    return Plan.read(editor.plan.folder.root)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read before a plan may be edited: the candidates, or why they cannot be."""

    begun: Begun | None
    candidates: Candidates | SettingsError


def _known(plan: Plan) -> _Known:
    try:
        return _Known(_begun(plan), Candidates.read(plan.folder.candidates_file))
    except SettingsError as error:
        return _Known(_begun(plan), error)


def _begun(plan: Plan) -> Begun | None:
    """What the run has worked on, which an edit must leave alone; None before its start."""
    if not plan.folder.journal_file.exists():
        return None
    begun = Begun()
    for _ in begun.noting(row.record for row in JournalReader(plan.folder.journal_file).read()):
        pass
    return begun
