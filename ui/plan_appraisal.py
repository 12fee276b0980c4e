"""Counts what the edited plan costs and asks pre-flight of it, on a thread, once the typing pauses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from scopeacq.appraisal import Appraisal, appraise, findings
from scopeacq.findings import Finding
from scopeacq.history import History, read_history
from scopeacq.runfolder import Plan
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

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = Tasks(self)
        self._plan: Plan | None = None
        self._history: History | None = None
        self._last: Appraisal | None = None
        self._count = self._timer(COUNT_MS, self._begin_counting)
        self._check = self._timer(CHECK_MS, self._begin_checking)
        self._clock = QTimer(self)
        self._clock.timeout.connect(self._tell)
        self._clock.start(CLOCK_MS)

    def look_at(self, plan: Plan) -> None:
        """Take this plan, from now on."""
        if plan == self._plan:
            return
        self._plan = plan
        self._count.start()
        self._check.start()
        self.checking.emit()

    def forget_history(self) -> None:
        """The run has gone on: read what it has done anew."""
        plan, self._history, self._plan = self._plan, None, None
        if plan is not None:
            self.look_at(plan)

    def stop(self) -> None:
        """Nothing is told any more; returns when the thread has ended."""
        for timer in (self._count, self._check, self._clock):
            timer.stop()
        self._tasks.close()

    def _begin_counting(self) -> None:
        if (plan := self._plan) is not None:
            self._tasks.run(lambda: appraise(plan, self._past(plan)), self._counted, self.failed.emit)

    def _begin_checking(self) -> None:
        if (plan := self._plan) is not None:
            self._tasks.run(
                lambda: findings(plan, self._past(plan)),
                lambda found: self._checked(plan, found),
                self.failed.emit,
            )

    def _past(self, plan: Plan) -> History:
        """What the run has done; on the thread, which reads it once."""
        if self._history is None:
            self._history = read_history(plan)
        return self._history

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
