"""What the journal says of all cycles, for the views that look back, read bit by bit while it grows."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from scopeacq.journal.journal import Row
from scopeacq.journal.run_series import RunSeries
from scopeacq.journal.slice_book import SliceBook
from scopeacq.journal.tail import PORTION, JournalTail
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.explain import Explained
from ui.tasks import Tasks

EVERY_MS = 1000


class AfterFeed(QObject):
    """Keeps ``book`` and ``series`` in step with the journal, whoever writes it.

    ``changed``: there is more. ``failed`` (str): why the journal cannot be read now; empty when it can.
    """

    changed = pyqtSignal()
    failed = pyqtSignal(str)

    def __init__(self, plan: Plan, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.book, self.series = SliceBook.of(plan), RunSeries.of(plan)
        self.complete = False
        self._tail, self._tasks = JournalTail(plan.folder), tasks
        self._began, self._over, self._trouble = False, False, ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._read)

    def start(self) -> None:
        """Begin to read; doing so again does nothing. Until a view is looked at nobody needs it."""
        if not self._began:
            self._began = True
            self._read()

    def take_plan(self, plan: Plan) -> None:
        """Go on with a plan that was edited; what was read stays."""
        self.book.take_plan(plan)
        self.series.take_plan(plan)
        self.changed.emit()

    def stop(self) -> None:
        """Read no more."""
        self._over = True
        self._timer.stop()

    def _read(self) -> None:
        # a portion at once, so that the window stays fluent while a journal of weeks is read
        self._tasks.run(self._tail.portion, self._take, self._fail)

    def _take(self, rows: list[Row]) -> None:
        if self._over:
            return
        self._tell("")
        for row in rows:
            self.book.apply(row.record)
            self.series.apply(row)
        more = len(rows) == PORTION
        if rows or not self.complete:
            self.complete = self.complete or not more
            self.changed.emit()
        self._timer.start(0 if more else EVERY_MS)

    def _fail(self, error: Explained) -> None:
        if not self._over:
            self._tell(str(error))
            self._timer.start(EVERY_MS)

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self.failed.emit(trouble)
