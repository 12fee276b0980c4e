"""Functions of the stage: mm and degrees; Z counts down from the pole piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hardware.emulators.sharksem.wire import Arguments, Function, Value, plain
from hardware.errors import ConnectionLost, Deadline, HardwareError, StageTouch
from hardware.simulator.config import Limits
from hardware.simulator.link import Link

AXES = ("x_um", "y_um", "z_um", "rotation_deg", "tilt_deg")
Z = AXES.index("z_um")
N_LATERAL, MM_UM = 3, 3
POLE_PIECE_UM = Decimal(30_000)
ARRIVED_S = 1e-6
"""What a controller that looks a million times per second calls arrived."""

OK, NOT_AVAILABLE, COLLIDES, FAILED, MOVES_ALREADY = 0, -1, -3, -4, -6


@dataclass
class StageFunctions:
    """Five axes of the twin."""

    link: Link
    limits: Limits = field(default_factory=Limits)

    def queries(self) -> Mapping[str, Function]:
        """Moves are among them: they say how they began."""
        return {
            "StgGetPosition": lambda _: self._position(),
            "StgGetLimits": lambda _: self._both_limits(),
            "StgIsBusy": lambda _: (int(self._busy()),),
            "StgIsCalibrated": lambda _: (1,),
            "StgMoveToEx": self._move,
        }

    def commands(self) -> Mapping[str, Function]:
        return {"StgStop": lambda _: self._stop()}

    def _position(self) -> tuple[Value, ...]:
        pose = self._read()["pose"]
        return tuple(_shown(n, pose[axis]) for n, axis in enumerate(AXES))

    def _both_limits(self) -> tuple[Value, ...]:
        """Lowest and highest of each axis, by turns."""
        ranges = self.limits.ranges()
        ends = [(_shown(n, ranges[a].low), _shown(n, ranges[a].high)) for n, a in enumerate(AXES)]
        return tuple(end for pair in ends for end in sorted(pair))

    def _move(self, given: Arguments) -> tuple[Value, ...]:
        told = [_meant(n, value) for n, value in enumerate(given.numbers()[: len(AXES)])]
        target = dict(zip(AXES, told, strict=False))
        ranges = self.limits.ranges()
        if any(value not in ranges[axis] for axis, value in target.items()):
            return (NOT_AVAILABLE,)
        if self._busy():
            return (MOVES_ALREADY,)
        here = self._read()["pose"]
        # an axis that stands where it is to go is not driven
        driven = {axis: value for axis, value in target.items() if value != here[axis]}
        try:
            self.link.call("stage.move", {axis: driven.get(axis) for axis in AXES})
        except StageTouch:
            return (COLLIDES,)
        except (Deadline, ConnectionLost):
            raise
        except HardwareError:
            return (FAILED,)
        return (OK,)

    def _stop(self) -> tuple[Value, ...]:
        self.link.call("stage.stop")
        return ()

    def _busy(self) -> bool:
        return bool(self._read()["remaining_s"] > ARRIVED_S)

    def _read(self) -> dict[str, Any]:
        return self.link.call("stage.read").values


def _shown(n: int, ours: float) -> Decimal:
    """An axis of the twin as the microscope counts it."""
    value = POLE_PIECE_UM - plain(ours) if n == Z else plain(ours)
    return value.scaleb(-MM_UM) if n < N_LATERAL else value


def _meant(n: int, theirs: Decimal) -> float:
    """Inverse of :func:`_shown`."""
    value = theirs.scaleb(MM_UM) if n < N_LATERAL else theirs
    return float(POLE_PIECE_UM - value if n == Z else value)
