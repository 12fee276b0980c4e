"""What is this device's own: who it is, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from scopeacq_example_driver import DRIVER, Settings
from scopeacq_example_driver.emulator import EmulatedRG2
from scopeacq_example_driver.generator import RasterGenerator

from hardware.contract.bench import trial_twin
from hardware.emulators.rehearsal import WIRE_LOG
from hardware.emulators.serving import LOOPBACK, Spoiled, Spoiling, TcpPort
from hardware.errors import Garbled, Refused
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.replay import replay
from hardware.transport.tcp import tcp
from hardware.types import Raster


@pytest.fixture
def wire() -> Iterator[TcpPort]:
    with closing(TcpPort(EmulatedRG2(trial_twin().link))) as port:
        yield port


@pytest.fixture
def generator(wire: TcpPort) -> Iterator[RasterGenerator]:
    with closing(Dialogue("generator", lambda: tcp(LOOPBACK, wire.port), timing=Timing(0.2))) as line:
        yield RasterGenerator(line)


def test_it_is_recognised_by_what_it_calls_itself(wire: TcpPort) -> None:
    candidate = DRIVER.recognise(f"{LOOPBACK}:{wire.port}")
    assert candidate is not None
    assert candidate.settings == {"host": LOOPBACK, "port": wire.port} and "RG-2" in candidate.says


@pytest.mark.parametrize("address", ["COM3", f"{LOOPBACK}:1", "nonsense:"])
def test_nobody_is_recognised_elsewhere(address: str) -> None:
    assert DRIVER.recognise(address) is None


def test_another_device_is_refused(wire: TcpPort, generator: RasterGenerator) -> None:
    wire.spoiler.spoil(Spoiled(Spoiling.WRONG_ECHO, b"ID?"))
    with pytest.raises(Refused, match="an RG-2 is wanted"):
        generator.identity()


def test_a_command_is_never_sent_twice(wire: TcpPort, generator: RasterGenerator) -> None:
    wire.spoiler.spoil(Spoiled(Spoiling.WRONG_ECHO, b"RUN 1"))
    with pytest.raises(Refused, match="RUN 1"):
        generator.start()
    assert generator.state().running, "it was done once, and reads back as done"


def test_numbers_that_are_none_are_no_amplitudes(wire: TcpPort, generator: RasterGenerator) -> None:
    generator.configure(Raster(8.0, 4.0))
    wire.spoiler.spoil(Spoiled(Spoiling.WRONG_ECHO, b"X?"))
    with pytest.raises(Garbled, match="makes no sense"):
        generator.state()


def test_what_went_over_the_wire_plays_the_device(wire: TcpPort, tmp_path: Path) -> None:
    """As with a log from the laboratory, where the device itself is not at hand."""
    settings = Settings(host=LOOPBACK, port=wire.port)
    parts = DRIVER.connect(settings, trial_twin().surroundings("generator", tmp_path))
    assert parts.raster is not None
    said = parts.raster.state()
    parts.close()
    recorded = replay(tmp_path / WIRE_LOG, "generator")
    again = RasterGenerator(Dialogue("generator", recorded.connect))
    assert again.identity().startswith("RG-2") and again.state() == said
    assert recorded.n_left == 0
