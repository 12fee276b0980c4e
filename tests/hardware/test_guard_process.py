"""The guard as a process of its own: killed, stopped, deceived. The line is looked at from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.errors import BlankerUnknown, ConnectionLost
from hardware.guard.client import BlankerLine, GuardClient, GuardClosed
from hardware.guard.core import GuardTiming
from hardware.guard.log import read_openings
from hardware.guard.messages import Why
from hardware.interlocks import MillLimits
from hardware.types import Blanker
from tests.hardware.fakes import good_proof
from tests.hardware.lines import lock_line, lock_line_is_open

HEARTBEAT_S = GuardTiming().heartbeat_s
LATENCY_S = 1.0  # generous: the machine may be busy

PROGRAM = """
import sys, time
from pathlib import Path
from hardware.guard.client import GuardClient
from hardware.interlocks import MillLimits
from tests.hardware.fakes import good_proof
from tests.hardware.lines import lock_line
folder = Path(sys.argv[1])
guard = GuardClient.start(lock_line(folder), MillLimits(), folder / "log")
guard.open(good_proof(), "pass", 60.0, 100.0)
print("open", flush=True)
while True:
    time.sleep(0.2)
    guard.heartbeat(1.0)
"""


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[GuardClient]:
    client = GuardClient.start(
        lock_line(tmp_path), MillLimits(), tmp_path / "log", GuardTiming(give_up_s=0.5)
    )
    yield client
    try:
        client.stop()
    except BlankerUnknown:
        return


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program of its own that has opened the beam and beats."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def blanked_within(folder: Path, timeout_s: float) -> bool:
    until_s = time.monotonic() + timeout_s
    while time.monotonic() < until_s:
        if not lock_line_is_open(folder / "line"):
            return True
        time.sleep(0.01)
    return False


def test_a_killed_program_leaves_a_blanked_beam(program: subprocess.Popen[str], tmp_path: Path) -> None:
    time.sleep(1.5 * HEARTBEAT_S)
    assert lock_line_is_open(tmp_path / "line")  # the heartbeats hold it
    program.kill()
    assert blanked_within(tmp_path, LATENCY_S)
    time.sleep(0.1)
    assert [o.why for o in read_openings(tmp_path / "log")] == [Why.PIPE_ENDED]


def test_a_program_that_stops_answering_leaves_a_blanked_beam(
    program: subprocess.Popen[str], tmp_path: Path
) -> None:
    program.send_signal(signal.SIGSTOP)
    assert blanked_within(tmp_path, HEARTBEAT_S + LATENCY_S)
    time.sleep(0.1)
    assert [o.why for o in read_openings(tmp_path / "log")] == [Why.HEARTBEAT_MISSED]


def test_it_blanks_when_told_to_end(guard: GuardClient, tmp_path: Path) -> None:
    guard.open(good_proof(), "pass", 60.0, 100.0)
    assert guard._process is not None
    guard._process.terminate()
    assert guard._process.wait(LATENCY_S + 1.0) == 0
    assert not lock_line_is_open(tmp_path / "line")
    with pytest.raises(BlankerUnknown):
        guard.heartbeat(1.0)


def test_ctrl_c_is_not_for_the_guard(guard: GuardClient) -> None:
    guard.open(good_proof(), "pass", 60.0, 100.0)
    assert guard._process is not None
    guard._process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    guard.heartbeat(1.0)


def test_a_killed_guard_lets_go_of_the_line_and_the_program_hears_of_it(
    guard: GuardClient, tmp_path: Path
) -> None:
    guard.open(good_proof(), "pass", 60.0, 103.0)
    assert guard._process is not None
    guard._process.kill()
    assert blanked_within(tmp_path, LATENCY_S)
    with pytest.raises(BlankerUnknown, match="press gun off"):
        guard.heartbeat(4.0)
    assert guard.state() is Blanker.UNKNOWN
    (opening,) = read_openings(tmp_path / "log")
    assert opening.opened_at_s is not None and opening.closed_at_s is None


def test_a_guard_that_hangs_is_killed_by_its_client(tmp_path: Path) -> None:
    timing = GuardTiming(reply_s=0.3)
    guard = GuardClient.start(lock_line(tmp_path), MillLimits(), tmp_path / "log", timing)
    guard.open(good_proof(), "pass", 60.0, 100.0)
    assert guard._process is not None
    guard._process.send_signal(signal.SIGSTOP)
    with pytest.raises(BlankerUnknown):
        guard.close()
    assert not lock_line_is_open(tmp_path / "line")


def test_a_guard_that_hangs_in_its_driver_is_ended_by_the_system(tmp_path: Path) -> None:
    line = BlankerLine("tests.hardware.lines:connect_hanging_line", dict(lock_line(tmp_path).settings))
    timing = GuardTiming(watchdog_s=0.5, reply_s=3.0)
    guard = GuardClient.start(line, MillLimits(), tmp_path / "log", timing)
    guard.open(good_proof(), "pass", 60.0, 100.0)
    (tmp_path / "hang").touch()
    assert blanked_within(tmp_path, 0.5 + LATENCY_S)
    with pytest.raises(BlankerUnknown):
        guard.close()


def test_a_read_back_that_differs_blanks(guard: GuardClient, tmp_path: Path) -> None:
    guard.open(good_proof(), "pass", 60.0, 100.0)
    (tmp_path / "lie").write_text("blanked")
    assert blanked_within(tmp_path, LATENCY_S)
    with pytest.raises(GuardClosed) as closed:
        guard.heartbeat(1.0)
    assert closed.value.why is Why.READ_BACK_DIFFERS


def test_a_line_that_cannot_be_read_back_is_not_trusted(guard: GuardClient, tmp_path: Path) -> None:
    (tmp_path / "lie").write_text("unknown")
    with pytest.raises(BlankerUnknown, match="unknown"):
        guard.close()
    with pytest.raises(BlankerUnknown):
        GuardClient.start(lock_line(tmp_path), MillLimits(), tmp_path / "log 2")


def test_the_log_says_from_when_to_when_blanking_was_not_confirmed(
    guard: GuardClient, tmp_path: Path
) -> None:
    guard.open(good_proof(), "pass", 60.0, 100.0)
    (tmp_path / "lie").write_text("open")
    with pytest.raises(BlankerUnknown):
        guard.stop()
    with pytest.raises(BlankerUnknown):
        GuardClient.start(lock_line(tmp_path), MillLimits(), tmp_path / "log", GuardTiming(give_up_s=0.5))
    (tmp_path / "lie").unlink()
    freed_s = time.time()
    with GuardClient.start(lock_line(tmp_path), MillLimits(), tmp_path / "log"):
        (opening,) = read_openings(tmp_path / "log")
    assert opening.unconfirmed_at_s is not None and opening.unconfirmed_at_s < freed_s
    assert opening.pass_id == "pass" and opening.may_be_open_s[1] >= freed_s


@pytest.mark.parametrize("driver", ["tests.hardware.lines:nothing", "no.module:connect", "builtins:dict"])
def test_a_broken_line_driver_starts_no_guard(driver: str, tmp_path: Path) -> None:
    with pytest.raises(BlankerUnknown, match=r"nothing|no\.module|no|ion blanker"):
        GuardClient.start(BlankerLine(driver, {}), MillLimits(), tmp_path / "log")


def test_an_unknown_line_driver_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost, match="'steam'"):
        GuardClient.start(BlankerLine("steam"), MillLimits(), tmp_path / "log")


def test_a_log_that_cannot_be_written_starts_no_guard(tmp_path: Path) -> None:
    with pytest.raises(BlankerUnknown, match="No such file"):
        GuardClient.start(lock_line(tmp_path), MillLimits(), tmp_path / "missing" / "log")


def test_the_process_loads_nothing_heavy() -> None:
    heavy = ("numpy", "torch", "PyQt5", "cv2", "scipy")
    code = f"import hardware.guard.__main__, sys; print([m for m in {heavy} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert loaded.stdout.strip() == "[]", loaded.stderr
