"""The driver keeps what every driver must keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from scopeacq_example_driver import DRIVER, Settings
from scopeacq_example_driver.emulator import EmulatedRG2

from hardware.contract.bench import Bench, rehearsed, trial_twin
from hardware.contract.suite import *  # noqa: F403
from hardware.emulators.serving import LOOPBACK, TcpPort
from hardware.parts import Part

pytestmark = pytest.mark.plays(Part.RASTER)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The driver on a TCP connection to the emulator; the twin plays all other parts."""
    around = trial_twin()
    with closing(TcpPort(EmulatedRG2(around.link))) as wire:
        settings = Settings(host=LOOPBACK, port=wire.port, answer_s=0.1)
        parts = DRIVER.connect(settings, around.surroundings("raster generator", tmp_path))
        yield rehearsed(around, parts, wires=[wire])
