"""One program on an instrument, and in it one that commands."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hardware.errors import Busy

LOCK_FILE = "instrument.lock"
"""The lock of an instrument, in the folder of its driver."""


class InstrumentLock:
    """A lock file that is held from before connecting until after disconnecting.

    It dies with the process that holds it. Raises ``Busy`` when another program holds it: its
    guard owns the ion beam, and a second guard would blank it.
    """

    def __init__(self, path: Path) -> None:
        self._holder = path.with_suffix(".holder")
        self._file_lock = FileLock(path, thread_local=False)
        self._commanding = threading.Lock()
        try:
            self._file_lock.acquire(timeout=0)
        except Timeout as error:
            raise self._busy() from error
        self._write("connected, nobody commands")

    @contextmanager
    def claim(self, who: str) -> Iterator[None]:
        """Command the instrument as ``who``. Raises ``Busy`` while somebody else does."""
        if not self._commanding.acquire(blocking=False):
            raise self._busy()
        try:
            self._write(who)
            yield
        finally:
            self._write("connected, nobody commands")
            self._commanding.release()

    def release(self) -> None:
        """Let other programs have the instrument."""
        self._holder.unlink(missing_ok=True)
        self._file_lock.release()

    def _write(self, who: str) -> None:
        self._holder.write_text(f"process {os.getpid()} ({who})", encoding="utf-8")

    def _busy(self) -> Busy:
        who = self._holder.read_text(encoding="utf-8") if self._holder.exists() else "another process"
        return Busy("microscope", f"it is in use by {who}", "End that first; only one may command it.")
