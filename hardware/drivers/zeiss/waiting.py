"""Waiting for what SmartSEM does by itself, on the instrument's clock."""

from __future__ import annotations

from collections.abc import Callable

from hardware.errors import Deadline
from hardware.protocols import Clock

POLL_S = 0.1


def wait_until(
    condition: Callable[[], bool], clock: Clock, deadline_s: float, device: str, what: str
) -> None:
    """Ask until it holds. Raises ``Deadline`` that says ``what`` is not done after ``deadline_s``."""
    end_s = clock.now_s() + deadline_s
    while not condition():
        left_s = end_s - clock.now_s()
        if left_s <= 0:
            raise Deadline(device, f"{what} after {deadline_s:g} s", "Look at SmartSEM's own messages.")
        clock.sleep(min(POLL_S, left_s))
