"""Frames that an operator ends while they are scanned."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hardware.errors import Refused
from hardware.protocols import Scanner
from hardware.types import Frame, FrameSettings


class EndableScans:
    """A scanner whose frame an operator ends by :meth:`abort`, at whatever moment that comes."""

    def __init__(self, scanner: Scanner, heed: Callable[[], None]) -> None:
        self._scanner, self._heed = scanner, heed
        self.under_way = threading.Event()
        self.abort = scanner.abort

    def acquire(self, settings: FrameSettings) -> Frame:
        """One frame. Raises ``Halted`` where an operator ended it, and what the scanner raises."""
        self.under_way.set()
        try:
            self._heed()  # after it says so: whoever halts before this is heard here, after it aborts
            return self._scanner.acquire(settings)
        except Refused:
            self._heed()
            raise
        finally:
            self.under_way.clear()
