"""How well the stigmators' calibration finds what is true, on twins that differ.

    python -m benchmarks.calibration_stigmators [--twins N] [--seed S] [--small] [--json]

Each twin has a frame turned by 0 to 360 degrees and 0.3 to 3 times as strong as the profile says, in every
other one stigmators of their own strength and axes, another convergence angle, a coupling to the place of
the image, another scan rotation, tissue and start. To be reached: each stigmator within 3 % and 2 degrees.

strength_pct, axes_deg    largest error of both stigmators
angle_pct                 error of the convergence angle
shift_nm                  largest error of the coupling [nm per um of astigmatism]
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
from typing import Any

import numpy as np

from calibration.procedure import Result
from calibration.stigmators import StigmatorSettings, measure
from hardware.optics import StigmatorFrame, half_turn_deg
from hardware.simulator.config import ColumnSettings
from scopeacq.plan.project import FocusSettings
from tests.calibration.benches import bench_on
from tests.calibration.stigmator_twin import SMALL, StigmatorTwin

LARGEST_STRENGTH_PCT, LARGEST_AXES_DEG = 3.0, 2.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One twin: how it differs from its profile, and how it is looked at."""

    seed: int
    scan_rot_deg: float
    start: tuple[float, float, float]
    column: dict[str, Any]

    @classmethod
    def drawn(cls, seed: int) -> Trial:
        rng = np.random.default_rng([seed, 20])
        own = seed % 2 == 1
        strength_um = 4.0 * float(np.exp(rng.uniform(math.log(0.3), math.log(3.0))))
        column: dict[str, Any] = {
            "stigmator_um_per_unit": strength_um,
            "stigmator_rotation_deg": float(rng.uniform(0.0, 360.0)),
            "stigmator_y_ratio": float(np.exp(rng.uniform(-0.2, 0.2))) if own else 1.0,
            "stigmator_skew_deg": float(rng.uniform(-8.0, 8.0)) if own else 0.0,
            "stigmator_x_shift_um_per_unit": tuple(0.02 * strength_um * rng.uniform(-1, 1, 2)),
            "stigmator_y_shift_um_per_unit": tuple(0.02 * strength_um * rng.uniform(-1, 1, 2)),
            "convergence_mrad": float(8.9 * np.exp(rng.uniform(-0.2, 0.2))),
        }
        stig = rng.uniform(-1, 1, 2) * 4.0 / strength_um
        start = float(rng.uniform(-10.0, 10.0)), float(stig[0]), float(stig[1])
        return cls(seed, float(rng.choice([0.0, 90.0, rng.uniform(0, 360)])), start, column)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one trial."""

    seed: int
    good: bool
    strength_pct: float
    axes_deg: float
    angle_pct: float
    shift_nm: float
    images: int
    seconds: float

    @property
    def reached(self) -> bool:
        return self.good and self.strength_pct <= LARGEST_STRENGTH_PCT and self.axes_deg <= LARGEST_AXES_DEG


def run(trial: Trial, focus: FocusSettings, folder: Path) -> Figures:
    """Calibrate one twin and compare."""
    twin = StigmatorTwin.of(folder, focus, trial.seed, **trial.column)
    twin.start = trial.start
    settings = StigmatorSettings(scan_rot_deg=trial.scan_rot_deg, dwell_ns=focus.dwell_ns)
    began_s = time.monotonic()
    with twin.held() as manual:
        frames = twin.run.nature.n_frames
        result = measure(bench_on(manual, twin.run.plan, folder / "sitting"), settings)
        images = twin.run.nature.n_frames - frames
    seconds = time.monotonic() - began_s
    errors = compared(result, twin.run.nature.settings.column) if result.values else (math.inf,) * 4
    return Figures(trial.seed, result.verdict.good, *errors, images, seconds)


def compared(result: Result, true: ColumnSettings) -> tuple[float, float, float, float]:
    """Errors of strength [%], axes [deg], convergence angle [%], shift [nm per um]."""
    found = {v.key.removeprefix("electron."): float(str(v.value)) for v in result.values}
    names = "stigmator_um_per_unit", "stigmator_rotation_deg", "stigmator_y_ratio", "stigmator_skew_deg"
    frame, truth = StigmatorFrame(*(found[name] for name in names)), true.stigmator_frame
    strength = max(
        abs(frame.um_per_unit / truth.um_per_unit - 1), abs(frame.y_um_per_unit / truth.y_um_per_unit - 1)
    )
    turned_deg = frame.rotation_deg - truth.rotation_deg
    axes_deg = max(
        abs(half_turn_deg(turned_deg)), abs(half_turn_deg(turned_deg + frame.skew_deg - truth.skew_deg))
    )
    angle = abs(found["convergence_mrad"] / true.convergence_mrad - 1)
    shift_um = max(
        abs(found.get(f"stigmator_{by}_shift_{along}_um_per_unit", math.inf) - wanted)
        for by, vector in (
            ("x", true.stigmator_x_shift_um_per_unit),
            ("y", true.stigmator_y_shift_um_per_unit),
        )
        for along, wanted in zip("xy", vector, strict=True)
    )
    return 100 * strength, axes_deg, 100 * angle, 1e3 * shift_um / truth.um_per_unit


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--twins", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the first twin; the others follow")
    parser.add_argument("--small", action="store_true", help="smaller images, as the tests take them")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    focus = SMALL if arguments.small else FocusSettings(dwell_ns=200.0)
    rows = []
    for seed in range(arguments.seed, arguments.seed + arguments.twins):
        with tempfile.TemporaryDirectory() as folder:
            row = run(Trial.drawn(seed), focus, Path(folder))
        rows.append(row)
        print(json.dumps(asdict(row)) if arguments.json else row, flush=True)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
