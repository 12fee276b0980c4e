"""Moves are checked before, during and after."""

from __future__ import annotations

import pytest

from hardware.chamber_model import ChamberModel
from hardware.errors import (
    Collision,
    Deadline,
    Halted,
    HardwareError,
    NotReached,
    OutOfRange,
    Refused,
    StageTouch,
)
from hardware.motion import Patience, follow
from hardware.types import PoseTolerance, StagePose
from tests.hardware.fakes import FakeMotion, FakeStage

MODEL, TOLERANCE = ChamberModel(), PoseTolerance()
DOWN, TILT = StagePose(z_um=6_000.0), StagePose(tilt_deg=30.0)


def test_legs_are_driven_in_order_and_the_pose_is_read_back() -> None:
    stage = FakeStage()
    pose = follow(stage, MODEL, (DOWN, TILT), TOLERANCE)
    assert stage.moves == [DOWN, TILT] and stage.stops == 0
    assert pose == StagePose(0.0, 0.0, 6_000.0, 30.0, 0.0)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ((DOWN, TILT, StagePose(z_um=25_500.0)), Collision),
        ((DOWN, StagePose(tilt_deg=80.0)), OutOfRange),
        ((TILT, DOWN), Collision),
    ],
)
def test_a_path_with_a_bad_leg_anywhere_moves_nothing(
    path: tuple[StagePose, ...], error: type[HardwareError]
) -> None:
    stage = FakeStage()
    with pytest.raises(error):
        follow(stage, MODEL, path, TOLERANCE)
    assert stage.moves == []


@pytest.mark.parametrize("trouble", [Deadline("stage", "late"), StageTouch("stage", "touched")])
def test_trouble_on_the_way_stops_the_stage_where_it_is(trouble: HardwareError) -> None:
    stage = FakeStage(on_arrival=trouble)
    with pytest.raises(type(trouble)):
        follow(stage, MODEL, (DOWN, TILT), TOLERANCE)
    assert stage.moves == [DOWN] and stage.stops == 1


@pytest.mark.parametrize(
    "said", [NotReached("stage", "z [um]", 6e3, 9e3, 1.0), Refused("stage", "is stopped")]
)
def test_whoever_stopped_the_stage_is_told_so_whatever_it_says(said: HardwareError) -> None:
    stage, asked = FakeStage(on_arrival=said), []

    def heed() -> None:
        asked.append(stage.moves)
        if len(asked) > 2:
            raise Halted("stage", "it was stopped")

    with pytest.raises(Halted):
        follow(stage, MODEL, (DOWN, TILT), TOLERANCE, heed=heed)
    with pytest.raises(type(said)):
        follow(stage, MODEL, (DOWN, TILT), TOLERANCE)
    assert stage.moves == [DOWN, DOWN] and stage.stops == 2


def test_an_interrupt_stops_the_stage_too() -> None:
    class Interrupted(FakeStage):
        def move(self, target: StagePose) -> FakeMotion:
            raise KeyboardInterrupt

    stage = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        follow(stage, MODEL, (DOWN,), TOLERANCE)
    assert stage.stops == 1


def test_an_axis_that_does_not_arrive_is_named_and_the_path_ends_there() -> None:
    stage = FakeStage(silently={"z_um": 6_020.0})
    with pytest.raises(NotReached, match=r"z_um wanted 6000.0000, is 6020.0000") as error:
        follow(stage, MODEL, (DOWN, TILT), TOLERANCE)
    assert error.value.axis == "z_um" and stage.moves == [DOWN] and stage.stops == 1


def test_an_axis_that_was_driven_silently_is_noticed() -> None:
    stage = FakeStage(at=StagePose(0.0, 0.0, 5_000.0, 30.0, 120.0), silently={"rotation_deg": 0.0})
    with pytest.raises(NotReached, match="rotation_deg"):
        follow(stage, MODEL, (StagePose(x_um=5.0),), TOLERANCE)


def test_a_stage_that_cannot_be_stopped_is_told_of_beside_the_first_trouble() -> None:
    class Runaway(FakeStage):
        def stop(self) -> None:
            raise HardwareError("stage", "does not answer")

    with pytest.raises(Deadline) as error:
        follow(Runaway(on_arrival=Deadline("stage", "late")), MODEL, (DOWN,), TOLERANCE)
    assert "does not answer" in "".join(error.value.__notes__)


def test_the_deadline_follows_from_the_stages_own_estimate() -> None:
    granted: list[float] = []

    class Timed(FakeStage):
        def duration_s(self, target: StagePose) -> float:
            return 7.0

        def move(self, target: StagePose) -> FakeMotion:
            motion = super().move(target)
            wait = motion.wait
            motion.wait = lambda timeout_s: (granted.append(timeout_s), wait(timeout_s))[1]  # type: ignore[method-assign]
            return motion

    follow(Timed(), MODEL, (DOWN,), TOLERANCE, Patience(factor=3.0, margin_s=4.0))
    assert granted == [25.0]
