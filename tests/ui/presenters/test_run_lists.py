"""Check-list, event log and timeline of a run, without a screen."""

from __future__ import annotations

from datetime import datetime

import pytest

from hardware.types import Blanker
from scopeacq.engine.events import (
    AbortAnswered,
    IncidentHappened,
    PlaneTaken,
    RunState,
    StateChanged,
    StepStarted,
)
from scopeacq.engine.outlook import Ahead, Gate, GateState, Kind, Outlook
from scopeacq.journal.records import ErrorKind, Incident, PlaneKey, Policy
from scopeacq.plan.findings import error, note, warning
from scopeacq.telling.meaning import meaning_of
from ui.presenters.checklist import Checklist, Confirmation
from ui.presenters.durations import clock_time, spoken
from ui.presenters.event_log import KEPT, EventLog
from ui.presenters.timeline import timeline
from ui.presenters.tone import Tone

NOW = datetime(2026, 3, 14, 12, 0)
STUCK = Incident(ErrorKind.STAGE, "stage", "it is stuck", "Free it.", "Finding the wafer", Policy.PAUSE)


def confirmed(checklist: Checklist) -> Checklist:
    for what in Confirmation:
        checklist = checklist.confirm(what, True)
    return checklist


def test_a_run_is_held_back_until_it_was_checked_and_confirmed() -> None:
    assert "not checked" in confirmed(Checklist()).held_back
    assert "being checked" in confirmed(Checklist()).begun().held_back
    assert "Mend" in confirmed(Checklist()).found([error("No room.")]).held_back
    unconfirmed = Checklist().found([warning("Close."), note("So.")])
    assert "valve" in unconfirmed.held_back and "gas" in unconfirmed.held_back
    assert confirmed(unconfirmed).held_back == ""


def test_what_was_confirmed_can_be_taken_back() -> None:
    ready = confirmed(Checklist().found([]))
    assert "gas" in ready.confirm(Confirmation.GAS, False).held_back


def test_a_clean_plan_says_that_it_is() -> None:
    assert [item.badge.tone for item in Checklist().found([]).items] == [Tone.GOOD]
    assert Checklist().found([error("No room.")]).items[0].badge.tone is Tone.ALARM


@pytest.mark.parametrize("kind", ErrorKind)
@pytest.mark.parametrize("decision", Policy)
def test_every_incident_has_a_meaning_advice_and_a_decision(kind: ErrorKind, decision: Policy) -> None:
    meaning = meaning_of(Incident(kind, "", "something", "", "Imaging", decision))
    assert all((meaning.what, meaning.means, meaning.advice, meaning.decided))


def test_an_incident_is_found_by_its_words_and_copied_whole() -> None:
    log = EventLog()
    for notice in (StateChanged(RunState.RUNNING, ""), IncidentHappened(STUCK), StepStarted("Recovering")):
        log.take(notice, NOW)
    (entry,) = log.matching("STUCK stage", with_routine=True)
    assert entry.badge.tone is Tone.ALARM
    for part in ("it is stuck", "What it means:", "What to do: Free it.", "The run pauses."):
        assert part in entry.as_text()
    assert log.matching("stuck elephant", with_routine=True) == []


def test_routine_is_hidden_unless_asked_for() -> None:
    log, key = EventLog(), PlaneKey(0, "17", 2)
    for notice in (StepStarted("Imaging"), PlaneTaken(key, 0.4, True), PlaneTaken(key, 3.0, False)):
        log.take(notice, NOW)
    assert [e.badge.word for e in log.matching("", with_routine=False)] == ["Not sharp"]
    assert len(log.matching("", with_routine=True)) == 3


def test_the_log_does_not_grow_for_ever() -> None:
    log = EventLog()
    for _ in range(KEPT + 10):
        log.take(StepStarted("Imaging"), NOW)
    assert len(log.matching("", with_routine=True)) == KEPT


def test_an_unknown_beam_is_an_alarm_with_advice() -> None:
    log = EventLog()
    log.take(AbortAnswered(Blanker.UNKNOWN, "ion blanker: lost.", 0.0, 0.0), NOW)
    (entry,) = log.matching("", with_routine=False)
    assert entry.badge.tone is Tone.ALARM and "gun off" in entry.advice


def test_the_timeline_adds_up() -> None:
    ahead = (
        Ahead(Kind.NOW, "Focusing"),
        Ahead(Kind.IMAGE, "Image section 2", 120.0),
        Ahead(Kind.GATE, "Verify"),
        Ahead(Kind.MILL, "Mill", 60.0),
        Ahead(Kind.END, "Done"),
    )
    outlook = Outlook(0, 1, Gate(GateState.CLOSED, 1, "."), ahead)
    assert [e.when for e in timeline(outlook, True)] == ["now", "next", "in 2 min", "in 2 min", "in 3 min"]
    assert timeline(outlook, False)[0].when == "first"
    assert timeline(None, True) == ()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (59.0, "59 s"),
        (60.0, "1 min"),
        (3_599.0, "1 h"),
        (12_000.0, "3 h 20 min"),
        (360_000.0, "4 d 4 h"),
    ],
)
def test_times_are_said_in_two_figures(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


def test_a_clock_time_names_the_day_when_it_is_another() -> None:
    assert clock_time(NOW, 3_600.0) == "13:00"
    assert clock_time(NOW, 86_400.0) == "Sun 12:00"
    assert clock_time(NOW, 20 * 86_400.0) == "3 Apr 2026"
    assert "century" in clock_time(NOW, 1e12)
