"""The ion raster on a waveform generator: over a socket to the twin, and over a simulated VISA."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware.contract.bench import trial_twin
from hardware.drivers.keysight_33500 import DRIVER, GeneratorSettings, recognise
from hardware.emulators.keysight_33500 import Keysight33500
from hardware.emulators.rehearsal import Rehearsal
from hardware.emulators.serving import LOOPBACK, Spoiled, Spoiling, TcpPort
from hardware.errors import (
    ConnectionLost,
    Deadline,
    Garbled,
    HardwareError,
    NotReached,
    OutOfRange,
    Refused,
)
from hardware.protocols import WaveformGenerator
from hardware.types import Raster
from tests.hardware.drivers.overheard import Overheard

RASTER = Raster(8.0, 4.0)
SIMULATED = "USB0::0x0957::0x2C07::MY00000002::0::INSTR"


@dataclass(frozen=True)
class Rig:
    around: Rehearsal
    box: Overheard
    wire: TcpPort
    raster: WaveformGenerator

    def by_hand(self, command: str) -> None:
        """Somebody turns a knob."""
        self.box.device.answer(command.encode() + b"\n")

    def lie(self, asked: str, lie: str) -> None:
        """Answer so to what holds ``asked``."""
        self.box.lies[asked.encode()] = lie.encode() + b"\n"


def settings_of(wire: TcpPort) -> GeneratorSettings:
    return GeneratorSettings(address=f"TCPIP0::{LOOPBACK}::{wire.port}::SOCKET", library="@py")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    around = trial_twin()
    box = Overheard(Keysight33500(around.link))
    with closing(TcpPort(box)) as wire:
        parts = DRIVER.connect(settings_of(wire), around.surroundings("generator", tmp_path))
        assert parts.raster is not None
        yield Rig(around, box, wire, parts.raster)
        parts.close()


def test_the_plates_get_what_was_wanted_though_the_box_believes_in_50_ohm(rig: Rig) -> None:
    before = rig.raster.state()
    assert before.load_ohm == 50.0 and not before.running
    wanted = Raster(1 / 3, 20.0, 99.7, 0.1)
    rig.raster.configure(wanted)
    assert rig.around.nature.raster.raster == wanted and math.isinf(rig.around.nature.raster.load_ohm)
    assert rig.raster.state().raster == wanted


def test_nothing_conflicts_with_what_somebody_had_set_before(rig: Rig) -> None:
    for knob in ("FREQ 1E6", "VOLT:UNIT DBM", "VOLT:OFFS 2", "BURS:STAT ON", "FUNC SQU"):
        rig.by_hand(f"SOUR1:{knob}")
    rig.raster.configure(RASTER)
    assert rig.raster.state().raster == RASTER


def test_it_runs_only_with_both_outputs_on(rig: Rig) -> None:
    rig.raster.configure(RASTER)
    rig.raster.start()
    assert rig.raster.state().running and rig.around.nature.raster.running
    rig.by_hand("OUTP2 OFF")
    assert not rig.raster.state().running and not rig.around.nature.raster.running
    rig.raster.stop()
    rig.raster.stop()
    assert not rig.raster.state().running


def test_a_raster_that_stopped_by_itself_is_told(rig: Rig) -> None:
    rig.raster.configure(RASTER)
    rig.raster.start()
    rig.around.nature.raster.running = False
    assert not rig.raster.state().running


@pytest.mark.parametrize(
    "knob",
    [
        "SOUR1:FUNC SIN",
        "SOURCE2:FUNCTION:RAMP:SYMMETRY 50",
        "SOUR2:VOLT:OFFS 1",
        *(f"SOUR1:{name}:STAT ON" for name in ("BURS", "SWE", "AM", "FM", "PM", "FSK", "BPSK", "SUM")),
    ],
)
def test_an_output_that_is_no_sawtooth_is_no_raster(rig: Rig, knob: str) -> None:
    rig.raster.configure(RASTER)
    rig.raster.start()
    rig.by_hand(knob)
    with pytest.raises(Refused, match="something else than the sawtooth"):
        rig.raster.state()
    rig.raster.stop()
    rig.raster.configure(RASTER)
    rig.raster.start()
    assert rig.raster.state().running


@pytest.mark.parametrize("hz", [0.0, -1.0, 1e6, math.nan, math.inf])
def test_a_frequency_beyond_its_reach_is_not_sent(rig: Rig, hz: float) -> None:
    before = len(rig.box.requests)
    with pytest.raises(OutOfRange):
        rig.raster.configure(Raster(8.0, 4.0, 100.0, hz))
    assert len(rig.box.requests) == before


def test_a_refusal_is_told_in_the_words_of_the_box_and_forgotten(rig: Rig) -> None:
    rig.lie("SOUR1:FUNC RAMP", '-221,"Settings conflict"')
    with pytest.raises(Refused, match="Settings conflict"):
        rig.raster.configure(RASTER)
    rig.box.lies.clear()
    rig.raster.configure(RASTER)


def test_errors_from_before_are_not_taken_for_ours(rig: Rig, tmp_path: Path) -> None:
    rig.by_hand("NONSENSE 1")
    parts = DRIVER.connect(settings_of(rig.wire), rig.around.surroundings("again", tmp_path))
    assert parts.raster is not None
    parts.raster.configure(RASTER)
    parts.close()


@pytest.mark.parametrize(
    ("asked", "lie", "kind"),
    [
        ("SOUR1:VOLT?", "1;+9.9E+37;+7.9E+00;+1E+02;+1E+02;+0.0;0;0;0;0;0;0;0;0", NotReached),
        ("SOUR2:FREQ?", "1;+9.9E+37;+4.0E+00;+2E+00;+1E+02;+0.0;0;0;0;0;0;0;0;0", NotReached),
        ("OUTP1:LOAD?", "1;+5.0E+01;+8.0E+00;+1E+02;+1E+02;+0.0;0;0;0;0;0;0;0;0", Refused),
        ("OUTP1:LOAD?", "1;+9.91E+37;+8.0E+00;+1E+02;+1E+02;+0.0;0;0;0;0;0;0;0;0", Garbled),
        ("OUTP1:LOAD?", "1;+9.9E+37;+8.0E+00;nan;+1E+02;+0.0;0;0;0;0;0;0;0;0", Garbled),
        ("OUTP1:LOAD?", "1", Garbled),
        ("SOUR2:FUNC?", "RAMP", Garbled),
    ],
)
def test_what_reads_back_otherwise_is_told(
    rig: Rig, asked: str, lie: str, kind: type[HardwareError]
) -> None:
    rig.lie(asked, lie)
    with pytest.raises(kind) as error:
        rig.raster.configure(RASTER)
    assert error.value.device == "generator" and error.value.advice


def test_outputs_that_do_not_follow_are_told(rig: Rig) -> None:
    rig.lie("OUTP1?;:OUTP2?", "1;0")
    for call in (rig.raster.start, rig.raster.stop):
        with pytest.raises(NotReached):
            call()


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        (Spoiling.SILENT, Deadline),
        (Spoiling.CUT_OFF, ConnectionLost),
        (Spoiling.GARBAGE, Deadline),
        (Spoiling.WRONG_ECHO, Garbled),
    ],
)
def test_a_start_without_an_answer_is_not_sent_again(
    rig: Rig, how: Spoiling, kind: type[HardwareError]
) -> None:
    rig.wire.spoiler.spoil(Spoiled(how, b"OUTP1 ON", times=9))
    with pytest.raises(kind):
        rig.raster.start()
    assert sum(b"OUTP1 ON" in said for said in rig.box.requests) == 1


@pytest.mark.parametrize("model", ["33521A", "34465A", ""])
def test_another_instrument_is_refused(rig: Rig, tmp_path: Path, model: str) -> None:
    rig.lie("*IDN?", f"Agilent Technologies,{model},MY1,1.0")
    with pytest.raises(Refused, match="calls itself"):
        DRIVER.connect(settings_of(rig.wire), rig.around.surroundings("generator", tmp_path))
    assert recognise(settings_of(rig.wire).address) is None


def test_it_is_recognised_and_nothing_else_is_asked(rig: Rig) -> None:
    rig.box.requests.clear()
    found = recognise(settings_of(rig.wire).address)
    assert found is not None and "33522B" in found.says
    assert rig.box.requests == [b"*IDN?\n"] and recognise("COM3") is None


def test_connecting_changes_nothing_that_runs(rig: Rig, tmp_path: Path) -> None:
    rig.raster.configure(RASTER)
    rig.raster.start()
    again = DRIVER.connect(settings_of(rig.wire), rig.around.surroundings("again", tmp_path))
    assert again.raster is not None and again.raster.state().running
    again.close()


def test_the_same_driver_over_a_simulated_visa(tmp_path: Path) -> None:
    library = f"{Path(__file__).with_suffix('').parent / 'keysight_33500.yaml'}@sim"
    settings = GeneratorSettings(address=SIMULATED, library=library)
    parts = DRIVER.connect(settings, trial_twin().surroundings("generator", tmp_path))
    assert parts.raster is not None
    state = parts.raster.state()
    assert state.raster == RASTER and state.running and math.isinf(state.load_ohm)
    parts.raster.start()
    with pytest.raises(NotReached):
        parts.raster.stop()
    with pytest.raises(HardwareError):
        parts.raster.configure(RASTER)  # it knows no such commands
    parts.close()
    with pytest.raises(ConnectionLost):
        parts.raster.state()
