"""The life of a program under test: counted in what it does to the world, and ended anywhere.

Whatever the program does to instrument, guard, journal or disk is one more *deed*. A script
lets something happen at a deed: an operator's request, a full disk, a silence, or the end.
After its end a program does nothing any more, as one that was killed.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hardware.simulator.link import Json, Link, Reply
from scopeacq.journal.journal import Journal
from scopeacq.storage.files import DiskFiles, FileEvent, Write, perform_on_disk


class Killed(BaseException):
    """The program was killed at a deed. No handler of its own may go on."""


class DeadThread(OSError):
    """Another thread of a program that was killed."""


@dataclass
class Life:
    """One process's deeds, and what happens at which."""

    happenings: dict[int, Callable[[], None]] = field(default_factory=dict)
    dies_at: int | None = None
    deeds: int = 0
    alive: bool = True
    _owner: threading.Thread = field(default_factory=threading.current_thread)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deed(self) -> None:
        """Count a deed. Raises ``Killed`` (``DeadThread`` on other threads) when life is over."""
        with self._lock:
            self.deeds += 1
            happening = self.happenings.get(self.deeds) if self.alive else None
            if self.deeds == self.dies_at:
                self.alive = False
        if not self.alive:
            raise Killed if threading.current_thread() is self._owner else DeadThread("killed")
        if happening is not None:
            happening()

    def end(self) -> None:
        """No deed is done any more."""
        self.alive = False


@dataclass
class MortalLink:
    """The way to the instrument of a program that may die.

    ``while_asleep`` is told how long the program sleeps: real time goes on meanwhile.
    ``frozen_sleeps``: for so many sleeps the instrument's clock stands still.
    """

    link: Link
    life: Life
    while_asleep: Callable[[float], None] = lambda _: None
    frozen_sleeps: int = 0

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply:
        self.life.deed()
        if command != "clock.sleep":
            return self.link.call(command, values, deadline_s)
        self.while_asleep((values or {})["duration_s"])
        if self.frozen_sleeps > 0:
            self.frozen_sleeps -= 1
            return Reply()
        return self.link.call(command, values, deadline_s)


class MortalJournal:
    """The journal as a program that may die uses it."""

    def __init__(self, journal: Journal, life: Life) -> None:
        self._journal, self._life = journal, life

    def __getattr__(self, name: str) -> Any:
        if name in ("append", "post", "backup"):
            self._life.deed()
        return getattr(self._journal, name)


@dataclass
class Disk:
    """How full the disk is: so many looks and writes find no room, then somebody cleans up."""

    refusals_left: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fill(self, refusals: int) -> None:
        self.refusals_left = refusals

    def is_full(self) -> bool:
        with self._lock:
            full = self.refusals_left > 0
            self.refusals_left -= full
            return full


def mortal_files(
    life: Life, disk: Disk, perform: Callable[[FileEvent], None] = perform_on_disk
) -> DiskFiles:
    """The disk of a program that may die, full when ``disk`` says so."""

    def do(event: FileEvent) -> None:
        life.deed()
        if isinstance(event, Write) and disk.is_full():
            raise OSError(errno.ENOSPC, "no space left on device")
        perform(event)

    def free(_: Path) -> int:
        return 0 if disk.is_full() else 10**12

    return DiskFiles(do, free)
