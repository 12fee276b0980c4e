"""The ion current by Faraday cup: the fit, the twin's truth, and beams that are never open."""

from __future__ import annotations

import math
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.figures import Plot
from calibration.ion_current import PROCEDURE, IonCurrentSettings, fit_trend
from calibration.procedure import Result
from hardware.errors import HardwareError, Interlocked
from hardware.simulator.config import GunSettings
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from hardware.simulator.truth import OpeningTruth
from hardware.types import Blanker, CurrentReading
from scopeacq.manual import Manual
from tests.calibration.benches import bench_on
from tests.scenarios.harness import TinyRun
from tests.scopeacq.manual_bench import held

FEW = IonCurrentSettings(readings=12, interval_s=30.0)


def run_with(folder: Path, script: FaultScript | None = None, **gun: float) -> TinyRun:
    run = TinyRun.make(folder, script=script)
    settings = GunSettings(**(run.nature.settings.gun.model_dump() | gun))
    run.nature.settings = run.nature.settings.model_copy(update={"gun": settings})
    run.nature.gun.settings = settings
    return run


def measured(manual: Manual, folder: Path) -> Result:
    return PROCEDURE.measure(bench_on(manual, manual.plan, folder / "sitting"), FEW)


@given(
    st.floats(10, 60),
    st.floats(-5, 5),
    st.lists(st.integers(0, 10_000), min_size=3, max_size=30, unique=True),
)
def test_a_line_is_fitted_as_it_is(mean_na: float, per_h: float, at: list[int]) -> None:
    times = np.array(sorted(at), np.float64)
    trend = fit_trend(times, mean_na + per_h * (times - times.mean()) / 3600)
    assert trend.mean_na == pytest.approx(mean_na)
    assert trend.drift_na_per_h == pytest.approx(per_h, abs=1e-6)
    assert trend.noise_na == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(trend.at(times), mean_na + per_h * (times - times.mean()) / 3600)


def test_uncertainties_are_those_of_repeated_measurements() -> None:
    rng, times = np.random.default_rng(1), np.arange(20) * 60.0
    trends = [fit_trend(times, 38 + 0.2 * rng.standard_normal(20)) for _ in range(400)]
    mean_sd = np.mean([t.mean_sd_na for t in trends])
    assert np.std([t.mean_na for t in trends]) == pytest.approx(mean_sd, rel=0.15)
    drift_sd = np.mean([t.drift_sd_na_per_h for t in trends])
    assert np.std([t.drift_na_per_h for t in trends]) == pytest.approx(drift_sd, rel=0.15)


@pytest.mark.parametrize("times", [[], [1.0, 2.0], [5.0, 5.0, 5.0]])
def test_too_little_for_a_trend_is_refused(times: list[float]) -> None:
    with pytest.raises(ValueError, match="three readings"):
        fit_trend(np.array(times), np.ones(len(times)))


def test_the_current_is_the_twins_and_no_ion_was_let_through(tmp_path: Path) -> None:
    run = run_with(tmp_path, current_na=33.0)
    with held(run) as manual:
        manual.devices.column.unblank()
        result = measured(manual, tmp_path)
        assert manual.devices.column.state().blanked
    (value,) = result.values
    assert value.key == "mill.ion_current_na" and value.before == 38.0
    assert value.value == pytest.approx(33.0, rel=0.01)
    assert value.sd is not None and 0 < value.sd < 0.2
    assert result.verdict.good
    assert all(isinstance(figure, Plot) for figure in result.residuals)
    assert not [truth for truth in run.truth if isinstance(truth, OpeningTruth)]


@pytest.mark.parametrize(
    ("gun", "words"),
    [
        ({"current_na": 12.0}, "outside its interlock limits"),
        ({"meter_noise": 0.1}, "scatter"),
        ({"current_drift": 0.3, "current_drift_period_s": 7200.0}, "warm up"),
    ],
)
def test_a_gun_that_is_not_ready_is_not_believed(tmp_path: Path, gun: dict[str, float], words: str) -> None:
    with held(run_with(tmp_path, **gun)) as manual:
        verdict = measured(manual, tmp_path).verdict
    assert not verdict.good
    assert any(words in reason for reason in verdict.reasons)


def test_nothing_is_read_while_the_ions_are_not_known_to_be_blanked(tmp_path: Path) -> None:
    with held(run_with(tmp_path)) as manual:
        with (
            mock.patch.object(Manual, "ions", return_value=Blanker.UNKNOWN),
            pytest.raises(Interlocked, match="press gun off"),
        ):
            measured(manual, tmp_path)
        assert len(bench_on(manual, manual.plan, tmp_path / "sitting").measurements) == 0


def test_a_meter_that_fails_is_asked_again_for_what_is_missing_only(tmp_path: Path) -> None:
    script = FaultScript((Fault(Device.ION_CURRENT, FaultKind.TIMEOUT, AfterCalls(7)),))
    with held(run_with(tmp_path, script)) as manual:
        with pytest.raises(HardwareError):
            measured(manual, tmp_path)
        kept = bench_on(manual, manual.plan, tmp_path / "sitting").measurements
        first = kept.get("reading 0", CurrentReading)
        assert len(kept) == 7 and first is not None
        result = measured(manual, tmp_path)
        again = bench_on(manual, manual.plan, tmp_path / "sitting").measurements
        assert again.get("reading 0", CurrentReading) == first
    assert result.verdict.good and len(again) == FEW.readings


def test_the_cost_is_the_time_of_the_readings() -> None:
    assert PROCEDURE.cost(None, FEW).duration_s == pytest.approx(12 * 31.0)  # type: ignore[arg-type]
    assert math.isclose(PROCEDURE.cost(None, FEW).electron_dose_per_nm2, 0.0)  # type: ignore[arg-type]
