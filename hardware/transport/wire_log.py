"""What went over the wire: a line of JSON for each piece, readable, and exact enough to be replayed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

KEPT_BYTES = 4096
"""Of a longer piece (an image) the log keeps the beginning and the length."""

MOST_LOG_BYTES = 32 << 20
"""Then the log begins anew; the one before is kept beside it."""


class Way(Enum):
    """Which way a piece went, or what became of the connection.

    ``DROPPED`` arrived when nobody asked; ``SILENT``: what should have come did not, in time.
    """

    SENT = ">"
    RECEIVED = "<"
    DROPPED = "x"
    SILENT = "?"
    OPENED = "+"
    ENDED = "-"


@dataclass(frozen=True, slots=True)
class Piece:
    """One line of the log. ``data`` holds at most ``KEPT_BYTES`` of ``n_bytes``."""

    at_s: float
    device: str
    way: Way
    data: bytes
    n_bytes: int

    def whole(self) -> bytes:
        """The piece in its true length; what was not kept is zeros."""
        return self.data + bytes(self.n_bytes - len(self.data))


class WireLog(Protocol):
    """Takes note of what goes over the wires. Never raises: a full disk must not stop a device."""

    def note(self, device: str, way: Way, data: bytes | bytearray = b"") -> None: ...


class NoLog:
    """Takes no note."""

    def note(self, device: str, way: Way, data: bytes | bytearray = b"") -> None:
        return


class FileLog:
    """Appends to a file, thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def note(self, device: str, way: Way, data: bytes | bytearray = b"") -> None:
        line = json.dumps(
            {
                "at_s": round(time.time(), 4),
                "device": device,
                "way": way.value,
                "data": data[:KEPT_BYTES].decode("latin-1"),
                "n_bytes": len(data),
            }
        )
        with self._lock:
            try:
                self._append(line)
            except OSError:
                return  # told nowhere: the log is for later, the device is for now

    def _append(self, line: str) -> None:
        if self._path.exists() and self._path.stat().st_size > MOST_LOG_BYTES:
            self._path.replace(self._path.with_suffix(".before.jsonl"))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def read_log(path: Path) -> Iterator[Piece]:
    """The pieces of a log, in order; a line that was cut short by a crash is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                given = json.loads(line)
                data = str(given["data"]).encode("latin-1")
                yield Piece(
                    float(given["at_s"]),
                    str(given["device"]),
                    Way(given["way"]),
                    data,
                    int(given["n_bytes"]),
                )
            except (ValueError, KeyError, TypeError):
                continue
