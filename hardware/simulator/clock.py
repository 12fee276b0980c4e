"""The instrument's time: virtual for quick runs, real when other processes must keep up."""

from __future__ import annotations

import math
import time
from threading import Lock

from hardware.simulator.config import Time, TwinSettings

HEARTBEAT_S = 0.4


class VirtualClock:
    """Time that passes only when somebody waits: ``sleep`` returns at once."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s
        self._lock = Lock()

    @property
    def pace(self) -> float:
        return math.inf

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, duration_s: float) -> None:
        with self._lock:
            self._now_s += max(duration_s, 0.0)

    def longest_step_s(self, whole_s: float) -> float:
        """At most 20 heartbeats per wait, so that a virtual hour costs few of them."""
        return max(whole_s / 20, HEARTBEAT_S)


class RealClock:
    """Time that passes by itself, going on from ``start_s`` at ``pace`` times the watch's."""

    def __init__(self, start_s: float = 0.0, pace: float = 1.0) -> None:
        self._start_s, self._pace = start_s, pace
        self._started_real_s = time.monotonic()

    @property
    def pace(self) -> float:
        return self._pace

    def now_s(self) -> float:
        return self._start_s + (time.monotonic() - self._started_real_s) * self._pace

    def sleep(self, duration_s: float) -> None:
        time.sleep(max(duration_s, 0.0) / self._pace)

    def longest_step_s(self, whole_s: float) -> float:
        """One heartbeat, whose interval is a real one."""
        return HEARTBEAT_S * self._pace


def clock_of(settings: TwinSettings, start_s: float = 0.0) -> VirtualClock | RealClock:
    """The clock that the settings ask for."""
    match settings.time:
        case Time.VIRTUAL:
            return VirtualClock(start_s)
        case Time.REAL:
            return RealClock(start_s, settings.pace)
