"""The files of calibrations: how all stand, and what changes that; read and written on a thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt5.QtCore import QObject, pyqtSignal

from scopeacq.plan.accepting import Changed
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.runfolder import Plan
from ui.calibrate.services import Calibrations, Finished
from ui.presenters.calibration_list import NAMES, standing_of
from ui.presenters.calibration_page import Stock
from ui.tasks import Tasks


class CalibrationFiles(QObject):
    """``in_hand`` says whether this window has the instrument in hand, and so holds the run.

    Signals:
        stocked (Stock): how all calibrations stand.
        changed (Changed, str): the instrument's file says something else now, and why, in a sentence.
        failed (Explained): a file could not be read or changed.
    """

    stocked = pyqtSignal(object)
    changed = pyqtSignal(object, str)
    failed = pyqtSignal(object)

    def __init__(
        self, core: Calibrations, in_hand: Callable[[], bool], tasks: Tasks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._core, self._in_hand, self._tasks = core, in_hand, tasks

    def look(self, plan: Plan) -> None:
        """Read how all calibrations stand."""
        self._tasks.run(partial(_stock, self._core, plan), self.stocked.emit, self.failed.emit)

    def accept(self, plan: Plan, finished: Finished, then: Callable[[], None]) -> None:
        """Have the instrument go by what was measured; ``then`` is called when it does."""
        accepted = partial(self._core.accept, plan, finished, self._in_hand())
        self._change(accepted, "What was measured is in use from now on.", then)

    def undo(self, plan: Plan, kind: CalibrationKind, then: Callable[[], None]) -> None:
        """Put back what stood there before the last calibration of a kind; ``then`` is called after it."""
        undone = partial(self._core.undo, plan, kind, self._in_hand())
        self._change(undone, f"{NAMES[kind]} is as it was before its last calibration.", then)

    def adopt(self, plan: Plan, kind: CalibrationKind) -> None:
        """Have the instrument go by another calibration that fits the run."""
        adopted = partial(self._core.adopt, plan, kind, self._in_hand())
        self._change(adopted, f"{NAMES[kind]} goes by a calibration that fits.")

    def forget_left(self, plan: Plan) -> None:
        """Let the instrument count as it is now, whatever a calibration left."""
        self._tasks.run(partial(self._core.forget, plan), lambda _: self.look(plan), self.failed.emit)

    def _change(
        self, change: Callable[[], Changed], what: str, then: Callable[[], None] = lambda: None
    ) -> None:
        def done(changed: Changed) -> None:
            then()
            self.changed.emit(changed, what)

        self._tasks.run(change, done, self.failed.emit)


def _stock(core: Calibrations, plan: Plan) -> Stock:
    unfinished, kinds = core.unfinished(plan), tuple(CalibrationKind)
    standings = {kind: standing_of(plan.instrument, kind, unfinished.get(kind)) for kind in kinds}
    return Stock(standings, core.left(plan))
