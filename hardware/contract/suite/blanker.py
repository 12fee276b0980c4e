"""Of the ion blanker: it opens, blanks, reads back, and fails closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from hardware.chamber_model import ChamberModel
from hardware.claim import InstrumentLock
from hardware.contract.bench import Bench
from hardware.contract.suite.expect import about, line_to
from hardware.guard.client import BlankerLine, GuardClient
from hardware.guard.log import read_openings
from hardware.guard.messages import Why
from hardware.interlocks import MillLimits
from hardware.microscope import Devices, Microscope
from hardware.milling import end_mill, prepare_mill
from hardware.parts import Part
from hardware.registry import blanker_target
from hardware.types import Blanker, Raster, StagePose

MILL_POSE = StagePose(0.0, 0.0, 5_000.0, 30.0, 120.0)
SAFE_Z_UM = 6_000.0
FAILS_CLOSED_S = 2.0

OPEN_AND_STAY = """
import json, sys
from importlib import import_module
module, _, function = sys.argv[1].partition(":")
line = getattr(import_module(module), function)(json.loads(sys.argv[2]))
line.open()
print(line.state().value, flush=True)
sys.stdin.read()
"""


@about(Part.BLANKER)
def test_the_line_opens_and_blanks_and_reads_back(bench: Bench, devices: Devices) -> None:
    with line_to(devices.blanker) as line:
        for _ in range(2):
            line.open()
            assert line.state() is bench.ions() is Blanker.OPEN
            for _again in range(2):
                line.blank()
                assert line.state() is bench.ions() is Blanker.BLANKED


@about(Part.BLANKER)
def test_letting_go_of_the_line_blanks(bench: Bench, devices: Devices) -> None:
    with line_to(devices.blanker) as line:
        line.open()
    assert bench.ions() is Blanker.BLANKED


@about(Part.BLANKER, Part.RASTER, Part.GUN, Part.ION_CURRENT, Part.STAGE)
def test_a_mill_pass_is_proven_opened_and_ended_by_the_guard(
    bench: Bench, devices: Devices, tmp_path: Path
) -> None:
    devices.gun.set_hv(True)
    lock = InstrumentLock(tmp_path / "lock")
    with GuardClient.start(devices.blanker, MillLimits(), tmp_path / "log") as guard:
        microscope = Microscope(devices, guard, ChamberModel(), lock)
        proof = prepare_mill(microscope, MILL_POSE, Raster(8.0, 4.0), SAFE_Z_UM)
        opened = guard.open(proof, "pass 1", 10.0, proof.at_s)
        devices.clock.sleep(1.0)
        guard.heartbeat(devices.clock.now_s())
        assert guard.state() is bench.ions() is Blanker.OPEN
        assert end_mill(microscope).pass_id == opened.pass_id
        assert bench.ions() is Blanker.BLANKED and not devices.raster.state().running
        assert microscope.safe_state().safe
    (opening,) = read_openings(tmp_path / "log")
    assert opening.why is Why.ASKED
    lock.release()


@about(Part.BLANKER)
def test_the_line_fails_closed_when_the_process_that_holds_it_is_killed(
    bench: Bench, devices: Devices
) -> None:
    with _held_open(devices.blanker) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "open\n"
        assert bench.ions() is Blanker.OPEN
        holder.kill()
        until_s = time.monotonic() + FAILS_CLOSED_S
        while bench.ions() is not Blanker.BLANKED and time.monotonic() < until_s:
            time.sleep(0.02)
    assert bench.ions() is Blanker.BLANKED


def _held_open(blanker: BlankerLine) -> subprocess.Popen[str]:
    """Another process that opens the line and stays."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            OPEN_AND_STAY,
            blanker_target(blanker.driver),
            json.dumps(dict(blanker.settings)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
