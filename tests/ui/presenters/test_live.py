"""What the live view and the focus cockpit show, without a screen."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware.errors import Halted, HardwareError
from hardware.types import FrameSettings, Optics, Range
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.cockpit import Comparison, Series
from scopeacq.focus.autofocus import FocusOutcome
from scopeacq.focus.correction import DepthOfFocus, OpticsChange
from scopeacq.focus.focus_compare import Opinion
from scopeacq.focus.focus_pairs import Pair
from scopeacq.focus.surface import Surface
from scopeacq.focus.through_focus import SeriesPoint
from scopeacq.journal.focus_history import FocusedTile, WaferFocus
from scopeacq.journal.records import FocusDone, FocusEnd, FocusIteration, FocusStage, PlaneKey
from scopeacq.plan.demo import make_demo
from scopeacq.plan.project import EstimatorName, FocusSettings, Project
from ui.presenters.focus_trials import comparison_rows, comparison_sentence, series_view, sharpest_of
from ui.presenters.focusing import (
    RESTORED,
    ending,
    methods_by_hand,
    patches_shown,
    signed,
    trace_view,
    with_sd,
)
from ui.presenters.live import (
    Doing,
    LiveView,
    Preset,
    dose_text,
    frame_problem,
    frame_text,
    pixels_limits,
    preset_frame,
    preset_of,
)
from ui.presenters.past_focus import MOST_ROWS, PastFilter, past_rows, wafer_sentence
from ui.presenters.tone import Tone

BEFORE = Optics(4500.0, 0.5, -0.5)
DEPTH = DepthOfFocus(1.0, 0.25, 0.25)
IMAGE = np.zeros((8, 8), np.uint8)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_demo(tmp_path / "demo").project


def iteration(wd_um: float = 0.0, correction_um: float = -3.0, sd_um: float = 0.3) -> FocusIteration:
    optics = BEFORE.shifted(wd_um=wd_um)
    return FocusIteration("DeepFocus", optics, correction_um, 0.1, 0.2, sd_um, 0.05, 0.05, patches=9.4)


def outcome(end: FocusEnd, applied: bool = False, trouble: HardwareError | None = None) -> FocusOutcome:
    after = BEFORE.shifted(wd_um=-3.0) if applied else BEFORE
    reason = "the estimate is too uncertain (+-2.00 um)"
    return FocusOutcome(applied, reason, BEFORE, after, (iteration(),), 9.0, end, trouble=trouble)


# -- frames --------------------------------------------------------------------------------


def test_presets_are_the_frames_of_the_project(project: Project) -> None:
    for preset in Preset:
        assert preset_of(project, preset_frame(project, preset)) is preset
    assert preset_frame(project, Preset.TILE) == project.imaging.frame(0.0)
    assert preset_of(project, FrameSettings(100, 100, 3.0, 50.0)) is None


def test_a_frame_says_before_it_is_scanned_what_it_costs() -> None:
    text = frame_text(FrameSettings(6000, 6000, 10.0, 200.0), 1.8)
    assert "60 \N{MULTIPLICATION SIGN} 60" in text and "7.2 s" in text and "22.5 e" in text
    assert "39.3 ms" in frame_text(FrameSettings(1024, 768, 10.0, 50.0), 1.8)
    assert dose_text(12345.6).startswith("12,346 e")


def test_frames_that_take_for_ever_are_refused() -> None:
    assert not frame_problem(FrameSettings(6000, 6000, 10.0, 800.0))
    assert "120 min" in frame_problem(FrameSettings(30000, 12000, 10.0, 20_000.0))


def test_limits_of_a_frame_are_those_of_the_settings() -> None:
    assert pixels_limits() == Range(16.0, 32768.0)


def test_nothing_is_begun_while_something_goes_on() -> None:
    assert not LiveView().may_begin and LiveView().may_connect
    idle = LiveView(connected=True)
    assert idle.may_begin and not idle.words and not idle.may_connect
    busy = replace(idle, doing=Doing.SERIES, progress=(3, 11))
    assert not busy.may_begin and busy.words.endswith("3 of 11")
    assert "42 s" in replace(idle, doing=Doing.LIVE, left_s=41.7).words
    assert not LiveView(run_active=True).may_connect


# -- corrections ---------------------------------------------------------------------------


@pytest.mark.parametrize("end", [end for end in FocusEnd if end is not FocusEnd.IN_FOCUS])
def test_every_refusal_has_a_word_a_reason_and_advice(end: FocusEnd) -> None:
    told = ending(outcome(end))
    assert told.badge.tone is Tone.CAUTION and told.badge.word not in ("", "Refused")
    assert "\N{PLUS-MINUS SIGN}2.00 \N{MICRO SIGN}m" in told.what and RESTORED in told.what
    assert told.advice and told.advice in told.text


def test_success_and_a_stop_are_told_as_such() -> None:
    assert ending(outcome(FocusEnd.IN_FOCUS, applied=True)).badge.tone is Tone.GOOD
    stopped = ending(outcome(FocusEnd.INSTRUMENT_FAILED, trouble=Halted("instrument", "stopped")))
    assert stopped.badge.word == "Stopped" and not stopped.advice


def test_a_trace_shows_differences_from_where_it_began() -> None:
    steps = [iteration(), replace(iteration(-3.0, 0.1, math.nan), stage=FocusStage.COARSE)]
    done = replace(outcome(FocusEnd.IN_FOCUS, applied=True), iterations=tuple(steps))
    view = trace_view(steps, FocusSettings(), DEPTH, done)
    wd, x, _ = view.curves
    assert [step.at for step in wd.steps] == [0.0, -3.0]
    assert wd.steps[0].leads_to == -3.0 and wd.end == -3.0 == wd.goal
    assert wd.limit == 80.0 and wd.depth == 1.0 and x.limit == 8.0
    assert view.rows[0][0] == "1  DeepFocus" and "coarse" in view.rows[1][0]
    assert view.rows[0][-1] == "9"
    assert trace_view([], FocusSettings(), DEPTH).curves == ()
    assert trace_view(steps, FocusSettings(), DEPTH).curves[0].goal == pytest.approx(-2.9)


def test_numbers_have_signs_and_spreads_where_these_are_known() -> None:
    assert signed(-0.001) == "+0.00" and signed(-1.5) == "\N{MINUS SIGN}1.50"
    assert with_sd(math.nan, 1.0) == "\N{EN DASH}"
    assert with_sd(2.0, math.nan) == "+2.00"


def test_patches_are_as_strong_as_they_contributed() -> None:
    sds = np.array([[0.5, 1, 1], [1.0, 1, 1]])
    means = np.array([[3.0, 0, 0], [2.0, 0, 0]])
    boxes = np.array([[0, 0, 320, 320], [160, 0, 320, 320.0]])
    estimate = AberrationEstimate(means[0], np.eye(3), means, sds, patch_boxes=boxes)
    strong, weak = patches_shown(estimate)
    assert strong.strength == 1.0 and weak.strength == pytest.approx(0.25)
    assert strong.text == "+3.0" and "80%" in strong.tip
    assert patches_shown(replace(estimate, patch_boxes=np.zeros((0, 4)))) == ()


def test_only_methods_of_the_project_can_be_chosen() -> None:
    focus = FocusSettings(estimators=(EstimatorName.MAPFOST, EstimatorName.VENDOR))
    assert [name for name, _ in methods_by_hand(focus)] == ["As in a run", "MAPFoSt"]


# -- series and comparisons ----------------------------------------------------------------


def series(best_um: float | None) -> Series:
    points = tuple(SeriesPoint(4496.0 + n, float(n), 10.0 - n, IMAGE) for n in range(5))
    return Series(points, BEFORE, best_um, 50.0)


def test_a_series_says_where_it_is_sharpest_or_that_it_lies_outside() -> None:
    found = series_view(series(4498.2))
    assert "4498.20" in found.sentence and "\N{MINUS SIGN}1.80" in found.sentence
    assert "Widen the range" in series_view(series(None)).sentence
    nearest = sharpest_of(series(4498.2))
    assert nearest is not None and nearest.wd_um == 4498.0
    most_contrast = sharpest_of(series(None))
    assert most_contrast is not None and most_contrast.wd_um == 4496.0


def test_estimators_that_disagree_are_not_to_be_trusted() -> None:
    pair = Pair(BEFORE, IMAGE, IMAGE, PairCondition(10.0, 5.0, 8.9, 5.0))
    agree = OpticsChange(-3.0, 0.1, 0.2, 0.3, 0.05, 0.05)
    lone = OpticsChange(4.0, math.nan, math.nan, 0.5, math.nan, math.nan)
    opinions = (Opinion("A", agree, 0.02), Opinion("B", lone, 0.1), Opinion("C", None, 0.3, "no texture"))
    comparison = Comparison(pair, opinions, 7.0, DEPTH, 9.0)
    a, b, c = comparison_rows(comparison)
    assert a.cells[-1] == "20 ms" and b.cells[2] == "\N{EN DASH}" and c.remark == "No texture."
    assert "disagree" in comparison_sentence(comparison)
    assert "they agree" in comparison_sentence(replace(comparison, spread_um=0.5))
    assert "nothing to compare" in comparison_sentence(replace(comparison, spread_um=None))


# -- the run's past ------------------------------------------------------------------------


def done(cycle: int, section: str = "S001", tile: int = 0, applied: bool = True) -> FocusDone:
    key = PlaneKey(cycle, section, tile)
    return FocusDone(key, applied, "why", BEFORE, BEFORE, (iteration(),), 9.0, "", 1.0)


def test_past_corrections_are_filtered_and_bounded() -> None:
    corrections = [done(n, f"S{n % 3:03d}", n % 2, applied=n > 5) for n in range(3 * MOST_ROWS)]
    assert len(past_rows(corrections, PastFilter())) == MOST_ROWS
    rows = past_rows(corrections, PastFilter("S001", tile=2, cycle=2))
    assert [row.text for row in rows] == ["S001, tile 2, cycle 2"]
    assert "not applied" in rows[0].detail


def test_the_plane_of_focus_is_told_in_a_sentence() -> None:
    assert "Nothing yet" in wafer_sentence(None)
    tile = FocusedTile("S001", 0, (0.0, 0.0), 4500.0, 5.0, True)
    focus = WaferFocus(2, (tile,), Surface(4500.0, 3e-3, 4e-3), 2.0, "too far off")
    told = wafer_sentence(focus)
    assert "Cycle 3" in told and "5.00 \N{MICRO SIGN}m/mm" in told
    assert "1 tile off it" in told and "Too far off." in told
    assert "no plane goes through" in wafer_sentence(replace(focus, surface=None))
