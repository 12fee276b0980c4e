"""Reading what is looked at, on a thread of its own: the newest wishes count, older ones are forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from PyQt5.QtCore import QObject, pyqtSignal

from scopeacq.explain import Explained, explaining


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to be read, and its name."""

    key: Hashable
    read: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Unread:
    """It could not be read: a sentence that says why and what to do."""

    why: str


class Wishes(QObject):
    """One thread that fulfils wishes in order.

    ``came`` (key, result): a result, or :class:`Unread`; told on the thread that this object lives in.
    """

    came = pyqtSignal(object, object)
    _read = pyqtSignal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open: list[Wish] = []
        self._told: set[Hashable] = set()
        self._changed = threading.Condition()
        self._over = False
        self._read.connect(self._deliver)
        self._thread = threading.Thread(target=self._work, name="wishes", daemon=True)
        self._thread.start()

    def want(self, wishes: Sequence[Wish]) -> None:
        """Read these, the first one first, and nothing else any more."""
        with self._changed:
            self._open = [wish for wish in reversed(wishes) if wish.key not in self._told]
            self._changed.notify()

    def close(self) -> None:
        """End after what is being read; nothing is told any more."""
        with self._changed:
            self._over, self._open = True, []
            self._changed.notify()
        self._thread.join()

    def _deliver(self, key: Hashable, result: object) -> None:
        with self._changed:
            self._told.discard(key)
            over = self._over
        if not over:
            self.came.emit(key, result)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or bool(self._open))
                if self._over:
                    return
                wish = self._open.pop()
                # until it is delivered nobody has to ask for it again
                self._told.add(wish.key)
            self._read.emit(wish.key, _fulfilled(wish))


def _fulfilled(wish: Wish) -> object:
    try:
        with explaining():
            return wish.read()
    except Explained as error:
        return Unread(str(error))
