"""What the page Calibrate says: the list, the wizard's three steps, figures in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.figures import Arrows, HeatMap, Picture, Plot
from calibration.procedure import Compared, Cost, Need, Procedure, Result
from scopeacq.plan.as_found import AsFound
from scopeacq.plan.calibrations import (
    Acceptance,
    CalibratedValue,
    CalibrationKind,
    Conditions,
    Fit,
    Verdict,
)
from scopeacq.plan.instrument import DriverSettings, Instrument
from scopeacq.telling.svg import Axes, Mark, Series
from tests.ui.calibrations import Pretended, result_of
from ui.presenters.calibration import (
    RUN_ACTIVE,
    UNSAVED,
    Chosen,
    Decision,
    Surroundings,
    Waiting,
    WizardStep,
    estimate_in_words,
    result_view,
    wizard_view,
)
from ui.presenters.calibration_figures import as_points, drawn, labelled, named, note_of, spans, to_scale
from ui.presenters.calibration_list import (
    NAMES,
    Activity,
    Standing,
    conditions_in_words,
    day,
    entry_of,
    number_in_words,
    standing_of,
    value_in_words,
)
from ui.presenters.calibration_page import Stock, page_view
from ui.presenters.tone import Tone
from ui.presenters.work import Work

NOW = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)
STAGE, SCAN = CalibrationKind.STAGE, CalibrationKind.SCAN
INSTRUMENT = Instrument(name="lab 1", driver=DriverSettings(name="twin"))
ANGLE = "electron.convergence_mrad"


def accepted(kv: float = 1.5, fit: Fit = Fit.EXACT, days_ago: int = 0) -> Acceptance:
    return Acceptance(
        kind=STAGE,
        fit=fit,
        measured_at=NOW - timedelta(days=days_ago),
        conditions=Conditions(landing_energy_kv=kv, wd_um=4500.0),
        values=(CalibratedValue(key=ANGLE, value=9.123456, before=8.9, sd=0.041),),
    )


def holding(*acceptances: Acceptance) -> Instrument:
    return INSTRUMENT.model_copy(update={"calibrations": acceptances})


def chosen(**others: object) -> Chosen:
    procedure: Procedure[object] = Pretended().procedure
    return Chosen(STAGE, procedure=procedure, **others)  # type: ignore[arg-type]


# -- the list ----------------------------------------------------------------------------


def test_every_calibration_has_a_name_in_the_list() -> None:
    assert set(NAMES) == set(CalibrationKind)


@pytest.mark.parametrize(
    ("standing", "activity", "word"),
    [
        (Standing(), Activity.NOTHING, "Never measured"),
        (Standing(unfinished=NOW), Activity.NOTHING, "Unfinished"),
        (Standing(accepted()), Activity.NOTHING, "Fits"),
        (Standing(accepted(fit=Fit.INTERPOLATED)), Activity.NOTHING, "Interpolated"),
        (
            Standing(accepted(), ("landing energy 1.5 kV instead of 2 kV",)),
            Activity.NOTHING,
            "Does not fit",
        ),
        (Standing(accepted()), Activity.MEASURING, "Measuring"),
        (Standing(unfinished=NOW), Activity.DECIDING, "Decide"),
    ],
)
def test_the_list_says_in_a_word_how_each_stands(standing: Standing, activity: Activity, word: str) -> None:
    assert entry_of(STAGE, standing, activity, NOW).badge.word == word


def test_what_is_in_use_is_said_with_its_digits_its_date_and_its_conditions() -> None:
    entry = entry_of(STAGE, Standing(accepted()), Activity.NOTHING, NOW)
    assert entry.sentence == (
        "Convergence angle 9.123 \N{PLUS-MINUS SIGN} 0.041 mrad; today 15:00, 1.5 kV, wd 4.5 mm."
    )
    assert entry.undo and not entry.adopt


def test_what_does_not_fit_says_why_and_offers_what_does() -> None:
    low, high = accepted(1.5), accepted(2.0)
    unfit = standing_of(holding(low, high), STAGE, None)
    assert unfit.differs == ("landing energy 2 kV instead of 1.5 kV",) and unfit.adoptable
    entry = entry_of(STAGE, unfit, Activity.NOTHING, NOW)
    assert entry.adopt and "instead of 1.5 kV" in entry.sentence
    assert not standing_of(holding(high), STAGE, None).adoptable
    assert standing_of(INSTRUMENT, STAGE, NOW) == Standing(unfinished=NOW)


@given(value=st.floats(-1e6, 1e6), sd=st.floats(1e-6, 1e3))
def test_a_number_is_written_to_a_tenth_of_what_is_known_of_it(value: float, sd: float) -> None:
    text, _, spread = number_in_words(value, sd).partition(" \N{PLUS-MINUS SIGN} ")
    assert float(text) == pytest.approx(value, abs=sd)
    assert float(spread) == pytest.approx(sd, rel=0.1, abs=0.5 if sd >= 10 else 0)


def test_values_are_named_as_in_the_instruments_form() -> None:
    name = CalibratedValue(key="electron.convergence_mrad", value=9.0)
    table = CalibratedValue(key="mill.rates", value=({"a": 1.0}, {"a": 2.0}))
    other = CalibratedValue(key="focus.weights_name", value="mine")
    assert value_in_words(name) == "Convergence angle 9 mrad"
    assert value_in_words(table) == "Mill rates: 2 rows"
    assert value_in_words(other) == "Weights name mine"


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (NOW.replace(hour=9, minute=5), "today 09:05"),
        (NOW - timedelta(days=3), "9 Mar 15:00"),
        (NOW - timedelta(days=400), "5 Feb 2025"),
    ],
)
def test_days(when: datetime, text: str) -> None:
    assert day(when, NOW) == text


def test_conditions_that_do_not_matter_are_not_said() -> None:
    assert conditions_in_words(Conditions()) == ""
    assert conditions_in_words(Conditions(scan_rot_deg=90.0)) == "scan rotation 90\N{DEGREE SIGN}"


# -- the wizard --------------------------------------------------------------------------


def test_the_estimate_counts_what_it_takes() -> None:
    cost = Cost(1320.0, 340, 45.2, ("the first place gets most",))
    assert estimate_in_words(cost) == (
        "About 22 min, 340 frames, at most 45 e-/nm\N{SUPERSCRIPT TWO} at any place.",
        "The first place gets most.",
    )
    assert estimate_in_words(Cost(3.0)) == ("About 3 s.",)


@pytest.mark.parametrize(
    ("around", "said"),
    [
        (Surroundings(), ""),
        (Surroundings(run_active=True, unsaved=True), RUN_ACTIVE),
        (Surroundings(unsaved=True), UNSAVED),
        (Surroundings(busy_with="x"), "The instrument is busy (x): wait for that, or stop it first."),
        (Surroundings(working=SCAN), "Scan is being calibrated: wait for that, or stop it first."),
    ],
)  # fmt: skip
def test_what_holds_a_calibration_back_is_a_sentence(around: Surroundings, said: str) -> None:
    view = wizard_view(chosen(), around, NOW)
    assert view.held_back == said and view.may_act == (not said)


def test_nothing_begins_before_its_procedure_is_known() -> None:
    view = wizard_view(Chosen(STAGE), Surroundings(), NOW)
    assert not view.may_act and view.title == "Stage" and view.step is WizardStep.PREPARE


def test_a_sitting_that_waits_is_gone_on_with_unless_it_cannot() -> None:
    prepare = wizard_view(chosen(waiting=Waiting(NOW)), Surroundings(), NOW).prepare
    assert (prepare.begin, prepare.anew) == ("Go on", "Begin anew")
    unlike = Waiting(NOW, "it was begun with other settings")
    prepare = wizard_view(chosen(waiting=unlike), Surroundings(), NOW).prepare
    assert (prepare.begin, prepare.anew) == ("Begin", "")
    assert "since it was begun with other settings" in prepare.unfinished


def test_the_step_follows_what_is_under_way() -> None:
    work = Work(STAGE, "Calibrating", 0.5, "place 3 of 6", elapsed_s=60.0)
    view = wizard_view(chosen(work=work, begun=True), Surroundings(working=STAGE), NOW)
    assert view.step is WizardStep.MEASURE and view.measure.share == 0.5
    assert view.measure.sentence == "Place 3 of 6. About 1 min left."
    paused = wizard_view(chosen(begun=True), Surroundings(), NOW)
    assert paused.step is WizardStep.MEASURE and paused.measure.share is None
    done = wizard_view(chosen(result=result_of([0.1])), Surroundings(), NOW)
    assert done.step is WizardStep.RESULT and done.result is not None


def test_what_was_kept_from_before_tells_no_pace() -> None:
    assert Work(STAGE, "x", 0.6, elapsed_s=30.0, from_share=0.5).left_s == pytest.approx(120.0)
    assert Work(STAGE, "x", 0.6, elapsed_s=0.1, from_share=0.6).left_s is None


def test_a_bad_verdict_prefers_what_is_in_use() -> None:
    good, bad = result_view(result_of([0.1])), result_view(result_of([0.1], good=False))
    assert good.prefers_new and good.accept == "Use it" and good.badge.tone is Tone.GOOD
    assert not bad.prefers_new and bad.accept == "Use it all the same" and bad.reasons
    assert result_view(result_of([0.1]), Decision.KEPT).decision == Decision.KEPT.value


def test_where_nothing_is_to_be_accepted_nothing_is_asked() -> None:
    data = Result((), Verdict(good=True), (Plot("p", (), Axes("x", "y")),))
    assert result_view(data).accept == ""
    page = page_view(Stock(), {STAGE: chosen(result=data)}, None, Surroundings(), NOW)
    words = [entry.badge.word for group in page.groups for entry in group.entries]
    assert "Decide" not in words


def test_needs_are_signs_and_ions_are_a_warning_to_be_confirmed() -> None:
    procedure = Pretended(needs=frozenset({Need.IONS, Need.STAGE})).procedure
    prepare = wizard_view(Chosen(STAGE, procedure=procedure), Surroundings(), NOW).prepare
    assert [need.word for need in prepare.needs] == ["Moves the stage", "Opens the ion beam"]
    assert prepare.warning and prepare.confirm
    files = Pretended(needs=frozenset()).procedure
    prepare = wizard_view(Chosen(STAGE, procedure=files), Surroundings(), NOW).prepare
    assert len(prepare.needs) == 1 and not prepare.confirm


def test_an_instrument_that_was_left_changed_is_said_and_offered_to_be_put_back() -> None:
    left = AsFound(
        kind=STAGE, found_at=NOW, failed="stage: it stays where it was stopped", wd_um=4500.0, stig_x=0.0,
        stig_y=0.0, beam_shift_um=(0.0, 0.0), detector_on=True, gain=1.0, offset=0.0, valve_open=True,
        eht_on=True, x_um=0.0, y_um=0.0, z_um=25_500.0, tilt_deg=0.0, rotation_deg=0.0,
    )  # fmt: skip
    view = page_view(Stock(left=left), {}, None, Surroundings(), NOW).left
    assert view is not None and view.may_act and "it stays where it was stopped" in view.sentence
    held = page_view(Stock(left=left), {}, None, Surroundings(run_active=True), NOW).left
    assert held is not None and not held.may_act and RUN_ACTIVE in held.sentence
    assert page_view(Stock(left=left), {}, None, Surroundings(working=STAGE), NOW).left is None


# -- figures -----------------------------------------------------------------------------


def test_arrows_point_where_they_should_and_those_left_out_are_apart() -> None:
    figure = Arrows("a", "um", ((0.0, 0.0), (10.0, 0.0)), ((1.0, 0.0), (0.0, 2.0)), 3.0, frozenset({1}))
    strokes = drawn(figure)
    assert (strokes.fitted.x[:2], strokes.fitted.y[:2]) == (pytest.approx([0, 3]), pytest.approx([0, 0]))
    assert (strokes.left_out.x[:2], strokes.left_out.y[:2]) == (
        pytest.approx([10, 10]),
        pytest.approx([0, 6]),
    )
    heads = strokes.fitted.x[3::2]
    assert (heads < 3).all() and strokes.fitted.y[3] == -strokes.fitted.y[5]
    assert note_of(figure) == (
        "Rms 1 \N{MICRO SIGN}m, largest 1 \N{MICRO SIGN}m. Arrows are drawn 3 times as long. "
        "1 of 2 left out of the fit."
    )


def test_figures_without_anything_are_drawn_all_the_same() -> None:
    nothing = Arrows("a", "um", (), ())
    assert len(drawn(nothing).fitted.x) == 0 and "Nothing" in note_of(nothing)
    empty = HeatMap("h", np.full((2, 2), np.nan), (0, 0, 1, 1), "x [mm]", "y [mm]", "v")
    assert spans(empty) is None and note_of(empty) == "4 of 4 places without a value."
    flat = HeatMap("h", np.zeros((2, 2)), (0, 0, 1, 1), "x [mm]", "y [um]", "v")
    low, high = spans(flat) or (0.0, 0.0)
    assert low < 0 < high and not to_scale(flat) and to_scale(empty)
    assert note_of(Picture("p", np.zeros((2, 2), np.uint8))) == ""


def test_lines_keep_their_gaps_and_dots_leave_them_out() -> None:
    points = [(0.0, 1.0), (1.0, float("nan")), (2.0, 3.0)]
    line, dots = Series("a", points, Mark.LINE), Series("b", points, Mark.DOTS)
    figure = Plot("p", (line, dots), Axes("x", "y", 2.0, "limit"))
    assert len(as_points(figure, 0)) == 3 and len(as_points(figure, 1)) == 2
    assert named(figure) and note_of(figure) == "Dashed: limit."
    assert len(as_points(Plot("p", (Series("a", []),), Axes("x", "y")), 0)) == 0


def test_what_procedures_tell_is_shown_with_the_units_of_a_window() -> None:
    row = Compared("Shift per um", "1 um", "2 um", "+1 um")
    verdict = Verdict(good=True, reasons=("off by 3 um",))
    view = result_view(Result((), verdict, (), (row,)))
    assert view.reasons == ("Off by 3 µm.",)
    assert view.rows == (Compared("Shift per µm", "1 µm", "2 µm", "+1 µm"),)
    assert estimate_in_words(Cost(60.0, said=("it lays down 2 uC",)))[-1] == "It lays down 2 µC."


def test_figures_are_labelled_with_the_units_of_a_window() -> None:
    plot = labelled(Plot("By um", (Series("at 1 um", ()),), Axes("x [um]", "y [uC]", 1.0, "1 um")))
    assert isinstance(plot, Plot)
    assert (plot.title, plot.series[0].label) == ("By µm", "at 1 µm")
    assert plot.axes == Axes("x [µm]", "y [µC]", 1.0, "1 µm")
    heat = labelled(HeatMap("h", np.zeros((2, 2)), (0, 0, 1, 1), "x [um]", "y [um]", "rate [um^3/s]"))
    assert isinstance(heat, HeatMap)
    assert (heat.x_label, heat.value_label) == ("x [µm]", "rate [µm³/s]") and to_scale(heat)
