"""The safety strip never says more than was read, and never by colour alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.types import BeamState, Blanker, GunState
from scopeacq.events import MillProgressed, StepStarted
from scopeacq.exit_codes import ExitCode
from scopeacq.ion_watch import IonsRead
from scopeacq.outlook import Gate, GateState, Outlook
from scopeacq.time_left import TimeLeft
from ui.presenters.notices import Attended, Ended
from ui.presenters.strip import STALE_S, RunWatch, Situation, strip_view
from ui.presenters.tone import Tone

GUN = GunState(10.0, True, 4.0, 1e-5)
BLANKED = BeamState(True, 1.5, True, 1.6, True)
QUIET = Situation(True, Blanker.BLANKED, GUN, BLANKED, "at section 17")


def test_all_in_order_is_a_calm_sentence() -> None:
    view = strip_view(replace(QUIET, gate="Mill gate waits for tile 3", gate_shut=True))
    assert view.sentence == (
        "Ion beam blanked, HV on. Electron beam blanked. Stage at section 17. Mill gate waits for tile 3."
    )
    assert view.badge.tone is Tone.GOOD
    assert [clause.tone for clause in view.clauses[:3]] == [Tone.QUIET] * 3


def test_an_open_ion_beam_comes_before_all_else() -> None:
    view = strip_view(replace(QUIET, ions=Blanker.OPEN, electrons=None, stage=None))
    assert view.badge.tone is Tone.ALARM
    assert "Ion beam OPEN" in view.sentence


@pytest.mark.parametrize("electrons", [BLANKED, None])
@pytest.mark.parametrize("ions", [Blanker.UNKNOWN, None])
def test_an_unknown_ion_beam_is_said_with_what_to_do(
    ions: Blanker | None, electrons: BeamState | None
) -> None:
    view = strip_view(replace(QUIET, ions=ions, electrons=electrons))
    assert (view.badge.tone, view.badge.word) == (Tone.UNKNOWN, "UNKNOWN")
    assert "press gun off" in view.sentence


def test_old_readings_say_nothing_about_now() -> None:
    view = strip_view(replace(QUIET, age_s=STALE_S + 1))
    assert view.badge.word == "UNKNOWN"
    assert "blanked" not in view.sentence
    assert "4 s ago" in view.sentence


def test_without_an_instrument_nothing_is_claimed() -> None:
    view = strip_view(Situation())
    assert view.badge.word == "Not connected"
    assert "blanked" not in view.sentence


def test_during_a_run_only_the_ions_are_claimed() -> None:
    watch = RunWatch()
    assert not watch.situation(0.0).connected
    for notice in (
        Attended(TimeLeft(0, 0)),
        StepStarted("Imaging section a, tile 1"),
        IonsRead(Blanker.BLANKED, 1.0),
    ):
        watch.take(notice, 0.5)
    view = strip_view(watch.situation(1.2))
    assert view.badge.word == "Ion beam blanked"
    assert view.sentence.endswith("Imaging section a, tile 1.")
    assert "lectron beam blanked" not in view.sentence
    assert strip_view(watch.situation(1.1 + STALE_S)).badge.word == "UNKNOWN"
    watch.take(Ended(ExitCode.FINISHED, None, ""), 9.0)
    assert watch.situation(9.0) == Situation()


def test_a_run_whose_guard_never_answered_is_unknown() -> None:
    watch = RunWatch()
    watch.take(Attended(TimeLeft(0, 0)), 0.0)
    assert strip_view(watch.situation(0.1)).badge.word == "UNKNOWN"


def test_an_open_ion_beam_is_said_with_how_long_it_stays_open() -> None:
    watch = RunWatch()
    milling = MillProgressed(2, 6, 120.0, 1.5, 3.0, 600.0)
    for notice in (Attended(TimeLeft(0, 0)), milling, IonsRead(Blanker.OPEN, 0.0)):
        watch.take(notice, 0.0)
    view = strip_view(watch.situation(0.1))
    assert view.badge.word == "Ion beam open"
    assert "pass 2 of 6" in view.sentence and "10 min of beam left" in view.sentence


def test_a_gate_that_waits_for_somebody_stands_out() -> None:
    watch = RunWatch()
    watch.take(Attended(TimeLeft(0, 0)), 0.0)
    watch.take(Outlook(0, 5, Gate(GateState.SHUT, 1, "The mill gate is shut."), ()), 0.0)
    gate = strip_view(watch.situation(0.1)).clauses[-1]
    assert (gate.text, gate.tone) == ("The mill gate is shut", Tone.CAUTION)


BEAMS = st.builds(BeamState, st.booleans(), st.just(1.5), st.booleans(), st.just(1.6), st.booleans())


@given(
    st.builds(
        Situation,
        st.booleans(),
        st.none() | st.sampled_from(Blanker),
        st.none() | st.builds(GunState, st.just(10.0), st.booleans(), st.just(4.0), st.just(1e-5)),
        st.none() | BEAMS,
        st.none() | st.just("parked"),
        st.sampled_from(["", "Imaging"]),
        st.just(""),
        st.just(False),
        st.floats(0, 10),
    ),
    st.booleans(),
)
def test_blanked_is_claimed_only_of_what_was_read_as_blanked(now: Situation, simulated: bool) -> None:
    view = strip_view(now, simulated)
    assert view.simulated is simulated
    if view.badge.word == "Beams blanked":
        assert now.connected and now.age_s <= STALE_S and now.ions is Blanker.BLANKED
        assert now.electrons is not None
        assert now.electrons.blanked or not (now.electrons.eht_on and now.electrons.valve_open)
    if "Ion beam blanked" in view.sentence:
        assert now.ions is Blanker.BLANKED
