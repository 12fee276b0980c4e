"""The focus benchmark: its figures, how it tells a broken estimator, and what the shipped weights reach."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.focus.cases import Line, Loop, Plan, Search
from benchmarks.focus.catalogue import QUICK, Kinds, catalogue
from benchmarks.focus.contenders import Contenders, GradientSharpness, Scoring
from benchmarks.focus.figures import auc, honesty, line_figures, loop_figures
from benchmarks.focus.machine import Doubles
from benchmarks.focus.plots import draw
from benchmarks.focus.report import markdown, write_json
from benchmarks.focus.results import LoopResult, Outcome, Promise
from benchmarks.focus.starts import mild, turned, turned_unknown
from benchmarks.focus.trials import Answer, Trace
from models.estimate import AberrationEstimate
from scopeacq.records import FocusEnd
from tests.benchmarks.focus_fakes import Fixed, Grain, Refusing, setup, start

PROMISE = Promise("a case", "others", "a target")


def answer(truth: Doubles, said: Doubles, sd: float = 1.0) -> Answer:
    return Answer(truth, AberrationEstimate(said, np.eye(3) * sd**2), 1.0)


def trace(states: list[list[float]], applied: bool) -> Trace:
    end = FocusEnd.IN_FOCUS if applied else FocusEnd.UNCERTAIN
    return Trace("grain", np.array(states), (), 2 * len(states), 10.0, applied, end)


def test_loops_count_what_was_refused_as_outside_and_not_in_the_errors() -> None:
    good = trace([[8, 1, 1], [0.5, 0.1, 0.1], [0.1, 0.0, 0.0]], applied=True)
    refused = trace([[9, 1, 1], [3.5, 0.3, 0.1]], applied=False)
    wrong = trace([[9, 1, 1], [2.0, 0.0, 0.0]], applied=True)
    figures = loop_figures([good, refused, wrong], corrections=3)
    np.testing.assert_allclose(figures.mae_wd_um, [26 / 3, 2.0, 1.05, 1.05])
    np.testing.assert_allclose(figures.inside_after, [0, 1 / 3, 1 / 3, 1 / 3])
    assert (figures.inside, figures.refused, figures.away) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_honest_spreads_cover_what_they_say() -> None:
    rng = np.random.default_rng(2)
    answers = [answer(np.zeros(3), rng.normal(size=3) * 0.5, 0.5) for _ in range(2000)]
    honest = honesty(answers)
    assert honest is not None
    assert honest.z_sd == pytest.approx((1, 1, 1), abs=0.05)
    assert honest.covered == pytest.approx((0.68, 0.95), abs=0.03)


def test_a_line_is_found_with_its_errors() -> None:
    rng = np.random.default_rng(3)
    truths = rng.uniform(-20, 20, 400)
    answers = [answer(np.array([t, 0, 0]), np.array([0.3 + 0.9 * t + rng.normal(), 0, 0])) for t in truths]
    line = line_figures(answers)
    assert abs(line.slope - 0.9) < 4 * line.slope_se < 0.05
    assert abs(line.offset_um - 0.3) < 4 * line.offset_se_um < 0.3


def test_areas_under_curves() -> None:
    assert auc(np.array([1.0, 2.0]), np.array([3.0, np.inf])) == 1.0
    assert auc(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0.5


NO_SCORERS: Mapping[str, Any] = {"others": (), "scorings": ()}


def test_a_broken_estimator_is_told() -> None:
    plan = Plan(Contenders(Fixed((-5.0, 0.0, 0.0)), **NO_SCORERS), trials=2)
    loop = Loop("loop", PROMISE, (Grain(),), start, setup).run(plan).figures["fixed"]
    line = Line("line", PROMISE, (Grain(),), mild, setup).run(plan).figures["fixed"]
    assert loop.inside == 0.0
    assert line.slope == pytest.approx(0.0)


def test_an_estimator_that_says_there_is_nothing_to_correct_ends_away_from_focus() -> None:
    plan = Plan(Contenders(Fixed((0.0, 0.0, 0.0)), **NO_SCORERS), trials=2)
    loop = Loop("loop", PROMISE, (Grain(),), start, setup).run(plan).figures["fixed"]
    assert (loop.inside, loop.away) == (0.0, 1.0)
    assert loop.honesty is not None
    assert loop.honesty.covered == (0.0, 0.0)


def test_a_refused_pair_is_no_answer() -> None:
    plan = Plan(Contenders(Refusing(), **NO_SCORERS), trials=1)
    loop = Loop("loop", PROMISE, (Grain(),), start, setup).run(plan).figures["refusing"]
    line = Line("line", PROMISE, (Grain(),), mild, setup).run(plan).figures["refusing"]
    assert loop.refused == 1.0
    assert line.trials == 0


def test_a_search_goes_down_the_classical_score() -> None:
    sharpness = GradientSharpness()
    scoring = Scoring(sharpness.name, lambda _: sharpness, in_um=False)
    plan = Plan(Contenders(Fixed((0.0, 0.0, 0.0)), (), (scoring,)), trials=1)
    figures = Search("search", PROMISE, (Grain(),), start, setup).run(plan).figures["gradient"]
    assert figures.mae_wd_um < 2.0
    assert 12 < figures.images <= 60


def test_only_the_program_does_not_know_of_a_turned_stigmator() -> None:
    known = turned(np.random.default_rng(4))
    unknown = turned_unknown(np.random.default_rng(4))
    assert known.machine.stigmators == unknown.machine.stigmators
    assert known.electron.stigmator_frame.um_per_unit == known.machine.stigmators.um_per_unit
    assert unknown.electron.stigmator_frame.um_per_unit == 4.0


@pytest.fixture(scope="module")
def quick() -> Mapping[str, Outcome]:
    """The smaller form with the shipped weights."""
    contenders = Contenders.load(alone=True)
    cases = {case.name: case for case in catalogue(Kinds.load())}
    return {name: cases[name].run(Plan(contenders, trials=trials)) for name, trials in QUICK.items()}


@pytest.mark.parametrize("name", ["mild", "far"])
def test_what_is_shipped_finds_focus(quick: Mapping[str, Outcome], name: str) -> None:
    figures = quick[name].figures["DeepFocus"]
    assert figures.inside >= 0.75
    assert figures.away == 0.0
    assert figures.mae_wd_um[3] < 0.3
    assert figures.mae_stig[3] < 0.1


def test_what_is_shipped_is_linear(quick: Mapping[str, Outcome]) -> None:
    figures = quick["line"].figures["DeepFocus"]
    assert 0.85 < figures.slope < 1.15


def test_what_is_shipped_refuses_bare_resin(quick: Mapping[str, Outcome]) -> None:
    assert quick["resin"].figures["DeepFocus"].refused == 1.0


def test_what_is_shipped_tells_sharp_from_blurred(quick: Mapping[str, Outcome]) -> None:
    assert quick["score-200"].figures["DeepScore"].auc > 0.9


def test_results_are_written_as_tables_json_and_plots(quick: Mapping[str, Outcome], tmp_path: Path) -> None:
    write_json(tmp_path / "focus.json", quick, seed=7)
    cases = json.loads((tmp_path / "focus.json").read_text())["cases"]
    assert isinstance(quick["mild"], LoopResult)
    first = quick["mild"].traces["DeepFocus"][0]
    states = cases["mild"]["traces"]["DeepFocus"][0]["states"]
    np.testing.assert_allclose(states, first.states, rtol=1e-3, atol=1e-6)
    assert "DeepFocus" in markdown("mild", quick["mild"])
    draw(quick, tmp_path / "plots")
    assert {path.stem for path in (tmp_path / "plots").iterdir()} == set(quick)
