"""What a run has focused and taken, from its journal, for as long as somebody looks."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from scopeacq.journal.focus_history import FocusHistory, WaferFocus
from scopeacq.journal.records import Correction, PlaneJudged
from scopeacq.journal.tail import JournalTail
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.latest_tile import LatestTile, TileSeen, look_at_tile
from scopeacq.storage.storage import ImageStore
from scopeacq.telling.explain import Explained
from ui.tasks import Tasks

EVERY_MS = 1000


@dataclass(frozen=True, slots=True)
class Past:
    """The corrections that are kept, the refused ones first, and how focus lies on the wafer."""

    corrections: tuple[Correction, ...]
    wafer: WaferFocus | None


@dataclass(frozen=True, slots=True)
class News:
    """What is new since the last time; None where nothing is."""

    past: Past | None = None
    tile: TileSeen | None = None


class RunFeed(QObject):
    """Reads again and again while it is awake. ``past`` (Past) and ``tile`` (TileSeen) say what is new."""

    past = pyqtSignal(object)
    tile = pyqtSignal(object)

    def __init__(self, plan: Plan, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._reader = tasks, _Reader(plan)
        self._reading = self._over = False
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._read)

    def wake(self, awake: bool) -> None:
        """Read from now on, or rest."""
        if awake and not self._over:
            self._timer.start()
            self._read()
        else:
            self._timer.stop()

    def take_plan(self, plan: Plan) -> None:
        """Read with the plan as it was saved."""
        self._reader.plan = plan

    def stop(self) -> None:
        """Read no more."""
        self._over = True
        self._timer.stop()

    def _read(self) -> None:
        if not self._reading:
            self._reading = True
            self._tasks.run(self._reader.read, self._tell, self._failed)

    def _tell(self, news: News) -> None:
        self._reading = False
        if self._over:
            return
        if news.past is not None:
            self.past.emit(news.past)
        if news.tile is not None:
            self.tile.emit(news.tile)

    def _failed(self, _: Explained) -> None:
        """Pre-flight says what is wrong with the run's files; what is shown stays."""
        self._reading = False


class _Reader:
    """Folds the journal bit by bit; used by one thread at a time."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self._tail = plan, JournalTail(plan.folder)
        self._history, self._latest = FocusHistory(), LatestTile()

    def read(self) -> News:
        """Raises ``JournalError``."""
        focused = judged = False
        for record in (row.record for portion in self._tail.portions() for row in portion):
            self._history.apply(record)
            self._latest.apply(record)
            focused |= isinstance(record, Correction)
            judged |= isinstance(record, PlaneJudged)
        return News(self._past() if focused else None, self._tile() if judged else None)

    def _past(self) -> Past:
        return Past(tuple(self._history.corrections()), self._history.wafer(self.plan))

    def _tile(self) -> TileSeen | None:
        root = self.plan.folder.images(self.plan.project)
        if not (root / "zarr.json").exists():
            return None
        return look_at_tile(ImageStore.open(root, DiskFiles()), self._latest)
