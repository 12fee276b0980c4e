"""What the loop of pairs does far from focus, without structure, and with a wrong stigmator frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from hardware.optics import StigmatorFrame, astigmatism_in_image
from hardware.types import Frame, FrameSettings, Optics
from models.deepfocus import DeepFocus
from models.estimate import AberrationEstimate, PairCondition
from models.images import ImageFault, ImagesRefused
from scopeacq.focus.autofocus import FocusOutcome
from scopeacq.focus.correction import depth_of_focus
from scopeacq.focus.estimator_gain import Gain
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.focus.score_search import ScoreSearch
from scopeacq.focus.stigmator_check import StigmatorStep, frame_mismatch
from scopeacq.journal.records import FocusEnd, FocusStage
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import EstimatorName, FocusSettings
from tests.models.scenes import Microscope
from tests.scopeacq.column_fakes import IN_FOCUS, FakeScanner
from tests.scopeacq.focus_lab import (
    ELECTRON,
    FOCUS,
    START,
    FakeFields,
    Lab,
    Oracle,
    TrueScore,
    in_focus,
    refused_and_restored,
)

QUICK = settings(max_examples=60, derandomize=True)
FAR_START = Optics(IN_FOCUS.wd_um + 60.0, -1.0, 1.0)


def stages(outcome: FocusOutcome) -> list[FocusStage]:
    return [iteration.stage for iteration in outcome.iterations]


# -- when it stops ---------------------------------------------------------------------


def test_depth_of_focus_is_that_of_probe_and_pixels() -> None:
    depth = depth_of_focus(ElectronSettings(), 10.0, FocusSettings())
    assert (depth.wd_um, depth.stig_x, depth.stig_y) == pytest.approx((1.0, 0.25, 0.25), abs=0.01)
    wide = depth_of_focus(ElectronSettings(convergence_mrad=17.8), 10.0, FocusSettings())
    assert wide.wd_um == pytest.approx(depth.wd_um / 2, abs=0.01)
    capped = FocusSettings(done_wd_um=0.3, done_stig=0.1)
    coarse = depth_of_focus(ElectronSettings(), 40.0, capped)
    assert (coarse.wd_um, coarse.stig_x, coarse.stig_y) == (0.3, 0.1, 0.1)
    weak = depth_of_focus(ElectronSettings(stigmator_y_ratio=0.5), 10.0, FocusSettings(done_stig=10.0))
    assert weak.stig_y == pytest.approx(2 * weak.stig_x)


@pytest.mark.parametrize("scan_rot_deg", [0.0, 65.0])
def test_stigmators_of_their_own_strength_and_axes_are_corrected(scan_rot_deg: float) -> None:
    lab = Lab.at(scan_rot_deg=scan_rot_deg)
    lab.electron = replace_electron(stigmator_y_ratio=0.6, stigmator_skew_deg=20.0)
    outcome = lab.correct(PairFocus(Oracle(lab)))
    assert outcome.applied, outcome.reason
    assert in_focus(outcome.after, stig=0.3)


def test_a_profile_whose_stigmators_do_the_same_is_refused() -> None:
    with pytest.raises(ValidationError, match="would not act independently"):
        ElectronSettings(stigmator_skew_deg=45.0)


@pytest.mark.parametrize(("sd_um", "pairs"), [(0.1, 1), (0.4, 2)])
def test_a_small_correction_counts_when_it_is_certain_to_be_small(sd_um: float, pairs: int) -> None:
    lab = Lab.at(IN_FOCUS.shifted(wd_um=0.7))
    lab.electron = replace_electron(stigmator_um_per_unit=4.0)
    outcome = lab.correct(PairFocus(Oracle(lab, share=1.0, sd_um=sd_um)))
    assert outcome.applied and outcome.end is FocusEnd.IN_FOCUS
    assert len(outcome.iterations) == pairs


def replace_electron(**changes: float) -> ElectronSettings:
    return ELECTRON.model_copy(update=changes)


def test_drift_of_the_working_distance_is_told() -> None:
    lab = Lab.at()
    outcome = lab.correct(PairFocus(Oracle(lab, share=0.9)))
    one, other = outcome.iterations[-2:]
    drift_um = other.optics.wd_um + other.correction_wd_um - one.optics.wd_um - one.correction_wd_um
    assert outcome.wd_drift_um == pytest.approx(drift_um) != 0.0
    assert one.scanned_at_s < other.scanned_at_s


@pytest.mark.parametrize("share", [0.65, 0.8, 1.25, 1.5])
def test_an_estimator_whose_answers_stretch_is_met_after_its_first_correction(share: float) -> None:
    """As where the angle of convergence is not the assumed one."""
    lab = Lab.at(IN_FOCUS.shifted(wd_um=10.0, stig_x=-2.0))
    oracle = Oracle(lab, share=share, sd_um=0.05)
    outcome = lab.correct(PairFocus(oracle))
    assert outcome.applied and len(outcome.iterations) <= 3
    assert outcome.after.wd_um == pytest.approx(IN_FOCUS.wd_um, abs=0.1)


# -- far from focus --------------------------------------------------------------------


def test_a_coarse_pair_finds_what_a_fine_one_cannot_see() -> None:
    lab = Lab.at(FAR_START)
    outcome = lab.correct(PairFocus(Oracle(lab, share=0.95, reach=7.0)))
    assert outcome.applied, outcome.reason
    assert in_focus(outcome.after)
    assert stages(outcome)[:3] == [FocusStage.FINE, FocusStage.COARSE, FocusStage.FINE]
    steps_um = [o.wd_um - FAR_START.wd_um for o in lab.scanner.scanned[:4]]
    assert steps_um == [5.0, -5.0, 15.0, -15.0]
    assert lab.fields.visited == []


def test_a_coarse_pair_lies_in_the_range_of_the_estimator() -> None:
    lab = Lab.at(FAR_START)
    oracle = Oracle(lab, reach=2.0)
    lab.focus = FOCUS.model_copy(update={"max_iterations": 1})
    lab.correct(PairFocus(oracle))
    assert oracle.condition is not None
    assert oracle.condition.perturbation_um / oracle.condition.pixel_size_nm == pytest.approx(0.5)
    assert oracle.condition.dose_per_nm2 == pytest.approx(4.7 * 1.2 / 9, rel=0.05)


def test_a_fine_answer_is_used_where_a_coarse_one_is_none() -> None:
    """Large pixels may show no texture where small ones do."""
    lab = Lab.at(IN_FOCUS.shifted(wd_um=30.0))

    @dataclass
    class OnlyFine(Oracle):
        def estimate(
            self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
        ) -> AberrationEstimate:
            estimate = super().estimate(plus, minus, condition)
            return replace(estimate, structured=condition.perturbation_um == 5.0)

    outcome = lab.correct(PairFocus(OnlyFine(lab)))
    assert outcome.applied, outcome.reason
    assert stages(outcome)[:2] == [FocusStage.FINE, FocusStage.COARSE]


def test_dose_is_booked_as_an_upper_bound_of_all_that_may_follow() -> None:
    lab = Lab.at(FAR_START)
    pairs = lab.correct(PairFocus(Oracle(lab, reach=0.0)))
    fine, coarse = (f.electron_dose_per_nm2(1.8) for f in (FOCUS.frame(0.0), FOCUS.coarse_frame(0.0)))
    assert coarse == pytest.approx(fine / 9)
    assert pairs.electron_dose_per_nm2 == pytest.approx(2 * fine + 2 * coarse)
    everything = lab.correct(PairFocus(Oracle(lab, reach=0.0)), ScoreSearch(TrueScore(lab)))
    assert pairs.electron_dose_per_nm2 < everything.electron_dose_per_nm2 <= FOCUS.most_dose_per_nm2(1.8)
    with_vendor = FocusSettings(estimators=(EstimatorName.VENDOR,))
    assert with_vendor.most_dose_per_nm2(1.8) == pytest.approx(60 * fine)


# -- without structure -----------------------------------------------------------------


@pytest.mark.parametrize("where", [1, 2, 4])
def test_where_there_is_no_structure_the_loop_looks_elsewhere_in_the_tile(where: int) -> None:
    lab = Lab.at()
    lab.fields = FakeFields(5)
    outcome = lab.correct(PairFocus(Oracle(lab, textured=frozenset({where}))))
    assert outcome.applied, outcome.reason
    assert in_focus(outcome.after)
    assert lab.fields.visited == list(range(1, where + 1))
    assert outcome.iterations[-1].field == where


def test_empty_resin_leaves_the_optics_alone_and_says_so() -> None:
    lab = Lab.at()
    lab.fields = FakeFields(5)
    search = ScoreSearch(TrueScore(lab))
    outcome = lab.correct(PairFocus(Oracle(lab, textured=frozenset())), search)
    assert refused_and_restored(lab, outcome)
    assert outcome.end is FocusEnd.NO_STRUCTURE
    assert "no structure" in outcome.reason
    assert lab.fields.visited == [1, 2, 3, 4, 0], "and back to the middle"
    assert {abs(o.wd_um - START.wd_um) for o in lab.scanner.scanned} == {5.0, 15.0}
    assert len(outcome.iterations) == 10


def test_structure_that_is_too_uncertain_is_another_reason() -> None:
    lab = Lab.at()
    lab.fields = FakeFields(2)
    outcome = lab.correct(PairFocus(Oracle(lab, reach=0.0, textured=frozenset({1}))))
    assert outcome.end is FocusEnd.UNCERTAIN


def test_images_that_cannot_be_judged_are_a_refusal() -> None:
    lab = Lab.at()

    class Refusing(Oracle):
        def estimate(self, *_: object) -> AberrationEstimate:
            raise ImagesRefused(ImageFault.UNRELATED, "The images show different places; look.")

    outcome = lab.correct(PairFocus(Refusing(lab)))
    assert refused_and_restored(lab, outcome)
    assert outcome.end is FocusEnd.BAD_IMAGES
    assert "different places" in outcome.reason


class TissueScanner(FakeScanner):
    """Scans ray-traced tissue at the column's optics; ``spoil`` may change each frame."""

    def acquire(self, settings: FrameSettings) -> Frame:
        spoil, self.spoil = self.spoil, lambda frame: frame
        frame = super().acquire(settings)
        self.spoil = spoil
        optics, home = frame.optics, ElectronSettings().stigmator_frame
        astigmatism_um = astigmatism_in_image(optics.stig_x, optics.stig_y, home, settings.scan_rot_deg)
        # tissue looks alike at any scale: larger pixels are smaller aberrations
        scale = settings.pixel_size_nm / 10.0
        off_um = np.array([optics.wd_um - IN_FOCUS.wd_um, *astigmatism_um]) / scale
        microscope = Microscope(width_px=settings.width_px, height_px=settings.height_px)
        return spoil(replace(frame, image=microscope.image(off_um, len(self.scanned))))


def seeing(lab: Lab) -> Lab:
    """The same lab with images that DeepFocus can judge."""
    lab.focus = FocusSettings()
    lab.electron = ElectronSettings()
    return lab


def test_deepfocus_leaves_the_optics_alone_over_empty_resin() -> None:
    lab = seeing(Lab.at())
    lab.fields = FakeFields(3)
    outcome = lab.correct(PairFocus(DeepFocus.load()))
    assert refused_and_restored(lab, outcome)
    assert outcome.end in (FocusEnd.NO_STRUCTURE, FocusEnd.UNCERTAIN)
    assert lab.fields.visited == [1, 2, 0]


def test_deepfocus_needs_structure_in_a_third_of_the_image_only() -> None:
    lab = seeing(Lab.at(Optics(IN_FOCUS.wd_um + 6.0, -0.5, 0.5)))
    lab.scanner = TissueScanner(lab.column)

    def blank(frame: Frame) -> Frame:
        image = frame.image.copy()
        image[:, 340:] = np.random.default_rng(len(lab.scanner.scanned)).poisson(100, image[:, 340:].shape)
        return replace(frame, image=image)

    lab.scanner.spoil = blank
    outcome = lab.correct(PairFocus(DeepFocus.load()))
    assert outcome.applied, outcome.reason
    assert in_focus(outcome.after, 1.0, 0.25)


# -- worse than before -----------------------------------------------------------------


@dataclass
class Misled(Oracle):
    """Calls far out what is in focus, and in focus what is far out."""

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        right = AberrationEstimate(self.lab.aberration_in_image(), 0.01 * np.eye(3))
        return replace(right, mean=right.mean - (12.0, 0.0, 0.0))


def test_a_correction_that_takes_detail_away_is_refused() -> None:
    lab = Lab.at(IN_FOCUS)
    lab.focus = FOCUS.model_copy(update={"width_px": 448, "height_px": 448})
    lab.scanner = TissueScanner(lab.column)
    outcome = lab.correct(PairFocus(Misled(lab)))
    assert not outcome.applied
    assert outcome.end is FocusEnd.WORSE
    assert lab.column.optics() == IN_FOCUS


# -- what an estimator sees ------------------------------------------------------------


@QUICK
@given(
    change_um=st.floats(-60, 60), gain=st.floats(0.5, 2.5), sd_um=st.floats(0, 100), error=st.floats(-1, 1)
)
def test_a_gain_is_learned_as_far_as_it_can_be_seen(
    change_um: float, gain: float, sd_um: float, error: float
) -> None:
    before = Gain(1.2, 0.2)
    seen = before.after(change_um, gain * change_um + error * sd_um, sd_um)
    assert 0.5 <= seen.mean <= 2.5
    assert seen.sd <= 0.3
    if abs(change_um) > 30 * (sd_um + 0.1):
        assert seen.mean == pytest.approx(gain, abs=0.1)
    if abs(change_um) < 0.03 * (sd_um + 0.1):
        assert seen.mean == pytest.approx(before.mean, abs=0.1)


# -- the stigmator frame ---------------------------------------------------------------

angles = st.floats(0.0, 360.0)
scales = st.floats(math.log(0.3), math.log(3.0)).map(math.exp)


@QUICK
@given(rotation_deg=angles, scan_rot_deg=angles, scale=scales)
def test_a_known_frame_behaves_as_home(rotation_deg: float, scan_rot_deg: float, scale: float) -> None:
    um_per_unit = 4.0 * scale
    start_units = 14.0 / um_per_unit
    lab = Lab.at(Optics(IN_FOCUS.wd_um + 10.0, -start_units, start_units), scan_rot_deg)
    lab.electron = replace_electron(stigmator_rotation_deg=rotation_deg, stigmator_um_per_unit=um_per_unit)
    lab.focus = FOCUS.model_copy(update={"limit_stig": 13.0})
    outcome = lab.correct(PairFocus(Oracle(lab, share=0.9)))
    assert outcome.applied, outcome.reason
    assert stages(outcome) == [FocusStage.FINE] * 3
    assert in_focus(outcome.after, stig=1.0 / um_per_unit)


@QUICK
@given(turn_deg=angles, scan_rot_deg=angles, scale=scales, share=st.floats(0.7, 1.3))
def test_an_unknown_frame_is_noticed_or_does_no_harm(
    turn_deg: float, scan_rot_deg: float, scale: float, share: float
) -> None:
    lab = Lab.at(scan_rot_deg=scan_rot_deg)
    frame = ELECTRON.stigmator_frame
    lab.truth = StigmatorFrame(frame.um_per_unit * scale, frame.rotation_deg + turn_deg)
    outcome = lab.correct(PairFocus(Oracle(lab, share=share)))
    if outcome.applied:
        assert in_focus(outcome.after, wd_um=1.5, stig=1.5 / lab.truth.um_per_unit)
    else:
        assert refused_and_restored(lab, outcome)


@pytest.mark.parametrize("scan_rot_deg", [0.0, 115.0])
@pytest.mark.parametrize(
    ("turn_deg", "scale"),
    [
        (15.0, 1.0),
        (30.0, 1.0),
        (45.0, 1.0),
        (90.0, 1.0),
        (-60.0, 1.0),
        (10.0, 1.0),
        (0.0, 0.3),
        (0.0, 0.5),
        (0.0, 0.6),
        (0.0, 1.45),
        (0.0, 3.0),
        (20.0, 2.0),
        (-35.0, 0.4),
    ],
)
def test_a_wrong_frame_is_refused_within_two_corrections_and_named(
    scan_rot_deg: float, turn_deg: float, scale: float
) -> None:
    lab = Lab.at(Optics(IN_FOCUS.wd_um + 10.0, -2.0 / scale, 2.0 / scale), scan_rot_deg)
    frame = ELECTRON.stigmator_frame
    lab.truth = StigmatorFrame(frame.um_per_unit * scale, frame.rotation_deg + turn_deg)
    outcome = lab.correct(PairFocus(Oracle(lab, share=0.9)), ScoreSearch(TrueScore(lab)))
    assert refused_and_restored(lab, outcome)
    assert outcome.end is FocusEnd.WRONG_STIGMATOR_FRAME
    assert len({i.optics for i in outcome.iterations}) <= 3, "no more than two corrections were made"
    assert "recalibrate the stigmator frame" in outcome.reason
    right_deg = (frame.rotation_deg + turn_deg + 90) % 180 - 90
    assert f"stigmator_rotation_deg = {right_deg:.0f} " in outcome.reason
    assert f"stigmator_um_per_unit = {3.0 * scale:.2g})" in outcome.reason


def test_images_that_a_correction_made_unreadable_raise_a_suspicion() -> None:
    lab = Lab.at(IN_FOCUS.shifted(wd_um=10.0, stig_x=-1.0, stig_y=1.0))
    lab.truth = StigmatorFrame(3.0 * ELECTRON.stigmator_um_per_unit, 115.0)
    outcome = lab.correct(PairFocus(Oracle(lab, share=1.0, reach=2.6)))
    assert refused_and_restored(lab, outcome)
    assert outcome.end is FocusEnd.UNCERTAIN
    assert "if this repeats, recalibrate the stigmator frame" in outcome.reason


@pytest.mark.parametrize("share", [0.69, 1.0, 1.44])
@pytest.mark.parametrize(("turn_deg", "scale"), [(0.0, 1.0), (7.0, 1.0), (0.0, 0.8), (0.0, 1.2)])
def test_a_frame_that_is_nearly_right_does_no_harm(share: float, turn_deg: float, scale: float) -> None:
    """Whatever the angle of convergence: its gain is seen in the working distance."""
    lab = Lab.at()
    frame = ELECTRON.stigmator_frame
    lab.truth = StigmatorFrame(frame.um_per_unit * scale, frame.rotation_deg + turn_deg)
    outcome = lab.correct(PairFocus(Oracle(lab, share=share, sd_um=0.05)))
    assert outcome.applied, outcome.reason
    assert in_focus(outcome.after)


def test_without_a_change_of_the_working_distance_an_angle_may_explain_a_weak_frame() -> None:
    lab = Lab.at(IN_FOCUS.shifted(stig_x=-3.0, stig_y=3.0))
    outcome = lab.correct(PairFocus(Oracle(lab, share=1.4, sd_um=0.05)))
    assert outcome.end is not FocusEnd.WRONG_STIGMATOR_FRAME, outcome.reason


def test_an_estimator_that_misjudges_the_angle_is_no_wrong_frame() -> None:
    """20 % off in the angle of convergence is 44 % in every answer."""
    lab = Lab.at()
    lab.focus = FOCUS.model_copy(update={"max_iterations": 8})
    for share in (0.64, 1.44, 1.9):
        outcome = lab.correct(PairFocus(Oracle(lab, share=share)))
        assert outcome.end in (FocusEnd.IN_FOCUS, FocusEnd.NO_CONVERGENCE), outcome.reason
        lab.column.set_optics(START)


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [StigmatorStep(-12 + 0j, -11 + 2j, 0.1)],
        [StigmatorStep(-1.5 + 0j, 1.5 + 0j, 0.1)],
        [StigmatorStep(-12 + 0j, 12 + 0j, 8.0)],
        [StigmatorStep(-12 + 0j, -4 + 0j, 0.1)],
        [StigmatorStep(-12 + 0j, -4 + 0j, 0.1), StigmatorStep(-8 + 0j, -7.5 + 0j, 0.1)],
        [
            StigmatorStep(*step, 0.1)
            for step in ((-12 + 0j, -12 + 0j), (-6 + 0j, -3 + 0j), (-4 + 0j, -2 + 0j))
        ],
        [StigmatorStep(*step, 0.1, Gain(1.0, 0.4)) for step in ((-12 + 0j, -8 + 0j), (-4 + 0j, -2.7 + 0j))],
    ],
    ids=[
        "none",
        "as expected",
        "too small",
        "too uncertain",
        "slow once",
        "slow once and then right",
        "right once and then slow",
        "slow for an unknown gain",
    ],
)
def test_what_is_not_certain_is_no_mismatch(steps: list[StigmatorStep]) -> None:
    assert frame_mismatch(steps) is None
