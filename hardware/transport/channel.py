"""A connection as bytes. Each kind of wire has a module that opens one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

Framing: TypeAlias = Callable[[bytearray], int | None]
"""Length of the first complete message in what has arrived, ``None`` while more must come.

Raises ``ValueError`` for bytes that begin no message.
"""

MOST_BYTES = 1 << 30
"""An answer longer than this is none."""


class Channel(Protocol):
    """Bytes there and back. A :class:`~hardware.transport.dialogue.Dialogue` owns it.

    Whatever goes wrong is an ``OSError``: ``TimeoutError`` when a deadline passes, another when the
    connection is gone.
    """

    def send(self, data: bytes, timeout_s: float) -> None: ...

    def receive(self, timeout_s: float) -> bytes:
        """What has arrived, at least one byte."""
        ...

    def close(self) -> None: ...


def line_ended_by(end: bytes) -> Framing:
    """Messages are lines; ``end`` belongs to them."""

    def framed(arrived: bytearray) -> int | None:
        at = arrived.find(end)
        return None if at < 0 else at + len(end)

    return framed


def exactly(n_bytes: int) -> Framing:
    """Messages of one length."""
    return lambda arrived: n_bytes if len(arrived) >= n_bytes else None
