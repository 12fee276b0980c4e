"""Set-points: inside their limits before they are sent, and read back afterwards."""

from __future__ import annotations

import math

from hardware.errors import NotReached, OutOfRange
from hardware.simulator.faults import Device
from hardware.types import Range

READ_BACK_TOLERANCE = 1e-6


def within(device: Device, name: str, value: float, allowed: Range) -> None:
    """Raise ``OutOfRange`` for a set-point outside its limits, before anything is sent."""
    if not math.isfinite(value) or value not in allowed:
        raise OutOfRange(device.value, f"{name} = {value:g} is outside {allowed}", "Choose a value inside.")


def read_back(device: Device, name: str, wanted: float, got: float) -> None:
    """Raise ``NotReached`` when what was read back is not what was set."""
    if not math.isclose(wanted, got, rel_tol=READ_BACK_TOLERANCE, abs_tol=READ_BACK_TOLERANCE):
        raise NotReached(device.value, name, wanted, got, READ_BACK_TOLERANCE, "Set it again.")
