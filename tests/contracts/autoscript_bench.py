"""The driver of Thermo Fisher's microscopes, on AutoScript's stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.contract.bench import Bench, rehearsed, trial_twin
from hardware.drivers.thermo import DRIVER
from hardware.drivers.thermo.settings import AutoScriptSettings
from hardware.emulators.autoscript import AutoScriptServer, installed
from hardware.simulator.config import TwinSettings
from hardware.simulator.devices import SETTLINGS

NAME = "SEM"


def settings_for(twin: TwinSettings) -> AutoScriptSettings:
    """What an operator would say of the twin."""
    limits, speeds = twin.stage.limits, twin.stage.speeds
    return AutoScriptSettings(
        lens_settle_s=SETTLINGS * twin.column.lens_settling_s,
        x_limits_um=limits.x_um,
        y_limits_um=limits.y_um,
        z_limits_um=limits.z_um,
        tilt_limits_deg=limits.tilt_deg,
        rotation_limits_deg=limits.rotation_deg,
        stage_settle_s=twin.stage.settling_s,
        **speeds.model_dump(),
    )


@contextmanager
def autoscript(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    server = AutoScriptServer(around.link, around.nature.settings)
    with installed(server):
        parts = DRIVER.connect(settings_for(around.nature.settings), around.surroundings(NAME, folder))
    yield rehearsed(around, parts, wires=[server])
