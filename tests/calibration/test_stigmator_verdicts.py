"""The convergence angle from known working distances, and what is said of a frame: without any image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.stigmators.beam_angle import BeamAngle, Seen, find_angle, stretch_of
from calibration.stigmators.fit import FittedFrame, fit_frame, fit_response
from calibration.stigmators.outcome import outcome
from calibration.stigmators.series import STAR, Measured
from calibration.stigmators.verdict import bend, verdict_on
from hardware.optics import StigmatorFrame
from hardware.types import Optics
from scopeacq.engine.imaging import lens_shift_um
from scopeacq.plan.instrument import ElectronSettings

Floats = NDArray[np.float64]

FRAME = StigmatorFrame(4.0, 30.0)
OFFSETS = np.array(STAR)
TRUE_ANGLE = BeamAngle(8.9, 0.1, 1.0, 0.02, (Seen(4496.0, -4.0, 0.1), Seen(4504.0, 4.0, 0.1)))
SD_UM = 0.05


def stretched(true_mrad: float, assumed_mrad: float, power: float = 2.0) -> list[Seen]:
    factor = (true_mrad / assumed_mrad) ** power
    return [Seen(4500.0 + um, factor * (um - 0.3), 0.05) for um in (-4.0, -2.0, 0.0, 2.0, 4.0)]


@given(st.floats(5.0, 15.0), st.floats(1.2, 2.2))
def test_the_angle_is_found_at_which_answers_are_true(true_mrad: float, power: float) -> None:
    found = find_angle(lambda assumed_mrad: stretched(true_mrad, assumed_mrad, power), 8.9)
    assert found.settled
    assert found.convergence_mrad == pytest.approx(true_mrad, rel=0.005)


def test_answers_that_stretch_with_every_angle_are_no_angle() -> None:
    found = find_angle(lambda assumed_mrad: stretched(12.0, 8.9), 8.9)
    assert not found.settled
    assert "stretch by 1.82" in verdict_on(OFFSETS, fitted(), found).reasons[0]


@pytest.mark.parametrize("wds_um", [(-4.0, 4.0), (1.0, 1.0, 1.0)])
def test_too_few_working_distances_are_refused(wds_um: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="too few"):
        stretch_of([Seen(um, um, 0.1) for um in wds_um])


def fitted(astig_um: Floats | None = None, offsets: Floats = OFFSETS, sd_um: float = SD_UM) -> FittedFrame:
    """The fit to a frame that acts as it should, or to what was seen otherwise."""
    noise = np.random.default_rng(0).normal(0.0, SD_UM, offsets.shape)
    seen_um = offsets @ FRAME.matrix_um(0.0).T + noise if astig_um is None else astig_um
    return fit_frame(offsets, seen_um, np.broadcast_to(sd_um**2 * np.eye(2), (len(offsets), 2, 2)), 0.0)


def reasons(frame: FittedFrame, offsets: Floats = OFFSETS) -> str:
    verdict = verdict_on(offsets, frame, TRUE_ANGLE)
    assert not verdict.good
    return " ".join(verdict.reasons)


def test_a_frame_that_fits_is_good_and_says_how_well_it_is_known() -> None:
    verdict = verdict_on(OFFSETS, fitted(), TRUE_ANGLE)
    assert verdict.good
    assert "known to 0.5 %" in verdict.reasons[0]


def test_too_few_pairs_are_said() -> None:
    few = OFFSETS[:7]
    assert "Only 7 pairs" in reasons(fitted(offsets=few), few)


def test_pairs_that_contradict_the_others_are_said() -> None:
    astig_um = OFFSETS @ FRAME.matrix_um(0.0).T
    astig_um[[1, 4, 6, 9]] += np.array([(9.0, 3.0), (-8.0, 5.0), (7.0, -9.0), (-9.0, -9.0)])
    assert "4 of 14 pairs contradict" in reasons(fitted(astig_um))


def test_pairs_that_scatter_more_than_stated_are_said() -> None:
    assert "scatter" in reasons(fitted(sd_um=0.005))


def test_stigmators_that_saturate_are_said() -> None:
    said_um = OFFSETS @ FRAME.matrix_um(0.0).T
    sizes = np.hypot(*said_um.T)[:, None]
    frame = fitted(said_um * (1 - 0.12 * sizes), sd_um=0.3)
    assert bend(OFFSETS, frame) == pytest.approx(-0.2, abs=0.1)
    assert "Large offsets act -" in reasons(frame)


def test_a_frame_that_is_hardly_known_is_said() -> None:
    assert "richer in structure" in reasons(fitted(sd_um=1.0))


def test_the_result_names_values_of_the_profile_and_shows_what_the_fit_leaves() -> None:
    shift = fit_response(
        OFFSETS, 0.1 * OFFSETS[:, ::-1], np.broadcast_to(np.eye(2) * 1e-4, (len(OFFSETS), 2, 2))
    )
    angle = find_angle(lambda assumed_mrad: stretched(9.5, assumed_mrad), 8.9)
    measured = Measured(Optics(4500.0, 0.4, -0.3), OFFSETS, fitted(), angle, OFFSETS, shift)
    before = ElectronSettings(stigmator_rotation_deg=200.0)
    result = outcome(measured, before)
    values = {v.key.removeprefix("electron."): v.value for v in result.values}
    after = ElectronSettings.model_validate(before.model_dump() | values)
    assert after.stigmator_frame.matrix_um(0.0) == pytest.approx(FRAME.matrix_um(0.0), abs=0.1)
    assert after.stigmator_rotation_deg == pytest.approx(30.0, abs=0.5), (
        "the axis at 200 degrees is that at 20"
    )
    assert after.convergence_mrad == pytest.approx(9.5, rel=0.01)
    moved = lens_shift_um(after, 0.0, stig_x=1.0, stig_y=2.0)
    assert moved == pytest.approx((0.2, 0.1)), "as the program counts with it"
    assert result.conditions.wd_um == 4500.0
    assert [row.what for row in result.comparison][:3] == [
        "Stigmator x",
        "Stigmator y",
        "Astigmatism left by one correction",
    ]
    assert len(result.residuals) == 3


def test_a_shift_that_could_not_be_registered_leaves_what_is_known() -> None:
    measured = Measured(Optics(4500.0, 0.4, -0.3), OFFSETS, fitted(), TRUE_ANGLE, np.zeros((0, 2)), None)
    result = outcome(measured, ElectronSettings())
    assert not [v for v in result.values if "shift" in v.key]
    assert result.comparison[-1].after == "could not be registered"
