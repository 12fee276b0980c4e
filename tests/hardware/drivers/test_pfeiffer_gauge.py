"""Pfeiffer gauges in both of their protocols: what they tell, and what is no pressure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.contract.bench import trial_twin
from hardware.drivers.pfeiffer_gauge import DRIVER, GaugeSettings, PfeifferGauge, Speech, gauge
from hardware.drivers.pfeiffer_gauge.device import recognise
from hardware.drivers.pfeiffer_gauge.telegram import Answer, question, read_answer, read_exponential
from hardware.emulators.pfeiffer_gauge import Controller, DigitalGauge, chamber_mbar, written
from hardware.emulators.rehearsal import Rehearsal
from hardware.emulators.serving import Spoiled, Spoiling, Terminal
from hardware.errors import ConnectionLost, Deadline, Garbled, HardwareError, Refused
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from tests.hardware.drivers.overheard import Overheard

ANSWER_S = 0.2


@dataclass
class Rig:
    around: Rehearsal
    digital: DigitalGauge
    box: Overheard
    wire: Terminal
    gauge: PfeifferGauge


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    around = trial_twin()
    digital = DigitalGauge(chamber_mbar(around.link))
    box = Overheard(digital)
    with closing(Terminal(box, tmp_path / "gauge")) as wire:
        settings = GaugeSettings(port=str(wire.path), answer_s=ANSWER_S)
        parts = DRIVER.connect(settings, around.surroundings("chamber", tmp_path))
        assert isinstance(parts.chamber, PfeifferGauge)
        yield Rig(around, digital, box, wire, parts.chamber)
        parts.close()


def told(error: pytest.ExceptionInfo[HardwareError]) -> str:
    assert error.value.device == "chamber" and error.value.what and error.value.advice
    return str(error.value)


def telegram(address: int, action: str, parameter: int, data: str) -> bytes:
    body = f"{address:03d}{action}{parameter:03d}{len(data):02d}{data}"
    return f"{body}{sum(body.encode()) % 256:03d}\r".encode()


# --- telegrams ---


def test_the_question_and_the_answer_of_the_instructions() -> None:
    assert question(1, 740) == telegram(1, "00", 740, "=?")
    assert read_answer(telegram(1, "10", 740, "100023")) == Answer(1, 740, "100023")
    assert read_exponential("100023") == 1000.0
    assert read_exponential("123414") == pytest.approx(1.234e-6, rel=1e-12)
    assert read_exponential("000000") == 0.0


@given(st.floats(1e-12, 2e3))
def test_a_pressure_survives_with_four_digits(mbar: float) -> None:
    assert read_exponential(written(mbar)) == pytest.approx(mbar, rel=5.1e-4)


@pytest.mark.parametrize(
    ("telegram", "why"),
    [
        (b"", "no telegram"),
        (b"001107400610\r", "no telegram"),
        (b"0011X74006100023025\r", "no telegram"),
        (telegram(1, "10", 740, "100023")[:-2] + b"0\r", "checksum"),
        (telegram(1, "10", 740, "100023").replace(b"740", b"741"), "checksum"),
        (telegram(1, "00", 740, "100023"), "a question"),
        (b"0011074005100023" + b"%03d\r" % (sum(b"0011074005100023") % 256), "6 characters where 5"),
    ],
)
def test_what_is_no_answer_says_why(telegram: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_answer(telegram)


def test_it_tells_the_pressure_of_the_twin(rig: Rig) -> None:
    for mbar in (1e-6, 4.321e-5, 0.9996, 1013.0):
        rig.around.nature.chamber.pressure_mbar = mbar
        assert rig.gauge.pressure_mbar() == pytest.approx(mbar, rel=5.1e-4)


@pytest.mark.parametrize("mbar", [1e-10, 0.0, 2e3])
def test_a_pressure_out_of_its_range_is_an_error_and_no_number(rig: Rig, mbar: float) -> None:
    rig.digital.read_mbar = lambda: mbar
    side = "above" if mbar > 1 else "below"
    with pytest.raises(Refused, match=f"{side} its range of 5e-09 to 1100 mbar") as error:
        rig.gauge.pressure_mbar()
    told(error)


@pytest.mark.parametrize(
    ("parameter", "data", "words"),
    [
        (740, "NO_DEF", "knows no such parameter"),
        (740, "_RANGE", "out of range"),
        (740, "_LOGIC", "does not allow that now"),
        (303, "Err001", "its transmitter is defective"),
        (303, "Err002", "its memory is defective"),
        (303, "Wrn007", "reports a fault: Wrn007"),
    ],
)
def test_a_gauge_that_is_out_of_order_says_so(rig: Rig, parameter: int, data: str, words: str) -> None:
    rig.box.lies[b"00%03d" % parameter] = telegram(1, "10", parameter, data)
    with pytest.raises(Refused, match=words) as error:
        rig.gauge.pressure_mbar()
    told(error)


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        (telegram(2, "10", 740, "100023"), Garbled),
        (telegram(1, "10", 349, "    A5"), Garbled),
        (telegram(1, "10", 740, "1000.3"), Garbled),
        (telegram(1, "10", 740, "100023") * 2, Garbled),
        (telegram(1, "10", 740, "100023")[:-1] + b"\n", Deadline),
        (b"\xff" * 200 + b"\r", Garbled),
        (b"", Deadline),
    ],
)
def test_a_wrong_telegram_is_never_a_pressure(rig: Rig, lie: bytes, kind: type[HardwareError]) -> None:
    rig.box.lies[b"00740"] = lie
    with pytest.raises(kind) as error:
        rig.gauge.pressure_mbar()
    told(error)


@pytest.mark.parametrize(("kind", "error"), [(FaultKind.UNPLUGGED, Refused), (FaultKind.TIMEOUT, Deadline)])
@pytest.mark.parametrize("after", [0, 1])
def test_a_twin_whose_gauge_fails_is_one_that_is_out_of_order(
    rig: Rig, kind: FaultKind, error: type[HardwareError], after: int
) -> None:
    script = FaultScript((Fault(Device.CHAMBER, kind, AfterCalls(after), n_times=9, lasts_s=1e9),))
    rig.around.nature.faults = FaultDesk(script, rig.around.nature.faults.rng)
    with pytest.raises(error) as raised:
        rig.gauge.pressure_mbar()
    told(raised)


def test_one_wrong_telegram_is_asked_again(rig: Rig) -> None:
    for how in (Spoiling.SILENT, Spoiling.WRONG_ECHO):
        rig.wire.spoiler.spoil(Spoiled(how, b"740"))
        assert rig.gauge.pressure_mbar() == pytest.approx(1e-6, rel=1e-3)


def test_a_gauge_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    around = trial_twin()
    with closing(Terminal(DigitalGauge(chamber_mbar(around.link), address=7), tmp_path / "gauge")) as wire:
        settings = GaugeSettings(port=str(wire.path), answer_s=0.1)
        with pytest.raises(Deadline):
            DRIVER.connect(settings, around.surroundings("chamber", tmp_path))
        there = settings.model_copy(update={"number": 7})
        DRIVER.connect(there, around.surroundings("chamber", tmp_path)).close()
    with pytest.raises(ConnectionLost, match="no such port"):
        DRIVER.connect(settings, around.surroundings("chamber", tmp_path))


def test_a_chamber_without_vacuum_can_be_connected(tmp_path: Path) -> None:
    around = trial_twin()
    with closing(Terminal(DigitalGauge(lambda: 5e3), tmp_path / "gauge")) as wire:
        settings = GaugeSettings(port=str(wire.path), answer_s=ANSWER_S)
        DRIVER.connect(settings, around.surroundings("chamber", tmp_path)).close()


def test_a_gauge_is_recognised_by_its_name(rig: Rig) -> None:
    rig.gauge.close()
    found = recognise(str(rig.wire.path))
    assert found is not None and found.says == "Pfeiffer gauge A5"
    assert GaugeSettings.model_validate(found.settings).port == str(rig.wire.path)
    for elsewhere in ("TCPIP::1.2.3.4::INSTR", "127.0.0.1:8300"):
        assert recognise(elsewhere) is None


# --- mnemonics ---


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Callable[[Controller], tuple[PfeifferGauge, Terminal]]]:
    """The second gauge of a controller."""
    wires: list[Terminal] = []

    def put_up(controller: Controller) -> tuple[PfeifferGauge, Terminal]:
        wires.append(wire := Terminal(controller, tmp_path / "controller"))
        settings = GaugeSettings(port=str(wire.path), speech=Speech.MNEMONICS, number=2, answer_s=ANSWER_S)
        return gauge(settings, "chamber"), wire

    yield put_up
    for wire in wires:
        wire.close()


Behind = Callable[[Controller], tuple[PfeifferGauge, Terminal]]


@pytest.mark.parametrize(
    ("unit", "mbar"),
    [(0, 3.2e-4), (1, 3.2e-4 * 1.3332237), (2, 3.2e-6), (3, 3.2e-7 * 1.3332237), (4, 3.2e-4)],
)
def test_a_controller_tells_the_pressure_in_its_unit(behind: Behind, unit: int, mbar: float) -> None:
    reader, _ = behind(Controller((None, lambda: 3.2e-4), unit))
    assert reader.pressure_mbar() == pytest.approx(mbar, rel=1e-6)
    reader.close()


@pytest.mark.parametrize(
    ("mbar", "words"),
    [(1e-11, "below its range"), (2e3, "above its range"), (None, "no gauge is connected")],
)
def test_a_controller_without_a_reading_says_why(behind: Behind, mbar: float | None, words: str) -> None:
    reader, _ = behind(Controller((None, None if mbar is None else lambda: mbar)))
    with pytest.raises(Refused, match=words) as error:
        reader.pressure_mbar()
    told(error)
    reader.close()


@pytest.mark.parametrize(
    ("status", "words"),
    [(3, "defective"), (4, "switched off"), (6, "not of a kind"), (7, "reports a fault")],
)
def test_a_status_is_an_error_and_its_number_is_none(behind: Behind, status: int, words: str) -> None:
    controller = Controller((None, lambda: 1e-6))
    controller._status = lambda _: (status, 1e-6)  # type: ignore[method-assign, assignment]
    reader, _ = behind(controller)
    with pytest.raises(Refused, match=words):
        reader.pressure_mbar()
    reader.close()


def test_a_unit_that_is_no_pressure_is_refused(behind: Behind) -> None:
    reader, _ = behind(Controller((None, lambda: 1e-6), unit=5))
    with pytest.raises(Refused, match="its unit is no pressure"):
        reader.pressure_mbar()
    reader.close()


def test_a_place_that_the_controller_does_not_have_is_refused(behind: Behind) -> None:
    reader, _ = behind(Controller((lambda: 1e-6,)))
    with pytest.raises(Refused, match="refuses 'PR2'"):
        reader.pressure_mbar()
    reader.close()


def test_an_enquiry_that_failed_begins_with_its_mnemonic_again(behind: Behind) -> None:
    """By itself it would fetch what was asked for before: a unit for a pressure."""
    controller = Controller((None, lambda: 2e-6))
    reader, wire = behind(controller)
    for how in (Spoiling.SILENT, Spoiling.GARBAGE, Spoiling.CUT_OFF):
        for matching in (b"PR2", b"\x05"):
            wire.spoiler.spoil(Spoiled(how, matching))
            assert reader.pressure_mbar() == pytest.approx(2e-6)
    reader.close()
