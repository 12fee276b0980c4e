"""The stage of a TESCAN microscope: what is sent, what is waited for, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.errors import (
    Deadline,
    NotReached,
    OutOfRange,
    Refused,
    StageTouch,
)
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind
from hardware.types import StagePose
from tests.hardware.drivers.tescan_bench import Station, in_real_time, nature_with, tescan_station

LONG_S = 1e4


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with tescan_station(tmp_path) as opened:
        yield opened


def test_a_motion_is_asked_and_cancelled(station: Station) -> None:
    motion = station.devices.stage.move(StagePose(x_um=5_000.0))
    assert not motion.done()
    motion.cancel()
    assert motion.done()
    with pytest.raises(OutOfRange):
        station.devices.stage.check(StagePose(x_um=1e6))
    with pytest.raises(Deadline):
        station.devices.stage.move(StagePose(x_um=20_000.0)).wait(1.0)


def test_axes_that_are_not_told_are_not_sent(station: Station) -> None:
    station.devices.stage.move(StagePose(x_um=5.0)).wait(LONG_S)
    before = station.devices.stage.pose()
    motion = station.devices.stage.move(StagePose())
    assert motion.wait(LONG_S) == before and station.sent("StgMoveToEx") == 1


def test_a_touch_is_told_as_one(station: Station) -> None:
    station.nature.stage.touching = True
    with pytest.raises(StageTouch):
        station.devices.stage.move(StagePose(x_um=5.0))
    station.devices.stage.move(StagePose(z_um=20_000.0)).wait(LONG_S)


def test_a_stage_that_moves_takes_no_other_target(station: Station) -> None:
    station.devices.stage.move(StagePose(x_um=5_000.0))
    with pytest.raises(Refused, match="moving already"):
        station.devices.stage.move(StagePose(x_um=0.0))


def test_a_move_that_ends_elsewhere_is_noticed(tmp_path: Path) -> None:
    fault = Fault(kind=FaultKind.WRONG_POSITION, device=Device.STAGE, trigger=AfterCalls(0))
    with tescan_station(tmp_path, nature_with(fault)) as station:
        motion = station.devices.stage.move(StagePose(x_um=100.0))
        with pytest.raises(NotReached, match="x_um"):
            motion.wait(LONG_S)


def test_a_move_that_the_microscope_refuses_is_refused(tmp_path: Path) -> None:
    third_read = AfterCalls(3)  # position, and twice by the emulator itself
    fault = Fault(kind=FaultKind.REFUSED, device=Device.STAGE, trigger=third_read)
    with tescan_station(tmp_path, nature_with(fault)) as station:
        with pytest.raises(Refused, match="the movement failed"):
            station.devices.stage.move(StagePose(x_um=100.0))
        station.devices.stage.move(StagePose(x_um=100.0)).wait(LONG_S)


def test_who_stops_the_stage_ends_the_waiting_for_it(tmp_path: Path) -> None:
    with tescan_station(tmp_path, in_real_time()) as station:
        motion = station.devices.stage.move(StagePose(x_um=20_000.0))
        threading.Timer(0.3, station.devices.stage.stop).start()
        pose = motion.wait(30.0)
        assert pose.x_um is not None and 0 < pose.x_um < 10_000
