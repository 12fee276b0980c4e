"""Checked moves: the only code that commands the stage to go somewhere."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.chamber_model import ChamberModel
from hardware.paths import Path
from hardware.protocols import Stage
from hardware.types import PoseTolerance, StagePose


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
) -> StagePose:
    """Drive ``path`` leg by leg and return the pose read back at its end.

    The whole path is checked against limits and solids before the first move. Each leg has a
    deadline and its arrival is compared with ``tolerance``. After any error the stage is
    stopped where it is and never parked: a blind move is what breaks pole pieces.

    Raises:
        OutOfRange, Collision: nothing was moved.
        Deadline, Refused, StageTouch, NotReached: the stage was stopped.
    """
    raise NotImplementedError
