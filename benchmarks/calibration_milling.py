"""How well mill rates, their evenness and irradiation doses are found on twins that differ.

    python -m benchmarks.calibration_milling [--twins N] [--seed S] [--json]

Each twin mills a section of 200 nm through for each irradiation of table 2.1, somewhere on the wafer; with
slices of 3 to 6 nm, a raster that is up to 10 % uneven, charges that the journal knows to 0 to 3 %, dwell
times of 200 to 800 ns. Its irradiation gun swings by up to 10 %, the preamplifier is off and drifts,
readings are missing, and the program is stopped once on the way. To be reached: rates and doses within 3 %.

rate_pct          error of the mill rate at each irradiation dose, in the order of DOSES
rate_sd_pct       what the calibration says of it itself
by_source_pct     error of the source's own rule (behind the last slice with tissue) on the same slices
dose_pct          error of the irradiation dose
target_pct        by how much the dose at the end differs from the target
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from calibration.irradiation import PROCEDURE as IRRADIATION
from calibration.irradiation.procedure import Dose
from calibration.irradiation.settings import IrradiationSettings
from calibration.mill_rate import PROCEDURE as MILL_RATE
from calibration.mill_rate.settings import MillRateSettings
from calibration.procedure import Result
from hardware.errors import Halted
from hardware.simulator.config import GunSettings
from hardware.simulator.config import IrradiationSettings as IrradiationGun
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.simulator.mill_map import mill_rate_m3_per_c
from scopeacq.plan.project import MillingSettings
from tests.calibration.benches import Listener, bench_on
from tests.calibration.milled_runs import milled_run, wafer_of
from tests.scenarios.harness import TinyRun
from tests.scopeacq.manual_bench import held

LARGEST_PCT = 3.0
DOSES = (0.0, 0.25, 0.5, 1.0)
AZIMUTHS_DEG = (0.0, 120.0, 240.0)
RASTER_VPP = 6.0
WATCHED = IrradiationSettings(target_1e27_ev_per_cm3=0.1, area_mm2=100.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one twin."""

    seed: int
    rate_pct: tuple[float, ...]
    rate_sd_pct: tuple[float, ...]
    by_source_pct: tuple[float, ...]
    dose_pct: float
    target_pct: float

    @property
    def reached(self) -> bool:
        return max(*map(abs, self.rate_pct), abs(self.dose_pct)) <= LARGEST_PCT


def run(seed: int, folder: Path) -> Figures:
    """Mill and irradiate one twin, calibrate, and compare with nature."""
    rng = np.random.default_rng([seed, 6])
    results = [_rate(rng, dose, folder / f"dose {dose}") for dose in DOSES]
    truths = [float(mill_rate_m3_per_c(dose)) * 1e8 for dose in DOSES]
    found = [_found(result, dose) for result, dose in zip(results, DOSES, strict=True)]
    sds = [float(result.values[0].sd or 0.0) for result in results]
    by_source = [float(result.comparison[2].after) for result in results]
    return Figures(
        seed,
        _off_pct(found, truths),
        tuple(100 * sd / truth for sd, truth in zip(sds, truths, strict=True)),
        _off_pct(by_source, truths),
        *_irradiated_pct(rng, folder / "irradiated"),
    )


def _off_pct(values: list[float], truths: list[float]) -> tuple[float, ...]:
    return tuple(100 * (value / truth - 1) for value, truth in zip(values, truths, strict=True))


def _rate(rng: np.random.Generator, dose: float, folder: Path) -> Result:
    """Mill a section of this irradiation until ten slices beyond its end, and measure its rate."""
    slice_nm, unevenness = float(rng.uniform(3, 6)), float(rng.uniform(0, 0.1))
    area_um2 = (GunSettings().um_per_vpp * RASTER_VPP) ** 2
    charge_uc = slice_nm * 1e-15 / float(mill_rate_m3_per_c(dose)) * area_um2 / len(AZIMUTHS_DEG)

    def prepare(run: TinyRun) -> None:
        gun = run.nature.settings.gun
        run.nature.mill.settings = gun.model_copy(update={"unevenness": unevenness})

    twin = milled_run(
        folder,
        wafer_of([(float(x), float(y)) for x, y in rng.uniform(-900, 900, (1, 2))], (dose,)),
        round(200 / slice_nm) + 10,
        MillingSettings(charge_uc_per_azimuth=charge_uc, azimuths_deg=AZIMUTHS_DEG, raster_vpp=RASTER_VPP),
        uncertain=float(rng.uniform(0, 0.03)),
        prepare=prepare,
        dwell_ns=float(rng.choice([200.0, 400.0, 800.0])),
    )
    told = MillRateSettings(irradiation_1e27_ev_per_cm3=dose, square_px=64)
    return MILL_RATE.measure(bench_on(None, twin.plan, folder / "sitting"), told)


def _found(result: Result, dose: float) -> float:
    """The row of the table that was measured; nothing where the calibration refused."""
    rows = result.values[0].value if result.values else ()
    assert isinstance(rows, tuple)
    rates = (r["rate_1e_8_m3_per_c"] for r in rows if r["irradiation_1e27_ev_per_cm3"] == dose)
    return next(rates, float("nan"))


class StopsOnce(Listener):
    """An operator who pauses at half of the target."""

    def told(self, share: float, saying: str) -> None:
        super().told(share, saying)
        if share > 0.5:
            raise Halted("irradiation", "paused half-way")


def _irradiated_pct(rng: np.random.Generator, folder: Path) -> tuple[float, float]:
    """Errors of the dose that was found, and of the target that was reached."""
    twin = TinyRun.make(folder)
    body = twin.nature.irradiation
    body.settings = IrradiationGun(
        current_ua=float(rng.uniform(40, 120)),
        current_ripple=float(rng.uniform(0, 0.1)),
        current_ripple_period_s=float(rng.uniform(60, 1200)),
        offset_v=float(rng.uniform(-0.03, 0.03)),
        offset_drift_v_per_h=float(rng.uniform(-0.02, 0.02)),
        noise_v=float(rng.uniform(0.0005, 0.004)),
    )
    missing = sorted(rng.integers(100, 400, 20).tolist())
    faults = tuple(Fault(Device.IRRADIATION_METER, FaultKind.TIMEOUT, AfterCalls(n)) for n in missing)
    twin.nature.faults = FaultDesk(FaultScript(faults), np.random.default_rng(0))
    with held(twin) as manual:
        try:
            IRRADIATION.measure(
                bench_on(manual, twin.plan, folder / "sitting", audience=StopsOnce()), WATCHED
            )
        except Halted:
            manual.devices.clock.sleep(3600.0)
        bench = bench_on(manual, twin.plan, folder / "sitting")
        IRRADIATION.measure(bench, WATCHED)
        truth = WATCHED.dose_1e27(body.charge_uc(twin.nature.now_s))
    kept = bench.measurements.get("dose", Dose)
    found = float("nan") if kept is None else kept.dose_1e27_ev_per_cm3
    return 100 * (found / truth - 1), 100 * (truth / WATCHED.target_1e27_ev_per_cm3 - 1)


def main() -> int:
    """Print a line per twin; 1 where one is beyond what is to be reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--twins", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)  # of readings that are missing on purpose
    trials = []
    for seed in range(asked.seed, asked.seed + asked.twins):
        with tempfile.TemporaryDirectory() as folder:
            trials.append(run(seed, Path(folder)))
        if not asked.json:
            print(_line(trials[-1]))
    if asked.json:
        print(json.dumps([asdict(trial) for trial in trials], indent=1))
    return 0 if all(trial.reached for trial in trials) else 1


def _line(trial: Figures) -> str:
    rates, sds, source = (
        " ".join(f"{value:+5.1f}" for value in values)
        for values in (trial.rate_pct, trial.rate_sd_pct, trial.by_source_pct)
    )
    said = "reached" if trial.reached else "MISSED"
    return (
        f"{trial.seed:3d}  rates {rates} %  sd {sds} %  source's rule {source} %  "
        f"dose {trial.dose_pct:+.2f} %  target {trial.target_pct:+.2f} %  {said}"
    )


if __name__ == "__main__":
    sys.exit(main())
