"""The ion current by picoammeter and by the microscope's own meter: exact, or a reason why not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hardware.contract.bench import trial_twin
from hardware.drivers import faraday_cup, keithley_6485
from hardware.drivers.keithley_6485 import DRIVER, PicoammeterSettings, nanoamperes, recognise
from hardware.emulators.keithley_6485 import Keithley6485
from hardware.emulators.rehearsal import Rehearsal
from hardware.emulators.serving import LOOPBACK, TcpPort, Terminal
from hardware.errors import Garbled, HardwareError, Interlocked, Refused
from hardware.protocols import IonCurrentMeter
from hardware.simulator.devices import TwinColumn
from tests.hardware.drivers.overheard import Overheard
from tests.hardware.fakes import FakeColumn


@dataclass(frozen=True)
class Rig:
    around: Rehearsal
    box: Overheard
    wire: Terminal
    folder: Path

    def lie(self, asked: str, lie: str) -> None:
        """Answer so to what holds ``asked``."""
        self.box.lies[asked.encode()] = lie.encode() + b"\n"

    def connect(self, **changes: float) -> IonCurrentMeter:
        settings = PicoammeterSettings(port=str(self.wire.path), **changes)
        parts = DRIVER.connect(settings, self.around.surroundings("picoammeter", self.folder))
        assert parts.ion_current is not None
        return parts.ion_current


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    around = trial_twin()
    box = Overheard(Keithley6485(around.link))
    with closing(Terminal(box, tmp_path / "picoammeter")) as wire:
        yield Rig(around, box, wire, tmp_path)


def test_what_the_cup_gives_comes_through_unchanged(rig: Rig) -> None:
    meter, same = rig.connect(), trial_twin().twin.ion_current
    for _ in range(5):
        assert meter.measure() == same.measure()


def test_a_socket_does_as_well_as_a_serial_line(rig: Rig) -> None:
    with closing(TcpPort(rig.box)) as wire:
        settings = PicoammeterSettings(port=f"TCPIP::{LOOPBACK}::{wire.port}::SOCKET", library="@py")
        parts = DRIVER.connect(settings, rig.around.surroundings("picoammeter", rig.folder))
        assert parts.ion_current is not None and parts.ion_current.measure().current_na > 30
        parts.close()


def test_an_overflow_is_no_current(rig: Rig) -> None:
    with pytest.raises(Refused, match="beyond its range"):
        rig.connect(range_na=20.0).measure()


def test_a_shorted_input_is_no_current(rig: Rig) -> None:
    meter = rig.connect()
    rig.box.device.answer(b"SYST:ZCH ON\n")
    with pytest.raises(Refused, match="zero check"):
        meter.measure()


def test_no_ions_in_the_cup_is_an_interlock(rig: Rig) -> None:
    meter = rig.connect()
    for lost in ("open", "hv_on"):
        before = getattr(rig.around.nature.gun, lost)
        setattr(rig.around.nature.gun, lost, not before)
        with pytest.raises(Interlocked, match="no ions reach the cup"):
            meter.measure()
        setattr(rig.around.nature.gun, lost, before)
    assert meter.measure().current_na > 30


@pytest.mark.parametrize("said", ["-3.8E-08", "+0.0E+00", "-9.9E+37", "nan", "1.0E-08A", "", "+9.91E+37"])
def test_a_reading_that_can_be_no_ion_current_is_none(rig: Rig, said: str) -> None:
    meter = rig.connect()
    rig.lie("READ?", said)
    with pytest.raises((Interlocked, Garbled, Refused)) as error:
        meter.measure()
    assert error.value.device == "picoammeter" and error.value.advice


@pytest.mark.parametrize(
    ("asked", "lie"),
    [
        ("*IDN?", "KEITHLEY INSTRUMENTS INC.,MODEL 2000,1,A"),
        ("FORM:ELEM", '-113,"Undefined header"'),
        ("CURR:RANG:AUTO", '-222,"Parameter data out of range"'),
        ("CURR:RANG?", "2.0E-09;5.0"),
        ("CURR:RANG?", "2.0E-07;0.1"),
    ],
)
def test_an_instrument_that_does_not_take_its_settings_is_refused(rig: Rig, asked: str, lie: str) -> None:
    rig.lie(asked, lie)
    with pytest.raises(HardwareError) as error:
        rig.connect()
    assert error.value.device == "picoammeter" and error.value.advice


def test_it_is_recognised(rig: Rig, tmp_path: Path) -> None:
    found = recognise(str(rig.wire.path))
    assert found is not None and "6485" in found.says and recognise(str(tmp_path / "none")) is None


def test_amperes_become_nanoamperes_without_losing_a_digit() -> None:
    assert nanoamperes("+3.8123456789012345E-08") == 38.123456789012345
    assert nanoamperes("-1E-9") == -1.0


# --- the cup on the microscope's meter ---


def cup(around: Rehearsal, folder: Path, negative: bool = False) -> IonCurrentMeter:
    settings = faraday_cup.CupSettings(ions_read_negative=negative)
    parts = faraday_cup.DRIVER.connect(settings, around.surroundings("cup", folder))
    assert parts.ion_current is not None
    return parts.ion_current


def test_the_microscopes_meter_gives_the_same(tmp_path: Path) -> None:
    assert cup(trial_twin(), tmp_path).measure() == trial_twin().twin.ion_current.measure()


def test_electrons_do_not_add_to_the_ions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = trial_twin()
    monkeypatch.setattr(TwinColumn, "specimen_current_na", lambda _: 38.0)
    around.twin.column.unblank()
    with pytest.raises(Interlocked, match="electron beam is on"):
        cup(around, tmp_path).measure()
    around.twin.column.set_eht(False)
    assert cup(around, tmp_path).measure().current_na == 38.0


def test_what_the_microscope_cannot_tell_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = trial_twin()
    meterless = replace(around, twin=replace(around.twin, column=FakeColumn()))
    with pytest.raises(Refused, match="measures no specimen current"):
        cup(meterless, tmp_path).measure()
    monkeypatch.setattr(TwinColumn, "specimen_current_na", lambda _: math.nan)
    with pytest.raises(Garbled):
        cup(around, tmp_path).measure()


def test_a_microscope_may_count_electrons_as_positive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TwinColumn, "specimen_current_na", lambda _: -38.0)
    assert cup(trial_twin(), tmp_path, negative=True).measure().current_na == 38.0
    with pytest.raises(Interlocked, match="no ions"):
        cup(trial_twin(), tmp_path).measure()


def test_both_drivers_say_what_they_play() -> None:
    assert faraday_cup.DRIVER.plays == keithley_6485.DRIVER.plays
