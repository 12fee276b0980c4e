"""What the window says of a run that was begun, or is finished, before anybody starts it again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scopeacq.plan.briefing import Briefing, brief
from tests.scenarios.harness import Scores, TinyRun, tiny_project
from tests.ui.tiny_acquisition import SITE, tiny_run
from ui.presenters.acquisition import Action, RunPresenter, RunView
from ui.presenters.checklist import Checklist
from ui.presenters.event_log import EventLog
from ui.presenters.layers import Layer, legend_of
from ui.presenters.past import past_entries
from ui.presenters.sections import TileState
from ui.presenters.timeline import timeline
from ui.presenters.wafer_presenter import WaferPresenter

NOW = datetime(2026, 3, 14, 12, 0)


def went(run: TinyRun, cycles: int | None = None) -> Briefing:
    """What is told of a run that has gone so far."""
    with run.start() as program:
        program.engine.run(cycles)
    return brief(run.plan, SITE)


def seen(briefing: Briefing) -> RunView:
    presenter = RunPresenter(held_back="")
    presenter.expect(briefing)
    return presenter.view(0.0, NOW)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyRun, Briefing]:
    run = tiny_run(tmp_path_factory.mktemp("finished"), tiny_project(cycles=2, tiles=2))
    return run, went(run)


def test_a_finished_run_says_so_everywhere(finished: tuple[TinyRun, Briefing]) -> None:
    _, briefing = finished
    view = seen(briefing)
    assert (view.badge.word, view.cycle) == ("Finished", "2 of 2 cycles")
    assert (view.planes.done, view.planes.total) == (4, 4)
    assert (view.passes.done, view.passes.total) == (4, 4)
    assert not view.allowed[Action.START].now
    checklist = Checklist().found(briefing.findings, briefing.finished)
    assert checklist.summary.word == "Nothing left to start"
    assert briefing.standpoint is not None
    (entry,) = timeline(briefing.standpoint.outlook, active=False)
    assert (entry.text, entry.when) == ("Nothing more: 2 cycles done", "")


def test_the_map_of_a_finished_run_shows_the_last_slice(finished: tuple[TinyRun, Briefing]) -> None:
    run, _ = finished
    presenter = WaferPresenter(run.plan)
    presenter.apply(run.records())
    shown = presenter.shown()
    assert shown.finished and shown.cycle == 1
    assert {tile.state for s in shown.sections for tile in s.tiles} == {TileState.SHARP}
    assert legend_of(Layer.STATE, shown).title == "Tiles in cycle 2, finished"


def test_a_run_that_was_begun_shows_how_far_it_is(tmp_path: Path) -> None:
    view = seen(went(tiny_run(tmp_path, tiny_project(cycles=2)), cycles=1))
    assert (view.planes.done, view.planes.total, view.cycle) == (1, 2, "Cycle 2 of 2")
    assert view.allowed[Action.START].now and view.start_text == "Resume"


def test_what_happened_before_is_told_with_meaning_and_the_day(tmp_path: Path) -> None:
    run = tiny_run(tmp_path, tiny_project(cycles=1))
    run.scorer = Scores(at_last=9.0)
    briefing, log = went(run), EventLog()
    assert briefing.standpoint is not None
    past = briefing.standpoint.past
    log.recall(past_entries(past, datetime.now().date()))
    told = log.matching("", with_routine=False)
    assert [entry.badge.word for entry in told][:: len(told) - 1] == ["Running", "Waits for you"]
    assert any(entry.badge.word == "Not sharp" and entry.advice for entry in told)
    log.recall(past_entries(past, datetime.now().date()))
    assert len(log.matching("", with_routine=True)) == len(told)
    later = next(past_entries([past[0]], datetime.now().date() + timedelta(days=1)))
    assert len(later.clock) > len(told[0].clock)
