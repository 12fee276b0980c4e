"""The stigmators' calibration on the twin: what is injected is found, and what cannot be told is said."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.calibration_stigmators import LARGEST_AXES_DEG, LARGEST_STRENGTH_PCT, compared
from calibration.catalogue import procedure_of
from calibration.sitting import calibrate
from calibration.stigmators import PROCEDURE, StigmatorSettings, measure
from calibration.stigmators.image_shift import field_shift
from hardware.errors import Halted
from hardware.simulator.truth import FrameTruth
from hardware.types import Optics, StagePose
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.focus.focus_pairs import Pair
from scopeacq.manual import Manual
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.geometry import turn
from scopeacq.plan.settings import SettingsError
from tests.calibration.benches import Listener, bench_on
from tests.calibration.stigmator_twin import StigmatorTwin
from tests.scopeacq.manual_bench import FRAME, held

COLUMN: dict[str, Any] = {
    "stigmator_um_per_unit": 7.0,
    "stigmator_rotation_deg": 130.0,
    "stigmator_y_ratio": 0.8,
    "stigmator_skew_deg": -6.0,
    "stigmator_x_shift_um_per_unit": (0.12, -0.05),
    "stigmator_y_shift_um_per_unit": (0.03, 0.2),
    "convergence_mrad": 9.8,
}


@dataclass
class Impatient(Listener):
    """An operator who pauses once so much is done."""

    until: float = 1.0

    def told(self, share: float, saying: str) -> None:
        super().told(share, saying)
        if share >= self.until:
            raise Halted("operator", "paused")


def frames_of(twin: StigmatorTwin) -> int:
    return twin.run.nature.n_frames


def test_what_stigmators_truly_do_is_found_through_a_pause_in_which_the_stage_moves(tmp_path: Path) -> None:
    twin = StigmatorTwin.of(tmp_path, **COLUMN)
    settings = StigmatorSettings(scan_rot_deg=90.0, dwell_ns=100.0)
    plan, listener = twin.run.plan, Listener()
    with twin.held() as manual:
        found, frames = manual.devices.column.optics(), frames_of(twin)
        with pytest.raises(Halted):
            calibrate(PROCEDURE, settings, plan, Impatient(until=0.5), manual)
        assert manual.devices.column.optics() == found
        away_from(manual, 2.0)
        finished = calibrate(PROCEDURE, settings, plan, listener, manual)
        assert manual.devices.column.optics() == found
    result, pairs = finished.result, len(list(finished.folder.glob("*.tif")))
    assert frames_of(twin) - frames == 1 + 2 * pairs, "a look, and no pair is taken twice"
    assert result.verdict.good, result.verdict.reasons
    strength_pct, axes_deg, angle_pct, shift_nm = compared(result, twin.run.nature.settings.column)
    assert strength_pct <= LARGEST_STRENGTH_PCT
    assert axes_deg <= LARGEST_AXES_DEG
    assert angle_pct <= 3.0
    assert shift_nm <= 2.0
    assert {"seen", "place"} <= listener.figures.keys()
    assert len(result.residuals) == 3


def away_from(manual: Manual, by_um: float) -> None:
    """As the stage does that comes back from elsewhere."""
    pose = manual.devices.stage.pose()
    assert pose.x_um is not None
    manual.devices.stage.move(StagePose(x_um=pose.x_um + by_um)).wait(60.0)


class Blank:
    """An estimator to which nothing shows structure."""

    name = "blank"

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        return AberrationEstimate(np.zeros(3), np.eye(3), structured=False)


def test_a_place_without_structure_ends_in_what_to_do(tmp_path: Path) -> None:
    twin = StigmatorTwin.of(tmp_path)
    with twin.held(Blank()) as manual:
        result = measure(bench_on(manual, twin.run.plan, tmp_path / "sitting"), StigmatorSettings())
    assert not result.verdict.good
    assert not result.values
    assert "focus by hand on tissue" in result.verdict.reasons[0]
    assert result.residuals


def test_a_section_that_is_not_there_is_named(tmp_path: Path) -> None:
    twin = StigmatorTwin.of(tmp_path)
    with twin.held() as manual:
        bench = bench_on(manual, twin.run.plan, tmp_path / "sitting")
        with pytest.raises(SettingsError, match="the wafer has no section S999"):
            measure(bench, StigmatorSettings(section="S999"))


def test_it_is_in_the_catalogue_and_says_what_it_costs(tmp_path: Path) -> None:
    assert procedure_of(CalibrationKind.STIGMATORS) is PROCEDURE
    plan = StigmatorTwin.of(tmp_path).run.plan
    short, long = (PROCEDURE.cost(plan, StigmatorSettings(dwell_ns=ns)) for ns in (100.0, 200.0))
    assert 0 < short.duration_s < long.duration_s
    assert long.electron_dose_per_nm2 == pytest.approx(2 * short.electron_dose_per_nm2)


@pytest.mark.parametrize("scan_rot_deg", [0.0, 90.0, 37.0])
def test_the_shift_of_the_field_is_told_in_the_lab(scan_rot_deg: float) -> None:
    noise = np.random.default_rng(0).normal(size=(700, 700))
    spectrum = np.fft.fft2(noise) * np.exp(-200 * np.add.outer(*[np.fft.fftfreq(700) ** 2] * 2))
    texture = np.fft.ifft2(spectrum).real
    scene = np.clip(128 + 40 * texture / texture.std(), 0, 255).astype(np.uint8)
    # the second field lies 40 columns farther right and 25 rows farther up
    reference, pair = (
        Pair(Optics(4500.0, 0.0, 0.0), image, image, PairCondition(10.0, 5.0, 8.9, 10.0))
        for image in (scene[100:612, 100:612], scene[75:587, 140:652])
    )
    shift = field_shift(pair, reference, scan_rot_deg)
    assert shift.certain
    assert shift.by_um == pytest.approx(turn((0.4, 0.25), scan_rot_deg), abs=0.005)


def test_the_program_knows_where_it_looks_with_other_stigmators(tmp_path: Path) -> None:
    twin = StigmatorTwin.of(tmp_path, **COLUMN)
    known = {
        f"stigmator_{by}_shift_{along}_um_per_unit": COLUMN[f"stigmator_{by}_shift_um_per_unit"][axis]
        for by in "xy"
        for axis, along in enumerate("xy")
    }
    instrument = twin.run.plan.instrument
    electron = instrument.electron.model_copy(update=known)
    twin.run.plan = replace(twin.run.plan, instrument=instrument.model_copy(update={"electron": electron}))
    believed, true = [], []
    with held(twin.run) as manual:
        manual.bring_up()
        for stig_x, stig_y in ((0.0, 0.0), (5.0, -3.0)):
            manual.set_optics(Optics(manual.devices.column.optics().wd_um, stig_x, stig_y))
            manual.grab(FRAME)
            believed.append(manual.looks_at_um())
            true.append(
                next((t.x_um, t.y_um) for t in reversed(twin.run.truth) if isinstance(t, FrameTruth))
            )
    moved = [math.dist(*points) for points in (believed, true)]
    assert moved[1] == pytest.approx(math.hypot(5 * 0.12 - 3 * 0.03, 5 * -0.05 - 3 * 0.2), abs=1e-3)
    assert np.diff(believed, axis=0) == pytest.approx(np.diff(true, axis=0), abs=1e-3)
