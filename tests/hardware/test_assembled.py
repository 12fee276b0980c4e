"""An instrument of several devices: the clock first, all or none, each error under its device's name."""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.addresses import addresses_in, held, holder_of
from hardware.assembled import WIRE_LOG, connect, tried_alone
from hardware.computer_clock import ComputerClock
from hardware.errors import Busy, ConnectionLost, Deadline, HardwareError, OutOfRange, Refused
from hardware.instruments_file import WrongInstruments, read
from hardware.parts import Part
from hardware.registry import connect_devices
from hardware.transport.wire_log import Way, read_log
from tests.hardware.boxes import MAIN, Boxes, file_with, install
from tests.hardware.fakes import FakeClock

BEAM = frozenset({Part.COLUMN, Part.SCANNER, Part.DETECTOR})
REST = MAIN - BEAM - {Part.CLOCK}
TWO = '[devices.sem]\ndriver = "rest"\n[devices.eyes]\ndriver = "beam"\n'
THREE = f'{TWO}[devices.time]\ndriver = "clock"\n'


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    boxes = Boxes()
    drivers = {
        "rest": boxes.driver(REST),
        "beam": boxes.driver(BEAM),
        "clock": boxes.driver(frozenset({Part.CLOCK})),
        "silent": boxes.driver(BEAM, Deadline("silent-sem", "does not answer", "Switch it on.")),
        "own": boxes.driver(BEAM, Deadline("eyes", "does not answer", "Switch it on.")),
        "stumbling": boxes.driver(BEAM, KeyError("port")),
        "blind": boxes.driver(BEAM, has=BEAM - {Part.DETECTOR}),
        "bare": boxes.driver(REST, has=REST - {Part.CLEANER}),
    }
    install(monkeypatch, drivers)
    return boxes


def test_each_part_is_played_by_its_device_and_the_clock_is_the_instruments(
    boxes: Boxes, tmp_path: Path
) -> None:
    file_with(tmp_path, THREE)
    devices = connect_devices("assembled", {}, tmp_path)
    assert boxes.seen == ["+ time", "+ sem", "+ eyes"]
    assert isinstance(devices.clock, FakeClock)
    assert boxes.around["sem"].clock is devices.clock
    assert boxes.around["eyes"].plays == BEAM
    assert devices.stage.pose().z_um == 25_500.0
    assert devices.irradiation_meter is None
    devices.close()
    assert boxes.seen[3:] == ["- eyes", "- sem", "- time"]


def test_which_device_is_waited_for_is_logged_before_it_is_connected(
    boxes: Boxes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file_with(tmp_path, THREE.replace('"beam"', '"silent"'))
    with caplog.at_level(logging.INFO, "hardware"), pytest.raises(ConnectionLost):
        connect({}, tmp_path)
    assert caplog.messages == ["Connecting the time", "Connecting the sem", "Connecting the eyes"]


def test_the_computer_keeps_time_where_no_device_does(boxes: Boxes, tmp_path: Path) -> None:
    file_with(tmp_path, TWO)
    clock = connect({}, tmp_path).clock
    assert isinstance(clock, ComputerClock)
    before_s = clock.now_s()
    clock.sleep(0.02)
    assert 0.02 <= clock.now_s() - before_s < 5.0
    assert abs(clock.now_s() - time.time()) < 5.0
    assert (clock.pace, clock.longest_step_s(1e6)) == (1.0, 0.4)


def test_a_device_asks_the_whole_instrument_once_it_is_whole(boxes: Boxes, tmp_path: Path) -> None:
    file_with(tmp_path, TWO)
    devices = connect({}, tmp_path)
    assert boxes.around["sem"].devices() is devices


def test_nobody_can_ask_it_before(boxes: Boxes, tmp_path: Path) -> None:
    file_with(tmp_path, TWO.replace('"beam"', '"silent"'))
    with pytest.raises(ConnectionLost):
        connect({}, tmp_path)
    with pytest.raises(Refused, match="not connected yet"):
        boxes.around["sem"].devices()


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("silent", "eyes: silent-sem: does not answer. Switch it on."),
        ("own", "eyes: does not answer. Switch it on."),
        ("stumbling", "eyes: did not connect: 'port'. Check its settings."),
        ("blind", "eyes: does not have the detector with these settings. Take it out of its plays, "),
    ],
)
def test_where_one_fails_all_others_are_closed_and_it_is_named(
    driver: str, said: str, boxes: Boxes, tmp_path: Path
) -> None:
    file_with(tmp_path, THREE.replace('"beam"', f'"{driver}"'))
    with pytest.raises(HardwareError) as error:
        connect({}, tmp_path)
    assert str(error.value).startswith(said)
    connected = [line[2:] for line in boxes.seen if line.startswith("+")]
    assert sorted(line[2:] for line in boxes.seen if line.startswith("-")) == sorted(connected)


def test_what_only_some_instruments_have_may_be_missing(boxes: Boxes, tmp_path: Path) -> None:
    text = TWO.replace('"rest"', '"bare"')
    file_with(tmp_path, text)
    assert connect({}, tmp_path).cleaner is None
    parts = ", ".join(f'"{part.value}"' for part in REST)
    file_with(tmp_path, text.replace('"bare"', f'"bare"\nplays = [{parts}]'))
    with pytest.raises(Refused, match="does not have the cleaner"):
        connect({}, tmp_path)


def test_all_are_closed_though_one_does_not_let_go(boxes: Boxes, tmp_path: Path) -> None:
    file_with(tmp_path, THREE)
    boxes.closing_fails = {"eyes"}
    with pytest.raises(HardwareError, match="does not let go"):
        connect({}, tmp_path).close()
    assert boxes.seen[3:] == ["- eyes", "- sem", "- time"]


def test_a_wrong_file_connects_nothing(boxes: Boxes, tmp_path: Path) -> None:
    file_with(tmp_path, THREE.replace('"beam"', '"bean"'))
    with pytest.raises(WrongInstruments, match="did you mean beam"):
        connect({}, tmp_path)
    with pytest.raises(OutOfRange, match="fille is unknown; did you mean file"):
        connect({"fille": "x.toml"}, tmp_path)
    assert boxes.seen == []


def test_what_goes_over_the_wires_is_logged_beside_the_instrument(boxes: Boxes, tmp_path: Path) -> None:
    file_with(tmp_path, TWO)
    connect({}, tmp_path)
    for name in ("sem", "eyes"):
        boxes.around[name].wire_log.note(name, Way.SENT, b"hello")
    assert [piece.device for piece in read_log(tmp_path / WIRE_LOG)] == ["sem", "eyes"]


def test_the_file_may_have_another_name(boxes: Boxes, tmp_path: Path) -> None:
    file_with(tmp_path, TWO).rename(tmp_path / "merlin.toml")
    connect({"file": "merlin.toml"}, tmp_path).close()


def test_one_device_is_tried_without_its_instrument(boxes: Boxes, tmp_path: Path) -> None:
    device = read(file_with(tmp_path, TWO)).devices[1]
    with tried_alone(device, tmp_path) as parts:
        assert parts.column is not None
        assert parts.column.state().blanked
        assert parts.stage is None
        with pytest.raises(Refused, match="tried alone"):
            boxes.around["eyes"].devices()
    assert boxes.seen == ["+ eyes", "- eyes"]


def hold(address: str, held_now: object, done: object) -> None:
    with held([address]):
        held_now.set()  # type: ignore[attr-defined]
        done.wait(30)  # type: ignore[attr-defined]


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """An address that another program holds."""
    context = multiprocessing.get_context("spawn")
    held_now, done = context.Event(), context.Event()
    address = f"COM-of-test-{time.monotonic_ns()}"
    process = context.Process(target=hold, args=(address, held_now, done))
    process.start()
    assert held_now.wait(60)
    yield address
    done.set()
    process.join(30)


def test_a_device_that_another_program_has_is_left_alone(
    boxes: Boxes, elsewhere: str, tmp_path: Path
) -> None:
    file_with(tmp_path, f'{TWO}settings = {{port = "{elsewhere}"}}\n')
    with pytest.raises(Busy, match=f"{elsewhere}: it is in use by process"):
        connect({}, tmp_path)
    assert boxes.seen == []
    assert str(holder_of(elsewhere)).startswith("process ")


def test_addresses_are_let_go_with_the_instrument(boxes: Boxes, tmp_path: Path) -> None:
    file_with(tmp_path, f'{TWO}settings = {{port = "COM-{tmp_path}"}}\n')
    devices = connect({}, tmp_path)
    assert holder_of(f"COM-{tmp_path}") is not None
    devices.close()
    assert holder_of(f"COM-{tmp_path}") is None


def test_what_settings_name_as_addresses() -> None:
    settings = {
        "port": "COM3",
        "preamplifier_port": "/dev/ttyUSB0",
        "multimeter": "USB0::1::2::INSTR",
        "address": 1,
        "baud": 9600,
        "sem": {"host": "10.0.0.2", "port": 8300},
        "monitor_port": "",
        "program_id": "CZ.EMApiCtrl.1",
        "stand_in": "package.module:function",
    }
    named = {"COM3", "/dev/ttyUSB0", "USB0::1::2::INSTR", "10.0.0.2:8300", "CZ.EMApiCtrl.1"}
    assert addresses_in(settings) == named
    assert addresses_in({"library": "bench.yaml@sim", "address": "USB0::1::INSTR"}) == frozenset()
