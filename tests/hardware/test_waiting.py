"""Waiting on the instrument's clock: as long as it takes, and no longer than allowed."""

from __future__ import annotations

import math

import pytest

from hardware.contract.bench import trial_settings
from hardware.errors import Deadline
from hardware.protocols import Clock
from hardware.simulator.clock import clock_of
from hardware.waiting import wait_until


@pytest.fixture
def clock() -> Clock:
    return clock_of(trial_settings())


def test_what_holds_already_is_not_waited_for(clock: Clock) -> None:
    wait_until(lambda: True, clock, 0.0, "SEM", "the valve is open", "Look.")
    assert clock.now_s() == 0.0


def test_what_comes_to_hold_is_waited_for(clock: Clock) -> None:
    wait_until(lambda: clock.now_s() >= 1.0, clock, 5.0, "SEM", "the valve is open", "Look.")
    assert 1.0 <= clock.now_s() < 1.1


@pytest.mark.parametrize("within_s", [0.0, 0.12, 2.0])
def test_a_wait_ends_at_its_deadline(clock: Clock, within_s: float) -> None:
    with pytest.raises(Deadline, match=rf"the valve is open after {within_s:g} s\. Look\."):
        wait_until(lambda: False, clock, within_s, "SEM", "the valve is open", "Look.")
    assert clock.now_s() == pytest.approx(within_s)


def test_a_deadline_that_is_no_number_is_over(clock: Clock) -> None:
    with pytest.raises(Deadline):
        wait_until(lambda: False, clock, math.nan, "SEM", "the valve is open", "Look.")
