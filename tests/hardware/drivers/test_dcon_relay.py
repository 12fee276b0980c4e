"""The blanker's line: a relay module on a pseudo-terminal, the real guard process, and what goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from hardware.contract.bench import trial_twin
from hardware.drivers import dcon_relay
from hardware.drivers.dcon_relay.device import DRIVER, RelaySettings, recognise
from hardware.drivers.dcon_relay.line import LineSettings, RelayBlanker, connect, read_as
from hardware.drivers.dcon_relay.module import Levels, Wording
from hardware.emulators.dcon_relay import BlankerContact, RelayModule
from hardware.emulators.rehearsal import Rehearsal
from hardware.emulators.serving import Spoiled, Spoiling, Terminal
from hardware.errors import BlankerUnknown, ConnectionLost, Garbled, HardwareError, Refused
from hardware.guard.client import BlankerLine, GuardClient, GuardClosed
from hardware.guard.core import GuardTiming
from hardware.guard.log import read_openings
from hardware.interlocks import MillLimits
from hardware.registry import blanker_target, load_device
from hardware.transport.channel import Framing
from hardware.types import Blanker
from tests.hardware.fakes import good_proof

SAFE_WITHIN_S = 1.0


@dataclass
class Overheard:
    """A module whose wire is listened to."""

    module: RelayModule
    requests: list[bytes] = field(default_factory=list)

    @property
    def framed(self) -> Framing:
        return self.module.framed

    def answer(self, request: bytes) -> bytes:
        self.requests.append(request)
        return self.module.answer(request)

    def hung_up(self) -> None:
        self.module.hung_up()


@dataclass(frozen=True)
class Rig:
    """A module that the twin's blanker hangs on, and the wire to it."""

    around: Rehearsal
    module: RelayModule
    overheard: Overheard
    wire: Terminal
    settings: RelaySettings

    @property
    def open(self) -> bool:
        return self.around.ions() is Blanker.OPEN

    @property
    def line(self) -> BlankerLine:
        parts = DRIVER.connect(self.settings, self.around.surroundings("relay", self.wire.path.parent))
        assert parts.blanker is not None
        return parts.blanker

    def connect(self) -> RelayBlanker:
        return connect(self.line.settings)

    def blanked_after_s(self) -> float:
        """Real time until the twin's beam is blanked, at most twice what is allowed."""
        begin_s = time.monotonic()
        while self.open and time.monotonic() - begin_s < 2 * SAFE_WITHIN_S:
            time.sleep(0.005)
        return time.monotonic() - begin_s


@contextmanager
def rig(folder: Path, power_on: int = 0, has_watchdog: bool = True) -> Iterator[Rig]:
    around = trial_twin()
    contact = BlankerContact(around.firmware)
    module = RelayModule({0: contact}, power_on=power_on, has_watchdog=has_watchdog)
    overheard = Overheard(module)
    wire = Terminal(overheard, folder / "relay")
    try:
        yield Rig(around, module, overheard, wire, RelaySettings(port=str(wire.path), monitor_input=0))
    finally:
        wire.close()
        module.close()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


@pytest.fixture
def guard(relay: Rig, tmp_path: Path) -> Iterator[GuardClient]:
    """The guard's own process, which holds the line."""
    client = GuardClient.start(relay.line, MillLimits(), tmp_path / "log", GuardTiming(give_up_s=0.5))
    yield client
    try:
        client.stop()
    except BlankerUnknown:
        return


@pytest.fixture
def opened(guard: GuardClient) -> GuardClient:
    guard.open(good_proof(), "pass", 60.0, 100.0)
    return guard


# --- the line ---


def test_it_opens_blanks_and_reads_back(relay: Rig) -> None:
    line = relay.connect()
    for _ in range(2):
        line.open()
        assert line.state() is Blanker.OPEN and relay.open
        line.blank()
        assert line.state() is Blanker.BLANKED and not relay.open


def test_taking_over_blanks_and_leaves_a_module_that_blanks_by_itself(relay: Rig) -> None:
    relay.module.answer(Wording().line("#011001"))
    assert relay.open
    relay.connect()
    assert not relay.open
    said = b"".join(relay.overheard.requests)
    assert b"~015P" in said and b"~015S" in said and b"~013105" in said


def test_a_module_that_wakes_up_open_is_told_to_wake_up_blanked(tmp_path: Path) -> None:
    with rig(tmp_path, power_on=1) as relay:
        relay.connect()
        relay.module.power_off()
        relay.module.power_on()
        assert not relay.open


def test_a_module_without_a_watchdog_is_no_blanker(tmp_path: Path) -> None:
    with rig(tmp_path, has_watchdog=False) as relay, pytest.raises(Refused):
        relay.connect()


def test_a_module_whose_values_stay_open_is_no_blanker(relay: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    real = relay.module.answer
    lie = Wording().line("!010100")
    monkeypatch.setattr(relay.module, "answer", lambda said: lie if b"4S" in said else real(said))
    with pytest.raises(Refused, match="safe value opens"):
        relay.connect()


def test_a_module_that_cannot_be_blanked_is_no_blanker(relay: Rig) -> None:
    relay.module.answer(Wording().line("#011001"))
    relay.module.deaf = True
    with pytest.raises(Refused, match="reads back as open"):
        relay.connect()


def test_a_watchdog_that_ran_out_at_rest_is_armed_again_before_it_opens(relay: Rig) -> None:
    line = relay.connect()
    time.sleep(0.7)  # nobody reads, so nobody feeds
    line.open()
    assert relay.open
    assert 0.0 < relay.blanked_after_s() < SAFE_WITHIN_S


def test_a_watchdog_that_ran_out_while_open_keeps_it_blanked(relay: Rig) -> None:
    line = relay.connect()
    line.open()
    assert relay.blanked_after_s() < SAFE_WITHIN_S  # nobody reads, so nobody feeds
    with pytest.raises(Refused, match="not armed"):
        line.open()
    assert not relay.open and line.state() is Blanker.BLANKED
    line.blank()
    line.open()
    assert relay.open


def test_a_watchdog_that_power_loss_disarmed_is_armed_by_blanking(relay: Rig) -> None:
    line = relay.connect()
    relay.module.power_off()
    relay.module.power_on()
    with pytest.raises(Refused, match="not armed"):
        line.open()
    line.blank()
    line.open()
    assert relay.open


def test_readings_feed_the_watchdog_and_nothing_else_does(relay: Rig) -> None:
    line = relay.connect()
    line.open()
    until_s = time.monotonic() + 0.8
    while time.monotonic() < until_s:
        assert line.state() is Blanker.OPEN
        time.sleep(0.05)
    assert relay.blanked_after_s() < SAFE_WITHIN_S


def test_an_opening_is_sent_once_even_when_nobody_answers(relay: Rig) -> None:
    line = relay.connect()
    relay.wire.spoiler.spoil(Spoiled(Spoiling.SILENT, b"#011001", times=5))
    with pytest.raises(HardwareError):
        line.open()
    assert sum(b"#011001" in said for said in relay.overheard.requests) == 1
    line.blank()
    assert not relay.open


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (Spoiling.SILENT, b"#0110"),
        (Spoiling.SILENT, b"@01"),
        (Spoiling.LATE, b"@01"),
        (Spoiling.CUT_OFF, b"~012"),
        (Spoiling.GARBAGE, b"@01"),
        (Spoiling.WRONG_ECHO, b"#0110"),
        (Spoiling.WRONG_ECHO, b"~010"),
    ],
)
def test_every_spoilt_answer_is_a_typed_error_and_never_a_state(
    relay: Rig, how: Spoiling, words: bytes
) -> None:
    line = relay.connect()
    relay.wire.spoiler.spoil(Spoiled(how, words, times=20, late_s=0.4))
    begin_s = time.monotonic()
    for call in (line.open, line.blank):
        with_trouble(call)
    assert line.state() is Blanker.UNKNOWN or words != b"@01"
    assert time.monotonic() - begin_s < 2.5  # far below what the guard's own watchdog grants


def with_trouble(call: Callable[[], None]) -> None:
    """Only a ``HardwareError`` may come of it."""
    try:
        call()
    except HardwareError as error:
        assert error.device == "ion blanker" and error.what and error.advice


@pytest.mark.parametrize("lie", [b"?01", b"!", b">", b">0", b">0000", b"!010000", b"@01", b">01\xff0", b""])
def test_an_answer_of_another_form_is_garbled_or_refused(
    relay: Rig, lie: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = relay.connect()
    said = lie + b"%02X" % (sum(lie) & 0xFF) + b"\r"
    monkeypatch.setattr(relay.module, "answer", lambda request: said)
    with pytest.raises((Garbled, Refused)):
        line.open()
    assert line.state() in (Blanker.UNKNOWN, Blanker.BLANKED) and not relay.open


def test_a_wrong_checksum_is_no_answer(relay: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    line = relay.connect()
    monkeypatch.setattr(relay.module, "answer", lambda request: b">0101FF\r")
    assert line.state() is Blanker.UNKNOWN


def test_output_and_monitor_that_differ_say_nothing() -> None:
    settings = LineSettings("", monitor_input=2, channel=1)
    assert read_as(Levels(0b10, 0b100), settings) is Blanker.OPEN
    assert read_as(Levels(0b00, 0b000), settings) is Blanker.BLANKED
    assert read_as(Levels(0b10, 0b000), settings) is Blanker.UNKNOWN
    assert read_as(Levels(0b00, 0b100), settings) is Blanker.UNKNOWN
    upside_down = replace(settings, monitor_when_open=False)
    assert read_as(Levels(0b10, 0b000), upside_down) is Blanker.OPEN
    assert read_as(Levels(0b10, 0b001), replace(settings, monitor_input=None)) is Blanker.OPEN


def test_it_is_installed_as_a_device_and_as_a_blanker() -> None:
    assert load_device("dcon-relay") is DRIVER
    assert blanker_target("dcon-relay") == "hardware.drivers.dcon_relay.line:connect"
    with pytest.raises(AttributeError):
        _ = dcon_relay.ANYTHING_ELSE


def test_letting_go_frees_the_port_and_blanks(relay: Rig) -> None:
    line = relay.connect()
    line.open()
    line.close()
    assert relay.blanked_after_s() < SAFE_WITHIN_S and line.state() is Blanker.UNKNOWN
    relay.connect().open()
    assert relay.open


@pytest.mark.parametrize(
    "wrong", [{"watchdog_s": 5.0}, {"watchdog_s": 0.0}, {"channel": 9}, {"channel": -1}]
)
def test_the_guard_takes_no_settings_that_would_not_blank(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no blanker"):
        connect({"port": "COM1", **wrong})
    with pytest.raises(ValidationError):
        RelaySettings.model_validate({"port": "COM1", **wrong})


def test_a_port_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost, match="cannot be reached"):
        connect({"port": str(tmp_path / "none")})


def test_a_module_is_recognised_by_its_name(relay: Rig, tmp_path: Path) -> None:
    found = recognise(str(relay.wire.path))
    assert found is not None and found.settings == {"port": str(relay.wire.path), "checksum": True}
    assert "7060" in found.says and recognise(str(tmp_path / "none")) is None


def test_checksums_are_as_in_the_manual() -> None:
    assert Wording().line("$012") == b"$012B7\r"
    assert Wording(checksum=False).line("$012") == b"$012\r"
    assert Wording().text(b"!01200600AA\r") == "!01200600"
    with pytest.raises(ValueError, match="checksum"):
        Wording().text(b"!01200600AB\r")


def test_100_000_random_answers_end_nowhere_else_than_in_a_number_or_a_ValueError() -> None:  # noqa: N802
    rng = np.random.default_rng(7)
    letters = np.frombuffer(b"!>?@~0123456789ABCDEF\r\r\r\xff\x00", np.uint8)
    answers = rng.choice(letters, (100_000, 9))
    framings = [
        (wording, form, wording.answer(form))
        for wording in (Wording(), Wording(checksum=False))
        for form in ("([>!])", r">([0-9A-F]{2})([0-9A-F]{2})", "!01")
    ]
    for number, answer in enumerate(answers):
        arrived = bytearray(answer.tobytes())
        wording, _, framed = framings[number % len(framings)]
        try:
            length = framed(arrived)
        except ValueError:
            continue
        assert length is None or wording.text(bytes(arrived[:length])) is not None


# --- the guard ---


def test_the_guards_process_stays_small() -> None:
    code = "import hardware.drivers.dcon_relay.line, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pydantic", "numpy", "pyvisa", "hardware.parts"} & set(loaded.stdout.split())


def test_a_pass_by_the_guard(relay: Rig, opened: GuardClient) -> None:
    assert relay.open and opened.state() is Blanker.OPEN
    time.sleep(0.7)
    opened.heartbeat(101.0)
    assert relay.open
    opened.close()
    assert not relay.open
    time.sleep(0.8)  # at rest the guard reads more slowly, yet often enough for the watchdog
    opened.open(good_proof(), "again", 60.0, 100.0)
    assert relay.open


@pytest.mark.parametrize("lost", [b"#0110", b"@01", b"~012"])
def test_one_answer_that_is_lost_leaves_no_doubt(relay: Rig, opened: GuardClient, lost: bytes) -> None:
    """Not for that is the high voltage of a gun taken off, and a night lost."""
    relay.wire.spoiler.spoil(Spoiled(Spoiling.SILENT, lost))
    opened.close()
    assert not relay.open


def test_silence_blanks(relay: Rig, opened: GuardClient) -> None:
    assert opened._process is not None
    opened._process.send_signal(signal.SIGSTOP)
    assert relay.blanked_after_s() < SAFE_WITHIN_S
    opened._process.send_signal(signal.SIGCONT)


def test_a_killed_guard_blanks(relay: Rig, opened: GuardClient) -> None:
    assert opened._process is not None
    opened._process.kill()
    assert relay.blanked_after_s() < SAFE_WITHIN_S
    with pytest.raises(BlankerUnknown, match="press gun off"):
        opened.heartbeat(101.0)


def test_a_pulled_cable_blanks_and_the_line_is_usable_when_it_is_back(
    relay: Rig, opened: GuardClient, tmp_path: Path
) -> None:
    relay.wire.unplug()
    assert relay.blanked_after_s() < SAFE_WITHIN_S
    with pytest.raises(GuardClosed):
        opened.heartbeat(101.0)
    with pytest.raises(BlankerUnknown, match="press gun off"):
        opened.close()
    relay.wire.plug_in()
    until_s = time.monotonic() + 3.0
    while opened.state() is not Blanker.BLANKED and time.monotonic() < until_s:
        time.sleep(0.05)
    opened.close()
    opened.open(good_proof(), "again", 60.0, 100.0)
    assert relay.open
    assert [opening.pass_id for opening in read_openings(tmp_path / "log")] == ["pass", "again"]


def test_power_loss_blanks_and_so_does_power_that_returns(relay: Rig, opened: GuardClient) -> None:
    relay.module.power_off()
    assert relay.blanked_after_s() < SAFE_WITHIN_S
    relay.module.power_on()
    time.sleep(0.3)
    assert not relay.open
    opened.close()
    opened.open(good_proof(), "again", 60.0, 100.0)
    assert relay.open


def test_a_contact_that_is_welded_is_told(relay: Rig, opened: GuardClient) -> None:
    relay.module.welded = True
    with pytest.raises(BlankerUnknown, match="reads back as unknown"):
        opened.close()


def test_a_module_that_does_not_obey_is_left_to_its_watchdog(relay: Rig, opened: GuardClient) -> None:
    relay.module.deaf = True
    with pytest.raises(BlankerUnknown, match="reads back as open"):
        opened.close()
    assert relay.blanked_after_s() < SAFE_WITHIN_S
    relay.module.deaf = False
    opened.close()


def test_a_relay_that_does_not_open_is_refused(relay: Rig, guard: GuardClient) -> None:
    relay.module.deaf = True
    with pytest.raises(HardwareError, match="reads back as blanked"):
        guard.open(good_proof(), "pass", 60.0, 100.0)


def test_a_guard_that_finds_no_module_does_not_start(tmp_path: Path) -> None:
    line = BlankerLine("dcon-relay", {"port": str(tmp_path / "none")})
    with pytest.raises(
        BlankerUnknown, match=r"cannot be reached.*\. Ion beam state unknown: press gun off"
    ):
        GuardClient.start(line, MillLimits(), tmp_path / "log")
    assert not os.path.lexists(tmp_path / "none")


def test_a_watchdog_that_the_last_guard_left_armed_does_not_run_out_under_the_next_one(relay: Rig) -> None:
    relay.connect().close()
    for left_ms in range(5, 60, 3):
        relay.module._watchdog.due_s = time.monotonic() + left_ms * 1e-3
        line = relay.connect()
        assert line.state() is Blanker.BLANKED
        line.close()
