"""Reading what is looked at, on a thread of its own: what is wanted last counts, the rest is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PyQt5.QtCore import QObject, pyqtSignal

from scopeacq.telling.explain import Explained, explaining

T = TypeVar("T")

FAREWELL_S = 5.0
"""How long the end waits for what is being read: a drive that does not answer must not hold the window."""


@dataclass(frozen=True, slots=True)
class Unread:
    """It could not be read: a sentence that says why and what to do."""

    why: str


@dataclass(frozen=True, slots=True)
class Fetch(Generic[T]):
    """Something to be read elsewhere, its name, and who is told of it on the thread of :class:`Fetcher`."""

    key: Hashable
    read: Callable[[], T]
    done: Callable[[T | Unread], None]


class Fetcher(QObject):
    """One thread that reads what is wanted, in order."""

    _read = pyqtSignal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open: list[Fetch[Any]] = []
        self._told: set[Hashable] = set()
        self._changed = threading.Condition()
        self._over = False
        self._read.connect(self._deliver)
        self._thread = threading.Thread(target=self._work, name="fetching", daemon=True)
        self._thread.start()

    def want(self, fetches: Sequence[Fetch[Any]]) -> None:
        """Read these, the first one first, and nothing else any more."""
        with self._changed:
            self._open = [fetch for fetch in reversed(fetches) if fetch.key not in self._told]
            self._changed.notify()

    def close(self) -> None:
        """End after what is being read, or leave that to its thread; nothing is told any more."""
        with self._changed:
            self._over, self._open = True, []
            self._changed.notify()
        self._thread.join(FAREWELL_S)

    def _deliver(self, fetch: Fetch[Any], result: object) -> None:
        with self._changed:
            self._told.discard(fetch.key)
            over = self._over
        if not over:
            fetch.done(result)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or bool(self._open))
                if self._over:
                    return
                fetch = self._open.pop()
                # until it is delivered nobody has to ask for it again
                self._told.add(fetch.key)
            result = _fetched(fetch)
            if not self._over:
                self._read.emit(fetch, result)


def _fetched(fetch: Fetch[Any]) -> object:
    try:
        with explaining():
            return fetch.read()
    except Explained as error:
        return Unread(str(error))
