"""The images that focus is judged on, and what the electrons in them allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.focus.bound import bound_um
from benchmarks.focus.machine import Machine, Specimen, expose
from benchmarks.focus.textures import RadialDensity, radial_density
from benchmarks.focus.trials import Trial, take_pair
from hardware.types import FrameSettings
from tests.benchmarks.focus_fakes import Grain, setup, start

FRAME = FrameSettings(320, 256, 10.0, 50.0)


@pytest.fixture(scope="module")
def specimen() -> Specimen:
    return Specimen.of(Grain().tile(np.random.default_rng(5)))


def test_opposite_aberrations_blur_alike_unless_the_lens_is_spherical(specimen: Specimen) -> None:
    state = np.array([6.0, 2.0, -3.0])
    one, other = (specimen.blurred(Machine(), sign * state) for sign in (1, -1))
    np.testing.assert_allclose(one, other, atol=1e-4)
    spherical = Machine(spherical_um=3.0)
    one, other = (specimen.blurred(spherical, sign * state) for sign in (1, -1))
    assert np.abs(one - other).max() > 0.01


def test_images_follow_the_seed_and_the_dose(specimen: Specimen) -> None:
    trial = Trial(specimen, setup(np.random.default_rng(0)), start(np.random.default_rng(0)), 3, "grain")
    (plus, minus), condition = take_pair(trial)
    (again, _), _ = take_pair(trial)
    (other, _), _ = take_pair(replace(trial, seed=4))
    assert plus.shape == minus.shape == (256, 320)
    assert condition.dose_per_nm2 == pytest.approx(1.7e-9 * 50e-9 / 1.602e-19 / 100, rel=1e-3)
    np.testing.assert_array_equal(plus, again)
    assert (plus != other).any()


@pytest.mark.parametrize(
    "machine",
    [
        Machine(tilt_um=4.0),
        Machine(charging=0.5),
        Machine(vignetting=0.5),
        Machine(shear_px=20.0),
        Machine(inner=0.8),
    ],
)
def test_what_a_machine_does_is_seen(specimen: Specimen, machine: Machine) -> None:
    aberration_um = np.array([9.0, 0.0, 0.0])
    plain, odd = (
        expose(specimen, m, replace(FRAME, dwell_ns=1e5), aberration_um, np.random.default_rng(1))
        for m in (Machine(), machine)
    )
    assert np.abs(plain.astype(float) - odd.astype(float)).mean() > 1.0


def test_a_slow_detector_smears_noise_along_rows(specimen: Specimen) -> None:
    def likeness(machine: Machine) -> float:
        image = expose(specimen, machine, FRAME, np.array([40.0, 0.0, 0.0]), np.random.default_rng(1))
        noise = image - image.mean()
        return float((noise[:, 1:] * noise[:, :-1]).mean() / noise.var())

    assert likeness(Machine(lag_ns=60.0)) > likeness(Machine()) + 0.2


def test_a_tilted_tile_is_in_focus_in_its_middle_only(specimen: Specimen) -> None:
    tilted, flat = (
        expose(specimen, m, replace(FRAME, dwell_ns=1e6), np.zeros(3), np.random.default_rng(1)).astype(
            float
        )
        for m in (Machine(tilt_um=20.0, shift_px=0.0), Machine(shift_px=0.0))
    )
    off = np.abs(tilted - flat).mean(axis=0)
    assert off[:20].mean() > 4 * off[158:162].mean()


@pytest.mark.parametrize(
    ("aberration_um", "least_um"), [((0, 0, 0), 0.02), ((10, -12, 12), 0.1), ((30, -24, 24), 0.2)]
)
def test_the_bound_is_that_of_the_measurements(
    aberration_um: tuple[float, float, float], least_um: float
) -> None:
    """For tissue at 50 ns: 0.018, 0.098, 0.225 um with the spectrum of another tissue."""
    k = np.linspace(1e-3, 0.75, 200)
    tissue = RadialDensity(k, 1 / (k**2 + 0.01**2) ** 1.1)
    mean = tissue.on_grid((512, 512))[:, :256].mean()
    density = RadialDensity(k, tissue.density / mean)
    sd_um = bound_um(density, (512, 512), Machine(), 50.0, np.array(aberration_um, float), 5.0)
    assert 0.5 * least_um < sd_um[0] < 2 * least_um


def test_the_bound_falls_with_the_area_and_the_dose(specimen: Specimen) -> None:
    density = radial_density(specimen.tile)
    state = np.array([10.0, -3.0, 3.0])
    small, large = (bound_um(density, (n, n), Machine(), 50.0, state, 5.0) for n in (256, 512))
    np.testing.assert_allclose(large, small / 2, rtol=0.05)
    assert (bound_um(density, (256, 256), Machine(), 200.0, state, 5.0) < small).all()
    unknown = bound_um(density, (256, 256), Machine(), 50.0, state, 5.0, known_texture=False)
    assert (unknown > small).all() and (unknown < 5 * small).all()


def test_the_density_is_the_variance_of_the_texture(specimen: Specimen) -> None:
    density = radial_density(specimen.tile).on_grid((512, 512))
    whole_plane = np.concatenate([density, density[:, 1:-1]], axis=1)
    assert whole_plane.mean() == pytest.approx(1.0, rel=0.05)
