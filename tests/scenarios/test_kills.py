"""A real process is killed at a named point, while guard and nature go on in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scopeacq.journal.records import MillEnd, PlaneExposing
from scopeacq.telling.exit_codes import ExitCode
from tests.scenarios import mortal
from tests.scenarios.real_run import (
    IDLE_EXIT_S,
    ROOT,
    RealRun,
    gone_within,
    guard_of,
    late_s,
    make_real_run,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

PASS_S = 8.0
WAIT_S = 90.0
GUARD_ENDS_S = 5.0

POINTS = (  # in the order in which one cycle comes to them
    "exposing, not scanned",
    "take renamed, folder not synced",
    "durable, not judged",
    "take in the grid, folder not synced",
    "journal copied, gate not passed",
    "gate passed",
    mortal.ASKED,
    mortal.OPEN,
    "open, a heartbeat committed",
    mortal.UNGUARDED,
    mortal.CLOSED,
    "ended, done not committed",
    mortal.SLOW,
)


def test_goes_on_after_being_killed_at_one_point_after_the_other(tmp_path: Path) -> None:
    run = make_real_run(tmp_path, cycles=1, pass_s=PASS_S)
    for point in POINTS:
        program = run.start(die_at=point)
        said, _ = program.communicate(timeout=WAIT_S)
        assert program.returncode == -signal.SIGKILL, f"not killed at '{point}': {said}"
    program = run.start()
    said, _ = program.communicate(timeout=WAIT_S)
    assert program.returncode == ExitCode.FINISHED, said
    assert not run.troubles(cycles=1)


def test_after_a_kill_the_guard_blanks_and_ends_and_nature_follows(tmp_path: Path) -> None:
    run = make_real_run(tmp_path, cycles=1, pass_s=10.0)
    program = run.start()
    guard = _when_open(run, program)
    program.kill()
    dead_s = time.monotonic()
    program.wait()
    assert gone_within(guard, GUARD_ENDS_S), "the guard outlives its program"
    latency_s = run.plan.instrument.mill.guard_latency_s
    assert 0 < late_s(run.openings, dead_s, dead_s + 60) <= latency_s
    assert run.nature_pid is not None
    assert gone_within(psutil.Process(run.nature_pid), IDLE_EXIT_S + 5), "nature outlives everybody"


def _when_open(run: RealRun, program: subprocess.Popen[str]) -> psutil.Process:
    """The guard, as soon as its log says that the beam is open."""
    end_s = time.monotonic() + WAIT_S
    while time.monotonic() < end_s:
        log = run.plan.guard_log
        if log.exists() and '"opened"' in log.read_text():
            guard = guard_of(program)
            assert guard is not None
            return guard
        time.sleep(0.05)
    raise AssertionError("the beam did not open")


def test_a_second_program_is_refused_on_the_same_run_and_on_the_same_instrument(tmp_path: Path) -> None:
    run = make_real_run(tmp_path, cycles=1, pass_s=120.0, tile_px=400)
    other = make_real_run(tmp_path / "other", cycles=1, tile_px=400)
    text = other.plan.folder.instrument_file.read_text()
    shared = text.replace(str(other.plan.instrument_folder), str(run.plan.instrument_folder))
    other.plan.folder.instrument_file.write_text(shared)
    program = run.start()
    try:
        _when_open(run, program)
        for refused, what in ((run, "run folder"), (other, "microscope")):
            said = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "from scopeacq.cli import main; main()",
                    "run",
                    refused.plan.folder.root,
                ],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=WAIT_S,
            )
            assert said.returncode == ExitCode.BUSY, said
            assert what in said.stderr and f"process {program.pid}" in said.stderr
        assert not any(isinstance(r, MillEnd) for r in run.records()), "the first one was disturbed"
        assert not any(isinstance(r, PlaneExposing) for r in other.records())
    finally:
        program.kill()
        program.wait()
