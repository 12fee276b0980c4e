"""The only module through which durable files are written.

A durable write is a series of small typed events: write a temporary file beside, sync it, rename it,
sync the folder. After the last one the file survives a power loss; before it, the file is absent. What
performs the events is a parameter, so that tests can record them, replay any prefix, or fill the disk.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Data = bytes | bytearray | memoryview

TEMPORARY_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class Write:
    """The file's whole content is handed to the operating system; not yet durable."""

    path: Path
    data: Data


@dataclass(frozen=True, slots=True)
class SyncFile:
    """The content of the file reaches the disk. The file may have been written by a library."""

    path: Path


@dataclass(frozen=True, slots=True)
class Rename:
    """``source`` takes the name ``target``, replacing what was there."""

    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """A folder is made; its parent exists."""

    path: Path


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """The names in the folder reach the disk."""

    path: Path


@dataclass(frozen=True, slots=True)
class Remove:
    """A file loses its name."""

    path: Path


FileEvent = Write | SyncFile | Rename | MakeFolder | SyncFolder | Remove


class DiskFull(OSError):
    """There is no room. What was being written is absent; everything written before is untouched."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            errno.ENOSPC,
            f"No room left on the disk while writing {path}. "
            "Free some space there; the run goes on where it stopped.",
        )

    def __str__(self) -> str:
        return str(self.strerror)


class FileLayer(Protocol):
    """Durable operations on files. Safe to call from several threads for different paths."""

    def write_durable(self, path: Path, data: Data, *, replace: bool = False) -> None:
        """Write ``path`` so that it is either whole and durable or as it was before.

        Raises:
            FileExistsError: ``path`` exists and ``replace`` is false.
            DiskFull: there is no room; nothing changed.
            OSError: whatever else the disk refuses; nothing changed.
        """
        ...

    def publish(self, temporary: Path, path: Path, *, replace: bool = False) -> None:
        """The same for a file that a library has written to ``temporary`` in the same folder."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Give a durable file another name; both folders are synced. Never replaces a file."""
        ...

    def make_folder(self, path: Path) -> None:
        """Make a folder, with its parents where missing; durable. An existing one is left alone."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file, durably. A missing one is left missing."""
        ...

    def free_bytes(self, path: Path) -> int:
        """Room for this user on the disk that holds ``path`` or its first existing parent."""
        ...


def temporary_for(path: Path) -> Path:
    """Where ``path`` is written before its rename. Always the same, so that leftovers are overwritten."""
    return path.with_name(path.name + TEMPORARY_SUFFIX)


def perform_on_disk(event: FileEvent) -> None:
    """Carry out one event on the real file system."""
    match event:
        case Write(path, data):
            path.write_bytes(data)
        case SyncFile(path):
            _sync(path, os.O_RDWR)
        case Rename(source, target):
            source.replace(target)
        case MakeFolder(path):
            path.mkdir(exist_ok=True)
        case SyncFolder(path):
            # Windows cannot open a folder to sync it; NTFS logs renames in order by itself. A rename lost
            # in a power cut leaves a row without a file, which the mill gate finds.
            if sys.platform != "win32":
                _sync(path, os.O_RDONLY)
        case Remove(path):
            path.unlink(missing_ok=True)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class DiskFiles:
    """A :class:`FileLayer` made of events. ``perform`` carries out each, by default on the disk."""

    perform: Callable[[FileEvent], None] = perform_on_disk
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free

    def write_durable(self, path: Path, data: Data, *, replace: bool = False) -> None:
        _refuse_existing(path, replace)
        temporary = temporary_for(path)
        try:
            self.perform(Write(temporary, data))
            self._settle(temporary, path)
        except OSError as error:
            self._give_up(temporary)
            raise _named(error, path) from error

    def publish(self, temporary: Path, path: Path, *, replace: bool = False) -> None:
        _refuse_existing(path, replace)
        try:
            self._settle(temporary, path)
        except OSError as error:
            self._give_up(temporary)
            raise _named(error, path) from error

    def rename(self, source: Path, target: Path) -> None:
        _refuse_existing(target, replace=False)
        self.perform(Rename(source, target))
        self.perform(SyncFolder(target.parent))
        if source.parent != target.parent:
            self.perform(SyncFolder(source.parent))

    def make_folder(self, path: Path) -> None:
        if path.is_dir():
            return
        self.make_folder(path.parent)
        try:
            self.perform(MakeFolder(path))
            self.perform(SyncFolder(path.parent))
        except OSError as error:
            raise _named(error, path) from error

    def remove(self, path: Path) -> None:
        if not path.exists():
            return
        self.perform(Remove(path))
        self.perform(SyncFolder(path.parent))

    def free_bytes(self, path: Path) -> int:
        return self.free(next(p for p in (path, *path.absolute().parents) if p.exists()))

    def _settle(self, temporary: Path, path: Path) -> None:
        self.perform(SyncFile(temporary))
        self.perform(Rename(temporary, path))
        self.perform(SyncFolder(path.parent))

    def _give_up(self, temporary: Path) -> None:
        """Free the room of a write that failed. The failure itself is what the caller must see."""
        try:
            self.perform(Remove(temporary))
        except OSError:
            return


def _refuse_existing(path: Path, replace: bool) -> None:
    if not replace and path.exists():
        raise FileExistsError(errno.EEXIST, "A durable file is never rewritten", str(path))


def _named(error: OSError, path: Path) -> OSError:
    return DiskFull(path) if error.errno in (errno.ENOSPC, errno.EDQUOT) else error
