from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.errors import Deadline, HardwareError, Interlocked
from hardware.types import Frame, Optics, Range
from models.estimate import PairCondition
from scopeacq.focus.autofocus import correct_focus
from scopeacq.focus.focus_methods import PairFocus, VendorFocus
from scopeacq.focus.focus_pairs import common_field, pair_shift_px
from scopeacq.focus.score_search import ScoreSearch
from scopeacq.journal.records import FocusStage
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings
from tests.scopeacq.column_fakes import IN_FOCUS, times_out
from tests.scopeacq.focus_lab import (
    ELECTRON,
    FOCUS,
    START,
    Lab,
    Oracle,
    TrueScore,
    in_focus,
    refused_and_restored,
)


@pytest.mark.parametrize("scan_rot_deg", [0.0, 30.0, 90.0, 200.0])
def test_pairs_converge_at_any_scan_rotation(scan_rot_deg: float) -> None:
    lab = Lab.at(scan_rot_deg=scan_rot_deg)
    outcome = lab.correct(PairFocus(Oracle(lab)))
    assert outcome.applied
    assert in_focus(outcome.after)
    assert lab.column.optics() == outcome.after
    assert outcome.before == START
    assert lab.column.state().blanked


def test_the_trace_and_the_dose_are_complete() -> None:
    lab = Lab.at()
    oracle = Oracle(lab)
    outcome = lab.correct(PairFocus(oracle))
    n = len(outcome.iterations)
    assert 2 <= n <= FOCUS.max_iterations
    assert outcome.iterations[0].optics == START
    assert outcome.iterations[0].correction_wd_um == pytest.approx(-8.0)
    assert outcome.iterations[0].sd_stig_x == pytest.approx(0.1 / 3.0)
    one = FOCUS.frame(0.0).electron_dose_per_nm2(ELECTRON.probe_current_na)
    assert outcome.electron_dose_per_nm2 == pytest.approx(2 * n * one)
    assert oracle.condition == PairCondition(10.0, 5.0, 8.9, one)


def test_the_first_image_of_a_pair_is_overfocused() -> None:
    lab = Lab.at()
    lab.correct(PairFocus(Oracle(lab)))
    assert [o.wd_um - START.wd_um for o in lab.scanner.scanned[:2]] == [5.0, -5.0]


REFUSALS: dict[str, tuple[FocusSettings, float, float]] = {
    "too uncertain": (FOCUS, 0.8, 5.0),
    "beyond the limit of 7 um": (FOCUS.model_copy(update={"limit_wd_um": 7.0}), 0.8, 0.1),
    "stigmator x would change": (FOCUS.model_copy(update={"limit_stig": 2.0}), 0.8, 0.1),
    "not a number": (FOCUS, math.nan, 0.1),
    "no convergence within 2": (FOCUS.model_copy(update={"max_iterations": 2}), 0.8, 0.1),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_a_refused_correction_restores_the_optics_and_keeps_the_images(why: str) -> None:
    lab = Lab.at()
    lab.focus, share, sd_um = REFUSALS[why]
    outcome = lab.correct(PairFocus(Oracle(lab, share, sd_um)))
    assert refused_and_restored(lab, outcome)
    assert why in outcome.reason
    assert len(outcome.images) == 2
    assert outcome.trouble is None


def test_a_far_estimate_may_be_less_certain_than_a_near_one() -> None:
    lab = Lab.at()
    outcome = lab.correct(PairFocus(Oracle(lab, share=0.8, sd_um=1.5)))
    assert not outcome.applied, "near focus 1.5 um is too uncertain"
    assert [i.stage for i in outcome.iterations] == [FocusStage.FINE, FocusStage.FINE, FocusStage.COARSE], (
        "far from focus it is not"
    )


def test_the_next_method_is_asked_after_a_refusal() -> None:
    lab = Lab.at()
    lab.focus = FOCUS.model_copy(update={"search_images": 200})
    outcome = lab.correct(PairFocus(Oracle(lab, sd_um=50.0)), ScoreSearch(TrueScore(lab)))
    assert outcome.applied
    assert in_focus(outcome.after, 1.5, 0.4)
    assert [i.estimator for i in outcome.iterations] == ["oracle", "oracle", "score"]
    assert "too uncertain" in outcome.reason


def test_a_search_without_success_is_refused() -> None:
    lab = Lab.at()
    lab.focus = FOCUS.model_copy(update={"search_images": 6})
    outcome = lab.correct(ScoreSearch(TrueScore(lab)))
    assert refused_and_restored(lab, outcome)
    assert len(lab.scanner.scanned) == 6
    assert "best score of 6 images" in outcome.reason


def test_a_search_without_any_texture_is_refused_soon() -> None:
    lab = Lab.at()
    outcome = lab.correct(ScoreSearch(TrueScore(lab, blind_beyond_um=-1.0)))
    assert refused_and_restored(lab, outcome)
    assert "has texture" in outcome.reason
    assert len(lab.scanner.scanned) < FOCUS.search_images / 2


def test_a_search_gets_out_of_a_blur_that_cannot_be_scored() -> None:
    lab = Lab.at()
    lab.focus = FOCUS.model_copy(update={"search_images": 200})
    assert lab.correct(ScoreSearch(TrueScore(lab, blind_beyond_um=19.0))).applied


def test_optics_stay_inside_what_the_column_allows() -> None:
    lab = Lab.at()
    lab.column.wd_limits_um = Range(4485.0, 4512.0)
    outcome = lab.correct(PairFocus(Oracle(lab)))
    assert outcome.applied
    assert all(o.wd_um in lab.column.wd_limits_um for o in lab.scanner.scanned)


# -- what goes wrong -------------------------------------------------------------------


def test_a_hardware_error_is_a_refusal_that_says_so() -> None:
    lab = Lab.at()
    lab.scanner.during = lambda: times_out() if len(lab.scanner.scanned) == 3 else None
    outcome = lab.correct(PairFocus(Oracle(lab)), ScoreSearch(TrueScore(lab)))
    assert refused_and_restored(lab, outcome)
    assert isinstance(outcome.trouble, Deadline)
    assert "no frame after 10 s" in outcome.reason
    one = FOCUS.frame(0.0).electron_dose_per_nm2(ELECTRON.probe_current_na)
    assert outcome.electron_dose_per_nm2 == pytest.approx(4 * one), "the failed frame counts as well"
    assert len(outcome.iterations) == 1


def test_a_lost_beam_is_no_estimate() -> None:
    lab = Lab.at()
    lab.scanner.during = lambda: lab.column.set_eht(False)
    outcome = lab.correct(PairFocus(Oracle(lab)))
    assert isinstance(outcome.trouble, Interlocked)
    assert refused_and_restored(lab, outcome)


@pytest.mark.parametrize("fault", [ValueError("bug"), KeyboardInterrupt()])
def test_any_exception_restores_the_optics(fault: BaseException) -> None:
    lab = Lab.at()

    def fail() -> None:
        raise fault

    lab.scanner.during = fail
    with pytest.raises(type(fault)):
        lab.correct(PairFocus(Oracle(lab)))
    assert lab.column.optics() == START
    assert lab.column.state().blanked


def test_optics_that_cannot_be_restored_are_an_error() -> None:
    lab = Lab.at()
    bench = lab.bench()

    def lens_dies() -> None:
        def refuse(optics: Optics) -> None:
            raise HardwareError("electron column", "the lens does not answer")

        lab.column.set_optics = refuse  # type: ignore[method-assign]

    lab.scanner.during = lens_dies
    with pytest.raises(HardwareError, match="lens"):
        correct_focus(bench, [PairFocus(Oracle(lab))])


# -- the vendor's routine --------------------------------------------------------------


@dataclass
class Vendor:
    """A vendor's routine that needs the beam, and finds what a test wants."""

    lab: Lab
    found: Optics = IN_FOCUS

    def run_autofocus(self) -> Optics:
        assert not self.lab.column.state().blanked
        self.lab.column.set_optics(self.found)
        return self.found


def test_the_vendors_routine_runs_with_the_beam_on_and_is_held_to_the_limits() -> None:
    lab = Lab.at()
    good = lab.correct(VendorFocus(Vendor(lab)))
    assert good.applied
    assert good.after == IN_FOCUS
    assert good.electron_dose_per_nm2 > 0
    lab = Lab.at()
    wild = lab.correct(VendorFocus(Vendor(lab, START.shifted(wd_um=100.0))))
    assert refused_and_restored(lab, wild)


# -- the pair's geometry ---------------------------------------------------------------


@pytest.mark.parametrize("scan_rot_deg", [0.0, 90.0, 200.0])
def test_both_images_of_a_pair_show_the_same_place(scan_rot_deg: float) -> None:
    """The lens moves the field of view; pixels that show one lab point are brought together."""
    electron = ElectronSettings(image_shift_x_um_per_um=0.01, image_shift_y_um_per_um=-0.03)
    frame = replace(FOCUS.frame(scan_rot_deg), width_px=200, height_px=160)
    angle = math.radians(scan_rot_deg)
    rows, columns = np.mgrid[0:160, 0:200]
    lab = (columns + 1j * -rows) * 10.0 * np.exp(1j * angle)  # nm, x + iy
    plus, minus = (np.rint(lab + sign * 5.0 * (10 - 30j)) for sign in (1, -1))
    left, right = common_field(plus, minus, pair_shift_px(electron, frame, 5.0))
    assert left.shape == right.shape
    assert np.abs(left - right).max() <= 15.0, "within about a pixel of 10 nm"


def spoil_with(image: NDArray[np.uint8]) -> Callable[[Frame], Frame]:
    return lambda frame: replace(frame, image=image)


def test_a_bad_frame_ends_the_correction() -> None:
    lab = Lab.at()
    lab.scanner.spoil = spoil_with(np.zeros((48, 64), dtype=np.uint8))
    outcome = lab.correct(PairFocus(Oracle(lab)))
    assert refused_and_restored(lab, outcome)
    assert "constant" in outcome.reason
