"""A file layer that lists what it does, and what a crash after any prefix of it leaves behind.

The journal's commits go into the same list through :meth:`RecordingFiles.on_commit`. SQLite's own writes
do not: a test rebuilds the journal of a prefix from its commits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scopeacq.journal.records import Record
from scopeacq.storage.files import (
    DiskFiles,
    FileEvent,
    MakeFolder,
    Remove,
    Rename,
    SyncFile,
    SyncFolder,
    Write,
    perform_on_disk,
)


@dataclass(frozen=True, slots=True)
class Commit:
    """The journal made these records durable."""

    records: tuple[Record, ...]


Event = FileEvent | Commit


@dataclass
class RecordingFiles:
    """Carries out events, by default on the disk, and lists them in order with a copy of their data."""

    perform_next: Callable[[FileEvent], None] = perform_on_disk
    events: list[Event] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _written: set[Path] = field(default_factory=set)

    @property
    def files(self) -> DiskFiles:
        """The layer to hand to the program."""
        return DiskFiles(perform=self.perform)

    def perform(self, event: FileEvent) -> None:
        """Carry out one event; it is listed once it was carried out."""
        if isinstance(event, SyncFile) and event.path not in self._written:
            # a library wrote it (a copy of the journal): its bytes are what is synced
            self._note(Write(event.path, event.path.read_bytes()))
        self.perform_next(event)
        self._note(Write(event.path, bytes(event.data)) if isinstance(event, Write) else event)

    def on_commit(self, records: tuple[Record, ...]) -> None:
        """Observer of a journal."""
        with self._lock:
            self.events.append(Commit(records))

    def _note(self, event: FileEvent) -> None:
        with self._lock:
            self.events.append(event)
            match event:
                case Write(path, _):
                    self._written.add(path)
                case Rename(path, _) | Remove(path):
                    self._written.discard(path)


@dataclass
class _Inode:
    data: bytes
    synced: bytes | None = None


@dataclass(frozen=True, slots=True)
class Wreck:
    """What lies on the disk after a crash: folders and whole contents of files."""

    folders: frozenset[Path]
    contents: dict[Path, bytes]

    def rebuild(self, old_root: Path, new_root: Path) -> None:
        """Lay the wreck out under another root."""
        for folder in sorted(self.folders):
            (new_root / folder.relative_to(old_root)).mkdir(parents=True, exist_ok=True)
        for path, data in self.contents.items():
            target = new_root / path.relative_to(old_root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def after_power_loss(events: Iterable[Event]) -> Wreck:
    """The worst a power loss right after ``events`` leaves: whatever was not synced is gone.

    A file whose name was synced without its content is there, empty.
    """
    cached, durable, folders = _run(events)
    del cached
    return Wreck(folders, {path: inode.synced or b"" for path, inode in durable.items()})


def after_kill(events: Iterable[Event]) -> Wreck:
    """What a killed process leaves while the computer goes on: everything it has handed over."""
    cached, _, folders = _run(events)
    return Wreck(folders, {path: inode.data for path, inode in cached.items()})


def commits(events: Iterable[Event]) -> list[Commit]:
    """The commits among the events, in order."""
    return [event for event in events if isinstance(event, Commit)]


def _run(events: Iterable[Event]) -> tuple[dict[Path, _Inode], dict[Path, _Inode], frozenset[Path]]:
    cached: dict[Path, _Inode] = {}
    durable: dict[Path, _Inode] = {}
    folders: set[Path] = set()
    for event in events:
        match event:
            case Write(path, data):
                known = cached.setdefault(path, _Inode(b""))
                known.data = bytes(data)
            case SyncFile(path):
                cached[path].synced = cached[path].data
            case Rename(source, target):
                cached[target] = cached.pop(source)
            case Remove(path):
                cached.pop(path, None)
            case MakeFolder(path):
                folders.add(path)
            case SyncFolder(folder):
                for path in [p for p in durable if p.parent == folder and p not in cached]:
                    del durable[path]
                durable.update({p: inode for p, inode in cached.items() if p.parent == folder})
            case Commit():
                pass
    return cached, durable, frozenset(folders)
