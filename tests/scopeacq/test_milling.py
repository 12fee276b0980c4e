"""What is counted as delivered, when both ends of an opening are known only within bounds."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BlankerUnknown
from hardware.guard.log import Opening
from hardware.guard.messages import Why
from scopeacq.engine.opening import Shutter, frames_for
from scopeacq.engine.settling import Interval, interrupted_charge
from scopeacq.journal.records import MillBegin, MillKey
from scopeacq.plan.instrument import MillSettings

CURRENT_NA = 40.0
MILL = MillSettings(heartbeat_timeout_s=1.0, guard_latency_s=0.25)


def begin(pace: float = 1.0, heartbeat_s: float = 0.4) -> MillBegin:
    return MillBegin(MillKey(0, 0, 0), "o", 10.0, 10.0, CURRENT_NA, heartbeat_s, pace, 100.0)


def logged(open_s: float | None) -> Opening:
    """An opening as the guard logged it; without ``open_s`` the guard was killed as well."""
    if open_s is None:
        return Opening("o", 1000.0, 100.0, opened_at_s=1000.0)
    return Opening("o", 1000.0, 100.0, 1000.0, 1000.0 + open_s, 150.0, open_s, Why.PIPE_ENDED)


def settled(begin: MillBegin, heartbeat_uc: float, *logged: Opening) -> Interval:
    """At 500 s of the instrument's clock, 400 s after it was begun."""
    return interrupted_charge(begin, heartbeat_uc, logged, MILL, settled_s=500.0)


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
    assert settled(begin(), 0.0).high_uc == 0.0


def test_a_lost_log_of_the_guard_does_not_undo_heartbeats() -> None:
    assert settled(begin(), 2.0).low_uc == 2.0


def test_a_line_that_was_told_to_open_and_never_read_open_may_have_been_open() -> None:
    tried = Opening("o", 1000.0, 100.0, closed_at_s=1000.3, open_s=0.3, why=Why.DID_NOT_OPEN)
    charge = settled(begin(), 0.0, tried)
    assert charge.low_uc == 0.0
    assert charge.high_uc == pytest.approx(CURRENT_NA * (0.3 + 0.25) * 1e-3)


def test_an_opening_that_was_asked_for_and_has_no_end_may_have_happened() -> None:
    assert settled(begin(), 0.0, Opening("o", 1000.0, 100.0)).high_uc > 0.0


def test_a_kill_leaves_a_late_heartbeat_and_the_guards_silence_in_doubt() -> None:
    charge = settled(begin(), 2.0, logged(None))
    assert charge.low_uc == 2.0
    assert charge.uncertain_uc == pytest.approx(CURRENT_NA * (1.0 + 1.0 + 0.25) * 1e-3)


def test_the_guards_log_narrows_what_is_in_doubt() -> None:
    charge = settled(begin(), 2.0, logged(50.5))
    assert charge.low_uc == pytest.approx(2.01)
    assert charge.high_uc == pytest.approx(CURRENT_NA * 50.75 * 1e-3)


def test_on_a_virtual_clock_only_one_heartbeat_is_in_doubt() -> None:
    charge = settled(begin(pace=math.inf, heartbeat_s=30.0), 2.0, logged(0.002))
    assert charge.uncertain_uc == pytest.approx(CURRENT_NA * (30.0) * 1e-3)


@given(
    by=st.sampled_from([None, 2.2, 300.0]), stuck_s=st.floats(10.0, 1e5), pace=st.sampled_from([1.0, 10.0])
)
def test_where_blanking_was_not_confirmed_ions_may_have_fallen_until_it_was(
    by: float | None, stuck_s: float, pace: float
) -> None:
    """Whether this guard read it, one that recorded an end too early, or a later one."""
    stuck = replace(logged(by), unconfirmed_at_s=1002.0, blanked_at_s=1000.0 + stuck_s)
    charge = settled(begin(pace), 0.08, stuck)
    assert charge.low_uc == 0.08
    assert charge.high_uc == pytest.approx(CURRENT_NA * (max(stuck_s, by or 0.0) + 0.25) * pace * 1e-3)


def test_on_a_virtual_clock_an_unconfirmed_blanking_counts_until_it_is_settled() -> None:
    stuck = replace(logged(0.002), unconfirmed_at_s=1000.1, blanked_at_s=1000.2)
    charge = settled(begin(pace=math.inf, heartbeat_s=30.0), 2.0, stuck)
    assert charge.high_uc == pytest.approx(CURRENT_NA * 400.0 * 1e-3)


def test_a_line_found_open_after_a_confirmed_blanking_adds_to_the_charge() -> None:
    stray = Opening("", 1100.0, None, 1130.0, unconfirmed_at_s=1130.0, blanked_at_s=1160.0)
    alone, both = settled(begin(), 2.0, logged(50.5)), settled(begin(), 2.0, logged(50.5), stray)
    assert both.low_uc == alone.low_uc
    assert both.high_uc - alone.high_uc == pytest.approx(CURRENT_NA * 60.25 * 1e-3)


@pytest.mark.parametrize("pace", [1.0, math.inf])
def test_what_never_read_as_blanked_is_not_settled(pace: float) -> None:
    with pytest.raises(BlankerUnknown, match="press gun off"):
        settled(begin(pace), 2.0, replace(logged(None), unconfirmed_at_s=1002.0))


@given(st.floats(0, 1e4), st.floats(1, 100), st.sampled_from([0.5, 1.0, 2.0]))
def test_passes_are_whole_frames_and_never_too_long(
    charge_uc: float, current_na: float, slow_hz: float
) -> None:
    frames = frames_for(charge_uc, current_na, slow_hz)
    per_frame_uc = current_na * 1e-3 / slow_hz
    assert -1e-9 <= charge_uc - frames * per_frame_uc <= per_frame_uc + 1e-9
