"""What the guard reads back of the ion beam, for people to see, while a run goes on.

Only the guard is asked: it has a channel of its own. A question to any other device could wait behind a
scan or a move until that device's connection counts as lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hardware.types import Blanker

EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class IonsRead:
    """The guard's answer, and when it was asked [``time.monotonic``, s]."""

    ions: Blanker
    at_s: float


@contextmanager
def ions_watched(
    read: Callable[[], Blanker], tell: Callable[[IonsRead], None], every_s: float = EVERY_S
) -> Iterator[None]:
    """Read and tell at once and then every ``every_s``, on a thread of its own, until the end."""
    over = threading.Event()

    def watch() -> None:
        while True:
            asked_s = time.monotonic()
            tell(IonsRead(read(), asked_s))
            if over.wait(every_s):
                return

    thread = threading.Thread(target=watch, name="ion watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
