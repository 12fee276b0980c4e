"""The guided page without a window: how each step stands, and what is next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Landmark, Wafer
from scopeacq.sections.candidates import Candidate, Candidates, Verdict
from scopeacq.sections.flags import Flag
from tests.ui.wafers import plan_of, section
from ui.presenters.prepare import Finding, Progress, State, Step, prepare_view
from ui.presenters.prepare_found import Stock, found_in
from ui.presenters.work import Work

SQUARE = ((0.0, 0.0), (400.0, 0.0), (400.0, 240.0), (0.0, 240.0))


def stock(
    plan: Plan, candidates: Candidates | None = None, overviews: tuple[str, ...] = ("overview",)
) -> Stock:
    return Stock(plan, candidates or Candidates(), overviews)


def candidate(name: str, **changes: Any) -> Candidate:
    return replace(Candidate(name, SQUARE, 0.9), **changes)


def test_a_bare_wafer_waits_for_its_overview(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path), wafer=Wafer((), ()))
    found = found_in(stock(plan, overviews=()))
    states = {step: each.state for step, each in found.items()}
    assert states.pop(Step.LANDMARKS) is State.OPTIONAL
    assert set(states.values()) == {State.TO_DO}
    assert prepare_view(Progress(found)).next_step is Step.OVERVIEW


def test_what_was_found_and_not_judged_is_looked_at(tmp_path: Path) -> None:
    doubtful = candidate("S002", flags=frozenset({Flag.SIZE}))
    candidates = Candidates((candidate("S001"), doubtful, candidate("S003", confidence=0.2)))
    found = found_in(stock(plan_of(tmp_path), candidates))[Step.SECTIONS]
    assert found.state is State.LOOK
    assert "3 found" in found.sentence and "2 doubtful" in found.sentence


def test_judged_sections_are_done(tmp_path: Path) -> None:
    judged = Candidates(
        (candidate("S001", verdict=Verdict.ACCEPTED), candidate("S002", verdict=Verdict.REJECTED))
    )
    found = found_in(stock(plan_of(tmp_path, section("S001")), judged))[Step.SECTIONS]
    assert found == Finding(State.DONE, "1 section in the plan.")


def test_a_grid_beside_its_section_is_looked_at(tmp_path: Path) -> None:
    good = section("S001")
    assert found_in(stock(plan_of(tmp_path, good)))[Step.GRIDS].state is State.DONE
    beside = replace(good, roi_centre_um=(3000.0, 0.0))
    found = found_in(stock(plan_of(tmp_path, beside)))[Step.GRIDS]
    assert found.state is State.LOOK and "S001" in found.sentence


def test_too_few_fiducials_are_looked_at(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, section("S001"))
    assert found_in(stock(plan))[Step.FIDUCIALS].state is State.DONE
    fewer = replace(plan, wafer=replace(plan.wafer, fiducials=plan.wafer.fiducials[:2]))
    assert found_in(stock(fewer))[Step.FIDUCIALS].state is State.LOOK


def test_landmarks_that_do_not_fit_are_looked_at(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    fit = (Landmark("L1", (0.0, 0.0), (5.0, 5.0)), Landmark("L2", (9e3, 0.0), (9005.0, 5.0)))
    with_fit = replace(plan, wafer=replace(plan.wafer, landmarks=fit))
    assert found_in(stock(with_fit))[Step.LANDMARKS].state is State.DONE
    off = (fit[0], Landmark("L2", (9e3, 0.0), (9805.0, 5.0)))
    without = replace(plan, wafer=replace(plan.wafer, landmarks=off))
    assert found_in(stock(without))[Step.LANDMARKS].state is State.LOOK


def test_the_step_that_works_says_how_long_it_takes() -> None:
    work = Work(Step.OVERVIEW, "Acquiring", share=0.75, detail="12 of 16 tiles", elapsed_s=30.0)
    view = prepare_view(Progress(work=work))
    assert view.busy
    assert view.step(Step.OVERVIEW).badge is State.WORKING.value
    assert view.step(Step.OVERVIEW).sentence == "Acquiring: 12 of 16 tiles, 10 s left."
    assert view.step(Step.SECTIONS).work is None


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_nobody_says_how_long_it_takes_at_the_begin(share: float) -> None:
    assert "left" not in Work(Step.ROUTE, "Ordering", share=share, elapsed_s=1.0).sentence


def test_what_went_wrong_is_looked_at_until_it_is_tried_again() -> None:
    done = {Step.SECTIONS: Finding(State.DONE, "5 sections.")}
    view = prepare_view(Progress(done, troubles={Step.SECTIONS: "Nothing was found."}))
    assert view.step(Step.SECTIONS).badge is State.LOOK.value
    assert view.step(Step.SECTIONS).trouble == "Nothing was found."
    assert prepare_view(Progress(done)).step(Step.SECTIONS).badge is State.DONE.value


def test_a_page_on_which_all_is_done_has_nothing_next() -> None:
    found = {step: Finding(State.DONE, "") for step in Step}
    assert prepare_view(Progress(found)).next_step is None
