"""Checked moves: the only code that commands the stage to go somewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hardware.chamber_model import ChamberModel
from hardware.errors import Collision, HardwareError, NotReached, Refused
from hardware.paths import Path
from hardware.protocols import Motion, Stage
from hardware.set_points import require_pose
from hardware.types import PoseTolerance, StagePose

ELSEWHERE = "The stage was stopped where it is: look before it is moved again."


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a leg may take: the stage's own estimate times ``factor``, plus ``margin_s``."""

    factor: float = 2.0
    margin_s: float = 10.0


def follow(
    stage: Stage,
    model: ChamberModel,
    path: Path,
    tolerance: PoseTolerance,
    patience: Patience = Patience(),
    heed: Callable[[], None] = lambda: None,
) -> StagePose:
    """Drive ``path`` leg by leg and return the pose read back at its end.

    The whole path is checked against limits and solids before the first move. Each leg has a
    deadline, and the whole pose read back at its end is compared, so that an axis that was
    driven silently is noticed. After any error the stage is stopped where it is and never
    parked: a blind move is what breaks pole pieces. ``heed`` raises when somebody wants an end;
    it is asked around every move, so that a stop between two legs is no pause.

    Raises:
        OutOfRange, Collision: nothing was moved.
        Deadline, Refused, StageTouch, NotReached: the stage was stopped.
    """
    pose = stage.pose()
    corners = check_path(stage, model, pose, path)
    for leg, corner in zip(path, corners, strict=True):
        try:
            deadline_s = stage.duration_s(leg) * patience.factor + patience.margin_s
            heed()
            motion = stage.move(leg)
            heed()  # a stop that was sent before this move did not stop it
            _arrive(motion, deadline_s, heed)
            heed()
            pose = stage.pose()
            require_pose("stage", corner, pose, tolerance, ELSEWHERE)
        except BaseException as error:
            _stop(stage, error)
            raise
    return pose


def _arrive(motion: Motion, deadline_s: float, heed: Callable[[], None]) -> None:
    try:
        motion.wait(deadline_s)
    except (NotReached, Refused):  # what many stages say that were stopped for somebody
        heed()
        raise


def check_path(stage: Stage, model: ChamberModel, pose: StagePose, path: Path) -> list[StagePose]:
    """The complete pose at the end of each leg from ``pose``. Moves nothing.

    Raises ``OutOfRange`` or ``Collision`` when the path is not safe.
    """
    corners: list[StagePose] = []
    for leg in path:
        stage.check(leg)
        corners.append(leg.over(corners[-1] if corners else pose))
    if reasons := model.path_collisions([pose, *corners]):
        raise Collision("stage", "; ".join(reasons), "Nothing was moved: plan another path.")
    return corners


def _stop(stage: Stage, error: BaseException) -> None:
    try:
        stage.stop()
    except HardwareError as trouble:
        error.add_note(f"The stage could not be stopped either: {trouble}")
