"""A pair of file descriptors as lines of text that can be waited for with a deadline.

A thread reads, because a pipe cannot be waited for with a deadline on every system.
"""

from __future__ import annotations

import os
import queue
import threading


class Wire:
    """Lines in both directions. Owns both descriptors."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._writing = threading.Lock()
        self._closed = False
        threading.Thread(target=self._read, name="guard wire", daemon=True).start()

    def send(self, line: str) -> None:
        """Raises ``OSError`` when the other end is gone."""
        rest = memoryview(line.encode() + b"\n")
        with self._writing:
            while rest:
                if self._closed:
                    raise BrokenPipeError("this end is closed")
                rest = rest[os.write(self._write_fd, rest) :]

    def receive(self, timeout_s: float) -> str | None:
        """The next line, or ``None`` when none came in time. Raises ``EOFError`` at the end."""
        try:
            line = self._lines.get(timeout=max(timeout_s, 0.0))
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)
            raise EOFError
        return line

    def close(self) -> None:
        """Close the writing end; the reading end follows when the other side closes."""
        with self._writing:
            if not self._closed:
                self._closed = True
                os.close(self._write_fd)

    def _read(self) -> None:
        rest = b""
        try:
            while chunk := os.read(self._read_fd, 65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._lines.put(line.decode(errors="replace"))
        except OSError:
            rest = b""  # a broken pipe is an end like any other
        finally:
            self._lines.put(None)
            os.close(self._read_fd)
