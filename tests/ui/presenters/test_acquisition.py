"""What an operator is shown of a run, and what may be asked of it, without a screen."""

from __future__ import annotations

from datetime import datetime

import pytest

from hardware.types import Blanker
from scopeacq.engine.events import (
    AbortAnswered,
    IncidentHappened,
    MillProgressed,
    Progressed,
    RunState,
    StateChanged,
    StepStarted,
)
from scopeacq.engine.outlook import Gate, GateState, Outlook
from scopeacq.engine.time_left import TimeLeft
from scopeacq.journal.records import ErrorKind, Incident, Policy, RunEnd, RunRequest
from scopeacq.plan.briefing import Briefing
from scopeacq.telling.exit_codes import ExitCode
from ui.presenters.abort import PATIENCE_S
from ui.presenters.acquisition import Action, RunPresenter, RunView
from ui.presenters.notices import Asked, Attended, Ended, Leaving, Notice
from ui.presenters.tone import Tone

NOW = datetime(2026, 3, 14, 12, 0)
GATE = Gate(GateState.CLOSED, 3, "Milling waits for section 17, tile 3 and 2 others of cycle 1.")
READ_BACK = AbortAnswered(Blanker.BLANKED, "The guard read back that the ion beam is blanked.", 0.001, 0.02)
NOBODY_KNOWS = AbortAnswered(Blanker.UNKNOWN, "ion blanker: lost. Press gun off.", 0.001, 0.5)


def running(*notices: Notice) -> RunPresenter:
    presenter = RunPresenter(held_back="")
    presenter.started()
    for notice in (Attended(TimeLeft(10.0, 60.0)), StateChanged(RunState.RUNNING, ""), *notices):
        presenter.take(notice, 0.0)
    return presenter


def shown(presenter: RunPresenter, at_s: float = 0.1) -> RunView:
    return presenter.view(at_s, NOW)


def allowed(presenter: RunPresenter) -> set[Action]:
    return {action for action, answer in shown(presenter).allowed.items() if answer.now}


def test_before_a_start_only_starting_is_possible_and_only_when_nothing_holds_it_back() -> None:
    presenter = RunPresenter(held_back="Confirm by hand: the gas of the ion gun is on.")
    assert allowed(presenter) == set()
    assert "gas" in shown(presenter).allowed[Action.START].why
    presenter.held_back = ""
    assert allowed(presenter) == {Action.START}


def test_a_running_run_can_be_paused_stopped_and_aborted() -> None:
    presenter = running(StepStarted("Imaging section 17, tile 2"))
    assert allowed(presenter) == {Action.PAUSE, Action.STOP, Action.ABORT}
    assert shown(presenter).sentence == "Imaging section 17, tile 2"


def test_every_action_that_is_not_allowed_says_why() -> None:
    for presenter in (RunPresenter(), running(), running(Asked(RunRequest.ABORT)), running(Leaving())):
        for answer in shown(presenter).allowed.values():
            assert answer.why.endswith("."), answer


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (RunRequest.PAUSE_AFTER_TILE, "after this tile"),
        (RunRequest.PAUSE_AFTER_SECTION, "after this section"),
        (RunRequest.PAUSE_AFTER_SLICE, "before it is milled"),
        (RunRequest.STOP, "after this step"),
    ],
)
def test_a_wish_is_said_and_can_be_taken_back(wish: RunRequest, says: str) -> None:
    presenter = running(Asked(wish))
    assert says in shown(presenter).sentence
    assert Action.RESUME in allowed(presenter)
    presenter.take(Asked(RunRequest.RESUME), 0.1)
    assert says not in shown(presenter).sentence
    assert Action.RESUME not in allowed(presenter)


def test_an_abort_cannot_be_taken_back() -> None:
    presenter = running(Asked(RunRequest.ABORT), Asked(RunRequest.RESUME))
    assert allowed(presenter) == set()


def test_an_abort_without_an_answer_becomes_unknown_within_a_second() -> None:
    presenter = running(Asked(RunRequest.ABORT))
    waiting, silent = shown(presenter, PATIENCE_S - 0.1).abort, shown(presenter, 1.0).abort
    assert waiting is not None and waiting.badge.tone is Tone.CAUTION
    assert silent is not None and silent.badge.tone is Tone.ALARM
    assert "UNKNOWN" in silent.badge.word and "press gun off" in silent.text


def test_the_guards_answer_is_shown_whenever_it_comes() -> None:
    presenter = running(Asked(RunRequest.ABORT))
    assert (late := shown(presenter, 2.0).abort) is not None and late.badge.tone is Tone.ALARM
    presenter.take(READ_BACK, 3.0)
    assert (answered := shown(presenter, 3.0).abort) is not None
    assert answered.badge.tone is Tone.GOOD and "20 ms" in answered.text


def test_a_beam_in_an_unknown_state_says_what_to_do_by_hand() -> None:
    view = shown(running(Asked(RunRequest.ABORT), NOBODY_KNOWS))
    assert view.abort is not None
    assert view.abort.badge.tone is Tone.ALARM and "Press gun off" in view.abort.text


def test_progress_has_a_finish_clock_time() -> None:
    presenter = running()
    presenter.take(Progressed(0, 2, 10, 40, 0, 0, 0.0), 0.0)
    presenter.take(Progressed(0, 2, 20, 40, 0, 0, 0.0), 600.0)
    view = shown(presenter, 600.0)
    assert (view.planes.done, view.planes.total, view.cycle) == (20, 40, "Cycle 1 of 2")
    assert view.time_left == "About 20 min left, done at 12:20"


def test_a_mill_pass_shows_its_charge_until_the_next_step() -> None:
    presenter = running(StepStarted("Milling"), MillProgressed(2, 6, 120.0, 1.5, 3.0, 600.0))
    view = shown(presenter)
    assert view.mill_pass is not None
    assert view.mill_pass.done / view.mill_pass.total == 0.5
    assert view.mill_pass.text == "10 min of beam left"
    assert "pass 2 of 6 from 120\N{DEGREE SIGN}: 1.50 of 3.00" in view.sentence
    presenter.take(StepStarted("Ending cycle 1"), 1.0)
    assert shown(presenter).mill_pass is None


def test_the_mill_gate_says_what_it_waits_for() -> None:
    view = shown(running(Outlook(0, 2, GATE, ())))
    assert "tile 3" in view.gate.text
    assert view.gate.badge.word == "Mill gate closed"


@pytest.mark.parametrize("end", RunEnd)
def test_after_every_end_the_button_resumes_unless_all_is_done(end: RunEnd) -> None:
    state = {RunEnd.FINISHED: RunState.FINISHED, RunEnd.FAILED: RunState.FAILED}.get(end, RunState.PAUSED)
    presenter = running(StateChanged(state, "of something"), Leaving(), Ended(ExitCode.PAUSED, end, ""))
    if end is RunEnd.FINISHED:
        assert allowed(presenter) == set()
    else:
        assert allowed(presenter) == {Action.START}
        assert shown(presenter).start_text == "Resume"
        assert shown(presenter).sentence.startswith("Of something. Resume ")


def test_while_the_instrument_is_let_go_nothing_is_claimed_of_beams_that_are_unknown() -> None:
    presenter = running(StateChanged(RunState.PAUSED, "the ion beam is UNKNOWN"), Leaving())
    assert shown(presenter).sentence == "The ion beam is UNKNOWN. The instrument is being let go."
    assert shown(running(Leaving())).sentence == "The instrument is being let go."


def test_an_abort_before_the_engine_runs_claims_no_more_than_is_known() -> None:
    presenter = RunPresenter(held_back="")
    presenter.started()
    presenter.take(Asked(RunRequest.ABORT), 0.0)
    abort = shown(presenter).abort
    assert abort is not None and abort.badge.word == "Ion beam not opened"


def test_a_failure_before_the_engine_ran_says_its_sentence() -> None:
    presenter = RunPresenter(held_back="")
    presenter.started()
    presenter.take(Ended(ExitCode.BUSY, None, "The run folder is in use by process 7 on here."), 0.0)
    assert "process 7" in shown(presenter).sentence
    assert Action.START in allowed(presenter)


def test_the_latest_incident_is_kept_until_the_next_start() -> None:
    incident = Incident(ErrorKind.STAGE, "stage", "it is stuck", "Look.", "Finding the wafer", Policy.RETRY)
    presenter = running(IncidentHappened(incident))
    assert shown(presenter).incident == incident
    presenter.started()
    assert shown(presenter).incident is None


def test_a_run_that_was_begun_is_resumed_and_one_that_is_done_is_not_started() -> None:
    presenter = RunPresenter(held_back="")
    presenter.expect(Briefing((), begun=True, finished=False, standpoint=None))
    assert shown(presenter).start_text == "Resume"
    presenter.expect(Briefing((), begun=True, finished=True, standpoint=None))
    assert not shown(presenter).allowed[Action.START].now
