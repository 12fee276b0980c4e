"""Keeps a viewport in step with a run on the disk, whoever runs it: reading happens on another thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, QTimer

from scopeacq.journal.tail import JournalTail
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.run_pictures import RunPictures
from scopeacq.telling.explain import Explained
from ui.presenters.hover import History
from ui.presenters.wafer_map import Hit, WaferMap
from ui.presenters.wafer_presenter import WaferPresenter
from ui.tasks import Tasks
from ui.viewport.widget import WaferViewport

EVERY_MS = 1000


class WaferFeed(QObject):
    """Shows in ``viewport`` what the journal of ``plan`` says, again and again."""

    def __init__(self, viewport: WaferViewport, plan: Plan, tasks: Tasks) -> None:
        super().__init__(viewport)
        self._viewport, self._tasks = viewport, tasks
        self.pictures = RunPictures(plan)
        self._reader, self._over = _Reader(plan), False
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        viewport.set_pictures(self.pictures)
        viewport.show_map(WaferPresenter(plan).shown())
        viewport.history_wanted.connect(self._read_history)

    def refresh(self) -> None:
        """Read what is new, show it, and look again after a while."""
        reader = self._reader
        self._tasks.run(reader.read, partial(self._show, reader), self._failed)

    def take_plan(self, plan: Plan) -> None:
        """Go on with the plan as it was saved: the journal is read through it anew."""
        self._reader = _Reader(plan)
        before, images = self.pictures.plan, plan.folder.images(plan.project)
        if images != before.folder.images(before.project):
            old, self.pictures = self.pictures, RunPictures(plan)
            self._viewport.set_pictures(self.pictures)
            old.close()
        self.refresh()

    def forget_picture(self, path: Path) -> None:
        """Let go of a picture that is about to be removed."""
        self.pictures.forget(path)

    def stop(self) -> None:
        """Read no more; before the viewport goes."""
        self._over = True
        self._timer.stop()
        self._viewport.close_pictures()
        self.pictures.close()

    def _show(self, reader: _Reader, news: WaferMap | None) -> None:
        """News of an earlier plan are for nobody: those of the one after it are on their way."""
        if self._over or reader is not self._reader:
            return
        if news is not None:
            self._viewport.show_map(news)
        self._timer.start()

    def _failed(self, _: Explained) -> None:
        """Pre-flight says what is wrong with the journal; the map stays as it was."""
        if not self._over:
            self._timer.start()

    def _read_history(self, hit: Hit) -> None:
        done = partial(self._show_history, hit)
        self._tasks.run(partial(self._reader.history, hit), done, lambda _: None)

    def _show_history(self, hit: Hit, history: History) -> None:
        if not self._over:
            self._viewport.show_history(hit, history)


class _Reader:
    """Folds the journal bit by bit; used by one thread at a time."""

    def __init__(self, plan: Plan) -> None:
        self._tail, self._presenter = JournalTail(plan.folder), WaferPresenter(plan)
        self._first = True

    def read(self) -> WaferMap | None:
        """The map, or None when nothing happened since the last time. Raises ``JournalError``."""
        before, first = self._tail.seq, self._first
        self._first = False
        for portion in self._tail.portions():
            self._presenter.apply(row.record for row in portion)
        return self._presenter.shown() if first or self._tail.seq != before else None

    def history(self, hit: Hit) -> History:
        """How the numbers of what lies there went over the cycles."""
        return self._presenter.history(hit)
