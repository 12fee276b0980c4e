"""Work that takes longer than a frame: on a thread of its own, its result back on the GUI's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from PyQt5.QtCore import QObject, Qt, pyqtSignal

from scopeacq.telling.explain import Explained, explaining

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Outcome:
    future: Future[Any]
    done: Callable[[Any], None]
    failed: Callable[[Explained], None]


class Tasks(QObject):
    """One thread for reading and writing files; tasks are done in order."""

    _came = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, "window")
        self._closed = False
        # queued also where a task ends before it is waited for: what it has told comes first
        self._came.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Explained], None]
    ) -> None:
        """Do ``work`` elsewhere, then call ``done`` or ``failed`` on the GUI's thread."""
        future = self._pool.submit(_explained, work)
        future.add_done_callback(lambda f: self._hand_over(_Outcome(f, done, failed)))

    def close(self, wait: bool = True) -> None:
        """Let the task in hand end and forget the others; their outcomes are not told any more.

        ``wait``: return when it has ended; a task that only reads may end by itself.
        """
        self._closed = True
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _hand_over(self, outcome: _Outcome) -> None:
        """On the thread; a task that nobody waited for may end when nothing is there any more."""
        if not self._closed:
            self._came.emit(outcome)

    def _deliver(self, outcome: _Outcome) -> None:
        if self._closed:
            return
        try:
            result = outcome.future.result()
        except CancelledError:
            return
        except Explained as error:
            outcome.failed(error)
            return
        outcome.done(result)


def _explained(work: Callable[[], T]) -> T:
    with explaining():
        return work()
