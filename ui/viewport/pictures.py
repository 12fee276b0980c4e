"""Pictures of tiles, loaded off the GUI thread and kept up to a budget of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from PyQt5.QtCore import QObject, QRunnable, QThreadPool, pyqtSignal
from PyQt5.QtGui import QImage

from hardware.types import Image
from scopeacq.records import PlaneKey

Source = Callable[[PlaneKey, int], "Image | None"]
"""Reads a plane as an 8-bit picture with so many pixels along its longer edge; None when it is absent."""

EDGES_PX = (64, 256, 1024, 4096, 32768)
"""Sizes in which pictures are kept: the next that is not smaller than what the screen shows."""

BUDGET_BYTES = 256 * 2**20
MOST_WAITING = 48
"""Pictures asked for at once; more wait until they are looked at again."""


@dataclass(frozen=True, slots=True)
class PictureKey:
    """A picture of one plane in one size. ``seen`` tells takes apart: another one is another picture."""

    plane: PlaneKey
    edge_px: int
    seen: object = None


class Pictures(QObject):
    """A cache in front of a source. ``loaded`` says that something new can be painted."""

    loaded = pyqtSignal()
    _arrived = pyqtSignal(object, object)

    def __init__(self, parent: QObject | None = None, budget_bytes: int = BUDGET_BYTES) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[PictureKey, QImage | None] = OrderedDict()
        self._waiting: set[PictureKey] = set()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._arrived.connect(self._keep)

    def set_source(self, source: Source | None) -> None:
        """Read from another run, or from none."""
        self._pool.clear()
        self._source = source
        self._kept.clear()
        self._waiting.clear()

    def of(self, plane: PlaneKey, shown_px: float, seen: object = None) -> QImage | None:
        """The best picture at hand; a better one is asked for and announced by ``loaded``."""
        edge = next((e for e in EDGES_PX if e >= shown_px), EDGES_PX[-1])
        wanted = PictureKey(plane, edge, seen)
        if wanted in self._kept:
            self._kept.move_to_end(wanted)
        else:
            self._ask(wanted)
        candidates = (wanted, *(PictureKey(plane, e, seen) for e in reversed(EDGES_PX)))
        return next((image for key in candidates if (image := self._kept.get(key)) is not None), None)

    def close(self) -> None:
        """Forget what waits and wait for what is being read."""
        self.set_source(None)
        self._pool.waitForDone()

    def _ask(self, key: PictureKey) -> None:
        if self._source is None or key in self._waiting or len(self._waiting) >= MOST_WAITING:
            return
        self._waiting.add(key)
        self._pool.start(_Read(self._source, key, self._arrived.emit))

    def _keep(self, key: PictureKey, image: QImage | None) -> None:
        if key not in self._waiting:
            return
        self._waiting.discard(key)
        self._kept[key] = image
        used = sum(kept.sizeInBytes() for kept in self._kept.values() if kept is not None)
        while used > self._budget_bytes and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            used -= oldest.sizeInBytes() if oldest is not None else 0
        self.loaded.emit()


class _Read(QRunnable):
    """One reading, on the pool's thread."""

    def __init__(
        self, source: Source, key: PictureKey, done: Callable[[PictureKey, QImage | None], None]
    ) -> None:
        super().__init__()
        self._source, self._key, self._done = source, key, done

    def run(self) -> None:
        pixels = self._source(self._key.plane, self._key.edge_px)
        self._done(self._key, None if pixels is None else _grey(pixels))


def _grey(pixels: Image) -> QImage:
    """A grey image of its own memory; rows of a QImage may be padded, those of ``pixels`` are not."""
    height, width = pixels.shape
    return QImage(pixels.tobytes(), width, height, width, QImage.Format.Format_Grayscale8).copy()
