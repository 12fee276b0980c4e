"""How well the calibrations of scan and stage find what is true, on twins that differ.

    python -m benchmarks.calibration_geometry [--twins N] [--seed S] [--quick] [--json]

Each twin has pixels up to 5 % off, a scan turned by up to 5 degrees and sheared, a lens that turns,
magnifies and shifts the image, and a stage with backlash, scatter and axes that are not square. To be
reached: the pixel size within 0.1 %, the scan rotation within 0.05 degrees.

size_pct, rotation_deg    errors of the pixel size and of the scan rotation
size_sd_pct, rotation_sd_deg    what the calibration says of them itself
shear, aspect             errors of the shape of pixels
lens_rotation_pct, lens_size_pct, lens_shift_pct    errors of what a um of working distance does
backlash_nm, settle_s     largest error of both axes; settling time found over the true one
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from calibration.procedure import Procedure, Result, S
from calibration.scan import PROCEDURE as SCAN
from calibration.scan.settings import ScanCalibrationSettings
from calibration.stage import PROCEDURE as STAGE
from calibration.stage.settings import StageCalibrationSettings
from hardware.simulator.config import ColumnSettings, StageSettings
from tests.calibration.benches import bench_on
from tests.calibration.geometry_twin import GeometryTwin

LARGEST_SIZE_PCT, LARGEST_ROTATION_DEG = 0.1, 0.05
QUICK_SCAN = ScanCalibrationSettings(width_px=768, height_px=768)
QUICK_STAGE = StageCalibrationSettings(width_px=512, height_px=512)


@dataclass(frozen=True, slots=True)
class Trial:
    """One twin: how it differs from its profile."""

    seed: int
    column: dict[str, object]
    stage: dict[str, object]

    @classmethod
    def drawn(cls, seed: int) -> Trial:
        rng = np.random.default_rng([seed, 21])
        column: dict[str, object] = {
            "pixel_size_factor": float(rng.uniform(0.95, 1.05)),
            "scan_rotation_deg": float(rng.uniform(-5, 5)),
            "scan_shear": float(rng.uniform(-0.01, 0.01)),
            "pixel_aspect": float(rng.uniform(0.985, 1.015)),
            "image_rotation_deg_per_um": float(rng.uniform(-1e-3, 1e-3)),
            "image_magnification_per_um": float(rng.uniform(-5e-5, 5e-5)),
            "image_shift_um_per_um": tuple(rng.uniform(-0.04, 0.04, 2).tolist()),
        }
        stage: dict[str, object] = {
            "shear": float(rng.uniform(-1e-3, 1e-3)),
            "y_factor": float(rng.uniform(0.999, 1.001)),
            "backlash_um": float(rng.uniform(0.0, 1.5)),
            "move_error_um": float(rng.uniform(0.05, 0.25)),
            "settling_s": float(rng.uniform(0.1, 0.5)),
            "settling_um": float(rng.uniform(0.1, 0.5)),
        }
        return cls(seed, column, stage)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one trial."""

    seed: int
    good: bool
    size_pct: float
    size_sd_pct: float
    rotation_deg: float
    rotation_sd_deg: float
    shear: float
    aspect: float
    lens_rotation_pct: float
    lens_size_pct: float
    lens_shift_pct: float
    backlash_nm: float
    settle_s: tuple[float, float]
    images: tuple[int, int]
    seconds: tuple[float, float]

    @property
    def reached(self) -> bool:
        close = self.size_pct <= LARGEST_SIZE_PCT and self.rotation_deg <= LARGEST_ROTATION_DEG
        return self.good and close


@dataclass(frozen=True, slots=True)
class Done:
    """A calibration of one twin: what was found, by key, and what it took."""

    result: Result
    images: int
    seconds: float

    def found(self, key: str) -> float:
        return next((float(str(v.value)) for v in self.result.values if v.key == key), math.inf)

    def sd(self, key: str) -> float:
        return next((v.sd for v in self.result.values if v.key == key and v.sd is not None), math.inf)


def run(trial: Trial, folder: Path, quick: bool) -> Figures:
    """Calibrate scan and stage of one twin, and compare."""
    twin = GeometryTwin.of(folder, trial.column, trial.stage, seed=trial.seed)
    scan = _calibrated(twin, SCAN, QUICK_SCAN if quick else ScanCalibrationSettings(), folder / "scan")
    twin.go_by({value.key: float(str(value.value)) for value in scan.result.values})
    stage = _calibrated(twin, STAGE, QUICK_STAGE if quick else StageCalibrationSettings(), folder / "stage")
    return _compared(trial.seed, scan, stage, twin)


def _calibrated(twin: GeometryTwin, procedure: Procedure[S], settings: S, folder: Path) -> Done:
    began_s = time.monotonic()
    with twin.held() as manual:
        before = twin.run.nature.n_frames
        result = procedure.measure(bench_on(manual, twin.run.plan, folder), settings)
        images = twin.run.nature.n_frames - before
    return Done(result, images, time.monotonic() - began_s)


def _compared(seed: int, scan: Done, stage: Done, twin: GeometryTwin) -> Figures:
    column, truly = twin.run.nature.settings.column, twin.run.nature.settings.stage
    size, turned = "scan.pixel_size_factor", "scan.rotation_deg"
    return Figures(
        seed,
        scan.result.verdict.good and stage.result.verdict.good,
        100 * abs(scan.found(size) / column.pixel_size_factor - 1),
        100 * scan.sd(size) / column.pixel_size_factor,
        abs(scan.found(turned) - column.scan_rotation_deg),
        scan.sd(turned),
        abs(scan.found("scan.shear") - column.scan_shear),
        abs(scan.found("scan.aspect") - column.pixel_aspect),
        *_lens_errors_pct(scan, column),
        _backlash_error_nm(stage, truly),
        (stage.found("stage.settle_s"), _rests_s(truly)),
        (scan.images, stage.images),
        (scan.seconds, stage.seconds),
    )


def _lens_errors_pct(scan: Done, column: ColumnSettings) -> tuple[float, float, float]:
    """Of rotation, magnification and shift per um, each over the largest that a twin is given."""
    shift = (scan.found(f"electron.image_shift_{axis}_um_per_um") for axis in "xy")
    off = (
        (scan.found("scan.rotation_deg_per_um") - column.image_rotation_deg_per_um) / 1e-3,
        (scan.found("scan.magnification_per_um") - column.image_magnification_per_um) / 5e-5,
        math.dist(tuple(shift), column.image_shift_um_per_um) / 0.04,
    )
    rotation, size, moved = (100 * abs(share) for share in off)
    return rotation, size, moved


def _backlash_error_nm(stage: Done, truly: StageSettings) -> float:
    found = (stage.found(f"stage.backlash_{axis}_um") for axis in "xy")
    return 1e3 * max(abs(value - truly.backlash_um) for value in found)


def _rests_s(truly: StageSettings) -> float:
    """When the twin's stage is at rest within what is asked for, after it says that it has arrived."""
    within_um = 1e-3 * StageCalibrationSettings().settled_within_nm
    return max(truly.settling_s * (math.log(truly.settling_um / within_um) - 1), 0.0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--twins", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the first twin; the others follow")
    parser.add_argument("--quick", action="store_true", help="smaller images, and more moves for them")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = []
    for seed in range(arguments.seed, arguments.seed + arguments.twins):
        with tempfile.TemporaryDirectory() as folder:
            row = run(Trial.drawn(seed), Path(folder), arguments.quick)
        rows.append(row)
        print(json.dumps(asdict(row)) if arguments.json else row, flush=True)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
