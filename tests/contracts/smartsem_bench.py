"""A Zeiss SEM for the contract suite: the driver and the emulator, over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from hardware.contract.bench import Bench, rehearsed, trial_twin
from hardware.drivers.zeiss import DRIVER, ZeissSettings
from hardware.emulators.serving import LOOPBACK, TcpPort
from hardware.emulators.smartsem import Machine, RemoteSmartSem, SmartSem, Store, table_of
from hardware.simulator.config import TwinSettings

NAME = "SEM"
ANSWER_S = 0.3
BENCH_MACHINE = Machine(stores=(Store(1024, 768), Store(96, 64)), dwells_ns=(50.0, 100.0, 200.0))


def settings_for(machine: Machine, twin: TwinSettings, port: int) -> ZeissSettings:
    """What an operator would say of the twin."""
    table = table_of(machine, twin, f"{LOOPBACK}:{port}")
    return ZeissSettings.model_validate({**table, "answer_s": ANSWER_S, "urgent_answer_s": ANSWER_S})


@contextmanager
def smartsem(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    twin = around.nature.settings
    with closing(TcpPort(RemoteSmartSem(SmartSem(around.link, twin, BENCH_MACHINE)))) as wire:
        settings = settings_for(BENCH_MACHINE, twin, wire.port)
        parts = DRIVER.connect(settings, around.surroundings(NAME, folder))
        yield replace(rehearsed(around, parts, wires=[wire]), bit_depths=(8,))
