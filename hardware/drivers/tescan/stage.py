"""The stage over SharkSEM: millimetres and degrees in the order x, y, z, rotation, tilt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from threading import Event

from hardware.drivers.tescan.client import SharkSem
from hardware.drivers.tescan.settings import Sense, StageSettings
from hardware.drivers.tescan.units import MM_PER_UM, exact
from hardware.errors import Deadline, Refused, StageTouch
from hardware.protocols import Clock
from hardware.set_points import require_pose, require_pose_within
from hardware.types import PoseTolerance, Range, StagePose
from hardware.waiting import wait_until

N_AXES = 5
POLL_S = 0.1
STOPS_S = 1.0
"""What a stage may need to come to rest."""

BY_HAND = "Stop it by hand."
NOT_THERE = "Look into the chamber whether it touches something, then move again."
"""A stage that touches something stops, and SharkSEM does not say why it did."""

SOFT_LIMITS = 1
COLLISION = -3
REFUSALS = {
    -1: "the stage is not available, or cannot go there",
    -2: "the stage is not calibrated",
    -4: "the movement failed",
    -5: "the stage is disabled",
    -6: "the stage is moving already",
}
"""What ``StgMoveToEx`` answers (manual, protocol 3.2.1 and later)."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: ``ours = origin + sign * theirs``, theirs in a unit larger by ``10 ** -power``."""

    name: str
    sense: Sense
    speed: float
    power: int = 0
    origin: Decimal = Decimal(0)

    def to_device(self, ours: float) -> Decimal:
        return self.sense.sign * (exact(ours) - self.origin).scaleb(self.power)

    def from_device(self, theirs: Decimal) -> float:
        return float(self.origin + (self.sense.sign * theirs).scaleb(-self.power))


def axes_of(settings: StageSettings) -> tuple[Axis, ...]:
    """The axes in SharkSEM's order."""
    lateral, origin = settings.xy_um_per_s, exact(settings.z_origin_um)
    return (
        Axis("x_um", settings.x, lateral, MM_PER_UM),
        Axis("y_um", settings.y, lateral, MM_PER_UM),
        Axis("z_um", settings.z, settings.z_um_per_s, MM_PER_UM, origin),
        Axis("rotation_deg", settings.rotation, settings.rotation_deg_per_s),
        Axis("tilt_deg", settings.tilt, settings.tilt_deg_per_s),
    )


class TescanMotion:
    """A move under way to ``target``, a complete pose. ``due_s``: when it should have arrived there."""

    def __init__(self, stage: TescanStage, target: StagePose, due_s: float, halted: Event) -> None:
        self._stage, self._target, self._due_s, self._halted = stage, target, due_s, halted

    def wait(self, timeout_s: float) -> StagePose:
        clock = self._stage.clock
        end_s = clock.now_s() + timeout_s
        while self._stage.moving():
            now_s = clock.now_s()
            if now_s >= end_s:
                what = f"the stage has not arrived after {timeout_s:g} s"
                raise Deadline(self._stage.device, what, "Stop it.")
            pause_s = self._due_s - now_s if self._due_s > now_s else POLL_S
            clock.sleep(min(pause_s, end_s - now_s, clock.longest_step_s(pause_s)))
        pose = self._stage.pose()
        if not self._halted.is_set():
            require_pose(self._stage.device, self._target, pose, PoseTolerance(), NOT_THERE)
        return pose

    def done(self) -> bool:
        return not self._stage.moving(urgently=True)

    def cancel(self) -> None:
        self._stage.stop()


class TescanStage:
    """Five axes; a microscope's second tilt is left alone."""

    def __init__(self, sem: SharkSem, urgent: SharkSem, clock: Clock, settings: StageSettings) -> None:
        self.device, self.clock = sem.device, clock
        self._sem, self._urgent = sem, urgent
        self._axes, self._settling_s = axes_of(settings), settings.settling_s
        self._limits = self._read_limits()
        self._halted = Event()

    @property
    def limits(self) -> Mapping[str, Range]:
        """The microscope's soft limits, as they were when the program connected."""
        return self._limits

    def pose(self) -> StagePose:
        return self._pose_of(self._position())

    def check(self, target: StagePose) -> None:
        require_pose_within(self.device, target, self._limits)

    def duration_s(self, target: StagePose) -> float:
        return self._duration_s(self.pose(), target)

    def move(self, target: StagePose) -> TescanMotion:
        """Axes before the last one that is to go are told where they stand: SharkSEM has them in order."""
        self.check(target)
        position = self._position()
        here = self._pose_of(position)
        wanted = [getattr(target, axis.name) for axis in self._axes]
        told = [
            there if value is None else axis.to_device(value)
            for axis, value, there in zip(self._axes, wanted, position, strict=True)
        ]
        n_told = max((n for n, value in enumerate(wanted, 1) if value is not None), default=0)
        due_s = self.clock.now_s() + self._duration_s(here, target)
        self._halted = halted = Event()
        if n_told:
            self._require_started(self._sem.result("StgMoveToEx", *told[:n_told]))
        return TescanMotion(self, target.over(here), due_s, halted)

    def stop(self) -> None:
        """Raises ``Deadline`` when the stage goes on."""
        self._halted.set()
        self._urgent.wake()
        self._urgent.command("StgStop")
        what = "StgStop: the stage goes on"
        wait_until(lambda: not self.moving(urgently=True), self.clock, STOPS_S, self.device, what, BY_HAND)

    def moving(self, urgently: bool = False) -> bool:
        """Asked on the connection of what is urgent, or on the one of all else."""
        sem = self._urgent if urgently else self._sem
        return sem.integer("StgIsBusy") != 0

    def _position(self) -> tuple[Decimal, ...]:
        return self._sem.reals("StgGetPosition", N_AXES)

    def _pose_of(self, position: tuple[Decimal, ...]) -> StagePose:
        by_name = zip(self._axes, position, strict=True)
        return StagePose(**{axis.name: axis.from_device(value) for axis, value in by_name})

    def _duration_s(self, here: StagePose, target: StagePose) -> float:
        there = target.over(here)
        travels_s = (abs(getattr(there, a.name) - getattr(here, a.name)) / a.speed for a in self._axes)
        return float(max(travels_s)) + self._settling_s

    def _read_limits(self) -> Mapping[str, Range]:
        ends = self._sem.reals("StgGetLimits", 2 * N_AXES, SOFT_LIMITS)
        pairs = zip(self._axes, ends[::2], ends[1::2], strict=True)
        both = {axis.name: sorted(map(axis.from_device, (low, high))) for axis, low, high in pairs}
        return {name: Range(low, high) for name, (low, high) in both.items()}

    def _require_started(self, result: int) -> None:
        if result == COLLISION:
            what = "StgMoveToEx: the microscope reports a collision"
            raise StageTouch(self.device, what, "Look into the chamber; lower z, and nothing else.")
        if result != 0:
            what = f"StgMoveToEx: {REFUSALS.get(result, f'it answers {result}')}"
            raise Refused(self.device, what, "Look at the microscope's own stage window.")
