"""The scan's calibration: fits alone, the procedure on twins that are off, what the program makes of it."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.catalogue import procedure_of
from calibration.figures import Arrows, Picture, Plot
from calibration.procedure import Result
from calibration.robust_fits import Estimate, robust_fit
from calibration.scan import PROCEDURE
from calibration.scan.fit import Moves, fit_scan
from calibration.scan.lens_fit import Likeness, fit_lens
from calibration.scan.result import Found, result_of
from calibration.scan.settings import ScanCalibrationSettings
from calibration.scan.through_wd import LensSeries, Through
from calibration.watching import Home
from hardware.errors import Halted
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from hardware.simulator.scan_geometry import as_scanned, scan_geometry
from hardware.types import SQUARE, FrameSettings, Optics, PixelShape
from scopeacq.engine.locating import look
from scopeacq.journal.records import Purpose
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.geometry import Rigid, rotation, shaped
from scopeacq.plan.scan_law import ScanLaw, scan_law
from scopeacq.vision.registration import View
from tests.calibration.benches import Listener, bench_on
from tests.calibration.geometry_twin import GeometryTwin, StopsAfter, frames, speckled

QUICK = ScanCalibrationSettings(width_px=384, height_px=384, most_moves=48)
STEADY: Mapping[str, object] = {"move_error_um": 0.02}
OFF: Mapping[str, object] = {
    "pixel_size_factor": 1.031,
    "scan_rotation_deg": -3.4,
    "scan_shear": 0.007,
    "pixel_aspect": 0.988,
    "image_rotation_deg_per_um": 2e-3,
    "image_magnification_per_um": -8e-5,
    "image_shift_um_per_um": (-0.02, 0.015),
}


def simulated(
    law: ScanLaw, stage_shear: float, stage_y: float, noise_um: float, rng: np.random.Generator
) -> Moves:
    """Moves as they would be seen, without any image."""
    stage = rng.uniform(-60, 60, (60, 2))
    rotations = np.repeat([0.0, 90.0], 30)
    true = stage @ np.array([[1.0, stage_shear], [0.0, stage_y]]).T + rng.normal(0, noise_um, (60, 2))
    seen = []
    for step, angle in zip(true, rotations, strict=True):
        scan = rotation(angle + law.rotation_deg) @ shaped(law.shape) * law.pixel_size_factor
        seen.append(rotation(angle) @ np.linalg.solve(scan, step))
    return Moves(_points(stage), _points(np.array(seen)), rotations, np.repeat([0, 1], 30))


def _points(rows: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(rows[:, 0] + 1j * rows[:, 1])


def near(estimate: Estimate, truth: float, floor: float) -> bool:
    """Within what the estimate itself allows; ``floor``: what neglected squares of distortions come to."""
    return abs(estimate.value - truth) <= 5 * estimate.sd + floor


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.8, 1.25),
    st.floats(-20, 20),
    st.floats(-0.01, 0.01),
    st.floats(0.99, 1.01),
    st.floats(-0.005, 0.005),
    st.integers(0, 10**6),
)
def test_scan_and_stage_are_told_apart(
    factor: float, turned_deg: float, shear: float, aspect: float, stage_shear: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    law = ScanLaw(factor, turned_deg, PixelShape(shear, aspect))
    fit = fit_scan(simulated(law, stage_shear, 1.001, 0.02, rng), rng, 0.01)
    assert near(fit.pixel_size_factor, factor, 1e-4 * factor)
    assert near(fit.rotation_deg, turned_deg, 0.01)
    assert near(fit.shear, shear, 2e-4)
    assert near(fit.aspect, aspect, 2e-4)
    assert near(fit.stage_shear, stage_shear, 2e-4)
    assert near(fit.stage_y_factor, 1.001, 2e-4)


def test_moves_that_were_mistaken_are_left_out_and_named() -> None:
    rng = np.random.default_rng(1)
    moves = simulated(ScanLaw(1.02, 1.0), 0.0, 1.0, 0.02, rng)
    wrong = np.arange(0, 60, 4)
    moves.seen_um[wrong] += 3.0 * np.exp(2j * np.pi * rng.uniform(size=len(wrong)))
    fit = fit_scan(moves, rng, 0.01)
    left_out = set(np.flatnonzero(~fit.kept).tolist())
    assert left_out >= set(wrong.tolist()) and len(left_out) <= len(wrong) + 2
    assert near(fit.pixel_size_factor, 1.02, 1e-5)


def test_moves_at_one_scan_rotation_do_not_tell() -> None:
    moves = simulated(ScanLaw(), 0.0, 1.0, 0.02, np.random.default_rng(0))
    with pytest.raises(ValueError, match="do not determine"):
        fit_scan(replace(moves, scan_rot_deg=np.zeros(60)), np.random.default_rng(0), 0.01)
    with pytest.raises(ValueError, match="mirrored"):
        fit_scan(replace(moves, seen_um=moves.stage_um.conj()), np.random.default_rng(0), 0.01)
    with pytest.raises(ValueError, match="less than 30 degrees"):
        ScanCalibrationSettings(scan_rot_deg=(10.0, 190.0))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 40))
def test_a_robust_fit_says_how_far_it_may_be_off(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.normal(size=count) + 1j * rng.normal(size=count), np.ones(count)])
    truth = np.array([1.5 - 0.5j, -2.0 + 1j])
    values = design @ truth + 1e-3 * (rng.normal(size=count) + 1j * rng.normal(size=count))
    found = robust_fit(design.astype(np.complex128), values, rng)
    if count >= 12:
        assert (np.abs(found.coefficients - truth) <= 8 * found.sd).all()
    assert found.kept.sum() > 2


def test_a_lens_is_told_by_lines_through_working_distances() -> None:
    wds_um = np.array([-20.0, -10.0, 0.0, 10.0, 20.0])
    seen = [Likeness(1 / (1 + 3e-5 * wd), -4e-4 * wd, (0.01 * wd, -0.02 * wd)) for wd in wds_um]
    fit = fit_lens(wds_um, seen)
    assert fit.magnification_per_um.value == pytest.approx(3e-5, rel=1e-3)
    assert fit.rotation_deg_per_um.value == pytest.approx(4e-4)
    assert (fit.shift_x_um_per_um.value, fit.shift_y_um_per_um.value) == pytest.approx((-0.01, 0.02))
    with pytest.raises(ValueError, match="three working distances"):
        fit_lens(np.zeros(3), seen[:3])


# -- on the twin -------------------------------------------------------------------------


def calibrated(
    twin: GeometryTwin, folder: Path, audience: Listener | None = None
) -> tuple[Result, dict[str, float]]:
    with twin.held() as manual:
        result = PROCEDURE.measure(bench_on(manual, twin.run.plan, folder, audience=audience), QUICK)
    return result, {v.key: v.value for v in result.values if isinstance(v.value, float)}


def where_truly(twin: GeometryTwin, wanted: FrameSettings) -> NDArray[np.float64]:
    """Where the twin scans the frame that the program takes when it wants this one, (2, 3) [um]."""
    nature = twin.run.nature
    column, wd_um = nature.settings.column, nature.column.optics.wd_um
    told = scan_law(twin.run.plan.instrument).told(wanted, wd_um)
    return scan_geometry(
        as_scanned(told, column),
        nature.stage.reported(nature.now_s),
        wd_um,
        nature.column.deflection_um,
        column,
        column.wd_at_z0_um - nature.settings.stage.start_z_um,
        nature.settings.stage.rotation_centre_um,
    ).to_wafer


def test_the_catalogue_knows_it() -> None:
    assert procedure_of(CalibrationKind.SCAN) is PROCEDURE


def test_a_scan_that_is_off_is_measured_and_put_right(tmp_path: Path) -> None:
    twin = GeometryTwin.of(tmp_path, column=OFF, stage={**STEADY, "shear": 0.001})
    audience = Listener()
    result, values = calibrated(twin, tmp_path / "first", audience)
    assert result.verdict.good, result.verdict.reasons
    assert values["scan.pixel_size_factor"] == pytest.approx(1.031, rel=1e-3)
    assert values["scan.rotation_deg"] == pytest.approx(-3.4, abs=0.05)
    assert values["scan.shear"] == pytest.approx(0.007, abs=1e-3)
    assert values["scan.aspect"] == pytest.approx(0.988, abs=1e-3)
    assert values["scan.magnification_per_um"] == pytest.approx(-8e-5, rel=0.1)
    assert values["scan.rotation_deg_per_um"] == pytest.approx(2e-3, rel=0.1)
    assert values["electron.image_shift_x_um_per_um"] == pytest.approx(-0.02, abs=1e-3)
    assert values["electron.image_shift_y_um_per_um"] == pytest.approx(0.015, abs=1e-3)
    assert isinstance(result.residuals[0], Arrows) and isinstance(result.residuals[1], Plot)
    assert {"place", "residuals", "lens"} <= set(audience.figures)
    assert [share for share, _ in audience.said] == sorted(share for share, _ in audience.said)

    twin.go_by(values)
    with twin.held() as manual:
        manual.set_optics(manual.devices.column.optics().shifted(wd_um=12.0))
        frame = manual.grab(WANTED)
        by_hand = View.of(frame, Rigid(), manual.field_shift_um(frame.optics))
        assert frame.settings == WANTED
        assert farthest_um(by_hand, where_truly(twin, WANTED)) < 0.05
    with twin.run.start() as program:
        in_a_run = look(program.rig, WANTED, Rigid(), Purpose.SECTION, (0.0, 0.0))
        assert farthest_um(in_a_run, where_truly(twin, WANTED)) < 0.05


WANTED = FrameSettings(512, 512, 40.0, 50.0, 30.0)


def farthest_um(view: View, true: NDArray[np.float64]) -> float:
    """How far corners of a frame lie from where they are believed; it is 20 um wide."""
    corners = np.array([(0, 0, 1), (511, 0, 1), (0, 511, 1), (511, 511, 1)]).T
    return float(np.abs(view.to_wafer @ corners - true @ corners).max())


SCAN_KEYS = {
    "scan.pixel_size_factor": "pixel_size_factor",
    "scan.rotation_deg": "scan_rotation_deg",
    "scan.shear": "scan_shear",
    "scan.aspect": "pixel_aspect",
    "scan.magnification_per_um": "image_magnification_per_um",
    "scan.rotation_deg_per_um": "image_rotation_deg_per_um",
}


def test_where_nothing_is_to_be_seen_the_old_values_are_kept(tmp_path: Path) -> None:
    twin = GeometryTwin.of(tmp_path, specimen=speckled(0.0))
    result, values = calibrated(twin, tmp_path / "blank")
    assert not result.verdict.good and not values
    assert "not seen" in result.verdict.reasons[0] and result.residuals
    assert frames(twin) <= 20  # it does not go on in vain


def test_a_stage_that_scatters_too_much_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    fit = fit_scan(simulated(ScanLaw(1.02, 1.0), 0.0, 1.0, 0.5, rng), rng, 0.01)
    wds_um = np.array([-20.0, -10.0, 0.0, 10.0, 20.0])
    images = tuple(Through(wd, Likeness(1.0, 0.0, (0.0, 0.0))) for wd in wds_um)
    home = Home(0.0, 0.0, Optics(4500.0, 0.0, 0.0))
    found = Found(fit, fit_lens(wds_um, [i.like for i in images if i.like]), 60, home)
    instrument = GeometryTwin.of(tmp_path).run.plan.instrument
    verdict = result_of(
        found, LensSeries(images), instrument, Picture("", np.zeros((2, 2), np.uint8))
    ).verdict
    assert not verdict.good
    assert any("allow more moves" in reason for reason in verdict.reasons)


def test_by_its_own_result_nothing_changes_through_a_pause_and_a_lost_frame(tmp_path: Path) -> None:
    lost = Fault(Device.SCANNER, FaultKind.TRUNCATED_FRAME, AfterCalls(7))
    twin = GeometryTwin.of(tmp_path, column=OFF, stage=STEADY, script=FaultScript((lost,)))
    truth = {key: float(str(OFF[name])) for key, name in SCAN_KEYS.items()}
    twin.go_by(truth)
    folder = tmp_path / "paused"
    with twin.held() as manual, pytest.raises(Halted):
        PROCEDURE.measure(bench_on(manual, twin.run.plan, folder, audience=StopsAfter(manual, 21)), QUICK)
    result, values = calibrated(twin, folder)
    assert result.verdict.good, result.verdict.reasons
    for key, value in truth.items():
        assert values[key] == pytest.approx(value, abs=1e-3, rel=2e-2), key
    assert frames(twin) == 1 + 2 + 48 + 9 + 1  # a look, references, moves, working distances, the lost one


def test_a_cost_is_told_before(tmp_path: Path) -> None:
    plan = GeometryTwin.of(tmp_path).run.plan
    cost = PROCEDURE.cost(plan, QUICK)
    assert cost.frames >= 50 and cost.duration_s > 0 and cost.electron_dose_per_nm2 > 0
    assert "up to 23 um" in cost.said[0]


def test_a_neutral_law_tells_the_scanner_exactly_what_is_wanted() -> None:
    wanted = FrameSettings(64, 48, 10.0, 100.0, 123.4)
    assert ScanLaw().told(wanted, 4500.0) == wanted


@given(
    st.builds(
        ScanLaw,
        st.floats(0.5, 2),
        st.floats(-180, 180),
        st.just(SQUARE),
        st.floats(-0.01, 0.01),
        st.floats(-1, 1),
        st.just(4500.0),
    ),
    st.floats(-30, 30),
)
def test_what_is_told_gives_what_is_wanted(law: ScanLaw, off_um: float) -> None:
    told = law.told(FrameSettings(64, 48, 10.0, 100.0, 33.0), 4500.0 + off_um)
    assert told.pixel_size_nm * law.factor_at(4500.0 + off_um) == pytest.approx(10.0)
    angle = math.radians(told.scan_rot_deg + law.rotation_deg_at(4500.0 + off_um) - 33.0)
    assert abs(cmath.phase(cmath.exp(1j * angle))) < 1e-6
    assert 0 <= told.scan_rot_deg < 360
