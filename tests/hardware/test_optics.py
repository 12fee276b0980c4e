"""The optics as formulas: special functions, probe, stigmator frames."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st

from hardware.optics import (
    StigmatorFrame,
    aberration_floor_um,
    astigmatism_in_image,
    bessel_j0,
    bessel_j1,
    jinc,
    least_blur_um,
    probe_otf,
    rings,
    rotate_astigmatism,
    stigmators_of,
)

Function = Callable[..., np.ndarray]
STIGMATION = st.floats(-15, 15)
ANGLE = st.floats(-360, 360)
FRAMES = st.builds(StigmatorFrame, st.floats(0.5, 10), ANGLE)
SKEWED = st.builds(StigmatorFrame, st.floats(0.5, 10), ANGLE, st.floats(0.2, 5), st.floats(-41, 41))


@pytest.mark.parametrize(("ours", "theirs"), [(bessel_j0, scipy.special.j0), (bessel_j1, scipy.special.j1)])
def test_bessel_functions_match_scipy(ours: Function, theirs: Function) -> None:
    x = np.concatenate([np.linspace(0, 6, 4001), np.linspace(6, 500, 20001)])
    np.testing.assert_allclose(ours(x, np), theirs(x), atol=2e-7)


def test_jinc_is_one_at_zero_and_smooth() -> None:
    u = np.array([0.0, 1e-6, 1e-4, 2e-4, 1e-2, 1.0])
    np.testing.assert_allclose(jinc(u, np), [1, 1, 1, 1, 1 - 1e-4 / 8, 2 * scipy.special.j1(1)], atol=1e-7)


def _frequencies() -> tuple[np.ndarray, np.ndarray]:
    k = 2 * np.pi * np.fft.fftfreq(48, 0.01)
    return k[None, :], k[:, None]


@pytest.mark.parametrize("spherical_um", [0.0, 0.7])
def test_numpy_and_torch_agree(spherical_um: float) -> None:
    kx, ky = _frequencies()
    z, ax, ay = np.random.default_rng(0).uniform(-10, 10, (3, 5, 1, 1))
    arrays = {
        "kx": kx,
        "ky": ky,
        "defocus_um": z,
        "astig_x_um": ax,
        "astig_y_um": ay,
        "alpha_rad": np.full((1, 1, 1), 8.9e-3),
        "floor_um": np.full((1, 1, 1), 4.5e-3),
    }
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    ours = probe_otf(**arrays, xp=np, spherical_um=spherical_um)
    theirs = probe_otf(**tensors, xp=torch, spherical_um=spherical_um)
    assert ours.shape == (5, 48, 48)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


@given(st.floats(-20, 20), st.floats(-8, 8), st.floats(-8, 8))
def test_a_state_and_its_negative_have_the_same_probe(z: float, ax: float, ay: float) -> None:
    kx, ky = _frequencies()
    plus = probe_otf(kx, ky, z, ax, ay, 8.9e-3, 4.5e-3, np)
    minus = probe_otf(kx, ky, -z, -ax, -ay, 8.9e-3, 4.5e-3, np)
    np.testing.assert_allclose(plus, minus, atol=1e-12)
    assert np.abs(plus).max() == pytest.approx(1.0)


def test_spherical_aberration_tells_over_from_underfocus() -> None:
    kx, ky = _frequencies()
    plus, minus = (probe_otf(kx, ky, z, 0.0, 0.0, 8.9e-3, 4.5e-3, np, 3.0) for z in (5.0, -5.0))
    assert np.abs(plus - minus).max() > 0.1


def test_vanishing_spherical_aberration_is_none() -> None:
    kx, ky = _frequencies()
    none = probe_otf(kx, ky, 5.0, 1.0, -2.0, 8.9e-3, 4.5e-3, np)
    little = probe_otf(kx, ky, 5.0, 1.0, -2.0, 8.9e-3, 4.5e-3, np, 1e-9)
    np.testing.assert_allclose(none, little, atol=2e-6)


FILLINGS = [(0.0, 0.0), (0.5, 0.0), (0.0, 2.0), (0.4, 1.0), (0.0, math.inf)]


@pytest.mark.parametrize(("inner", "falloff"), FILLINGS)
def test_every_filling_has_the_same_size_and_symmetry(inner: float, falloff: float) -> None:
    """``alpha`` is the angle of the disk of the same rms angle: the curvature at k = 0 is u^2/8."""
    k = np.array([[0.0, 1.0, 2.0]])
    filled = probe_otf(k, 0 * k, 5.0, 0.0, 0.0, 8.9e-3, 0.0, np, inner=inner, falloff=falloff)
    np.testing.assert_allclose(1 - filled, (8.9e-3 * 5.0 * k) ** 2 / 8, atol=1e-6)
    kx, ky = _frequencies()
    plus, minus = (
        probe_otf(kx, ky, 7.0 * n, -3.0 * n, 2.0 * n, 8.9e-3, 4.5e-3, np, inner=inner, falloff=falloff)
        for n in (1, -1)
    )
    np.testing.assert_allclose(plus, minus, atol=1e-12)


@pytest.mark.parametrize(("inner", "falloff", "spherical_um"), [(0.6, 0.0, 0.0), (0.3, 1.5, -2.0)])
def test_a_filling_is_the_mean_over_its_rings(inner: float, falloff: float, spherical_um: float) -> None:
    """Against many rings of equal area, far out of focus, where the probe oscillates most."""
    k = np.linspace(0.0, 440.0, 200)[None, :]
    ours = probe_otf(k, 0 * k, 40.0, 3.0, 0.0, 8.9e-3, 0.0, np, spherical_um, inner, falloff)[0]
    area = inner**2 + (1 - inner**2) * (np.arange(4000)[:, None] + 0.5) / 4000
    weight = np.exp(-falloff * area)
    marginal = 8.9e-3 * math.sqrt(0.5 * weight.sum() / (weight * area).sum())
    u = marginal * np.sqrt(area) * k * np.abs(43.0 + spherical_um * area)
    np.testing.assert_allclose(ours, (weight * scipy.special.j0(u)).sum(0) / weight.sum(), atol=1e-5)


def test_a_thin_hole_and_a_slight_falloff_are_the_disk_and_a_steep_falloff_is_a_gaussian() -> None:
    kx, ky = _frequencies()

    def seen(**filling: float) -> np.ndarray:
        return probe_otf(kx, ky, 5.0, 1.0, -2.0, 8.9e-3, 4.5e-3, np, **filling)

    np.testing.assert_allclose(seen(inner=1e-4), seen(), atol=1e-6)
    np.testing.assert_allclose(seen(falloff=1e-6), seen(), atol=1e-5)
    np.testing.assert_allclose(seen(falloff=25.0), seen(falloff=math.inf), atol=1e-6)
    assert np.abs(seen(falloff=math.inf) - seen()).max() > 0.05


def test_least_blur_lies_where_the_rays_spread_least() -> None:
    assert least_blur_um(3.0) == pytest.approx(-2.0)
    area, weight = rings(0.4, 1.0, 200)
    spread = [float((weight * area * (z + 2.0 * area) ** 2).sum()) for z in np.linspace(-3, 0, 3001)]
    assert least_blur_um(2.0, 0.4, 1.0) == pytest.approx(-3 + 1e-3 * int(np.argmin(spread)), abs=1e-3)


@given(STIGMATION, STIGMATION, FRAMES, ANGLE)
def test_stigmators_and_astigmatism_are_inverse(
    x: float, y: float, frame: StigmatorFrame, scan_rot_deg: float
) -> None:
    there = astigmatism_in_image(x, y, frame, scan_rot_deg)
    assert math.hypot(*there) == pytest.approx(frame.um_per_unit * math.hypot(x, y), abs=1e-9)
    assert stigmators_of(*there, frame, scan_rot_deg) == pytest.approx((x, y), abs=1e-9)


@given(STIGMATION, STIGMATION, SKEWED, ANGLE)
def test_stigmators_of_their_own_strength_and_axes_lead_there_and_back(
    x: float, y: float, frame: StigmatorFrame, scan_rot_deg: float
) -> None:
    there = astigmatism_in_image(x, y, frame, scan_rot_deg)
    assert stigmators_of(*there, frame, scan_rot_deg) == pytest.approx((x, y), abs=1e-8)
    again = StigmatorFrame.of_matrix(frame.matrix_um(scan_rot_deg), scan_rot_deg)
    assert astigmatism_in_image(x, y, again, 0.0) == pytest.approx(
        astigmatism_in_image(x, y, frame, 0.0), abs=1e-8
    )


def test_each_stigmator_acts_as_strongly_and_in_the_axes_that_the_frame_says() -> None:
    alike, own = StigmatorFrame(4.0, 20.0), StigmatorFrame(4.0, 20.0, y_ratio=0.5, skew_deg=10.0)
    assert astigmatism_in_image(1.0, 0.0, own, 0.0) == astigmatism_in_image(1.0, 0.0, alike, 0.0)
    x_um, y_um = astigmatism_in_image(0.0, 1.0, own, 0.0)
    assert math.hypot(x_um, y_um) == pytest.approx(2.0)
    turned = StigmatorFrame(4.0, 30.0)
    assert (2 * x_um, 2 * y_um) == pytest.approx(astigmatism_in_image(0.0, 1.0, turned, 0.0))


@pytest.mark.parametrize("skew_deg", [45.0, -44.0, 135.0])
def test_stigmators_that_do_the_same_are_refused(skew_deg: float) -> None:
    with pytest.raises(ValueError, match="would not act independently"):
        StigmatorFrame(4.0, 0.0, 1.0, skew_deg)
    with pytest.raises(ValueError, match="would not act independently"):
        StigmatorFrame.of_matrix(np.ones((2, 2)), 0.0)


@given(STIGMATION, STIGMATION, SKEWED, ANGLE, ANGLE)
def test_astigmatism_turns_by_twice_the_scan_rotation(
    x: float, y: float, frame: StigmatorFrame, scan_rot_deg: float, turn_deg: float
) -> None:
    before = complex(*astigmatism_in_image(x, y, frame, scan_rot_deg))
    after = complex(*astigmatism_in_image(x, y, frame, scan_rot_deg + turn_deg))
    # the scan turns counter-clockwise, so the image turns clockwise on the screen: with rows down,
    # clockwise is from x to y, a positive angle
    twice = complex(math.cos(2 * math.radians(turn_deg)), math.sin(2 * math.radians(turn_deg)))
    assert after == pytest.approx(before * twice, abs=1e-8)


@given(STIGMATION, STIGMATION, ANGLE)
def test_turning_the_axes_by_half_a_turn_changes_nothing(x: float, y: float, angle_deg: float) -> None:
    assert rotate_astigmatism(x, y, angle_deg + 180) == pytest.approx(
        rotate_astigmatism(x, y, angle_deg), abs=1e-9
    )


def test_floor_adds_spherical_diffraction_and_chromatic_disks() -> None:
    """At 1.5 kV and 8.9 mrad diffraction alone is 0.61 * 0.0317 nm / 8.9e-3 = 2.2 nm wide."""
    diffraction_only = aberration_floor_um(1.5, 8.9e-3, cs_mm=0.0, cc_mm=0.0, energy_spread_ev=0.0)
    assert 4e3 * diffraction_only == pytest.approx(2.17, abs=0.02)
    chromatic = aberration_floor_um(1.5, 8.9e-3, cs_mm=0.0, cc_mm=2.0, energy_spread_ev=0.6)
    assert 4e3 * math.sqrt(chromatic**2 - diffraction_only**2) == pytest.approx(7.12, abs=0.01)
    spherical = aberration_floor_um(1.5, 8.9e-3, cs_mm=2.0, cc_mm=0.0, energy_spread_ev=0.0)
    assert 4e3 * math.sqrt(spherical**2 - diffraction_only**2) == pytest.approx(0.705, abs=0.005)
