"""Blanker lines for tests; light, because guard processes import this module."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.types import Blanker

if TYPE_CHECKING:
    from hardware.guard.client import BlankerLine


class MemoryLine:
    """A blanker line in memory, with troubles that tests switch on."""

    def __init__(self) -> None:
        self.is_open, self.openings = False, 0
        self.says: Blanker | None = None
        self.broken: set[str] = set()

    def open(self) -> None:
        self._fail("open")
        self.is_open, self.openings = True, self.openings + 1

    def blank(self) -> None:
        self._fail("blank")
        if "stuck" not in self.broken:
            self.is_open = False

    def state(self) -> Blanker:
        self._fail("state")
        return self.says or (Blanker.OPEN if self.is_open else Blanker.BLANKED)

    def _fail(self, name: str) -> None:
        if name in self.broken:
            raise OSError(f"{name} failed")


class LockLine:
    """A line that is open while this process holds a lock on a file.

    The system drops the lock when the process ends: the wiring fails closed. A file ``lie``
    beside it holds what the read-back says instead of the truth.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lie = path, path.with_name("lie")
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def open(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def blank(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def state(self) -> Blanker:
        if self._lie.exists():
            return Blanker(self._lie.read_text())
        return Blanker.OPEN if lock_line_is_open(self._path) else Blanker.BLANKED


def lock_line_is_open(path: Path) -> bool:
    """The truth about a :class:`LockLine`, from outside."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def connect_lock_line(settings: Mapping[str, object]) -> LockLine:
    return LockLine(Path(str(settings["path"])))


def lock_line(folder: Path) -> BlankerLine:
    """How a guard reaches the :class:`LockLine` in ``folder``."""
    from hardware.guard.client import BlankerLine  # not needed in the guard's process

    return BlankerLine("tests.hardware.lines:connect_lock_line", {"path": str(folder / "line")})


class HangingLine(LockLine):
    """Never answers again once a file ``hang`` lies beside it."""

    def state(self) -> Blanker:
        while self._path.with_name("hang").exists():
            time.sleep(0.05)
        return super().state()


def connect_hanging_line(settings: Mapping[str, object]) -> HangingLine:
    return HangingLine(Path(str(settings["path"])))
