"""Burn marks tell where the ion beam ends: the fits, and the whole on a twin whose gun stands otherwise."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.ion_beam import PROCEDURE
from calibration.ion_beam.gun_fit import Found, fit_gun
from calibration.ion_beam.layout import planned
from calibration.ion_beam.mark_fit import Burned, NotSeen, Profile, fit_marks, rough_edges_um
from calibration.ion_beam.outcome import MOST_ELEVATION_SD_DEG, MOST_RESIDUAL_UM
from calibration.ion_beam.procedure import cost, measure
from calibration.procedure import Result
from calibration.sitting import calibrate
from hardware.errors import Halted, HardwareError, Interlocked
from hardware.microscope import SafeState
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.simulator.truth import OpeningTruth
from hardware.types import Blanker
from scopeacq.journal.journal import JournalError
from scopeacq.journal.records import BurnEnd, MillHeartbeat, Record
from scopeacq.journal.wafer_place import WaferPlace
from scopeacq.manual import Manual
from scopeacq.plan.instrument import MillSettings
from scopeacq.plan.profiles import with_values
from scopeacq.plan.settings import SettingsError
from tests.calibration.benches import Listener
from tests.calibration.burn_twin import PLACE_UM, TRUE_GUN, agreed_to, burn_run, burning
from tests.scenarios.harness import TinyRun
from tests.scenarios.life import Killed, Life
from tests.scopeacq.manual_bench import held

HEIGHTS_UM, ROW_UM = np.array([400.0, -400.0, -400.0, 400.0]), np.array([-3e3, -1e3, 1e3, 3e3])


# -- fits ----------------------------------------------------------------------------------


def burned_by(
    elevation_deg: float, aim_x_um: float, aim_z_um: float, turned_deg: float, tilt_deg: float
) -> list[Found]:
    """Marks of a beam that crosses the axis at a height; the wafer came back turned about the row."""
    e, t, turned = (math.radians(a) for a in (elevation_deg, tilt_deg, turned_deg))
    marks = []
    for dz_um, x_um in zip(HEIGHTS_UM, ROW_UM, strict=True):
        v_um = (aim_z_um - dz_um) * math.cos(e) / math.sin(t + e)
        foot = x_um + aim_x_um, 5e3 + v_um
        at = foot[0], foot[1] + turned * (foot[0] - aim_x_um)
        marks.append(Found((float(x_um), 5e3), 5e3 + float(dz_um), tilt_deg, at, (1.0, 1.0)))
    return marks


@given(
    elevation_deg=st.floats(-5, 5),
    aim_x_um=st.floats(-500, 500),
    aim_z_um=st.floats(-400, 400),
    turned_deg=st.floats(-0.1, 0.1),
    glancing_deg=st.floats(15, 60),
)
def test_marks_at_two_heights_tell_angle_and_aim(
    elevation_deg: float, aim_x_um: float, aim_z_um: float, turned_deg: float, glancing_deg: float
) -> None:
    marks = burned_by(elevation_deg, aim_x_um, aim_z_um, turned_deg, glancing_deg)
    fit = fit_gun(marks, glancing_deg, 5e3)
    assert fit.elevation_deg == pytest.approx(elevation_deg, abs=1e-6)
    assert fit.x_um == pytest.approx(-aim_x_um, abs=1e-6)
    # with the tilt that the profile then asks for, the beam is under the glancing angle
    along_um = aim_z_um * math.cos(math.radians(elevation_deg)) / math.sin(math.radians(glancing_deg))
    assert fit.y_um == pytest.approx(-along_um, abs=1e-6)
    assert np.abs(fit.residuals_um).max() < 1e-6


def test_marks_at_one_height_tell_no_angle() -> None:
    marks = [Found(m.stage_um, 5e3, 30.0, m.at_um, m.sd_um) for m in burned_by(0.0, 0.0, 0.0, 0.0, 30.0)]
    with pytest.raises(ValueError, match="two heights"):
        fit_gun(marks, 30.0, 5e3)


def test_a_mark_that_lies_elsewhere_widens_the_spread() -> None:
    marks = burned_by(0.5, 0.0, 0.0, 0.0, 30.0)
    off = Found(
        marks[0].stage_um, marks[0].z_um, 30.0, (marks[0].at_um[0], marks[0].at_um[1] + 80.0), (1, 1)
    )
    fit = fit_gun([off, *marks[1:]], 30.0, 5e3)
    assert np.abs(fit.residuals_um).max() > MOST_RESIDUAL_UM
    assert abs(fit.elevation_deg - 0.5) < 3 * fit.elevation_sd_deg
    assert fit.elevation_sd_deg > MOST_ELEVATION_SD_DEG


def drawn_marks(
    scale: tuple[float, float], spot_um: float, coating: float, noise: float, seed: int
) -> list[Burned]:
    """Marks as the model has them, at places of their own; ``coating``: charge per area that it bears."""
    rng, sigma_um = np.random.default_rng(seed), spot_um / 2.3548
    at_um = np.arange(-2000.0, 2000.0, 4.0)

    def line(edge_um: float, depth: float, centre_um: float) -> Profile:
        s = (at_um[:, None] - centre_um + np.array([[edge_um / 2, -edge_um / 2]])) / sigma_um
        ends = np.vectorize(math.erf)(s / math.sqrt(2)) / 2
        gone = np.minimum(depth * (ends[:, 0] - ends[:, 1]), 1.0)
        return Profile(at_um, 6.5 - 2.0 * gone + rng.normal(0, noise, at_um.size))

    marks = []
    for n, vpp in enumerate((0.6, 0.6, 0.9, 0.9)):
        charge_uc = 0.5 * vpp**2
        across = line(scale[0] * vpp, 0.5 / coating, 40.0 * n - 60)
        along = line(scale[1] * vpp, 0.5 / coating, 90 - 50.0 * n)
        marks.append(Burned(across, along, (vpp, vpp), charge_uc))
    return marks


@settings(max_examples=12, deadline=None)
@given(
    scale=st.tuples(st.floats(700, 1400), st.floats(1000, 2200)),
    spot_um=st.floats(60, 250),
    coating=st.floats(0.15, 0.7),
    seed=st.integers(0, 100),
)
def test_marks_tell_scale_spot_and_middle_however_deep_they_are(
    scale: tuple[float, float], spot_um: float, coating: float, seed: int
) -> None:
    fit = fit_marks(drawn_marks(scale, spot_um, coating, 0.05, seed))
    assert fit.across.um_per_vpp == pytest.approx(scale[0], rel=0.02)
    assert fit.along.um_per_vpp == pytest.approx(scale[1], rel=0.02)
    assert fit.across.spot_um == pytest.approx(spot_um, rel=0.2)
    np.testing.assert_allclose(fit.across.centres_um, [-60, -20, 20, 60], atol=3.0)
    np.testing.assert_allclose(fit.along.centres_um, [90, 40, -10, -60], atol=3.0)


@given(st.integers(0, 1000))
def test_noise_is_no_mark(seed: int) -> None:
    grey = np.random.default_rng(seed).normal(6.5, 0.5, 800)
    with pytest.raises(NotSeen):
        rough_edges_um(Profile(np.arange(800.0), grey))


def test_a_mark_that_is_cut_off_is_refused() -> None:
    at_um = np.arange(800.0)
    with pytest.raises(NotSeen, match=r"beyond|told"):
        rough_edges_um(Profile(at_um, np.where(at_um < 500, 4.0, 6.5)))


def test_marks_lie_apart_and_heights_do_not_follow_the_row() -> None:
    marks = planned(MillSettings(raster_um_per_volt=1100.0), (0.0, 0.0), agreed_to())
    xs, zs = np.array([m.at_um[0] for m in marks]), np.array([m.mark.pose.z_um for m in marks])
    assert (np.diff(xs) >= marks[2].half_um[0] + marks[3].half_um[0] - 1e-9).all()
    assert abs(float((zs - zs.mean()) @ xs)) < 1e-6


# -- on the twin ---------------------------------------------------------------------------

TRIPS: dict[str, Any] = {"trip_error_xy_um": 6.0, "trip_error_z_um": 5.0, "trip_error_tilt_deg": 0.02}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, list[OpeningTruth]]:
    run = burn_run(tmp_path_factory.mktemp("burn"), **TRIPS, trip_error_rotation_deg=0.05)
    with burning(run) as (_, bench):
        result = measure(bench, agreed_to())
    return result, [t for t in run.truth if isinstance(t, OpeningTruth)]


def value(result: Result, key: str) -> float:
    (found,) = (v.value for v in result.values if v.key == key)
    assert isinstance(found, float)
    return found


def test_the_truth_of_the_gun_is_recovered(measured: tuple[Result, list[OpeningTruth]]) -> None:
    result, _ = measured
    assert result.verdict.good, result.verdict.reasons
    assert value(result, "mill.gun_elevation_deg") == pytest.approx(TRUE_GUN.elevation_deg, abs=0.1)
    assert value(result, "mill.x_um") == pytest.approx(-TRUE_GUN.aim_x_um, abs=10.0)
    assert value(result, "mill.y_um") == pytest.approx(-160.0, abs=25.0)  # 80 um higher, at 30 degrees
    assert value(result, "mill.raster_um_per_volt") == pytest.approx(TRUE_GUN.um_per_vpp, rel=0.01)
    assert value(result, "mill.raster_y_um_per_volt") == pytest.approx(1040.0, rel=0.01)
    assert value(result, "mill.spot_um") == pytest.approx(TRUE_GUN.spot_um, rel=0.06)


def test_every_opening_was_proven_and_no_more_fell_than_was_agreed(
    measured: tuple[Result, list[OpeningTruth]],
) -> None:
    _, openings = measured
    assert len(openings) == 4
    assert not [o for o in openings if o.at_opening or o.while_open]
    assert sum(o.delivered_uc for o in openings) < agreed_to().charge_limit_uc


def test_it_ends_with_residuals_and_a_comparison(measured: tuple[Result, list[OpeningTruth]]) -> None:
    result, _ = measured
    assert len(result.residuals) == 3
    assert {"Gun elevation", "Raster per volt: x"} <= {row.what for row in result.comparison}


def test_the_profile_takes_what_was_measured(tmp_path: Path) -> None:
    run = burn_run(tmp_path)
    values = {"mill.gun_elevation_deg": 0.6, "mill.raster_y_um_per_volt": 1040.0, "mill.spot_um": 200.0}
    mill = with_values(run.plan.instrument, values).mill
    assert mill.tilt_deg == pytest.approx(29.4)
    assert mill.raster_um_per_vpp == (1100.0, 1040.0)
    assert cost(run.plan, agreed_to()).frames > 0


def test_marks_that_do_not_show_give_no_values(tmp_path: Path) -> None:
    run = burn_run(tmp_path)
    run.nature.specimen.coating_nm = 0.0
    with burning(run) as (_, bench):
        result = measure(bench, agreed_to())
    assert not result.verdict.good and result.values == () and result.residuals
    assert "more charge or another place" in result.verdict.reasons[0]


def test_a_place_must_be_chosen(tmp_path: Path) -> None:
    run = burn_run(tmp_path)
    with burning(run) as (_, bench), pytest.raises(SettingsError, match="no place was chosen"):
        measure(bench, agreed_to(x_um=None))


# -- a sitting that is broken off ------------------------------------------------------------


def profiles(run: TinyRun) -> list[Path]:
    return sorted((run.plan.folder.root / "calibrations").rglob("profile.toml"))


def openings(run: TinyRun) -> list[OpeningTruth]:
    return [t for t in run.truth if isinstance(t, OpeningTruth)]


def on_heartbeat(run: TinyRun, nth: int, do: Callable[[], object]) -> None:
    """Do something at a heartbeat of the open beam."""
    left = [nth]

    def look(records: tuple[Record, ...]) -> None:
        left[0] -= sum(isinstance(r, MillHeartbeat) for r in records)
        if left[0] <= 0 and do in pending:
            pending.remove(do)
            do()

    pending = [do]
    run.on_commit = look


def test_a_stop_leaves_all_as_it_was_and_the_same_call_goes_on(tmp_path: Path) -> None:
    run, halted = burn_run(tmp_path), threading.Event()
    on_heartbeat(run, 25, halted.set)
    with held(run) as manual:
        manual.go(manual.way_to(300.0, -200.0))
        found = manual.devices.stage.pose(), manual.devices.column.optics(), manual.devices.detector.state()
        manual.begin(halted)
        with pytest.raises(Halted):
            calibrate(PROCEDURE, agreed_to(), run.plan, Listener(), manual)
        assert not run.nature.gun.open and profiles(run) == []
        left = manual.devices.stage.pose(), manual.devices.column.optics(), manual.devices.detector.state()
        assert left == found
        manual.begin(threading.Event())
        finished = calibrate(PROCEDURE, agreed_to(), run.plan, Listener(), manual)
        assert manual.devices.stage.pose() == found[0] and not run.nature.raster.running
    assert finished.profile.verdict.good and profiles(run) == [finished.profile_file]
    asked_uc = sum(m.mark.charge_uc for m in planned(run.plan.instrument.mill, PLACE_UM, agreed_to()))
    assert sum(o.delivered_uc for o in openings(run)) <= asked_uc + 0.02
    assert not [o for o in openings(run) if o.at_opening or o.while_open]


def gas_stays(run: TinyRun) -> Callable[[tuple[Record, ...]], None]:
    """After each opening the pressure is too high for imaging, until it was pumped."""

    def look(records: tuple[Record, ...]) -> None:
        if any(isinstance(r, BurnEnd) for r in records):
            run.nature.chamber.pressure_mbar = 9e-5

    return look


def test_electrons_wait_until_the_guns_gas_is_pumped_off(tmp_path: Path) -> None:
    run = burn_run(tmp_path)
    run.on_commit = gas_stays(run)
    with held(run) as manual:
        finished = calibrate(PROCEDURE, agreed_to(), run.plan, Listener(), manual)
    assert finished.profile.verdict.good


def test_a_stop_beside_the_gun_has_the_column_put_back_once_the_gas_is_pumped_off(tmp_path: Path) -> None:
    run, halted = burn_run(tmp_path), threading.Event()
    gas = gas_stays(run)

    def look(records: tuple[Record, ...]) -> None:
        gas(records)
        if any(isinstance(r, MillHeartbeat) for r in records):
            halted.set()

    run.on_commit = look
    with held(run) as manual:
        manual.bring_up()
        manual.begin(halted)
        with pytest.raises(Halted) as stopped:
            calibrate(PROCEDURE, agreed_to(), run.plan, Listener(), manual)
        assert not hasattr(stopped.value, "__notes__") and manual.devices.detector.state().hv_on


def test_a_chamber_that_does_not_pump_ends_it_in_time(tmp_path: Path) -> None:
    run = burn_run(tmp_path)
    chamber = run.nature.chamber
    chamber.settings = chamber.settings.model_copy(update={"gas_load_mbar": 5e-5})
    with held(run) as manual:
        began_s = manual.devices.clock.now_s()
        chamber.pressure_mbar = 5e-5
        with pytest.raises(Interlocked, match="imaging needs"):
            manual.await_vacuum()
        waited_s = manual.devices.clock.now_s() - began_s
    assert waited_s == pytest.approx(run.plan.project.recovery.pressure_timeout_s, abs=5.0)


def test_after_a_kill_beside_the_gun_the_same_call_puts_back_and_goes_on(tmp_path: Path) -> None:
    run, life = burn_run(tmp_path), Life()
    on_heartbeat(run, 25, life.end)
    with run.start(life) as program, suppress(Killed, OSError, JournalError, HardwareError):
        microscope, journal = program.rig.microscope, program.rig.journal
        blanked = SafeState(Blanker.BLANKED, electrons_blanked=True, stage_stopped=True)
        manual = Manual(run.plan, microscope, journal, WaferPlace(), blanked)
        calibrate(PROCEDURE, agreed_to(), run.plan, Listener(), manual)
    assert not run.nature.gun.open and run.nature.stage.reported(run.nature.now_s).tilt_deg == 30.0
    run.on_commit = None
    with held(run) as manual:
        finished = calibrate(PROCEDURE, agreed_to(), run.plan, Listener(), manual)
        assert manual.devices.stage.pose().tilt_deg == 0.0
    assert finished.profile.verdict.good
    ends = [r for r in run.records() if isinstance(r, BurnEnd)]
    assert len(ends) == 5, "one mark was cut off and got its rest"
    assert sum(end.uncertain_uc > 0 for end in ends) == 1


def test_a_device_that_fails_ends_it_without_a_profile(tmp_path: Path) -> None:
    run = burn_run(tmp_path)

    def leak() -> None:
        fault = Fault(Device.CHAMBER, FaultKind.LOST_VACUUM, AfterCalls(1))
        run.nature.faults = FaultDesk(FaultScript((fault,)), run.nature.meter_rng)

    on_heartbeat(run, 25, leak)
    with held(run) as manual:
        with pytest.raises(HardwareError):
            calibrate(PROCEDURE, agreed_to(), run.plan, Listener(), manual)
        assert not run.nature.gun.open and profiles(run) == []
        tilted = manual.devices.stage.pose().tilt_deg
    assert tilted == pytest.approx(30.0), "the stage stays where it is"


def test_without_consent_nothing_moves(tmp_path: Path) -> None:
    run = burn_run(tmp_path)
    with held(run) as manual:
        before = manual.devices.stage.pose()
        with pytest.raises(SettingsError, match="nobody has agreed"):
            calibrate(PROCEDURE, agreed_to(consent=False), run.plan, Listener(), manual)
        assert manual.devices.stage.pose() == before
    assert openings(run) == [] and profiles(run) == []
