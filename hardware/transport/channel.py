"""A connection as bytes. Each kind of wire has a module that opens one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

Framing: TypeAlias = Callable[[bytearray], int | None]
"""Length of the first complete message in what has arrived, ``None`` while more must come.

Raises ``ValueError`` for bytes that begin no message.
"""

MOST_BYTES = 1 << 30
"""An answer longer than this is none."""

MOST_LINE_BYTES = 1 << 20
"""A line longer than this is none."""


class Channel(Protocol):
    """Bytes there and back. A :class:`~hardware.transport.dialogue.Dialogue` owns it.

    Whatever goes wrong is an ``OSError`` in plain words: ``TimeoutError`` when a deadline passes,
    another when the connection is gone.
    """

    def send(self, data: bytes, timeout_s: float) -> None: ...

    def receive(self, timeout_s: float) -> bytes:
        """What has arrived, at least one byte."""
        ...

    def drain(self, listen_s: float) -> bytes:
        """Take off the wire what nobody asked for: what is there, and what comes within ``listen_s``."""
        ...

    def hang_up(self) -> None:
        """From another thread: whoever waits in ``receive`` fails at once, where the wire can do that."""
        ...

    def close(self) -> None: ...


def line_ended_by(end: bytes, most_bytes: int = MOST_LINE_BYTES) -> Framing:
    """Messages are lines; ``end`` belongs to them."""

    def framed(arrived: bytearray) -> int | None:
        at = arrived.find(end)
        if at < 0 and len(arrived) > most_bytes:
            raise ValueError("a line without end")
        return None if at < 0 else at + len(end)

    return framed


def exactly(n_bytes: int) -> Framing:
    """Messages of one length."""
    return lambda arrived: n_bytes if len(arrived) >= n_bytes else None


def drained(receive: Callable[[float], bytes], listen_s: float) -> bytes:
    """All that ``receive`` gives within ``listen_s``, at least what is there already."""
    until_s = time.monotonic() + listen_s
    left_over = bytearray()
    while True:
        left_s = until_s - time.monotonic()
        try:
            left_over += receive(max(left_s, 0.0))
        except TimeoutError:
            return bytes(left_over)
        if left_s <= 0:
            return bytes(left_over)
