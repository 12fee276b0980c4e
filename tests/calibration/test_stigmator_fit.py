"""The frame of the stigmators is found from what is seen of their offsets, whatever it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.stigmators.fit import fit_frame, fit_response
from hardware.optics import StigmatorFrame, half_turn_deg

Floats = NDArray[np.float64]

FRAMES = st.builds(
    StigmatorFrame, st.floats(1.0, 12.0), st.floats(0, 360), st.floats(0.5, 2.0), st.floats(-30, 30)
)
ANGLE = st.floats(-360, 360)
SD_UM = 0.2
STAR = np.array([(0, 0), (2, 0), (-2, 0), (0, 2), (0, -2), (1, 1), (-1, -1), (1, -1), (-1, 1), (0, 0)])


def seen(frame: StigmatorFrame, offsets: Floats, scan_rot_deg: float, seed: int) -> Floats:
    noise = np.random.default_rng(seed).normal(0.0, SD_UM, offsets.shape)
    return np.asarray(offsets @ frame.matrix_um(scan_rot_deg).T + (0.7, -0.4) + noise)


def sure(count: int, sd_um: float = SD_UM) -> Floats:
    return np.broadcast_to(sd_um**2 * np.eye(2), (count, 2, 2))


@given(FRAMES, ANGLE)
def test_what_is_seen_without_noise_tells_the_frame(frame: StigmatorFrame, scan_rot_deg: float) -> None:
    astig_um = STAR @ frame.matrix_um(scan_rot_deg).T + (0.7, -0.4)
    found = fit_frame(STAR, astig_um, sure(len(STAR)), scan_rot_deg)
    assert found.frame.um_per_unit == pytest.approx(frame.um_per_unit)
    assert found.frame.y_ratio == pytest.approx(frame.y_ratio)
    assert half_turn_deg(found.frame.rotation_deg - frame.rotation_deg) == pytest.approx(0.0, abs=1e-5)
    assert found.frame.skew_deg == pytest.approx(frame.skew_deg, abs=1e-5)
    assert found.response.constants[0] == pytest.approx((0.7, -0.4))


def test_stated_deviations_are_those_that_there_are() -> None:
    frame, deviations = StigmatorFrame(4.0, 70.0, 1.2, 5.0), []
    for seed in range(300):
        found = fit_frame(STAR, seen(frame, STAR, 30.0, seed), sure(len(STAR)), 30.0)
        off = (
            found.frame.um_per_unit - frame.um_per_unit,
            half_turn_deg(found.frame.rotation_deg - frame.rotation_deg),
            found.frame.y_ratio - frame.y_ratio,
            found.frame.skew_deg - frame.skew_deg,
        )
        sds = found.sd_um_per_unit, found.sd_rotation_deg, found.sd_y_ratio, found.sd_skew_deg
        deviations.append(np.divide(off, sds))
    assert np.std(deviations, axis=0) == pytest.approx(1.0, abs=0.3)
    assert np.mean(deviations, axis=0) == pytest.approx(0.0, abs=0.2)


def test_a_measurement_that_is_far_off_has_no_part_in_it() -> None:
    frame = StigmatorFrame(4.0, 70.0)
    astig_um = seen(frame, STAR, 0.0, seed=1)
    astig_um[3] += 15.0
    found = fit_frame(STAR, astig_um, sure(len(STAR)), 0.0)
    assert found.response.left_out == {3}
    assert found.frame.um_per_unit == pytest.approx(4.0, abs=0.2)


def test_what_is_stated_too_small_is_widened() -> None:
    astig_um = seen(StigmatorFrame(4.0, 70.0), STAR, 0.0, seed=2)
    honest, bold = (fit_frame(STAR, astig_um, sure(len(STAR), sd_um), 0.0) for sd_um in (SD_UM, 0.02))
    assert bold.response.spread > 5.0
    assert bold.sd_um_per_unit == pytest.approx(honest.sd_um_per_unit, rel=0.7)


def test_places_of_their_own_astigmatism_are_fitted_together() -> None:
    frame = StigmatorFrame(2.0, 15.0)
    offsets, places = np.concatenate([STAR, STAR]), np.repeat([0, 1], len(STAR))
    own_um = np.array([(3.0, 0.0), (-4.0, 1.0)])[places]
    astig_um = offsets @ frame.matrix_um(0.0).T + own_um
    found = fit_frame(offsets, astig_um, sure(len(offsets)), 0.0, places)
    assert found.frame.um_per_unit == pytest.approx(2.0)
    assert found.response.constants == pytest.approx(np.array([(3.0, 0.0), (-4.0, 1.0)]))


@pytest.mark.parametrize("offsets", [STAR[:3], np.outer(np.arange(6), (1.0, 0.5))])
def test_offsets_that_do_not_tell_both_stigmators_are_refused(offsets: Floats) -> None:
    with pytest.raises(ValueError, match="too few or lie in one direction"):
        fit_response(offsets, np.zeros(offsets.shape), sure(len(offsets)))
