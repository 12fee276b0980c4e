"""The safety strip never says more than was read, and never by colour alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.types import BeamState, Blanker, DetectorState, GunState, StagePose
from scopeacq.engine.events import MillProgressed, StepStarted
from scopeacq.engine.ion_watch import IonsRead
from scopeacq.engine.outlook import Gate, GateState, Outlook
from scopeacq.engine.readings import Readings
from scopeacq.engine.time_left import TimeLeft
from scopeacq.telling.exit_codes import ExitCode
from ui.presenters.notices import Attended, Ended
from ui.presenters.strip import FORGOTTEN_S, LINGERS_S, STALE_S, InstrumentWatch, Situation, strip_view
from ui.presenters.tone import Tone

READ = Readings(
    0.0,
    beam=BeamState(True, 1.5, True, 1.6, True),
    detector=DetectorState(True, 1.0, 0.0),
    stage=StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0),
    gun=GunState(10.0, True, 4.0, 1e-5),
)
QUIET = Situation(True, Blanker.BLANKED, devices=READ, place="at section 17")


def test_all_in_order_is_a_calm_sentence() -> None:
    view = strip_view(replace(QUIET, gate="Mill gate waits for tile 3", gate_shut=True))
    assert view.sentence == (
        "Ion beam blanked, HV on. Electron beam blanked, EHT on, valve open. Detector on. "
        "Stage at section 17. Mill gate waits for tile 3."
    )
    assert (view.badge.tone, view.badge.word) == (Tone.GOOD, "Beams blanked")
    assert [clause.tone for clause in view.clauses[:4]] == [Tone.QUIET] * 4


def test_an_open_ion_beam_comes_before_all_else() -> None:
    view = strip_view(replace(QUIET, ions=Blanker.OPEN, devices=None))
    assert view.badge.tone is Tone.ALARM
    assert "Ion beam OPEN" in view.sentence


@pytest.mark.parametrize("devices", [READ, None])
@pytest.mark.parametrize("ions", [Blanker.UNKNOWN, None])
def test_an_unknown_ion_beam_is_said_with_what_to_do(
    ions: Blanker | None, devices: Readings | None
) -> None:
    view = strip_view(replace(QUIET, ions=ions, devices=devices))
    assert (view.badge.tone, view.badge.word) == (Tone.UNKNOWN, "UNKNOWN")
    assert "press gun off" in view.sentence


def test_an_old_answer_of_the_guard_says_nothing_about_now() -> None:
    view = strip_view(replace(QUIET, ions_age_s=STALE_S + 1))
    assert view.badge.word == "UNKNOWN"
    assert "Ion beam UNKNOWN, last read 4 s ago" in view.sentence


def test_readings_say_how_old_they_are_and_are_forgotten_when_too_old() -> None:
    view = strip_view(replace(QUIET, age_s=4.0, steered="the run"))
    assert "Stage at section 17. Read 4 s ago." in view.sentence
    view = strip_view(replace(QUIET, age_s=FORGOTTEN_S + 60))
    assert "Electron beam and stage UNKNOWN: last read 2 min ago." in view.sentence
    assert "section 17" not in view.sentence and "HV" not in view.sentence


@pytest.mark.parametrize(
    ("devices", "said"),
    [
        (replace(READ, beam=None), "Electron beam UNKNOWN"),
        (replace(READ, detector=None), "Detector UNKNOWN"),
        (replace(READ, stage=None), "Stage UNKNOWN"),
    ],
)
def test_a_device_that_does_not_answer_is_unknown(devices: Readings, said: str) -> None:
    view = strip_view(replace(QUIET, devices=devices))
    clause = next(clause for clause in view.clauses if clause.text == said)
    assert clause.tone is Tone.UNKNOWN


def test_without_an_instrument_nothing_is_claimed() -> None:
    view = strip_view(Situation())
    assert view.badge.word == "Not connected"
    assert "blanked" not in view.sentence


def test_a_run_claims_nothing_of_the_electrons_between_its_steps() -> None:
    watch = InstrumentWatch(lambda _: "at section a, tile 1")
    assert not watch.situation(0.0).connected
    for notice in (
        Attended(TimeLeft(0, 0)),
        StepStarted("Imaging section a, tile 1"),
        IonsRead(Blanker.BLANKED, 1.0),
        replace(READ, at_s=1.0),
    ):
        watch.take(notice, 0.5)
    view = strip_view(watch.situation(1.2))
    assert view.badge.word == "Ion beam blanked"
    assert "Electron beam steered by the run. Detector on." in view.sentence
    assert view.sentence.endswith("Stage at section a, tile 1. Imaging section a, tile 1.")
    assert "lectron beam blanked" not in view.sentence
    assert strip_view(watch.situation(1.1 + STALE_S)).badge.word == "UNKNOWN"
    watch.take(Ended(ExitCode.FINISHED, None, ""), 9.0)
    assert watch.situation(9.0) == Situation()


def test_a_run_whose_devices_never_answered_is_unknown() -> None:
    watch = InstrumentWatch()
    watch.take(Attended(TimeLeft(0, 0)), 0.0)
    view = strip_view(watch.situation(0.1))
    assert view.badge.word == "UNKNOWN"
    assert "not read yet" in view.sentence


def test_an_instrument_in_hand_is_read_and_forgotten_when_it_is_let_go() -> None:
    watch = InstrumentWatch(lambda _: "at section 17")
    watch.hand(True, "", 0.0)
    for answer in (IonsRead(Blanker.BLANKED, 0.5), replace(READ, at_s=0.5)):
        watch.take(answer, 0.5)
    assert strip_view(watch.situation(1.0)).badge.word == "Beams blanked"
    watch.hand(True, "Focusing", 1.0)
    busy = strip_view(watch.situation(1.0))
    assert busy.badge.word == "Ion beam blanked" and busy.sentence.endswith("Focusing.")
    watch.hand(False, "", 2.0)
    assert watch.situation(2.0) == Situation()


def test_an_open_ion_beam_is_said_with_how_long_it_stays_open() -> None:
    watch = InstrumentWatch()
    milling = MillProgressed(2, 6, 120.0, 1.5, 3.0, 600.0)
    for notice in (Attended(TimeLeft(0, 0)), milling, IonsRead(Blanker.OPEN, 0.0)):
        watch.take(notice, 0.0)
    view = strip_view(watch.situation(0.1))
    assert view.badge.word == "Ion beam open"
    assert "pass 2 of 6" in view.sentence and "10 min of beam left" in view.sentence


def test_a_gate_that_waits_for_somebody_stands_out() -> None:
    watch = InstrumentWatch()
    watch.take(Attended(TimeLeft(0, 0)), 0.0)
    watch.take(Outlook(0, 5, Gate(GateState.SHUT, 1, "The mill gate is shut."), ()), 0.0)
    gate = strip_view(watch.situation(0.1)).clauses[-1]
    assert (gate.text, gate.tone) == ("The mill gate is shut", Tone.CAUTION)


BEAMS = st.builds(BeamState, st.booleans(), st.just(1.5), st.booleans(), st.just(1.6), st.booleans())
GUNS = st.builds(GunState, st.just(10.0), st.booleans(), st.just(4.0), st.just(1e-5))
DEVICES = st.builds(
    lambda beam, gun, stage: Readings(0.0, beam=beam, gun=gun, stage=stage),
    st.none() | BEAMS,
    st.none() | GUNS,
    st.none() | st.just(READ.stage),
)


@given(
    st.builds(
        Situation,
        connected=st.booleans(),
        ions=st.none() | st.sampled_from(Blanker),
        ions_age_s=st.floats(0, 10),
        devices=st.none() | DEVICES,
        age_s=st.floats(0, 100),
        place=st.just("parked"),
        steered=st.sampled_from(["", "the run"]),
        step=st.sampled_from(["", "Imaging"]),
    ),
    st.booleans(),
)
def test_blanked_is_claimed_only_of_what_was_read_as_blanked(now: Situation, simulated: bool) -> None:
    view = strip_view(now, simulated)
    assert view.simulated is simulated
    beam = now.devices.beam if now.devices is not None else None
    if view.badge.word == "Beams blanked":
        assert now.connected and now.age_s <= STALE_S and not now.steered
        assert beam is not None and (beam.blanked or not (beam.eht_on and beam.valve_open))
    if "Ion beam blanked" in view.sentence:
        assert now.ions is Blanker.BLANKED and now.ions_age_s <= STALE_S
    if "Electron beam blanked" in view.sentence:
        assert beam is not None and beam.blanked and not now.steered


def test_between_two_frames_of_a_live_scan_the_beam_is_not_called_blanked() -> None:
    watch = InstrumentWatch()
    watch.hand(True, "", 0.0)
    watch.hand(True, "Scanning live", 1.0)
    watch.hand(True, "", 1.1)
    assert watch.situation(1.5).steered
    assert watch.situation(1.5).step == "Scanning live"
    assert not watch.situation(1.2 + LINGERS_S).steered
