"""The computer's clock as the instrument's time, where no device keeps one."""

from __future__ import annotations

import time

HEARTBEAT_S = 0.4


class ComputerClock:
    """Seconds since 1970 when the program began, monotonic from there: setting the clock moves nothing."""

    def __init__(self) -> None:
        self._ahead_s = time.time() - time.monotonic()

    @property
    def pace(self) -> float:
        return 1.0

    def now_s(self) -> float:
        return self._ahead_s + time.monotonic()

    def sleep(self, duration_s: float) -> None:
        time.sleep(max(duration_s, 0.0))

    def longest_step_s(self, whole_s: float) -> float:
        """One heartbeat, however long the whole."""
        return HEARTBEAT_S
