"""One program for each run folder, and whether a folder can carry a run.

The lock is the operating system's: it goes with the process that holds it, however that ends. A note
beside it says who holds it; a note without a lock is only the trace of a process that was killed.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from scopeacq.storage.files import DiskFiles, FileLayer

PATIENCE_S = 0.2
"""A reader that asks whether a run is held has its lock for a moment; that must not turn away a start."""

_PROBE = b"scopeacq probes whether this folder can carry a run"


class Locked(Exception):
    """Another program holds the lock. One sentence: what is in use, by whom, what to do."""


class OwnerLock:
    """A lock that dies with its owner; use it as a context manager or ``acquire`` and ``release``."""

    def __init__(self, lock_file: Path, subject: str, files: FileLayer | None = None) -> None:
        self._subject = subject
        self._files = files or DiskFiles()
        self._note = lock_file.with_suffix(".holder.json")
        self._lock = _native_lock(lock_file)

    @classmethod
    def of_run(cls, folder: Path, files: FileLayer | None = None) -> OwnerLock:
        """The lock of a run folder, which exists."""
        return cls(folder / "run.lock", f"The run folder {folder}", files)

    def acquire(self) -> None:
        """Take the lock, with a moment's patience for who only asks whether it is held.

        Raises:
            Locked: another program, or this one elsewhere, holds it.
            OSError: the folder does not allow locks.
        """
        try:
            self._lock.acquire(timeout=PATIENCE_S, poll_interval=PATIENCE_S / 20)
        except Timeout as error:
            raise Locked(
                f"{self._subject} is in use by {self._holder()}; end that program first, or use its window."
            ) from error
        note = json.dumps({"pid": os.getpid(), "host": platform.node()})
        self._files.write_durable(self._note, note.encode(), replace=True)

    def release(self) -> None:
        """Give the lock back. Without it, the end of the process does."""
        self._lock.release()

    def is_held(self) -> bool:
        """Whether a program holds the lock now; leaves no note."""
        try:
            with self._lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def __enter__(self) -> OwnerLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _holder(self) -> str:
        try:
            note = json.loads(self._note.read_bytes())
            return f"process {note['pid']} on {note['host']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another program"


def probe_folder(path: Path, files: FileLayer | None = None) -> list[str]:
    """What keeps a folder from carrying a run: writing, syncing, renaming, locking. Leaves nothing behind.

    Returns:
        One sentence for each problem; empty if there is none.
    """
    files = files or DiskFiles()
    try:
        with tempfile.TemporaryDirectory(prefix=".probe-", dir=path) as scratch:
            return _write_problems(Path(scratch), files) + _lock_problems(Path(scratch))
    except OSError as error:
        return [f"{path} cannot be written ({error.strerror or error}); choose a folder on a local disk."]


def _write_problems(folder: Path, files: FileLayer) -> list[str]:
    target, elsewhere = folder / "probe", folder / "renamed"
    try:
        files.write_durable(target, _PROBE)
        files.write_durable(target, _PROBE[::-1], replace=True)
        files.rename(target, elsewhere)
    except OSError as error:
        return [
            f"{folder.parent} cannot sync or rename files ({error.strerror or error}); "
            "choose a folder on a local disk."
        ]
    if target.exists() or elsewhere.read_bytes() != _PROBE[::-1]:
        return [f"{folder.parent} does not keep what is written to it; choose a folder on a local disk."]
    return []


def _lock_problems(folder: Path) -> list[str]:
    problem = f"{folder.parent} does not lock files; choose a folder on a local disk."
    first, second = (_native_lock(folder / "probe.lock") for _ in range(2))
    try:
        with first:
            second.acquire(timeout=0)
    except Timeout:
        return []
    except OSError:
        return [problem]
    second.release()
    return [problem]


def _native_lock(path: Path) -> FileLock:
    # a soft lock (a file that merely exists) would outlive a killed owner;
    # released by whichever thread ends the session
    return FileLock(path, fallback_to_soft=False, thread_local=False)
