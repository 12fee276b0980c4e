"""A twin so small and quick that ten thousand of them can be driven into every fault."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from hardware.simulator.config import (
    ColumnSettings,
    GunSettings,
    Speeds,
    StageSettings,
    TwinSettings,
)
from hardware.simulator.faults import FaultScript
from hardware.simulator.fields import Floats
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import WaferSpecimen, demo_wafer
from hardware.simulator.truth import Sink
from hardware.types import FrameSettings

TINY_FRAME = FrameSettings(64, 64, 10.0, 50.0)


class Ripples:
    """A texture that costs nothing: two waves that change with depth."""

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> Floats:
        x, y, z = (np.asarray(values, np.float32) for values in (x_um, y_um, z_um))
        waves = np.sin(20 * x + 3 * z) + np.sin(17 * y + 11 * x)
        return np.asarray(np.broadcast_to(waves, np.broadcast_shapes(x.shape, z.shape)), np.float32)


@cache
def _wafer(n_sections: int) -> WaferSpecimen:
    return demo_wafer(0, n_sections, Ripples())


def tiny_settings(seed: int = 0) -> TwinSettings:
    """Instantaneous moves, no waiting, a coarse map of what is milled."""
    at_once = Speeds(xy_um_per_s=1e9, z_um_per_s=1e9, tilt_deg_per_s=1e6, rotation_deg_per_s=1e6)
    return TwinSettings(
        seed=seed,
        stage=StageSettings(
            speeds=at_once, settling_s=0.0, collision_step_um=5_000.0, collision_step_deg=10.0
        ),
        column=ColumnSettings(lens_settling_s=0.0, line_flyback_us=0.0, frame_flyback_ms=0.0),
        gun=GunSettings(map_pitch_um=400.0, meter_s=0.0),
    )


def tiny_twin(sink: Sink, seed: int = 0, script: FaultScript | None = None, n_sections: int = 1) -> Nature:
    """A nature on a virtual clock with one or two sections, for frames like ``TINY_FRAME``."""
    return Nature(tiny_settings(seed), _wafer(n_sections), sink, script)
