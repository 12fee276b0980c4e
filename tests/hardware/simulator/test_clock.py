"""The instrument's time, virtual and real."""

from __future__ import annotations

import math
import time

from hypothesis import given
from hypothesis import strategies as st

from hardware.protocols import Clock
from hardware.simulator.clock import RealClock, VirtualClock


def test_both_are_clocks() -> None:
    assert isinstance(VirtualClock(), Clock)
    assert isinstance(RealClock(), Clock)


def test_virtual_sleep_returns_at_once_and_advances() -> None:
    clock = VirtualClock(10.0)
    started_s = time.monotonic()
    clock.sleep(3_600.0)
    assert time.monotonic() - started_s < 0.1
    assert clock.now_s() == 3_610.0
    assert clock.pace == math.inf


def test_time_never_runs_backwards() -> None:
    clock = VirtualClock(10.0)
    clock.sleep(-5.0)
    assert clock.now_s() == 10.0


@given(st.floats(0.0, 1e7))
def test_a_virtual_wait_takes_at_most_twenty_heartbeats(whole_s: float) -> None:
    step_s = VirtualClock().longest_step_s(whole_s)
    assert step_s >= 0.4
    assert whole_s / step_s <= 20.0 + 1e-9


def test_real_time_passes_by_itself_at_its_pace() -> None:
    clock = RealClock(100.0, pace=50.0)
    started_s = time.monotonic()
    clock.sleep(5.0)
    elapsed_s = time.monotonic() - started_s
    assert 0.1 <= elapsed_s < 1.0
    assert clock.now_s() >= 105.0
    assert clock.longest_step_s(1e6) / clock.pace == 0.4
