"""Set-points of drivers: inside their limits before they are sent, and as wanted when read back."""

from __future__ import annotations

import math
from dataclasses import fields

from hardware.errors import NotReached, OutOfRange
from hardware.interlocks import pose_deviation
from hardware.types import PoseTolerance, Range, StagePose


def require_within(device: str, name: str, value: float, allowed: Range) -> None:
    """Raise ``OutOfRange`` for a set-point outside its limits, NaN included, before anything is sent."""
    if value not in allowed:
        raise OutOfRange(device, f"{name} = {value:g} is outside {allowed}", "Choose a value inside.")


def require_reached(
    device: str, name: str, wanted: float, got: float, tolerance: float, advice: str = "Set it again."
) -> None:
    """Raise ``NotReached`` when what was read back lies farther off than ``tolerance``, or is NaN."""
    if not math.fabs(got - wanted) <= tolerance:
        raise NotReached(device, name, wanted, got, tolerance, advice)


def require_pose(
    device: str, wanted: StagePose, got: StagePose, tolerance: PoseTolerance, advice: str
) -> None:
    """Raise ``NotReached`` where an axis of a complete pose lies farther off; rotation wraps at 360."""
    for axis in (field.name for field in fields(StagePose)):
        goal, reached, allowed = getattr(wanted, axis), getattr(got, axis), getattr(tolerance, axis)
        if not pose_deviation(axis, goal, reached) <= allowed:
            raise NotReached(device, axis, goal, reached, allowed, advice)
