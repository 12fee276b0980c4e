"""Counts what the edited plan costs and asks pre-flight of it, on a thread, once the typing pauses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from scopeacq.journal.history import History, read_history
from scopeacq.plan.appraisal import Appraisal, Checker, appraise
from scopeacq.plan.findings import Finding
from scopeacq.plan.runfolder import Plan
from ui.presenters.checklist import Checklist
from ui.presenters.costs import cost_view
from ui.tasks import Tasks

COUNT_MS, CHECK_MS, CLOCK_MS = 80, 700, 20_000


class PlanAppraisal(QObject):
    """Of the plans that it is given only the last is told.

    Signals:
        counted (CostView): what the plan costs.
        checking, checked (tuple of Item): what is wrong with it.
        failed (Explained): why that cannot be said.
    """

    counted = pyqtSignal(object)
    checking = pyqtSignal()
    checked = pyqtSignal(tuple)
    failed = pyqtSignal(object)

    def __init__(self, checker: Checker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._checker = checker
        self._counting, self._checking = Tasks(self), Tasks(self)
        self._plan: Plan | None = None
        self._history: History | None = None
        self._last: Appraisal | None = None
        self._count = self._timer(COUNT_MS, self._begin_counting)
        self._check = self._timer(CHECK_MS, self._begin_checking)
        self._clock = QTimer(self)
        self._clock.timeout.connect(self._tell)
        self._clock.start(CLOCK_MS)

    def look_at(self, plan: Plan, check: bool) -> None:
        """Take this plan, from now on. ``check``: ask pre-flight, too, which takes a while."""
        if plan != self._plan:
            self._plan = plan
            self._count.start()
        elif not check:
            return
        if check:
            self._check.start()
            self.checking.emit()

    def forget_history(self) -> None:
        """The run has gone on: what it has done is read anew with the next plan."""
        self._plan = self._history = None

    def stop(self) -> None:
        """Nothing is told any more. A check in hand ends by itself: it only reads."""
        for timer in (self._count, self._check, self._clock):
            timer.stop()
        self._counting.close()
        self._checking.close(wait=False)

    def _begin_counting(self) -> None:
        if (plan := self._plan) is not None:
            self._counting.run(lambda: appraise(plan, self._past(plan)), self._counted, self.failed.emit)

    def _begin_checking(self) -> None:
        if (plan := self._plan) is not None:
            self._checking.run(
                lambda: self._findings(plan), lambda found: self._checked(plan, found), self.failed.emit
            )

    def _findings(self, plan: Plan) -> tuple[Finding, ...]:
        """On the thread; nothing of a plan that was edited while another one was checked."""
        return self._checker.findings(plan, self._past(plan)) if plan is self._plan else ()

    def _past(self, plan: Plan) -> History:
        """What the run has done; on a thread, and read once."""
        if (history := self._history) is None:
            history = self._history = read_history(plan)
        return history

    def _counted(self, appraisal: Appraisal) -> None:
        if appraisal.plan is self._plan:
            self._last = appraisal
            self._tell()

    def _checked(self, plan: Plan, found: tuple[Finding, ...]) -> None:
        if plan is self._plan:
            self.checked.emit(Checklist().found(found).items)

    def _tell(self) -> None:
        """The clock goes on, and with it the time at which a run would be finished."""
        if self._last is not None:
            self.counted.emit(cost_view(self._last, datetime.now().astimezone()))

    def _timer(self, delay_ms: int, done: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(delay_ms)
        timer.timeout.connect(done)
        return timer
