"""A multimeter on a socket and a preamplifier that never says a word, both fed by the twin."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware.connection import supervise
from hardware.contract.bench import trial_twin
from hardware.drivers.irradiation_meter import (
    DRIVER,
    IrradiationMeter,
    IrradiationMeterSettings,
    recognise,
)
from hardware.drivers.sr570 import LOW_PASS_HZ, SENSITIVITIES_A_PER_V, Filter, GainMode
from hardware.emulators.keysight_34465a import Keysight34465AEmulator, irradiation_volts
from hardware.emulators.rehearsal import Rehearsal
from hardware.emulators.serving import LOOPBACK, Spoiled, Spoiling, TcpPort, Terminal
from hardware.emulators.sr570 import Sr570Emulator
from hardware.errors import (
    ConnectionLost,
    Deadline,
    Garbled,
    HardwareError,
    NotReached,
    OutOfRange,
    Refused,
)
from hardware.parts import Parts
from hardware.self_test import Outcome, carried_out
from hardware.self_test_checks import checks
from hardware.simulator.faults import AtTime, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.types import Preamplifier
from tests.hardware.drivers.overheard import Overheard

ELECTRONS = Preamplifier(1e-4, inverted=True)
SIMULATED = "USB0::0x2A8D::0x0101::MY00000001::0::INSTR"
YAML = Path(__file__).with_name("keysight_34465a.yaml")


@dataclass(frozen=True)
class Rig:
    around: Rehearsal
    multimeter: Keysight34465AEmulator
    box: Overheard
    wire: TcpPort
    sr570: Sr570Emulator
    line: Terminal
    meter: IrradiationMeter


def settings_of(wire: TcpPort, line: Terminal, **others: object) -> IrradiationMeterSettings:
    address = f"TCPIP0::{LOOPBACK}::{wire.port}::SOCKET"
    given = {"multimeter": address, "preamplifier_port": str(line.path), "nplc": 0.2, "answer_s": 0.3}
    return IrradiationMeterSettings.model_validate(given | others)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator needs less time than an instrument."""
    monkeypatch.setattr("hardware.drivers.sr570.WAKING_S", 0.02)
    monkeypatch.setattr("hardware.drivers.sr570.BITS_PER_BYTE", 3)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    around = trial_twin()
    multimeter = Keysight34465AEmulator(irradiation_volts(around.link))
    box, sr570 = Overheard(multimeter), Sr570Emulator(around.link)
    with closing(TcpPort(box)) as wire, closing(Terminal(sr570, tmp_path / "sr570")) as line:
        parts = DRIVER.connect(settings_of(wire, line), around.surroundings("irradiation meter", tmp_path))
        assert isinstance(parts.irradiation_meter, IrradiationMeter)
        yield Rig(around, multimeter, box, wire, sr570, line, parts.irradiation_meter)
        parts.close()


def beam_on(rig: Rig) -> None:
    """The operator switches the gun on some time after the preamplifier was set up."""
    rig.meter.configure(ELECTRONS)
    rig.around.twin.clock.sleep(120.0)


def told(error: pytest.ExceptionInfo[HardwareError], device: str) -> str:
    assert error.value.device.startswith("irradiation meter") and device in error.value.device
    assert error.value.what and error.value.advice
    return str(error.value)


# --- the preamplifier ---


def test_every_setting_is_written_and_called_unverifiable(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        rig.meter.configure(ELECTRONS)
    heard = rig.sr570.settings
    assert rig.sr570.sensitivity_a_per_v == pytest.approx(1e-4) and heard["INVT"] == 1
    assert (heard["FLTT"], LOW_PASS_HZ[heard["LFRQ"]], heard["GNMD"]) == (3, 10.0, 0)
    assert heard["BSON"] == heard["BSLV"] == heard["IOON"] == heard["SUCM"] == heard["BLNK"] == 0
    (said,) = [r.getMessage() for r in caplog.records if "preamplifier" in r.getMessage()]
    assert "unverifiable" in said and "SENS 24" in said


def test_the_table_of_sensitivities_is_the_instruments() -> None:
    """1, 2, 5, 10, ... pA/V up to 1 mA/V."""
    table = [digit * 10.0 ** (decade - 12) for decade in range(10) for digit in (1, 2, 5)][:28]
    assert list(SENSITIVITIES_A_PER_V) == pytest.approx(table, rel=1e-9) and len(table) == 28


@pytest.mark.parametrize("sensitivity", [0.0, 3e-6, 2e-3, 1e-13, -1e-6, math.nan, math.inf])
def test_a_sensitivity_that_is_not_on_the_table_sends_nothing(rig: Rig, sensitivity: float) -> None:
    rig.box.requests.clear()
    before = dict(rig.sr570.settings)
    with pytest.raises(OutOfRange, match=r"no sensitivity .* Choose one of 1e-12,") as error:
        rig.meter.configure(Preamplifier(sensitivity, inverted=False))
    told(error, "preamplifier")
    assert rig.box.requests == [] and rig.sr570.settings == before


def test_its_filter_and_gain_mode_are_chosen_in_the_settings(tmp_path: Path) -> None:
    around = trial_twin()
    sr570 = Sr570Emulator(around.link)
    multimeter = Keysight34465AEmulator(irradiation_volts(around.link))
    with closing(TcpPort(multimeter)) as wire, closing(Terminal(sr570, tmp_path / "sr570")) as line:
        chosen = settings_of(wire, line, gain_mode="low drift", filter="none", low_pass_hz=1e3)
        assert (chosen.gain_mode, chosen.filter) == (GainMode.LOW_DRIFT, Filter.NONE)
        parts = DRIVER.connect(chosen, around.surroundings("meter", tmp_path))
        assert parts.irradiation_meter is not None
        parts.irradiation_meter.configure(ELECTRONS)
        parts.irradiation_meter.read()
        assert (sr570.settings["GNMD"], sr570.settings["FLTT"], sr570.settings["LFRQ"]) == (2, 5, 9)
        parts.close()


@pytest.mark.parametrize("others", [{"low_pass_hz": 7.0}, {"range_v": 3.0}, {"nplc": 5.0}])
def test_settings_that_no_instrument_has_are_told_at_the_start(
    tmp_path: Path, others: dict[str, float]
) -> None:
    around = trial_twin()
    with (
        closing(TcpPort(Keysight34465AEmulator(irradiation_volts(around.link)))) as wire,
        closing(Terminal(Sr570Emulator(around.link), tmp_path / "sr570")) as line,
        pytest.raises(OutOfRange, match="Choose one of"),
    ):
        DRIVER.connect(settings_of(wire, line, **others), around.surroundings("meter", tmp_path))


def test_a_preamplifier_without_a_port_is_told_at_the_start(rig: Rig, tmp_path: Path) -> None:
    settings = settings_of(rig.wire, rig.line, preamplifier_port=str(tmp_path / "nowhere"))
    with pytest.raises(ConnectionLost, match="no such port"):
        DRIVER.connect(settings, rig.around.surroundings("irradiation meter", tmp_path))


def test_a_preamplifier_whose_cable_is_out_is_an_error(rig: Rig) -> None:
    rig.line.unplug()
    with pytest.raises(ConnectionLost) as error:
        rig.meter.configure(ELECTRONS)
    told(error, "preamplifier")
    rig.line.plug_in()
    with pytest.raises(Refused, match="never set up"):
        rig.meter.read()
    rig.meter.configure(ELECTRONS)
    rig.meter.read()


# --- the multimeter ---


def test_it_reads_what_the_twin_gives(rig: Rig) -> None:
    beam_on(rig)
    reading = rig.meter.read()
    assert 0.5 < reading.volts < 1.1  # 80 uA at 0.1 mA/V
    assert reading.at_s == rig.around.twin.clock.now_s()


def test_it_is_set_to_direct_volts_in_a_fixed_range(rig: Rig) -> None:
    assert (rig.multimeter.function, rig.multimeter.range_v, rig.multimeter.nplc) == ("VOLT", 10.0, 0.2)


def test_a_meter_that_lost_its_power_is_set_up_again(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.meter.configure(ELECTRONS)
    rig.multimeter.function, rig.multimeter.nplc = "VOLT:AC", 10.0
    rig.meter.read()
    assert (rig.multimeter.function, rig.multimeter.nplc) == ("VOLT", 0.2)
    assert "found with other settings" in caplog.text


def test_nothing_is_read_before_the_preamplifier_was_set_up(rig: Rig) -> None:
    with pytest.raises(Refused, match="never set up"):
        rig.meter.read()


@pytest.mark.parametrize(
    ("asked", "lie", "kind", "words"),
    [
        (b"READ?", b"+9.90000000E+37\n", Refused, "more than its range of 10 V"),
        (b"READ?", b"-9.90000000E+37\n", Refused, "more than its range of 10 V"),
        (b"READ?", b"+9.91000000E+37\n", Garbled, "no number"),
        (b"READ?", b"nan\n", Garbled, "no number"),
        (b"READ?", b"1.0;2.0\n", Garbled, "2 answers to 1 questions"),
        (b"READ?", b"\xff\n", Garbled, "multimeter"),
        (b"READ?", b"", Deadline, "did not answer"),
        (b"NPLC?", b"+1.0E+01;+1.0E+00\n", Refused, "other settings than were set"),
        (b"FUNC?", b'"CURR"\n', Refused, "other settings than were set"),
    ],
)
def test_what_is_no_reading_is_an_error(
    rig: Rig, asked: bytes, lie: bytes, kind: type[HardwareError], words: str
) -> None:
    rig.meter.configure(ELECTRONS)
    rig.box.lies[asked] = lie
    with pytest.raises(kind, match=words) as error:
        rig.meter.read()
    told(error, "multimeter")
    rig.box.lies.clear()
    rig.meter.read()


def test_a_set_up_that_is_refused_is_told_in_the_instruments_words(rig: Rig) -> None:
    rig.box.lies[b"CONF:"] = b'-222,"Data out of range"\n'
    with pytest.raises(Refused, match=r"CONF:VOLT:DC 10.*-222, Data out of range"):
        rig.meter.configure(ELECTRONS)


def test_a_set_up_is_sent_once(rig: Rig) -> None:
    rig.box.requests.clear()
    rig.wire.spoiler.spoil(Spoiled(Spoiling.SILENT, b"CONF:"))
    with pytest.raises(Deadline):
        rig.meter.configure(ELECTRONS)
    assert sum(b"CONF:" in request for request in rig.box.requests) == 1


def test_a_twin_that_is_unplugged_is_an_overload_and_one_that_hangs_is_late(rig: Rig) -> None:
    rig.meter.configure(ELECTRONS)
    for kind, error in ((FaultKind.UNPLUGGED, Refused), (FaultKind.TIMEOUT, Deadline)):
        script = FaultScript((Fault(Device.IRRADIATION_METER, kind, AtTime(0.0), 99, lasts_s=1e9),))
        nature = rig.around.nature
        nature.faults = FaultDesk(script, nature.faults.rng)
        with pytest.raises(error):
            rig.meter.read()
        nature.faults = FaultDesk(FaultScript(), nature.faults.rng)


def test_another_instrument_at_its_address_is_refused(tmp_path: Path) -> None:
    around = trial_twin()
    box = Overheard(Keysight34465AEmulator(irradiation_volts(around.link)))
    box.lies[b"*IDN?"] = b"Keysight Technologies,33522B,MY1,1\n"
    with (
        closing(TcpPort(box)) as wire,
        closing(Terminal(Sr570Emulator(around.link), tmp_path / "sr570")) as line,
    ):
        with pytest.raises(Refused, match="another instrument answers: Keysight Technologies,33522B"):
            DRIVER.connect(settings_of(wire, line), around.surroundings("meter", tmp_path))
        assert recognise(f"TCPIP0::{LOOPBACK}::{wire.port}::SOCKET") is None
        box.lies.clear()
        found = recognise(f"TCPIP0::{LOOPBACK}::{wire.port}::SOCKET")
    assert found is not None and "34465A" in found.says
    assert recognise("COM3") is None


# --- a known current ---


def feed(rig: Rig, current_na: float) -> None:
    """A calibrated source at the preamplifier's input."""

    def volts() -> float:
        sign = -1.0 if rig.sr570.settings["INVT"] else 1.0
        return sign * current_na * 1e-9 / rig.sr570.sensitivity_a_per_v

    rig.multimeter.volts = volts


@pytest.mark.parametrize("known_na", [100.0, -250.0, 1e-3, 1e6, -3.3e5])
def test_a_known_current_proves_the_preamplifier(rig: Rig, known_na: float) -> None:
    feed(rig, known_na * 1.01)
    assert rig.meter.check_known_current(known_na) == pytest.approx(known_na * 1.01, rel=1e-6)
    assert 0.4 < abs(rig.multimeter.volts()) < 2.6


def test_a_current_that_reads_otherwise_is_an_error(rig: Rig) -> None:
    feed(rig, 103.0)
    with pytest.raises(NotReached, match="front panel") as error:
        rig.meter.check_known_current(100.0)
    assert (error.value.axis, error.value.wanted) == ("current in nA", 100.0)
    assert error.value.got == pytest.approx(103.0)


@pytest.mark.parametrize("deaf", [b"SENS", b"INVT"])
def test_a_preamplifier_that_did_not_hear_its_settings_is_found_out(rig: Rig, deaf: bytes) -> None:
    feed(rig, 100.0)
    obey = rig.sr570._obey
    rig.sr570._obey = lambda words: None if words.startswith(deaf.decode()) else obey(words)  # type: ignore[method-assign]
    with pytest.raises(NotReached):
        rig.meter.check_known_current(100.0)


@pytest.mark.parametrize("known_na", [0.0, math.nan, math.inf, 1e-5, 3e6])
def test_a_current_that_proves_nothing_is_refused(rig: Rig, known_na: float) -> None:
    before = dict(rig.sr570.settings)
    with pytest.raises(OutOfRange, match="no current to check it with"):
        rig.meter.check_known_current(known_na)
    assert rig.sr570.settings == before


def test_the_self_test_checks_a_current_that_is_fed_in(rig: Rig, tmp_path: Path) -> None:
    feed(rig, -80.0)
    parts = supervise(Parts(irradiation_meter=rig.meter))
    for known_na, outcome in ((-80.0, Outcome.PASSED), (-90.0, Outcome.FAILED)):
        known, _ = carried_out(checks(parts, tmp_path, known_na=known_na))
        assert known.outcome is outcome, known.said
    assert len(checks(parts, tmp_path)) == 1


# --- a simulated VISA, and a recorded wire ---


def test_on_a_simulated_visa(tmp_path: Path) -> None:
    around = trial_twin()
    with closing(Terminal(Sr570Emulator(around.link), tmp_path / "sr570")) as line:
        settings = IrradiationMeterSettings(
            multimeter=SIMULATED, library=f"{YAML}@sim", nplc=0.2, preamplifier_port=str(line.path)
        )
        parts = DRIVER.connect(settings, around.surroundings("meter", tmp_path))
        assert parts.irradiation_meter is not None
        parts.irradiation_meter.configure(ELECTRONS)
        assert parts.irradiation_meter.read().volts == pytest.approx(0.80112233)
        parts.close()
