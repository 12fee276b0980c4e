"""A TESCAN microscope for the contract suite: the driver and the emulator, over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hardware.contract.bench import Bench, rehearsed, trial_twin
from hardware.drivers.tescan import DRIVER, TescanSettings
from hardware.drivers.tescan.settings import ColumnSettings, StageSettings
from hardware.emulators.sharksem import SharkSemPort
from hardware.simulator.config import TwinSettings
from hardware.simulator.devices import SETTLINGS

NAME = "SEM"
ANSWER_S = 0.4


def settings_for(twin: TwinSettings, port: int) -> TescanSettings:
    """What an operator would say of the twin."""
    column, stage = twin.column, twin.stage
    return TescanSettings(
        port=port,
        answer_s=ANSWER_S,
        column=ColumnSettings(
            wd_limits_um=column.wd_limits_um,
            stig_limits=column.stig_limits,
            beam_shift_limit_um=column.beam_shift_limit_um,
            settling_s=SETTLINGS * column.lens_settling_s,
        ),
        stage=StageSettings(settling_s=stage.settling_s, **stage.speeds.model_dump()),
    )


@contextmanager
def tescan(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    with closing(SharkSemPort(around.link)) as wire:
        settings = settings_for(around.nature.settings, wire.port)
        parts = DRIVER.connect(settings, around.surroundings(NAME, folder))
        yield rehearsed(around, parts, wires=[wire])
