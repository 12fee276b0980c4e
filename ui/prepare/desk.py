"""What the steps of the page work with: the plan under edit, its candidates, and what is under way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from scopeacq.plan.overviews import Overview
from scopeacq.plan.runfolder import Plan
from scopeacq.sections.candidates import Candidates
from scopeacq.telling.explain import Explained
from ui.hand.works import Teller, Works
from ui.plan.plan_editing import PlanEditing
from ui.presenters.editing import Edit, Editor, Refused
from ui.presenters.messages import Message, problem
from ui.presenters.overviews import Underlay
from ui.presenters.prepare import Finding, Progress, Step, prepare_view, stopped_in_words
from ui.presenters.prepare_found import Stock, found_in
from ui.presenters.tone import Tone
from ui.presenters.work import Work
from ui.tasks import Tasks

if TYPE_CHECKING:  # brings SQLite, SciPy and the twin, which the first window does without
    from scopeacq.manual import Manual

T = TypeVar("T")

LOOK_AFTER_MS = 120
"""After the last of many edits in a row."""
READ_ONLY = "Only shown: a run is active, or what it has done is still being read."


class PrepareDesk(QObject):
    """One of the surfaces on which the plan is edited.

    Signals:
        viewed (PrepareView): how all steps stand.
        edited: the plan, its candidates or whether they may be edited have changed.
        told (Message): what the banner is to say.
        document_changed (Document), save_requested: as of any surface.
    """

    viewed = pyqtSignal(object)
    edited = pyqtSignal()
    told = pyqtSignal(object)
    document_changed = pyqtSignal(object)
    save_requested = pyqtSignal()

    def __init__(self, editing: PlanEditing, works: Works[Step], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.works, self._editing = works, editing
        self.editor: Editor | None = None
        self.enabled = True
        self.underlay = Underlay()
        self._found: dict[Step, Finding] = {}
        self._notes: dict[Step, str] = {}
        self._troubles: dict[Step, str] = {}
        self._tasks = Tasks(self)
        self._asked: Stock | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LOOK_AFTER_MS)
        self._timer.timeout.connect(self._look)
        works.changed.connect(lambda _: self._tell())
        works.failed.connect(self._failed)
        works.halted.connect(lambda step: self.note(step, stopped_in_words(step)))

    # -- what there is ------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """The plan as it would be read if it were saved now."""
        return self._editing.plan

    @property
    def candidates(self) -> Candidates:
        """What was found and drawn, as edited."""
        return Candidates() if self.editor is None else self.editor.document.candidates

    @property
    def overview(self) -> Overview | None:
        """The picture on which things are looked for: the newest mosaic, or else the last one."""
        return max(self.underlay.overviews, key=_made_s, default=None)

    @property
    def stock(self) -> Stock:
        """What the steps are judged by."""
        return Stock(self.plan, self.candidates, tuple(o.name for o in self.underlay.overviews))

    def set_editor(self, editor: Editor | None) -> None:
        """Edit this plan, as it is now; without one it is only looked at."""
        self.editor = editor
        self.look()

    def setEnabled(self, enabled: bool) -> None:  # noqa: N802 (as of any widget)
        """While the plan is being saved nothing is edited."""
        self.enabled = enabled
        self._tell()

    def show_underlay(self, underlay: Underlay) -> None:
        """These pictures lie under the map now."""
        self.underlay = underlay
        self.look()

    # -- what is done -------------------------------------------------------------------------

    def propose(self, edit: Edit) -> bool:
        """Make an edit, or have the banner say why not; whether it was made.

        What pre-flight says of it stands in the steps.
        """
        if self.editor is None or not self.enabled:
            self.told.emit(Message(Tone.CAUTION, READ_ONLY))
            return False
        try:
            self.editor.do(edit)
        except Refused as refusal:
            self.told.emit(Message(Tone.CAUTION, str(refusal)))
            return False
        self.typed()
        return True

    def typed(self) -> None:
        """The plan was edited by what stands in a form of a step."""
        if self.editor is not None:
            self.document_changed.emit(self.editor.document)
            self.look()

    def say(self, step: Step, trouble: str) -> None:
        """What is wrong with a step, until it is tried again; empty: nothing is."""
        self._troubles[step] = trouble
        self._notes.pop(step, None)
        self._tell()

    def note(self, step: Step, came_to: str) -> None:
        """What was done for a step and came out well, until something else is done."""
        self._notes[step] = came_to
        self._tell()

    def do(
        self,
        work: Work[Step],
        job: Callable[[Teller], T],
        done: Callable[[T], None],
        shown: Callable[[Any], None] | None = None,
    ) -> None:
        """Have something done on a thread; what was wrong with its step is forgotten; see ``Works``."""
        self._forget(work.step)
        self.works.do(work, job, done, shown)

    def do_in_hand(
        self,
        work: Work[Step],
        job: Callable[[Manual, Teller], T],
        done: Callable[[T], None],
        shown: Callable[[Any], None] | None = None,
    ) -> None:
        """The same with the instrument."""
        self._forget(work.step)
        self.works.do_in_hand(work, job, done, shown)

    # -- what is told -------------------------------------------------------------------------

    def look(self) -> None:
        """Judge the steps anew, soon."""
        self.edited.emit()
        self._timer.start()

    def stop(self) -> None:
        """Tell nothing more; before the widgets go."""
        self._timer.stop()
        self.works.close()
        self._tasks.close(wait=False)

    def _look(self) -> None:
        stock = self._asked = self.stock
        self._tasks.run(partial(found_in, stock), partial(self._judged, stock), self._not_judged)

    def _judged(self, stock: Stock, found: dict[Step, Finding]) -> None:
        if stock is self._asked:
            self._found = found
            self._tell()

    def _not_judged(self, error: Explained) -> None:
        self.told.emit(problem(error))

    def _forget(self, step: Step) -> None:
        self._notes.pop(step, None)
        self._troubles.pop(step, None)

    def _failed(self, step: Step, error: Explained) -> None:
        self.say(step, str(error))

    def _tell(self) -> None:
        held_back = "" if self.editor is not None and self.enabled else READ_ONLY
        progress = Progress(self._found, self.works.work, self._notes, self._troubles, held_back)
        self.viewed.emit(prepare_view(progress))


def _made_s(overview: Overview) -> float:
    """When a picture was written; 0 for one that was taken away from outside."""
    try:
        return overview.path.stat().st_mtime
    except OSError:
        return 0.0
