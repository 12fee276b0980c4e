"""What the page Calibrate does: one calibration at a time, and its results taken or left."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from PyQt5.QtCore import QObject, pyqtSignal

from calibration.figures import Figure
from scopeacq.engine.readings import Readings
from scopeacq.plan.accepting import Changed
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings
from scopeacq.telling.explain import Explained
from ui.calibrate.around import Around
from ui.calibrate.cases import Case
from ui.calibrate.files import CalibrationFiles
from ui.calibrate.services import Calibrations, Finished, Opened, Start
from ui.hand.manual import ManualControl
from ui.hand.works import Works
from ui.parts.soon import Soon
from ui.presenters.calibration import Chosen, Decision
from ui.presenters.calibration_list import NAMES
from ui.presenters.calibration_page import Stock, page_view
from ui.presenters.messages import Message, problem
from ui.presenters.tone import Tone
from ui.presenters.work import Work
from ui.tasks import Tasks

AFTER_TYPING_MS, FIGURES_MS, NEWS_MS = 150, 250, 100
RESTORING = "Putting the instrument back"


class CalibrateDesk(QObject):
    """Lives in the GUI's thread; no call blocks it.

    Signals:
        viewed (PageView): what is to be shown has changed.
        opened (Settings or None): the settings of the chosen calibration, to be edited.
        figures (seen, residuals): those of the chosen calibration.
        changed (Plan): the instrument's file was changed; the plan as it is read now.
        report_asked (Path): show this file.
        told (Message): what the banner is to say.
    """

    viewed = pyqtSignal(object)
    opened = pyqtSignal(object)
    figures = pyqtSignal(dict, dict)
    changed = pyqtSignal(object)
    report_asked = pyqtSignal(object)
    told = pyqtSignal(object)

    def __init__(
        self, plan: Plan, manual: ManualControl, core: Calibrations, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._plan, self._manual, self._core = plan, manual, core
        self._cases: dict[CalibrationKind, Case] = {}
        self._chosen: CalibrationKind | None = None
        self._stock = Stock()
        self._stopped = False
        self._to_end: CalibrationKind | None = None
        self._tasks = Tasks(self)
        self.works: Works[CalibrationKind] = Works(manual, self)
        self._around = Around(manual, self.works)
        self._files = CalibrationFiles(core, self._around.in_hand, self._tasks, self)
        self._figures_due = Soon(self, FIGURES_MS, self._show_figures)
        self._news_due = Soon(self, NEWS_MS, self._tell)
        self._cost_due = Soon(self, AFTER_TYPING_MS, self._count)
        self._files.stocked.connect(self._take_stock)
        self._files.changed.connect(self._take_changed)
        self._files.failed.connect(self._complain)
        self.works.changed.connect(lambda _: self._note_work())
        self.works.failed.connect(self._failed)
        self.works.halted.connect(self._halted)
        manual.state_changed.connect(lambda _: self._news_due.ask())
        manual.state_changed.connect(lambda _: self._end_paused())

    # -- what goes on around -----------------------------------------------------------------

    def note_run(self, active: bool) -> None:
        """Whether a run has the instrument."""
        if self._around.note(run_active=active):
            self._tell()

    def note_edits(self, unsaved: bool) -> None:
        """Whether the plan is not as in the files."""
        if self._around.note(unsaved=unsaved):
            self._tell()

    def take_plan(self, plan: Plan) -> None:
        """Go on with the plan as it was saved."""
        self._plan = plan
        self.look()

    def look(self) -> None:
        """Read anew how all calibrations stand, and what the chosen one would take."""
        self._files.look(self._plan)
        self._cost_due.put_off()

    # -- what an operator wants --------------------------------------------------------------

    def choose(self, kind: CalibrationKind) -> None:
        """Show the wizard of one calibration."""
        if kind is self._chosen:
            return
        self._chosen = kind
        case = self._case(kind)
        self.opened.emit(case.settings)
        if case.opened is None:
            self._open(kind)
        self._cost_due.put_off()
        self._tell()
        self._show_figures()

    def edit(self, settings: Settings) -> None:
        """The settings of the chosen calibration are these from now on."""
        self._cases[self._of_chosen].edit(settings)
        self._tell()
        self._cost_due.put_off()

    def begin(self, anew: bool = False) -> None:
        """Begin the chosen calibration, or go on with it."""
        self._measure(self._of_chosen, Start.ANEW if anew else Start.ON)

    def end(self) -> None:
        """End the chosen calibration with what it has: now, or once it is paused."""
        if self.works.work is None:
            self._measure(self._of_chosen, Start.END)
        else:
            self._to_end = self._of_chosen
            self.works.stop()

    def _measure(self, kind: CalibrationKind, start: Start) -> None:
        case = self._cases[kind]
        if not self._around.free_for(kind) or (opened := case.begin()) is None:
            return
        self._stopped, self._to_end = False, None
        measure = partial(self._core.measure, self._plan, opened, start)
        work, done = Work(kind, f"Calibrating: {NAMES[kind]}"), partial(self._finished, kind)
        shown = partial(self._seen, kind)
        if opened.procedure.needs or self._manual.connected:  # whoever holds the instrument holds the run
            self.works.do_in_hand(work, measure, done, shown)
        else:
            self.works.do(work, partial(measure, None), done, shown)
        self._show_figures()

    def pause(self) -> None:
        """End what is under way; it can go on."""
        self.works.stop()

    def stop(self) -> None:
        """End what is under way, and go back to the settings."""
        self._stopped = True
        self.works.stop()

    def leave(self) -> None:
        """Back to the settings of what was paused, or of what has its result."""
        self._cases[self._of_chosen].leave()
        self._tell()
        self._open(self._of_chosen)

    def accept(self) -> None:
        """Use what was measured."""
        kind, finished = self._of_chosen, self._cases[self._of_chosen].finished
        if finished is not None and self._around.free_for(kind):
            accepted = partial(self._show, kind, decision=Decision.ACCEPTED)
            self._files.accept(self._plan, finished, accepted)

    def keep(self) -> None:
        """Keep what is in use."""
        self._show(self._of_chosen, decision=Decision.KEPT)

    def show_report(self) -> None:
        """Show what was measured as a file that can be handed on."""
        if (finished := self._cases[self._of_chosen].finished) is not None:
            self.report_asked.emit(finished.report_file)

    def undo(self, kind: CalibrationKind) -> None:
        """Put back what was in use before the last calibration of a kind."""
        if self._may_change(kind):
            self._files.undo(self._plan, kind, partial(self._note_undone, kind))

    def adopt(self, kind: CalibrationKind) -> None:
        """Go by another one that was measured and fits the run."""
        if self._may_change(kind):
            self._files.adopt(self._plan, kind)

    def restore(self) -> None:
        """Put the instrument back as it was before a calibration that has not done so."""
        left = self._stock.left
        if left is not None and self._around.free_for(left.kind):
            self._case(left.kind)
            job = partial(self._core.restore, left)
            self.works.do_in_hand(Work(left.kind, RESTORING), job, lambda _: self.look())

    def leave_as_it_is(self) -> None:
        """Let the instrument count as it is now."""
        self._files.forget_left(self._plan)

    def close(self) -> None:
        """Tell nothing more; before the widgets go. What is under way ends, and can go on another time."""
        for timer in (self._figures_due, self._news_due, self._cost_due):
            timer.stop()
        self.works.close()
        self._tasks.close(wait=False)

    # -- what comes of it --------------------------------------------------------------------

    def _open(self, kind: CalibrationKind) -> None:
        opened = partial(self._core.open, self._plan, kind)
        self._tasks.run(opened, partial(self._take_opened, kind), self._complain)

    def _take_opened(self, kind: CalibrationKind, opened: Opened) -> None:
        self._cases[kind].open(opened)
        self._tell()
        if kind is self._chosen:
            self.opened.emit(opened.settings)
            self._cost_due.put_off()

    def _count(self) -> None:
        """Ask what the chosen calibration would take."""
        case = self._cases.get(self._chosen) if self._chosen is not None else None
        if case is not None and case.opened is not None:
            kind = case.shown.kind
            cost = partial(case.opened.procedure.cost, self._plan, case.settings)
            self._tasks.run(cost, lambda told: self._show(kind, cost=told), self._complain)

    def _take_stock(self, stock: Stock) -> None:
        self._stock = stock
        self._tell()

    def _take_changed(self, changed: Changed, what: str) -> None:
        self.changed.emit(changed.plan)
        self.told.emit(Message(Tone.GOOD, what, " ".join(changed.said)))

    def _note_undone(self, kind: CalibrationKind) -> None:
        """A result that is still shown is no longer in use."""
        case = self._cases.get(kind)
        if case is not None and case.shown.decision is Decision.ACCEPTED:
            self._show(kind, decision=Decision.UNDONE)

    def _finished(self, kind: CalibrationKind, finished: Finished) -> None:
        self._cases[kind].finish(finished)
        self._tell()
        self._show_figures()
        self._look_after(kind)

    def _failed(self, kind: CalibrationKind, error: Explained) -> None:
        self._to_end = None
        self._show(kind, trouble=str(error))
        procedure = self._cases[kind].shown.procedure
        if procedure is not None and not procedure.needs:  # else manual control has told it
            self.told.emit(problem(error))
        self._look_after(kind)

    def _halted(self, kind: CalibrationKind) -> None:
        if self._stopped:
            self._show(kind, begun=False)
        self._look_after(kind)
        self._end_paused()

    def _end_paused(self) -> None:
        """End what was paused to be ended, as soon as the instrument rests."""
        if self._to_end is not None:
            self._measure(self._to_end, Start.END)

    def _look_after(self, kind: CalibrationKind) -> None:
        """What was begun may wait to go on."""
        self.look()
        self._open(kind)

    def _seen(self, kind: CalibrationKind, shown: tuple[str, Figure] | Readings | Message) -> None:
        if isinstance(shown, Readings):
            self._manual.note_readings(shown)
        elif isinstance(shown, Message):
            self.told.emit(shown)
        else:
            key, figure = shown
            self._cases[kind].seen[key] = figure
            self._figures_due.ask()

    # -- what is told ------------------------------------------------------------------------

    @property
    def _of_chosen(self) -> CalibrationKind:
        assert self._chosen is not None, "the wizard shows one"
        return self._chosen

    def _may_change(self, kind: CalibrationKind) -> bool:
        """Whether its values may be changed now; says why where they may not."""
        if self._around.free_for(kind):
            return True
        self.told.emit(
            Message(Tone.CAUTION, f"{NAMES[kind]} stays as it is.", self._around.objection(kind))
        )
        return False

    def _case(self, kind: CalibrationKind) -> Case:
        return self._cases.setdefault(kind, Case(Chosen(kind)))

    def _show(self, kind: CalibrationKind, **news: Any) -> None:
        self._cases[kind].note(**news)
        self._tell()

    def _note_work(self) -> None:
        work = self.works.work
        for kind, case in self._cases.items():
            case.note(work=work if work is not None and work.step is kind else None)
        self._tell()

    def _tell(self) -> None:
        now = datetime.now().astimezone()
        known = {kind: case.shown for kind, case in self._cases.items()}
        self.viewed.emit(page_view(self._stock, known, self._chosen, self._around.now, now))

    def _show_figures(self) -> None:
        if self._chosen is None:
            return
        case = self._cases[self._chosen]
        self.figures.emit(dict(case.seen), case.residuals)

    def _complain(self, error: Explained) -> None:
        self.told.emit(problem(error))
