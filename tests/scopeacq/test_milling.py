"""What is counted as delivered, when both ends of an opening are known only within bounds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.guard.log import Opening
from hardware.guard.messages import Why
from scopeacq.instrument import MillSettings
from scopeacq.milling import Shutter, frames_for, interrupted_charge
from scopeacq.records import MillBegin, MillKey

CURRENT_NA = 40.0
MILL = MillSettings(heartbeat_timeout_s=1.0, guard_latency_s=0.25)


def begin(pace: float = 1.0, heartbeat_s: float = 0.4) -> MillBegin:
    return MillBegin(MillKey(0, 0, 0), "o", 10.0, 10.0, CURRENT_NA, heartbeat_s, pace, 100.0)


def logged(open_s: float | None) -> Opening:
    """An opening as the guard logged it; without ``open_s`` the guard was killed as well."""
    if open_s is None:
        return Opening("o", 1000.0, 100.0, opened_at_s=1000.0)
    return Opening("o", 1000.0, 100.0, 1000.0, 1000.0 + open_s, 150.0, open_s, Why.PIPE_ENDED)


@given(
    asked=st.floats(0, 10),
    open_lag=st.floats(0, 1),
    duration=st.floats(0, 1000),
    lags=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)
def test_the_true_charge_lies_inside_the_interval(
    asked: float, open_lag: float, duration: float, lags: tuple[float, float, float, float]
) -> None:
    """Opening and blanking happen somewhere between a command and its answer."""
    truly_opened = asked + open_lag
    opened = truly_opened + lags[0]
    closing = opened + duration
    truly_closed = closing + lags[1]
    shutter = Shutter(asked, opened, opened, closing, truly_closed + lags[2])
    true_uc = CURRENT_NA * (truly_closed - truly_opened) * 1e-3
    charge = shutter.charge(CURRENT_NA)
    assert charge.low_uc - 1e-9 <= true_uc <= charge.high_uc + 1e-9


def test_an_opening_that_was_refused_delivers_nothing() -> None:
    assert Shutter(asked_s=5.0, closed_s=5.0).charge(CURRENT_NA).high_uc == 0.0


def test_without_word_from_the_guard_all_until_blanked_may_have_been_delivered() -> None:
    charge = Shutter(asked_s=5.0, opened_s=5.1, alive_s=6.1, closed_s=9.0).charge(CURRENT_NA)
    assert charge.low_uc == pytest.approx(0.04)
    assert charge.high_uc == pytest.approx(0.16)


def test_an_opening_that_the_guard_never_logged_did_not_happen() -> None:
    assert interrupted_charge(begin(), 0.0, None, MILL).high_uc == 0.0


def test_a_lost_log_of_the_guard_does_not_undo_heartbeats() -> None:
    assert interrupted_charge(begin(), 2.0, None, MILL).low_uc == 2.0


def test_a_line_that_was_told_to_open_and_never_read_open_may_have_been_open() -> None:
    tried = Opening("o", 1000.0, 100.0, closed_at_s=1000.3, open_s=0.3, why=Why.DID_NOT_OPEN)
    charge = interrupted_charge(begin(), 0.0, tried, MILL)
    assert charge.low_uc == 0.0
    assert charge.high_uc == pytest.approx(CURRENT_NA * (0.3 + 0.25) * 1e-3)


def test_an_opening_that_was_asked_for_and_has_no_end_may_have_happened() -> None:
    assert interrupted_charge(begin(), 0.0, Opening("o", 1000.0, 100.0), MILL).high_uc > 0.0


def test_a_kill_leaves_a_late_heartbeat_and_the_guards_silence_in_doubt() -> None:
    charge = interrupted_charge(begin(), 2.0, logged(None), MILL)
    assert charge.low_uc == 2.0
    assert charge.uncertain_uc == pytest.approx(CURRENT_NA * (1.0 + 1.0 + 0.25) * 1e-3)


def test_the_guards_log_narrows_what_is_in_doubt() -> None:
    charge = interrupted_charge(begin(), 2.0, logged(50.5), MILL)
    assert charge.low_uc == pytest.approx(2.01)
    assert charge.high_uc == pytest.approx(CURRENT_NA * 50.75 * 1e-3)


def test_on_a_virtual_clock_only_one_heartbeat_is_in_doubt() -> None:
    charge = interrupted_charge(begin(pace=math.inf, heartbeat_s=30.0), 2.0, logged(0.002), MILL)
    assert charge.uncertain_uc == pytest.approx(CURRENT_NA * (30.0) * 1e-3)


@given(st.floats(0, 1e4), st.floats(1, 100), st.sampled_from([0.5, 1.0, 2.0]))
def test_passes_are_whole_frames_and_never_too_long(
    charge_uc: float, current_na: float, slow_hz: float
) -> None:
    frames = frames_for(charge_uc, current_na, slow_hz)
    per_frame_uc = current_na * 1e-3 / slow_hz
    assert -1e-9 <= charge_uc - frames * per_frame_uc <= per_frame_uc + 1e-9
