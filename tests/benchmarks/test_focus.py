"""The focus benchmark: its figures, how it tells a broken estimator, and what the shipped weights reach."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.focus.cases import Line, Loop, Plan, Search
from benchmarks.focus.catalogue import QUICK, Kinds, catalogue
from benchmarks.focus.contenders import Contenders, GradientSharpness, Scoring
from benchmarks.focus.crew import Order, crew_of
from benchmarks.focus.figures import (
    BoundFigures,
    auc,
    honesty,
    line_figures,
    loop_figures,
    search_figures,
)
from benchmarks.focus.landscape import STIG, WD_UM, LandscapeFigures, LandscapeResult
from benchmarks.focus.machine import Doubles
from benchmarks.focus.page import reached, write_card, write_page
from benchmarks.focus.plots import draw
from benchmarks.focus.report import markdown
from benchmarks.focus.results import BoundResult, LoopResult, Outcome, Promise, SearchResult
from benchmarks.focus.speed import SpeedFigures, SpeedResult
from benchmarks.focus.starts import mild, turned, turned_unknown
from benchmarks.focus.store import Stored, read_json, write_json
from benchmarks.focus.trials import Answer, Trace
from models.estimate import AberrationEstimate
from scopeacq.journal.records import FocusEnd
from tests.benchmarks.focus_fakes import Fixed, Grain, Refusing, setup, start

PROMISE = Promise("a case", "others", "a target")


def answer(truth: Doubles, said: Doubles, sd: float = 1.0) -> Answer:
    return Answer(truth, AberrationEstimate(said, np.eye(3) * sd**2), 1.0)


def trace(states: list[list[float]], applied: bool, slope: float = 0.0) -> Trace:
    end = FocusEnd.IN_FOCUS if applied else FocusEnd.UNCERTAIN
    return Trace("grain", np.array(states), (), 2 * len(states), 10.0, applied, end, slope)


def test_loops_count_what_was_refused_as_outside_and_not_in_the_errors() -> None:
    good = trace([[8, 1, 1], [0.5, 0.1, 0.1], [0.1, 0.0, 0.0]], applied=True)
    refused = trace([[9, 1, 1], [3.5, 0.3, 0.1]], applied=False)
    wrong = trace([[9, 1, 1], [2.0, 0.0, 0.0]], applied=True)
    figures = loop_figures([good, refused, wrong], corrections=3)
    np.testing.assert_allclose(figures.mae_wd_um, [26 / 3, 2.0, 1.05, 1.05])
    np.testing.assert_allclose(figures.inside_after, [0, 1 / 3, 1 / 3, 1 / 3])
    assert (figures.inside, figures.refused, figures.away) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_corners_of_tilted_tiles_are_off_by_what_the_tilt_leaves_and_the_error_at_the_centre() -> None:
    flat = loop_figures([trace([[8, 1, 1], [0.5, 0, 0]], applied=True)], corrections=1)
    assert flat.tilt is None
    falling = trace([[8, 1, 1], [0.5, 0, 0]], applied=True, slope=0.1)
    tilt = loop_figures([falling, trace([[9, 0, 0]], applied=False, slope=0.1)], corrections=1).tilt
    assert tilt is not None
    # a focus image is 10.24 um wide, a tile 60 um
    means = [pair[0] for pair in (tilt.centre_um, tilt.image_um, tilt.tile_um, tilt.least_um)]
    assert means == pytest.approx([0.5, 0.5 + 0.512, 3.5, 3.0])


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


@pytest.fixture
def stored(quick: Mapping[str, Outcome], tmp_path: Path) -> Stored:
    """Written to a file and read back."""
    write_json(tmp_path / "focus.json", Stored(7, {"platform": "here", "load": None}, quick))
    return read_json(tmp_path / "focus.json")


def test_results_come_back_from_their_file(quick: Mapping[str, Outcome], stored: Stored) -> None:
    assert list(stored.results) == list(quick)
    before, after = quick["mild"], stored.results["mild"]
    assert isinstance(before, LoopResult) and isinstance(after, LoopResult)
    first, again = before.traces["DeepFocus"][0], after.traces["DeepFocus"][0]
    np.testing.assert_allclose(again.states, first.states, rtol=1e-3, atol=1e-6)
    assert (again.kind, again.end, again.images) == (first.kind, first.end, first.images)
    for name, result in quick.items():
        if not isinstance(result, LoopResult):
            assert reached(stored.results[name]) == reached(result)
        assert "DeepFocus" in markdown(name, result) or "DeepScore" in markdown(name, result)


def test_every_sort_of_result_comes_back_and_is_drawn(tmp_path: Path) -> None:
    found = [trace([[8, 1, 1], [0.5, 0, 0]], applied=True)]
    nan = float("nan")
    scores = np.full((len(WD_UM), len(STIG)), 2.0)
    scores[0, 0] = np.inf
    results: dict[str, Outcome] = {
        "bound-far": BoundResult(
            PROMISE,
            {"ours, tissue": BoundFigures(3, (2.0,) * 3, (1.0,) * 3, (2.0,) * 3, (1.5,) * 3, (1.3,) * 3)},
        ),
        "search": SearchResult(PROMISE, {"score": search_figures(found)}, {"score": found}),
        "speed": SpeedResult(PROMISE, {"ours": SpeedFigures((5.0, 6.0, 7.0, 8.0, nan), 1.0, nan)}),
        "landscape": LandscapeResult(PROMISE, {"score": LandscapeFigures(9, 1.0)}, {"score": scores}),
    }
    write_json(tmp_path / "focus.json", Stored(7, {}, results))
    again = read_json(tmp_path / "focus.json").results
    # nan is not equal to itself, but its text is
    assert repr({name: r.figures for name, r in again.items()}) == repr(
        {name: r.figures for name, r in results.items()}
    )
    landscape = again["landscape"]
    assert isinstance(landscape, LandscapeResult)
    np.testing.assert_equal(landscape.scores["score"], scores)
    assert {path.stem for path in draw(again, tmp_path)} == {"bounds", "search", "speed", "landscape"}


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"format": 1, "cases": {}}')
    with pytest.raises(ValueError, match="run the benchmark anew"):
        read_json(path)


def test_figures_and_a_page_are_made_from_the_file_alone(stored: Stored, tmp_path: Path) -> None:
    drawn = draw(stored.results, tmp_path / "pictures")
    assert {path.stem for path in drawn} == {*stored.results, "overview"}
    write_page(tmp_path / "focus.md", stored, tmp_path / "pictures")
    page = (tmp_path / "focus.md").read_text()
    assert "| `far`: start (30 um, -6, 6), 50 ns | inside after 3 / never / 2-3 |" in page
    assert "| 100.0 no structure, 0.0 away |" in page
    assert "](pictures/mild.svg)" in page
    assert all(
        (tmp_path / "pictures" / f"{n}.svg").exists() for n in re.findall(r"pictures/(\S+)\.svg", page)
    )


def test_a_model_card_keeps_all_but_the_closed_loop(stored: Stored, tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("# weights\n\n## Closed loop\n\nold\n\n## More\n\nkept\n")
    write_card(card, stored)
    write_card(card, stored)
    text = card.read_text()
    assert text.startswith("# weights\n\n## Closed loop\n\nBy the program")
    assert text.endswith("\n\n## More\n\nkept\n")
    assert text.count("| `mild`: start") == 1 and "old" not in text
    card.write_text("# weights\n")
    write_card(card, stored)
    assert card.read_text().count("## Closed loop") == 1


def test_trials_come_to_the_same_in_other_processes(quick: Mapping[str, Outcome]) -> None:
    order = Order(alone=True)
    cases = {case.name: case for case in catalogue(Kinds.load())}
    with crew_of(2, order) as crew:
        plan = Plan(Contenders(Refusing(), **NO_SCORERS), trials=2, crew=crew)
        shared = cases["mild"].run(plan)
    assert isinstance(shared, LoopResult)
    alone = quick["mild"]
    assert isinstance(alone, LoopResult)
    for one, other in zip(shared.traces["DeepFocus"], alone.traces["DeepFocus"], strict=False):
        np.testing.assert_allclose(one.states, other.states, rtol=1e-3, atol=1e-3)
        assert (one.kind, one.images, one.end) == (other.kind, other.images, other.end)
