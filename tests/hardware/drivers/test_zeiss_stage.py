"""The stage of a Zeiss SEM: all axes in every move, and an end to every wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.drivers.zeiss.apartment import Apartment
from hardware.drivers.zeiss.api import Sem
from hardware.drivers.zeiss.stage import ZeissStage
from hardware.errors import Deadline, Garbled, NotReached, Refused, StageTouch
from hardware.simulator.faults import AtTime, Device, Fault, FaultKind
from hardware.transport.wire_log import NoLog
from hardware.types import StagePose
from tests.hardware.drivers.smartsem_rig import Rig, answering, smartsem_rig

AXES = ("x_um", "y_um", "z_um", "tilt_deg", "rotation_deg")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with smartsem_rig(tmp_path) as made:
        yield made


@pytest.mark.parametrize("axis", AXES)
def test_a_move_names_all_axes_and_keeps_those_that_it_leaves_alone(rig: Rig, axis: str) -> None:
    rig.stage.move(StagePose(10.0, -20.0, 6_000.0, 3.0, 40.0)).wait(1e4)
    here = rig.sem.stage.position()
    rig.stage.move(StagePose(**{axis: 5.0})).wait(1e4)
    sent = [call[1:] for call in rig.tampering.calls if call[0] == "MoveStage"][-1]
    kept = [index for index, name in enumerate((*AXES, "m")) if name != axis]
    assert [sent[index] for index in kept] == [here[index] for index in kept]
    assert getattr(rig.stage.pose(), axis) == 5.0


def test_axes_are_turned_round_and_shifted_as_the_settings_say(tmp_path: Path) -> None:
    frame = {"x_sign": -1, "x_zero_mm": 65.0, "z_sign": -1, "z_zero_mm": 20.0, "rotation_sign": -1}
    with smartsem_rig(tmp_path, stage_frame=frame) as rig:
        rig.stage.move(StagePose(x_um=60_000.0, z_um=5_000.0, rotation_deg=30.0)).wait(1e4)
        x_m, _, z_m, _, rotation_deg, _ = rig.sem.stage.position()
        assert (x_m, z_m, rotation_deg) == pytest.approx((5e-3, 15e-3, -30.0))
        assert rig.stage.limits["x_um"].low == pytest.approx(35_000.0)
        pose = rig.stage.pose()
        assert pose.z_um == pytest.approx(5_000.0) and pose.x_um == pytest.approx(60_000.0)


def test_a_wait_takes_as_long_as_the_move(rig: Rig) -> None:
    clock, target = rig.around.twin.clock, StagePose(x_um=4_000.0, z_um=20_000.0)
    estimate_s, before_s = rig.stage.duration_s(target), clock.now_s()
    rig.stage.move(target).wait(1e3)
    assert clock.now_s() - before_s == pytest.approx(estimate_s)


def test_a_stage_under_way_takes_no_other_target(rig: Rig) -> None:
    motion = rig.stage.move(StagePose(z_um=6_000.0))
    with pytest.raises(Refused, match="moving already"):
        rig.stage.move(StagePose(x_um=100.0))
    assert rig.tampering.counted("MoveStage") == 1 and not motion.done()


def test_a_touch_ends_the_wait_and_says_so(tmp_path: Path) -> None:
    touch = Fault(Device.STAGE, FaultKind.TOUCH_ALARM, AtTime(5.0))
    with smartsem_rig(tmp_path, touch) as rig:
        with pytest.raises(StageTouch, match="Look into the chamber"):
            rig.stage.move(StagePose(z_um=6_000.0)).wait(1e4)
        with pytest.raises(StageTouch):
            rig.stage.move(StagePose(x_um=500.0))
        rig.stage.move(StagePose(z_um=rig.sem.stage.position()[2] * 1e6 - 500.0))


def test_no_move_begins_with_the_touch_alarm_silenced(rig: Rig) -> None:
    """A program that was killed while it measured a specimen current has left the monitor on."""
    rig.sem.electrons.monitor_on = True
    rig.stage.move(StagePose(x_um=100.0)).wait(1e3)
    assert not rig.sem.electrons.monitor_on

    rig.sem.electrons.monitor_on = True
    with rig.spoilt(answering(1005, "Set", "DP_SCM")), pytest.raises(Refused):
        rig.stage.move(StagePose(x_um=200.0))
    assert rig.tampering.counted("MoveStage") == 1


def test_a_stage_that_does_not_know_where_it_is_is_not_moved(rig: Rig) -> None:
    with (
        rig.spoilt(answering((0, "No"), "Get", "DP_STAGE_INIT")),
        pytest.raises(Refused, match="not been initialised"),
    ):
        rig.stage.move(StagePose(x_um=100.0))
    assert rig.tampering.counted("MoveStage") == 0


@pytest.mark.parametrize("unknown", ["DP_SCM", "DP_STAGE_INIT"])
def test_a_microscope_that_lacks_what_is_asked_before_a_move_moves(rig: Rig, unknown: str) -> None:
    with rig.spoilt(answering((1000, ""), "Get", unknown)):
        sem = Sem(Apartment("merlin", rig.tampering.dispatch, 1.0, 1.0, NoLog()))
        stage = ZeissStage(sem, sem, rig.around.twin.clock, rig.settings)
        stage.move(StagePose(x_um=100.0)).wait(1e3)
        sem.apartment.close()


def test_a_stage_that_stands_elsewhere_has_not_arrived(rig: Rig) -> None:
    motion = rig.stage.move(StagePose(x_um=1_000.0))
    rig.around.link.call("clock.sleep", {"duration_s": 0.1})
    rig.around.link.call("stage.stop")
    with pytest.raises(NotReached, match="x_um wanted 1000"):
        motion.wait(100.0)


def test_a_stage_that_goes_on_after_an_abort_is_told(rig: Rig) -> None:
    rig.stage.move(StagePose(z_um=6_000.0))
    with (
        rig.spoilt(answering(0, "Execute", "CMD_STAGE_ABORT")),
        pytest.raises(Deadline, match="still moves"),
    ):
        rig.stage.stop()
    rig.stage.stop()


def test_a_stage_of_unknown_state_is_not_called_idle(rig: Rig) -> None:
    with rig.spoilt(answering((0, "?"), "Get", "DP_STAGE_IS")), pytest.raises(Garbled):
        rig.stage.move(StagePose(x_um=100.0))
