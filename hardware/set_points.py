"""Set-points of drivers: inside their limits before they are sent, and as wanted when read back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields

from hardware.errors import NotReached, OutOfRange
from hardware.interlocks import pose_deviation
from hardware.types import Optics, PoseTolerance, Range, StagePose


def require_within(device: str, name: str, value: float, allowed: Range) -> None:
    """Raise ``OutOfRange`` for a set-point outside its limits, NaN included, before anything is sent."""
    if value not in allowed:
        raise OutOfRange(device, f"{name} = {value:g} is outside {allowed}", "Choose a value inside.")


def require_optics_within(device: str, optics: Optics, allowed: Mapping[str, Range]) -> None:
    """:func:`require_within` for whatever of the optics has limits, by name."""
    for name, range_ in allowed.items():
        require_within(device, name, getattr(optics, name), range_)


def require_pose_within(device: str, target: StagePose, allowed: Mapping[str, Range]) -> None:
    """:func:`require_within` for each axis that the target names."""
    for axis, range_ in allowed.items():
        if (value := getattr(target, axis)) is not None:
            require_within(device, axis, value, range_)


def require_reached(
    device: str, name: str, wanted: float, got: float, tolerance: float, advice: str = "Set it again."
) -> None:
    """Raise ``NotReached`` when what was read back lies farther off than ``tolerance``, or is NaN."""
    if not math.fabs(got - wanted) <= tolerance:
        raise NotReached(device, name, wanted, got, tolerance, advice)


def require_optics(
    device: str, wanted: Optics, got: Optics, wd_tolerance_um: float, stig_tolerance: float
) -> None:
    """:func:`require_reached` for optics; of stigmators in the vendor's unit."""
    tolerances = {"wd_um": wd_tolerance_um, "stig_x": stig_tolerance, "stig_y": stig_tolerance}
    for name, tolerance in tolerances.items():
        require_reached(device, name, getattr(wanted, name), getattr(got, name), tolerance)


def require_pose(
    device: str, wanted: StagePose, got: StagePose, tolerance: PoseTolerance, advice: str
) -> None:
    """Raise ``NotReached`` where an axis of a complete pose lies farther off; rotation wraps at 360."""
    for axis in (field.name for field in fields(StagePose)):
        goal, reached, allowed = getattr(wanted, axis), getattr(got, axis), getattr(tolerance, axis)
        if not pose_deviation(axis, goal, reached) <= allowed:
            raise NotReached(device, axis, goal, reached, allowed, advice)
