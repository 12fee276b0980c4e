"""Runs from the window: intents go to the acquisition thread, what it tells comes back as views."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from scopeacq.engine.events import WishAnswered
from scopeacq.engine.outlook import Outlook
from scopeacq.journal.records import RunRequest, Wish
from scopeacq.plan.briefing import brief
from scopeacq.plan.runfolder import Plan
from ui.presenters.acquisition import Phase, RunPresenter, RunView
from ui.presenters.checklist import Checklist, Confirmation
from ui.presenters.event_log import EventLog
from ui.presenters.notices import Briefed, Ended, Notice, Stands, Wished
from ui.presenters.past import past_entries
from ui.presenters.timeline import timeline
from ui.run.bridge import Bridge
from ui.run.errands import Checker, Errand, checked, wished
from ui.run.run_thread import Conductor, RunThread, conducted

if TYPE_CHECKING:  # brings SQLite, SciPy and the twin
    from scopeacq.conduct import Attendant, Outcome


STILL_WRITING = "What you asked for before is still being written: ask again in a moment."


class Acquisition(QObject):
    """The run of the open project: one at a time. Lives in the GUI's thread; no call blocks it.

    ``viewed`` carries a ``RunView``, ``listed`` a ``Checklist``, ``ahead`` a tuple of timeline entries,
    each only when it has changed; ``logged`` says that ``log`` has more; ``noticed`` carries every notice;
    ``started`` says that a run begins to take the instrument.
    """

    viewed = pyqtSignal(object)
    listed = pyqtSignal(object)
    ahead = pyqtSignal(object)
    logged = pyqtSignal()
    noticed = pyqtSignal(object)
    started = pyqtSignal()

    def __init__(
        self, conductor: Conductor = conducted, checker: Checker = brief, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._conductor, self._checker = conductor, checker
        self._plan: Plan | None = None
        self._run: RunThread | None = None
        self._outlook: Outlook | None = None
        self._shown: RunView | None = None
        self._before_run: list[Callable[[], None]] = []
        self.log = EventLog()
        self.checklist = Checklist()
        self._presenter = RunPresenter()
        self._run_bridge, self._check_bridge, self._wish_bridge = Bridge(self), Bridge(self), Bridge(self)
        for bridge in (self._run_bridge, self._check_bridge, self._wish_bridge):
            bridge.noticed.connect(self._take)
        self._run_bridge.looked.connect(self._refresh)

    @property
    def active(self) -> bool:
        """Whether a run holds the instrument."""
        return self._run is not None and self._run.alive

    @property
    def view(self) -> RunView:
        """What is to be shown now."""
        return self._presenter.view(time.monotonic(), datetime.now().astimezone())

    def open(self, plan: Plan) -> None:
        """Take a run that is not active yet, and check it in the background."""
        assert not self.active, "the window keeps the run that is active"
        self._plan = plan
        self._presenter, self.checklist = RunPresenter(), Checklist()
        self.log.clear()
        self._show_ahead(None)
        self.logged.emit()
        # once the window shows the run: what a check loads would hold up the making of its parts
        QTimer.singleShot(0, self.check)

    def take_plan(self, plan: Plan) -> None:
        """Go on with the plan as it was saved, from the next start on; it is checked in the background."""
        self._plan = plan
        self.check()

    def check(self) -> None:
        """Check the open run again, as after an edit. Its findings are ``listed`` when they are there."""
        if self._plan is None or self.active:
            return
        self._show_list(self.checklist.begun())
        self._check_bridge.follow(Errand("check", partial(checked, self._plan, self._checker)))

    def confirm(self, what: Confirmation, holds: bool) -> None:
        """The operator confirms by hand what no software can read."""
        self._show_list(self.checklist.confirm(what, holds))

    def note_edits(self, unsaved: bool) -> None:
        """The plan is edited, so that a start would not do what is shown; or is as in the files again."""
        if unsaved != self.checklist.edited:
            self._show_list(self.checklist.edits(unsaved))

    def start(self, cycles: int | None = None) -> None:
        """Start the run or go on with it; only when the view allows it.

        ``cycles``: end when so many are done in all.
        """
        if self._plan is None or self.active or self.checklist.held_back or self._presenter.finished:
            return
        self._presenter.started()
        self._run = RunThread(self._plan, cycles, self._conduct)
        self._run.start()
        self.started.emit()
        self._run_bridge.follow(self._run)
        self._refresh()

    def give_way(self, ready: Callable[[], None]) -> None:
        """Have ``ready`` called on a run's own thread before it takes the instrument; it may wait there."""
        self._before_run.append(ready)

    def request(self, request: RunRequest) -> None:
        """Ask the run for something; returns at once. An abort is on its way to the guard then."""
        if self._run is not None:
            self._run.request(request)

    def wish(self, wish: Wish) -> None:
        """Ask for a change of the steps ahead; returns at once. Its answer is noticed, and logged."""
        if self._plan is None:
            return
        if self._wish_bridge.follows:
            self._take([Wished(wish), WishAnswered(wish, STILL_WRITING)])
        elif self._run is not None and self.active:
            self._run.wish(wish)
        else:
            self._take([Wished(wish)])
            self._wish_bridge.follow(Errand("wish", partial(wished, self._plan, wish)))

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of a run that was asked to end; whether the instrument is let go."""
        return self._run is None or self._run.join(timeout_s)

    def _conduct(self, plan: Plan, cycles: int | None, attendant: Attendant) -> Outcome:
        for ready in self._before_run:
            ready()
        return self._conductor(plan, cycles, attendant)

    def _take(self, notices: list[Notice]) -> None:
        now_s, now, before = time.monotonic(), datetime.now().astimezone(), self.log.version
        for notice in notices:
            self._presenter.take(notice, now_s)
            self.log.take(notice, now)
            if isinstance(notice, Briefed):
                self._briefed(notice)
            elif isinstance(notice, Stands) and not self.active:
                self._show_ahead(notice.standpoint.outlook)
            elif isinstance(notice, Outlook):
                self._outlook = notice
            elif isinstance(notice, Ended) and self._presenter.finished:
                self._show_list(self.checklist.done())
            self.noticed.emit(notice)
        if any(isinstance(notice, Outlook) for notice in notices):
            self._show_ahead(self._outlook)
        if self.log.version != before:
            self.logged.emit()

    def _briefed(self, notice: Briefed) -> None:
        briefing, standpoint = notice.briefing, notice.briefing.standpoint
        self._presenter.expect(briefing)
        if standpoint is not None:
            self.log.recall(past_entries(standpoint.past, date.today()))
        self._show_ahead(standpoint.outlook if standpoint is not None else None)
        self._show_list(self.checklist.found(briefing.findings, briefing.finished))

    def _show_ahead(self, outlook: Outlook | None) -> None:
        self._outlook = outlook
        presenter = self._presenter
        self.ahead.emit(timeline(outlook, presenter.phase is Phase.ACTIVE, presenter.begun))

    def _show_list(self, checklist: Checklist) -> None:
        self.checklist = checklist
        self._presenter.held_back = checklist.held_back
        self.listed.emit(checklist)
        self._refresh()

    def _refresh(self) -> None:
        view = self.view
        if view != self._shown:
            self._shown = view
            self.viewed.emit(view)
