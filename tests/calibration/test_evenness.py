"""Evenness of milling: the fit, and the twin's gradient along the beam with and without azimuths."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.evenness import PROCEDURE
from calibration.evenness.procedure import Evenness, EvennessSettings, evenness
from calibration.evenness.tilt import beam_direction, fit_tilt, mean_direction
from calibration.figures import HeatMap
from calibration.milled.sections import MilledRun
from calibration.procedure import Result
from hardware.simulator.config import GunSettings
from hardware.simulator.mill_map import Footprint
from scopeacq.plan.geometry import rotation
from scopeacq.plan.project import MillingSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from tests.calibration.benches import bench_on
from tests.calibration.milled_runs import milled_run, wafer_of
from tests.scenarios.harness import TinyRun

AROUND = [(x, y) for x in (-2000.0, 0.0, 2000.0) for y in (-2000.0, 0.0, 2000.0)]
VPP = 6.0
UNEVENNESS = 0.2
slopes = st.floats(-1e-4, 1e-4)


@given(slopes, slopes, st.floats(0.5, 2.0))
def test_a_plane_is_found_as_it_is(gx: float, gy: float, mean: float) -> None:
    at_um = np.array(AROUND) + np.array([300.0, -200.0])
    truth = np.array([gx, gy])
    tilt = fit_tilt(at_um, mean * (1 + (at_um - at_um.mean(axis=0)) @ truth))
    np.testing.assert_allclose(tilt.gradient_per_um, truth, atol=1e-12)
    assert tilt.rest_sd == pytest.approx(0.0, abs=1e-9)
    assert tilt.peak_to_peak(at_um) == pytest.approx(4000 * (abs(gx) + abs(gy)), abs=1e-9)


def test_its_uncertainty_is_that_of_repeated_measurements() -> None:
    rng, at_um = np.random.default_rng(0), np.array(AROUND)
    tilts = [fit_tilt(at_um, 1 + 0.01 * rng.standard_normal(len(at_um))) for _ in range(400)]
    seen = np.std([t.gradient_per_um for t in tilts], axis=0)
    stated = np.sqrt(np.mean([np.diag(t.covariance) for t in tilts], axis=0))
    np.testing.assert_allclose(seen, stated, rtol=0.15)


@pytest.mark.parametrize(
    ("places", "words"), [(AROUND[:3], "needs 4 sections"), ([(x, 2 * x) for x, _ in AROUND], "on a line")]
)
def test_too_little_for_a_tilt_is_refused(places: list[tuple[float, float]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit_tilt(np.array(places), np.ones(len(places)))


@given(st.integers(2, 12), st.floats(0, 360))
def test_even_azimuths_have_no_direction(count: int, first_deg: float) -> None:
    charges = {first_deg + 360 * n / count: 3.0 for n in range(count)}
    np.testing.assert_allclose(mean_direction(charges), 0.0, atol=1e-12)
    assert np.linalg.norm(mean_direction({first_deg: 2.0})) == pytest.approx(1.0)


@pytest.mark.parametrize("azimuth_deg", [0.0, 70.0, 120.0, 240.0])
def test_the_beam_goes_where_the_twins_raster_grows(tmp_path: Path, azimuth_deg: float) -> None:
    run = TinyRun.make(tmp_path)
    footprint = Footprint(run.plan.instrument.mill.pose(azimuth_deg), 6600.0, 6600.0)
    x, y = 1000 * beam_direction(azimuth_deg) + (35.0, -20.0)
    near = run.nature.mill.density_per_um2(footprint, np.array([35.0, x]), np.array([-20.0, y]))
    assert near[1] > near[0] * 1.005


# -- runs on the twin --------------------------------------------------------------------------


def run_of(folder: Path, azimuths_deg: tuple[float, ...]) -> TinyRun:
    """Nine sections around, gone after some forty cycles, under a raster that is 20 % uneven."""
    charge_uc = 200 / 1.948 * 1e-7 * (1100 * VPP) ** 2 / 40 / len(azimuths_deg)
    milling = MillingSettings(charge_uc_per_azimuth=charge_uc, azimuths_deg=azimuths_deg, raster_vpp=VPP)

    def strong(run: TinyRun) -> None:
        settings = run.nature.settings.gun.model_dump() | {"unevenness": UNEVENNESS}
        run.nature.mill.settings = GunSettings(**settings)

    return milled_run(folder, wafer_of(AROUND, (0.5,) * len(AROUND)), 45, milling, prepare=strong)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    return run_of(tmp_path_factory.mktemp("one"), (0.0,))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    return run_of(tmp_path_factory.mktemp("three"), (0.0, 120.0, 240.0))


def measured(plan: Plan, folder: Path, **changes: object) -> Result:
    told = EvennessSettings(**{"square_px": 64, **changes})  # type: ignore[arg-type]
    return PROCEDURE.measure(bench_on(None, plan, folder / "sitting"), told)


def evenness_of(run: TinyRun) -> Evenness:
    milled = MilledRun.of(run.plan, "")
    looked = [milled.look(section, 64, 10).broken for section in milled.sections(())]
    return evenness(milled, [b for b in looked if b is not None])


def test_one_azimuth_shows_the_gradient_along_the_beam(one: TinyRun, tmp_path: Path) -> None:
    per_um = UNEVENNESS * math.sin(math.radians(30)) * 2 / (1100 * VPP)
    tilt = evenness_of(one).tilt
    sds = np.sqrt(np.diag(tilt.covariance))
    assert (np.abs(tilt.gradient_per_um - (0.0, per_um)) < 3 * sds).all() and (sds < 0.1 * per_um).all()
    result = measured(one.plan, tmp_path)
    assert not result.verdict.good
    assert any("from one side" in reason for reason in result.verdict.reasons)
    rows = {row.what: row.after for row in result.comparison}
    assert rows["tilt by the azimuths of the plan"] == rows["tilt by one azimuth alone"]


def test_three_azimuths_even_it_out(one: TinyRun, three: TinyRun, tmp_path: Path) -> None:
    assert evenness_of(three).tilted < 0.35 * evenness_of(one).tilted
    result = measured(three.plan, tmp_path)
    assert result.verdict.good and result.values == ()
    assert any(isinstance(figure, HeatMap) for figure in result.residuals)
    rows = {row.what: row.after for row in result.comparison}
    assert rows["tilt by one azimuth alone"].startswith("not seen")


def test_what_three_azimuths_would_do_is_told_from_one(one: TinyRun, tmp_path: Path) -> None:
    even = one.plan.project.milling.model_copy(update={"azimuths_deg": (0.0, 120.0, 240.0)})
    plan = replace(one.plan, project=one.plan.project.model_copy(update={"milling": even}))
    rows = {row.what: row.after for row in measured(plan, tmp_path).comparison}
    assert rows["tilt by the azimuths of the plan"] == "0.0 %"


def test_a_raster_that_is_too_small_is_said_with_one_that_is_not(three: TinyRun, tmp_path: Path) -> None:
    small = three.plan.project.milling.model_copy(update={"raster_vpp": 3.0})
    plan = replace(three.plan, project=three.plan.project.model_copy(update={"milling": small}))
    result = measured(plan, tmp_path)
    (advice,) = (reason for reason in result.verdict.reasons if "raster_vpp" in reason)
    wanted = float(advice.split()[-1].rstrip("."))
    corners = np.array([p for section in plan.wafer.sections for p in section.outline_um])
    turned = [corners @ rotation(azimuth).T for azimuth in (0.0, 120.0, 240.0)]
    half_um = max(float(np.abs(c / (1.0, 2.0)).max()) for c in turned)  # twice as long along the beam
    assert 2 * half_um / 1100 <= wanted <= 2 * half_um / 1100 + 0.1


def test_too_few_sections_are_refused_in_a_sentence(one: TinyRun, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="needs 4 sections"):
        measured(one.plan, tmp_path, sections=("S001", "S002"))
