"""The stage's calibration: fits alone, the procedure on a twin, and how the program arrives by it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.catalogue import procedure_of
from calibration.comparing import calibrated as calibrated_value
from calibration.comparing import compared
from calibration.procedure import Compared, Result
from calibration.robust_fits import Estimate
from calibration.stage import PROCEDURE
from calibration.stage.fit import Floats, Scatter, Settling, backlash_um, scatter, settling
from calibration.stage.procedure import finest_pixel_nm
from calibration.stage.resting import WAITS_S
from calibration.stage.result import Found, result_of
from calibration.stage.settings import StageCalibrationSettings
from calibration.watching import Home
from hardware.errors import Halted
from hardware.types import Optics, StagePose
from scopeacq.engine.ways import path_to_point
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.instrument import DriverSettings, Instrument, StageSettings
from scopeacq.plan.section import SectionGrid
from scopeacq.plan.settings import SettingsError
from scopeacq.route.stage_time import travel_s
from tests.calibration.benches import Listener, bench_on
from tests.calibration.geometry_twin import GeometryTwin, StopsAfter, frames, speckled

QUICK = StageCalibrationSettings(
    width_px=256, height_px=256, most_off_um=2.0, repeats=6, long_repeats=3, settling_moves=2
)
LOOSE: Mapping[str, object] = {
    "backlash_um": 0.7,
    "move_error_um": 0.1,
    "settling_s": 0.3,
    "settling_um": 0.4,
}
FLAT = StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0)


def calibrated(
    twin: GeometryTwin, folder: Path, audience: Listener | None = None
) -> tuple[Result, dict[str, float]]:
    with twin.held() as manual:
        result = PROCEDURE.measure(bench_on(manual, twin.run.plan, folder, audience=audience), QUICK)
    return result, {v.key: v.value for v in result.values if isinstance(v.value, float)}


def test_the_catalogue_knows_it() -> None:
    assert procedure_of(CalibrationKind.STAGE) is PROCEDURE


@settings(max_examples=30)
@given(st.floats(-3, 3), st.floats(0.001, 0.5), st.integers(0, 10**6))
def test_backlash_is_what_the_side_makes_and_no_more(lash_um: float, sd_um: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = backlash_um(rng.normal(4.0, sd_um, 40), rng.normal(4.0 + lash_um, sd_um, 40))
    assert abs(found.value - lash_um) <= 5.5 * found.sd
    both = scatter(rng.normal(0, sd_um, 40) + 1j * rng.normal(0, 2 * sd_um, 40))
    assert both.worse_um == both.y_um
    assert both.y_um.value == pytest.approx(2 * sd_um, rel=0.6)


@settings(max_examples=30)
@given(st.floats(0.05, 0.6), st.floats(50, 500), st.integers(0, 10**6))
def test_a_stage_has_settled_when_no_image_is_off_any_more(
    tau_s: float, swing_nm: float, seed: int
) -> None:
    rng, times_s = np.random.default_rng(seed), np.arange(0.0, 4.0, 0.05)
    decay = swing_nm * np.exp(-times_s / tau_s)
    found = settling([(times_s, np.abs(decay + rng.normal(0, 1.0, len(times_s))))] * 2, 20.0, 20.0)
    assert found.settled_s is not None and found.within_nm == 20.0
    assert found.settled_s.value == pytest.approx(tau_s * math.log(swing_nm / found.within_nm), abs=0.2)


def test_a_stage_that_never_rests_is_not_said_to() -> None:
    times_s = np.arange(0.0, 4.0, 0.2)
    still, late = np.zeros(20), np.zeros(20)
    late[-2:] = 300.0
    assert settling([(times_s, still)] * 5 + [(times_s, late)], 20.0, 1000.0).settled_s is None
    assert settling([(times_s[:2], still[:2])], 20.0, 20.0).settled_s is None


def shaking(times_s: Floats, rng: np.random.Generator) -> Floats:
    """How far a stage that swings by 300 nm at 13 Hz is from where the last image saw it."""
    angles = 2 * np.pi * 13.0 * times_s + rng.uniform(0, 2 * np.pi)
    return np.asarray(300.0 * np.abs(np.sin(angles) - np.sin(angles[-1])))


def test_a_stage_that_shakes_never_settles_however_much_its_last_images_move() -> None:
    rng, times_s = np.random.default_rng(2), np.array(WAITS_S[:-1])
    rest = settling([(times_s, shaking(times_s, rng)) for _ in range(4)], 20.0, 20.0)
    assert rest == Settling(None, 20.0)
    sure, still = Estimate(0.0, 0.01), Scatter(Estimate(0.05, 0.01), Estimate(0.05, 0.01))
    home = Home(0.0, 0.0, Optics(4500.0, 0.0, 0.0))
    found = Found(sure, sure, still, still, rest, 0, 40, home)
    result = result_of(found, Instrument(name="lab", driver=DriverSettings(name="twin")), ())
    assert not result.verdict.good and "within 20 nm" in result.verdict.reasons[0]
    assert "stage.settle_s" not in [v.key for v in result.values]


def test_a_stage_need_rest_no_better_than_the_finest_tiles_show(tmp_path: Path) -> None:
    plan = GeometryTwin.of(tmp_path).run.plan
    fine = replace(plan.wafer.sections[0], id="S9", grid=SectionGrid(pixel_size_nm=4.0))
    assert finest_pixel_nm(plan) == 10.0
    wafer = replace(plan.wafer, sections=(*plan.wafer.sections, fine))
    assert finest_pixel_nm(replace(plan, wafer=wafer)) == 4.0


def test_a_loose_stage_is_measured_and_the_program_makes_up_for_it(tmp_path: Path) -> None:
    twin, audience = GeometryTwin.of(tmp_path, stage=LOOSE), Listener()
    result, values = calibrated(twin, tmp_path / "first", audience)
    assert result.verdict.good, result.verdict.reasons
    assert values["stage.backlash_x_um"] == pytest.approx(0.7, abs=0.15)
    assert values["stage.backlash_y_um"] == pytest.approx(0.7, abs=0.15)
    assert values["stage.repeat_short_um"] == pytest.approx(0.1 / math.sqrt(3), rel=0.6)
    assert values["stage.repeat_long_um"] == pytest.approx(0.1 / math.sqrt(3), rel=0.8)
    # the twin says that it has arrived when a first settling_s has passed
    rests_s = 0.3 * math.log(0.4 / (1e-3 * QUICK.settled_within_nm)) - 0.3
    assert values["stage.settle_s"] == pytest.approx(rests_s, abs=0.25)
    assert {"sides", "ways"} <= set(audience.figures) and len(result.residuals) == 3

    twin.go_by(values)
    with twin.held() as manual:
        here = manual.devices.stage.pose()
        assert here.x_um is not None and here.y_um is not None
        manual.go(manual.way_to(here.x_um - 200.0, here.y_um - 100.0))
        nature = twin.run.nature
        true, reported = nature.stage.true(nature.now_s), nature.stage.reported(nature.now_s)
    # the scatter of moves and no backlash
    assert math.dist((true.x_um or 0, true.y_um or 0), (reported.x_um or 0, reported.y_um or 0)) < 0.2


def test_measured_again_through_a_pause_backlash_is_still_there(tmp_path: Path) -> None:
    twin, folder = GeometryTwin.of(tmp_path, stage=LOOSE), tmp_path / "paused"
    twin.go_by({"stage.backlash_x_um": 0.7, "stage.backlash_y_um": 0.7, "stage.settle_s": 0.5})
    with twin.held() as manual, pytest.raises(Halted):
        PROCEDURE.measure(bench_on(manual, twin.run.plan, folder, audience=StopsAfter(manual, 9)), QUICK)
    result, values = calibrated(twin, folder)
    assert result.verdict.good, result.verdict.reasons
    assert values["stage.backlash_x_um"] == pytest.approx(0.7, abs=0.15)
    assert frames(twin) == 1 + 1 + 18 + 6 + 2 * 18  # a look where it stands, and none of the rest twice


def test_where_nothing_is_to_be_seen_the_old_values_are_kept(tmp_path: Path) -> None:
    result, values = calibrated(GeometryTwin.of(tmp_path, specimen=speckled(0.0)), tmp_path / "blank")
    assert not result.verdict.good and not values
    assert "hardly ever recognised" in result.verdict.reasons[0] and result.residuals


def test_one_end_of_the_stage_is_enough(tmp_path: Path) -> None:
    limits = {"x_um": (-500.0, 30_000.0), "y_um": (-30_000.0, 500.0)}
    twin = GeometryTwin.of(tmp_path, stage={"limits": limits})
    result, _ = calibrated(twin, tmp_path / "edge")
    assert result.verdict.good, result.verdict.reasons


def test_values_are_shown_with_the_digits_that_their_spread_allows(tmp_path: Path) -> None:
    instrument = GeometryTwin.of(tmp_path).run.plan.instrument
    row = compared(instrument, calibrated_value("stage.backlash_x_um", 0.263384, 0.0441))
    assert row == Compared("Backlash along x", "0.000 um", "0.263 ± 0.044 um", "+0.263 um")
    row = compared(instrument, calibrated_value("scan.pixel_size_factor", 1.02, 0.0))
    assert row.after.startswith("1.0200000")


# -- how the program arrives -------------------------------------------------------------


def test_without_backlash_ways_are_as_short_as_ever() -> None:
    assert path_to_point(StageSettings(), FLAT, (-5.0, 7.0)) == (StagePose(-5.0, 7.0),)
    hidden = StageSettings(backlash_x_um=0.1, repeat_short_um=0.2)  # no gain over how moves scatter
    assert path_to_point(hidden, FLAT, (-5.0, 7.0)) == (StagePose(-5.0, 7.0),)


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(-3, 3), st.floats(-3, 3), st.booleans())
def test_x_and_y_arrive_by_rising_where_there_is_backlash(
    x_um: float, y_um: float, lash_x_um: float, lash_y_um: float, parked: bool
) -> None:
    profile = StageSettings(backlash_x_um=lash_x_um, backlash_y_um=lash_y_um)
    start = replace(FLAT, z_um=6_000.0, rotation_deg=120.0) if parked else FLAT
    path = path_to_point(profile, start, (x_um, y_um))
    pose, last = start, dict.fromkeys(("x_um", "y_um"), 0.0)
    for leg in path:
        for axis in last:
            travel = float(getattr(leg.over(pose), axis)) - float(getattr(pose, axis))
            last[axis] = travel or last[axis]
        pose = leg.over(pose)
    assert (pose.x_um, pose.y_um) == (x_um, y_um)
    for axis, lash_um in zip(last, (lash_x_um, lash_y_um), strict=True):
        assert last[axis] >= 0.0 or lash_um == 0.0


def test_the_route_counts_what_arriving_takes() -> None:
    start, end = np.array([100.0, 0.0]), np.array([0.0, 50.0])
    plain, loose = StageSettings(move_s=0.5), StageSettings(move_s=0.5, backlash_x_um=1.0)
    beyond_s = 2 * loose.run_up_um[0] / loose.speed_x_um_per_s
    assert travel_s(loose, start, end) == pytest.approx(travel_s(plain, start, end) + beyond_s + 0.5)
    assert travel_s(loose, end, start) == pytest.approx(travel_s(plain, end, start))


def test_a_section_that_the_wafer_has_not_is_named(tmp_path: Path) -> None:
    twin = GeometryTwin.of(tmp_path)
    with twin.held() as manual, pytest.raises(SettingsError, match="no section S99"):
        bench = bench_on(manual, twin.run.plan, tmp_path / "nowhere")
        PROCEDURE.measure(bench, QUICK.model_copy(update={"section": "S99"}))
    assert frames(twin) == 0
