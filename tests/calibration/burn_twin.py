"""A tiny twin whose gun stands otherwise than its profile says, under a coating that shows burn marks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from calibration.bench import Bench
from calibration.ion_beam.settings import IonBeamSettings
from hardware.simulator.config import GunSettings, TwinSettings
from hardware.simulator.faults import FaultScript
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import demo_wafer
from scopeacq.burning import Burner
from scopeacq.manual import Manual
from scopeacq.plan.wafer import Landmark
from tests.calibration.benches import Listener, bench_on
from tests.scenarios.harness import TinyRun, Waves, tiny_twin_settings
from tests.scenarios.life import Life
from tests.scopeacq.manual_bench import held

SITTING = "calibrations/ion-beam/now"
COATING_NM = 10.0
PLACE_UM = (0.0, 6000.0)
"""Bare wafer of the demo."""
LANDMARKS = tuple(Landmark(f"L{n}", at_um, at_um) for n, at_um in enumerate([(-9e3, -6e3), (9e3, -6e3)], 1))
"""Measured far from there: the wafer is mounted as it is drawn, and that is known."""

TRUE_GUN = GunSettings(
    elevation_deg=0.6,
    aim_x_um=120.0,
    aim_z_um=5080.0,
    um_per_vpp=1160.0,
    um_per_vpp_y=1040.0,
    map_pitch_um=25.0,
    meter_s=0.0,
)


def mounted_run(folder: Path) -> TinyRun:
    """A run whose wafer's place is known."""
    run = TinyRun.make(folder)
    run.plan = replace(run.plan, wafer=replace(run.plan.wafer, landmarks=LANDMARKS))
    return run


def burn_run(
    folder: Path,
    gun: GunSettings = TRUE_GUN,
    script: FaultScript | None = None,
    seed: int = 0,
    **stage: float,
) -> TinyRun:
    """A run on a twin with this gun, under its profile of before. ``stage``: its errors."""
    run = mounted_run(folder)
    tiny = tiny_twin_settings(seed)
    settings: TwinSettings = tiny.model_copy(
        update={"gun": gun, "stage": tiny.stage.model_copy(update=stage)}
    )
    wafer = demo_wafer(0, 1, Waves()).coated(COATING_NM)
    run.nature = Nature(settings, wafer, run.truth.append, script)
    return run


def agreed_to(**changes: Any) -> IonBeamSettings:
    """Settings of an operator who has looked."""
    values = {"consent": True, "x_um": PLACE_UM[0], "y_um": PLACE_UM[1], **changes}
    return IonBeamSettings.model_validate(values)


@contextmanager
def burning(run: TinyRun, life: Life | None = None) -> Iterator[tuple[Manual, Bench]]:
    """The instrument in hand with the ion beam lent to a bench, as a sitting does."""
    with held(run, life) as manual:
        yield manual, burn_bench(run, manual)


def burn_bench(run: TinyRun, manual: Manual, audience: Listener | None = None) -> Bench:
    """The bench of one sitting, gone on with however often it is asked for."""
    bench = bench_on(manual, run.plan, run.plan.folder.root / SITTING, audience=audience)
    bench.ions = Burner(manual, manual.microscope, manual.journal, SITTING)
    return bench
