"""The stage of a TESCAN microscope: what is sent, what is waited for, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from hardware.emulators.sharksem.wire import Value
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


def test_a_turn_that_ends_where_the_count_begins_anew_has_arrived(station: Station) -> None:
    motion = station.devices.stage.move(StagePose(x_um=100.0, rotation_deg=0.0))
    station.wire.lies["StgGetPosition"] = reading(station, "359.99", "0")
    assert motion.wait(LONG_S).rotation_deg == 359.99


def test_an_axis_that_moved_by_itself_is_noticed(station: Station) -> None:
    motion = station.devices.stage.move(StagePose(x_um=100.0))
    station.wire.lies["StgGetPosition"] = reading(station, "0", "5")
    with pytest.raises(NotReached, match="tilt_deg"):
        motion.wait(LONG_S)


def reading(station: Station, rotation_deg: str, tilt_deg: str) -> tuple[Value, ...]:
    """As the stage reads at x = 0.1 mm, turned and tilted so."""
    z_um = station.devices.stage.pose().z_um
    assert z_um is not None
    z_mm = (Decimal(30_000) - Decimal(repr(z_um))) / 1_000
    return Decimal("0.1"), Decimal(0), z_mm, Decimal(rotation_deg), Decimal(tilt_deg)
