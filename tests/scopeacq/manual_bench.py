"""A tiny twin in this process, held by an operator's hand; it may move in real time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.simulator.config import Speeds, Time
from hardware.simulator.faults import FaultScript
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import demo_wafer
from hardware.types import FrameSettings
from scopeacq.manual import Manual, in_hand, wafer_place
from tests.scenarios.harness import TinyRun, Waves, tiny_twin_settings
from tests.scenarios.life import Life

FRAME = FrameSettings(64, 64, 10.0, 200.0)
SLOW_UM_PER_S = 200.0


@contextmanager
def held(run: TinyRun, life: Life | None = None) -> Iterator[Manual]:
    """Manual control of a run's twin, as ``open_manual`` gives it of an instrument."""
    with run.start(life) as program:
        microscope, journal = program.rig.microscope, program.rig.journal
        with (
            microscope.claim("an operator"),
            in_hand(run.plan, microscope, journal, wafer_place(journal)) as manual,
        ):
            yield manual


def slow_run(folder: Path, script: FaultScript | None = None) -> TinyRun:
    """A run on a twin whose time is real and whose stage takes seconds for a millimetre."""
    run = TinyRun.make(folder)
    settings = tiny_twin_settings(0)
    speeds = Speeds(xy_um_per_s=SLOW_UM_PER_S, z_um_per_s=1e9, tilt_deg_per_s=1e6, rotation_deg_per_s=1e6)
    stage = settings.stage.model_copy(update={"speeds": speeds})
    settings = settings.model_copy(update={"stage": stage, "time": Time.REAL})
    run.nature = Nature(settings, demo_wafer(0, 1, Waves()), run.truth.append, script)
    return run
