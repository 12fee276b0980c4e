"""A run from the command line on the twin: interrupted by Ctrl-C, refused to a second program, resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scopeacq.engine.events import RunState
from scopeacq.plan.demo import make_demo
from scopeacq.plan.new_run import PROJECT_HEADER
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.templates import to_toml
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.status import read_status

SCOPEACQ = [sys.executable, "-m", "scopeacq"]
PATIENCE_S = 120.0
CYCLES = 4


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """The demo, cut down to two sections of one tile, and long enough to meet a second program."""
    plan = make_demo(tmp_path, seed=3, cycles=CYCLES)
    imaging = plan.project.imaging.model_copy(update={"grid_rows": 1, "grid_columns": 1})
    project = plan.project.model_copy(update={"imaging": imaging})
    wafer = replace(plan.wafer, sections=plan.wafer.sections[:2])
    plan.folder.project_file.write_text(to_toml(project, *PROJECT_HEADER), encoding="utf-8")
    plan.folder.wafer_file.write_text(wafer.to_geojson(), encoding="utf-8")
    return Plan.read(plan.folder.root)


def scopeacq(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SCOPEACQ, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_run_is_paused_by_ctrl_c_and_goes_on(plan: Plan) -> None:
    run = str(plan.folder.root)
    first = subprocess.Popen(
        [*SCOPEACQ, "run", run], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: read_status(plan).state is RunState.RUNNING, "the start")
        second = scopeacq("run", run)
        assert second.returncode == ExitCode.BUSY
        assert "in use by process" in second.stderr
        first.send_signal(signal.SIGINT)
        out, err = first.communicate(timeout=PATIENCE_S)
    finally:
        first.kill()
    assert first.returncode == ExitCode.PAUSED, out + err
    assert read_status(plan).state is RunState.PAUSED

    resumed = scopeacq("run", run)
    assert resumed.returncode == ExitCode.FINISHED, resumed.stdout + resumed.stderr
    after = json.loads(scopeacq("status", run, "--json").stdout)
    assert (after["state"], after["cycles_done"]) == ("finished", CYCLES)
    assert (after["planes"], after["planes_lost"]) == (2 * CYCLES, 0)
    reported = scopeacq("report", run)
    assert Path(reported.stdout.strip()) == plan.folder.reports / "report.html"
    assert "data:image/jpeg" in (plan.folder.reports / "report.html").read_text(encoding="utf-8")
