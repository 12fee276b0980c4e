"""Into the mill state and out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hardware.chamber_model import ChamberModel
from hardware.claim import InstrumentLock
from hardware.errors import BlankerUnknown, Interlocked, NotReached
from hardware.guard.core import GuardTiming
from hardware.interlocks import MillLimits, open_refusals
from hardware.microscope import Microscope
from hardware.milling import end_mill, prepare_mill
from hardware.types import DetectorState, StagePose
from tests.hardware.fakes import MILL_POSE, RASTER, FakeDetector, fake_devices
from tests.hardware.lines import MemoryLine
from tests.hardware.thread_guard import thread_guard

SAFE_Z_UM = 6_000.0


@dataclass(frozen=True)
class Bench:
    microscope: Microscope
    line: MemoryLine


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    line, lock = MemoryLine(), InstrumentLock(tmp_path / "lock")
    with thread_guard(line, tmp_path / "log", timing=GuardTiming(give_up_s=0.2)) as guard:
        yield Bench(Microscope(fake_devices(tmp_path), guard, ChamberModel(), lock), line)
    lock.release()


def test_a_prepared_instrument_is_accepted_by_the_guard_and_ends_at_rest(bench: Bench) -> None:
    microscope = bench.microscope
    proof = prepare_mill(microscope, MILL_POSE, RASTER, SAFE_Z_UM)
    assert open_refusals(proof, MillLimits()) == [] and not bench.line.is_open
    microscope.guard.open(proof, "pass", 5.0, proof.at_s)
    assert bench.line.is_open
    assert end_mill(microscope).pass_id == "pass"
    assert not bench.line.is_open and not microscope.devices.raster.state().running


def test_the_next_azimuth_is_reached_with_the_beam_blanked(bench: Bench) -> None:
    microscope, stage = bench.microscope, bench.microscope.devices.stage
    proof = prepare_mill(microscope, MILL_POSE, RASTER, SAFE_Z_UM)
    microscope.guard.open(proof, "pass", 5.0, proof.at_s)
    move, seen = stage.move, []

    def watched(target: StagePose) -> object:
        seen.append(bench.line.is_open)
        return move(target)

    stage.move = watched  # type: ignore[method-assign, assignment]
    again = prepare_mill(microscope, replace(MILL_POSE, rotation_deg=240.0), RASTER, SAFE_Z_UM)
    assert seen and not any(seen) and again.pose.rotation_deg == 240.0


def test_electrons_and_detector_are_safe_before_anything_moves(tmp_path: Path, bench: Bench) -> None:
    class Stubborn(FakeDetector):
        def make_safe(self) -> None: ...

    devices = replace(bench.microscope.devices, detector=Stubborn(DetectorState(True, 1.0, 0.0)))
    with pytest.raises(Interlocked, match="detector"):
        prepare_mill(replace(bench.microscope, devices=devices), MILL_POSE, RASTER, SAFE_Z_UM)
    assert devices.stage.moves == []  # type: ignore[attr-defined]


def test_a_pose_that_is_not_reached_gives_no_proof(bench: Bench) -> None:
    bench.microscope.devices.stage.silently = {"tilt_deg": 12.0}  # type: ignore[attr-defined]
    with pytest.raises(NotReached):
        prepare_mill(bench.microscope, MILL_POSE, RASTER, SAFE_Z_UM)
    assert not bench.microscope.devices.raster.state().running


def test_the_raster_goes_on_and_the_gun_goes_off_when_blanking_is_not_confirmed(bench: Bench) -> None:
    microscope = bench.microscope
    proof = prepare_mill(microscope, MILL_POSE, RASTER, SAFE_Z_UM)
    microscope.guard.open(proof, "pass", 5.0, proof.at_s)
    bench.line.broken.add("stuck")
    with pytest.raises(BlankerUnknown):
        end_mill(microscope)
    assert microscope.devices.raster.state().running
    assert not microscope.devices.gun.state().hv_on
