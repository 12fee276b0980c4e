"""Keeps a viewport in step with a run on the disk, whoever runs it: reading happens on another thread."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QTimer

from hardware.types import Image
from scopeacq.explain import Explained
from scopeacq.files import DiskFiles
from scopeacq.journal import JournalReader
from scopeacq.records import PlaneKey
from scopeacq.runfolder import Plan
from scopeacq.status import read_status
from scopeacq.storage import ImageStore
from scopeacq.thumbnails import latest_grey
from ui.presenters.wafer_map import WaferMap, WaferPresenter
from ui.tasks import Tasks
from ui.viewport.widget import WaferViewport

EVERY_MS = 1000


class WaferFeed(QObject):
    """Shows in ``viewport`` what the journal of ``plan`` says, again and again."""

    def __init__(self, viewport: WaferViewport, plan: Plan, tasks: Tasks) -> None:
        super().__init__(viewport)
        self._viewport, self._tasks = viewport, tasks
        self._reader, self._over = _Reader(plan), False
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        viewport.set_pictures(_Thumbnails(plan))
        viewport.show_map(WaferPresenter(plan).shown())

    def refresh(self) -> None:
        """Read what is new, show it, and look again after a while."""
        self._tasks.run(self._reader.read, self._show, self._failed)

    def stop(self) -> None:
        """Read no more; before the viewport goes."""
        self._over = True
        self._timer.stop()
        self._viewport.close_pictures()

    def _show(self, news: WaferMap | None) -> None:
        if self._over:
            return
        if news is not None:
            self._viewport.show_map(news)
        self._timer.start()

    def _failed(self, _: Explained) -> None:
        """Pre-flight says what is wrong with the journal; the map stays as it was."""
        if not self._over:
            self._timer.start()


class _Reader:
    """Folds the journal bit by bit; used by one thread at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._presenter, self._seq = plan, WaferPresenter(plan), 0
        self._cycle = -1

    def read(self) -> WaferMap | None:
        """The map, or None when nothing happened since the last time. Raises ``JournalError``."""
        journal = self._plan.folder.journal_file
        rows = list(JournalReader(journal).read(self._seq)) if journal.exists() else []
        if not rows:
            return None
        self._seq = rows[-1].seq
        self._presenter.apply(row.record for row in rows)
        shown = self._presenter.shown()
        if shown.cycle == self._cycle:
            return shown
        self._cycle = shown.cycle
        status = read_status(self._plan)
        self._presenter.depths({section.id: section.milled_nm for section in status.sections})
        return self._presenter.shown()


class _Thumbnails:
    """Pictures of planes from the run's images, which may not be there yet."""

    def __init__(self, plan: Plan) -> None:
        self._root = plan.folder.images(plan.project)
        self._store: ImageStore | None = None

    def __call__(self, plane: PlaneKey, edge_px: int) -> Image | None:
        if self._store is None:
            if not (self._root / "zarr.json").exists():
                return None
            self._store = ImageStore.open(self._root, DiskFiles())
        return latest_grey(self._store, plane, edge_px)
