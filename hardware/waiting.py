"""Waiting for what a device does by itself, on the instrument's clock."""

from __future__ import annotations

from collections.abc import Callable

from hardware.errors import Deadline
from hardware.protocols import Clock

POLL_S = 0.05


def wait_until(
    holds: Callable[[], bool], clock: Clock, within_s: float, device: str, what: str, advice: str
) -> None:
    """Ask until it ``holds``. Raises ``Deadline`` that says ``what`` is so still after ``within_s``."""
    end_s = clock.now_s() + within_s
    while not holds():
        left_s = end_s - clock.now_s()
        if not left_s > 0:
            raise Deadline(device, f"{what} after {within_s:g} s", advice)
        clock.sleep(min(POLL_S, left_s))
