"""Work that takes longer than a frame: on a thread of its own, its result back on the GUI's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from PyQt5.QtCore import QObject

from scopeacq.telling.explain import Explained, explaining
from ui.mailbox import Mailbox

T = TypeVar("T")


class Tasks(QObject):
    """One thread for reading and writing files; tasks are done in order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, "window")
        self._mailbox = Mailbox(self)

    def run(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Explained], None]
    ) -> None:
        """Do ``work`` elsewhere, then call ``done`` or ``failed`` on the GUI's thread.

        What the work itself has told the GUI's thread by then comes before.
        """
        self._pool.submit(self._do, work, done, failed)

    def tell(self, news: Callable[[], None]) -> None:
        """From any thread: have the GUI's call ``news``, in order; nothing once closed."""
        self._mailbox.tell(news)

    def close(self, wait: bool = True) -> None:
        """Let the task in hand end and forget the others; their outcomes are not told any more.

        ``wait``: return when it has ended; a task that only reads may end by itself.
        """
        self._mailbox.close()
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _do(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Explained], None]
    ) -> None:
        """On the thread; a task that nobody waited for may end when nothing is there any more."""
        try:
            with explaining():
                outcome = partial(done, work())
        except Explained as error:
            outcome = partial(failed, error)
        self.tell(outcome)
