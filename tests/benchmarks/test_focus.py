"""The focus benchmark: that its images, bounds and figures are right, and that what is shipped focuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.focus.bound import bound_um
from benchmarks.focus.cases import Line, Loop, Plan
from benchmarks.focus.catalogue import QUICK, Kinds, catalogue
from benchmarks.focus.contenders import Contenders
from benchmarks.focus.figures import auc, honesty, line_figures, loop_figures
from benchmarks.focus.machine import Doubles, Floats, Machine, Specimen, expose
from benchmarks.focus.plots import draw
from benchmarks.focus.report import markdown, write_json
from benchmarks.focus.results import LoopResult, Outcome, Promise
from benchmarks.focus.starts import mild, setup_of, turned, turned_unknown
from benchmarks.focus.textures import RadialDensity, radial_density
from benchmarks.focus.trials import Answer, Setup, Trace, Trial, take_pair
from hardware.types import FrameSettings
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.records import FocusEnd

PROMISE = Promise("a case", "others", "a target")
FRAME = FrameSettings(320, 256, 10.0, 50.0)


@dataclass(frozen=True)
class Grain:
    """A kind of texture that is quick to make: noise of a few lengths."""

    name: str = "grain"

    def tile(self, rng: np.random.Generator) -> Floats:
        k = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.rfftfreq(640)[None, :])
        field = np.fft.irfft2(
            np.fft.rfft2(rng.standard_normal((512, 640))) / (k + 0.01) ** 1.5, s=(512, 640)
        )
        return np.asarray(field / field.std(), np.float32)


@dataclass(frozen=True)
class Fixed:
    """An estimator that always gives the same answer."""

    answer_um: tuple[float, float, float]
    sd_um: float = 0.1
    name: str = "fixed"

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        return AberrationEstimate(np.array(self.answer_um), np.eye(3) * self.sd_um**2)


def setup(rng: np.random.Generator) -> Setup:
    return setup_of(Machine(), dwell_ns=50.0, width_px=320, height_px=256)


def start(rng: np.random.Generator) -> Doubles:
    return np.array([8.0, 1.0, -2.0])


@pytest.fixture(scope="module")
def specimen() -> Specimen:
    return Specimen.of(Grain().tile(np.random.default_rng(5)))


def answer(truth: Doubles, said: Doubles, sd: float = 1.0) -> Answer:
    return Answer(truth, AberrationEstimate(said, np.eye(3) * sd**2), 1.0)


def trace(states: list[list[float]], applied: bool) -> Trace:
    end = FocusEnd.IN_FOCUS if applied else FocusEnd.UNCERTAIN
    return Trace("grain", np.array(states), (), 2 * len(states), 10.0, applied, end)


# images


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


# bounds and figures


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


def test_the_density_is_the_variance_of_the_texture(specimen: Specimen) -> None:
    density = radial_density(specimen.tile).on_grid((512, 512))
    whole_plane = np.concatenate([density, density[:, 1:-1]], axis=1)
    assert whole_plane.mean() == pytest.approx(1.0, rel=0.05)


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


# what runs

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
