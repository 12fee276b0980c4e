"""Takes of planes as files: their names inside the store, and whether they are what was written."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import xxhash

from scopeacq.journal.records import PlaneKey

_TAKE_PATH = re.compile(r"(?P<image>[A-Za-z0-9_-]+/\d+)/0/takes/(?P<z>\d+)\.\d+")


class StorageError(Exception):
    """The image store cannot do what was asked. One sentence: what, where, what to do."""


@dataclass(frozen=True, slots=True)
class Written:
    """A durable take: its path inside the store, its size and the xxh3-128 of its bytes in hex.

    The path names the take for ever; once chosen, the file itself lies in the chunk grid.
    """

    path: str
    size_bytes: int
    checksum: str


def take_path(key: PlaneKey, take: int) -> str:
    """The path that names a take, inside the store."""
    return f"{key.section}/{key.tile}/0/takes/{key.cycle}.{take}"


def grid_place(z: int) -> str:
    """Where in its level a plane lies, by zarr's default chunk keys."""
    return f"c/{z}/0/0"


def grid_path(take_path: str) -> str:
    """Where in the store a take lies once it is chosen.

    Raises:
        StorageError: ``take_path`` is none, such as a path that leads out of the store.
    """
    parts = _TAKE_PATH.fullmatch(take_path)
    if parts is None:
        raise StorageError(f"{take_path!r} does not name a take; the journal belongs to another store.")
    return f"{parts['image']}/0/{grid_place(int(parts['z']))}"


def holds(path: Path, written: Written) -> bool:
    """Whether the file is what was written; reads it whole."""
    try:
        if path.stat().st_size != written.size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest() == written.checksum
    except FileNotFoundError:
        return False
