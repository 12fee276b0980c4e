"""Long commands ended in order by Ctrl-C or a polite kill."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Set by Ctrl-C or a polite kill: what is under way is ended in order. Once more ends at once."""
    halted = threading.Event()

    def interrupted(_: int, __: FrameType | None) -> None:
        if halted.is_set():
            raise KeyboardInterrupt
        halted.set()

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield halted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
