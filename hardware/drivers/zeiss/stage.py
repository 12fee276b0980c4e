"""The stage of a Zeiss SEM. Every move names all axes, so each is kept where a fresh read-back has it."""

from __future__ import annotations

from collections.abc import Mapping

from hardware.drivers.zeiss.api import LOOK, Axes, Sem
from hardware.drivers.zeiss.parameters import BUSY_IDLE, Command, State
from hardware.drivers.zeiss.settings import ZeissSettings
from hardware.drivers.zeiss.stage_axes import axes_of, tolerance_of
from hardware.errors import Deadline, Refused, StageTouch
from hardware.protocols import Clock
from hardware.set_points import require_pose, require_pose_within
from hardware.types import Range, StagePose
from hardware.waiting import wait_until

POLL_S = 0.1
STOPPED_S = 1.5
"""What the motors may take to stand after an abort."""


class ZeissStage:
    """``urgent`` stops it, past whatever ``sem`` is doing."""

    def __init__(self, sem: Sem, urgent: Sem, clock: Clock, settings: ZeissSettings) -> None:
        self.device, self.clock = sem.device, clock
        self._sem, self._urgent = sem, urgent
        self._axes, self._tolerance = axes_of(settings), tolerance_of(settings)
        self._settling_s = settings.stage_settling_s
        self._knows = {
            state: _knows(sem, state) for state in (State.STAGE_INITIALISED, State.CURRENT_MONITOR)
        }
        self._limits = {axis.name: axis.range(sem.limits(axis.parameter)) for axis in self._axes}

    @property
    def limits(self) -> Mapping[str, Range]:
        return self._limits

    def pose(self) -> StagePose:
        return self._pose(self._sem.stage_axes())

    def check(self, target: StagePose) -> None:
        require_pose_within(self.device, target, self._limits)

    def duration_s(self, target: StagePose) -> float:
        """By the speeds in the settings; all axes go at once."""
        return self._duration_s(self.pose(), target)

    def move(self, target: StagePose) -> ZeissMotion:
        """Start a move. Raises ``Refused`` while another is under way, ``StageTouch`` after an alarm."""
        self.check(target)
        self._require_initialised()
        self._arm_touch_alarm()
        if _busy(self._sem):
            raise Refused(self.device, "the stage is moving already", "Stop it, or wait.")
        here = self._sem.stage_axes()
        pose = self._pose(here)
        expected_s = self._duration_s(pose, target)
        try:
            self._sem.move_stage(self._towards(here, target))
        except Refused:
            _require_untouched(self._sem)
            raise
        return ZeissMotion(self, target.over(pose), expected_s)

    def stop(self) -> None:
        """Abort all motion, and see it end. Raises ``Deadline`` when the stage goes on."""
        self._urgent.wake()
        self._urgent.execute(Command.STAGE_ABORT)
        sem, what = self._urgent, "the stage still moves"
        wait_until(lambda: not _busy(sem), self.clock, STOPPED_S, sem.device, what, LOOK)

    def arrived(self, target: StagePose) -> StagePose:
        """The pose read back. Raises ``NotReached`` where it is not the complete one that was wanted."""
        pose = self.pose()
        require_pose(self.device, target, pose, self._tolerance, "Look before it is moved again.")
        return pose

    def over(self, urgently: bool = False) -> bool:
        """Whether no move is under way. Raises ``StageTouch`` after a touch alarm."""
        sem = self._urgent if urgently else self._sem
        _require_untouched(sem)
        return not _busy(sem)

    def _require_initialised(self) -> None:
        """Until its axes have found their ends, its coordinates mean nothing."""
        if self._knows[State.STAGE_INITIALISED] and not self._sem.is_on(State.STAGE_INITIALISED):
            what = "the stage has not been initialised"
            raise Refused(self.device, what, "Initialise it in SmartSEM, with the way clear.")

    def _arm_touch_alarm(self) -> None:
        """It is silent while the specimen current monitor is on, as a killed program may have left it."""
        if self._knows[State.CURRENT_MONITOR] and self._sem.is_on(State.CURRENT_MONITOR):
            self._sem.switch(State.CURRENT_MONITOR, False)

    def _pose(self, here: Axes) -> StagePose:
        return StagePose(*(axis.ours(value) for axis, value in zip(self._axes, here, strict=False)))

    def _duration_s(self, here: StagePose, target: StagePose) -> float:
        end = target.over(here)
        travels_s: list[float] = [
            abs(getattr(end, a.name) - getattr(here, a.name)) / a.per_s for a in self._axes
        ]
        return max(travels_s) + self._settling_s

    def _towards(self, here: Axes, target: StagePose) -> Axes:
        """Where the API is to send all its axes; what ``target`` leaves alone stays as it reads."""
        x, y, z, tilt, rotation = (
            stays if (wanted := getattr(target, axis.name)) is None else axis.api(wanted)
            for axis, stays in zip(self._axes, here, strict=False)
        )
        return x, y, z, tilt, rotation, here[-1]


class ZeissMotion:
    """A move under way to ``target``, a complete pose; it should take ``expected_s``."""

    def __init__(self, stage: ZeissStage, target: StagePose, expected_s: float) -> None:
        self._stage, self._target, self._expected_s = stage, target, expected_s
        self._expected_at_s = stage.clock.now_s() + expected_s

    def wait(self, timeout_s: float) -> StagePose:
        """Sleep until it should have arrived, then look again and again.

        Raises ``Deadline``, ``StageTouch``, and ``NotReached`` when it stands somewhere else.
        """
        clock = self._stage.clock
        end_s = clock.now_s() + timeout_s
        while not self._stage.over():
            now_s = clock.now_s()
            if now_s >= end_s:
                what = f"the stage has not arrived after {timeout_s:g} s"
                raise Deadline(self._stage.device, what, "Stop it.")
            step_s = min(self._expected_at_s - now_s, clock.longest_step_s(self._expected_s))
            clock.sleep(min(max(step_s, POLL_S), end_s - now_s))
        return self._stage.arrived(self._target)

    def done(self) -> bool:
        """Asked past whatever the stage is busy with. Raises ``StageTouch`` after a touch alarm."""
        return self._stage.over(urgently=True)

    def cancel(self) -> None:
        self._stage.stop()


def _busy(sem: Sem) -> bool:
    return sem.is_first(State.STAGE, BUSY_IDLE)


def _knows(sem: Sem, state: State) -> bool:
    """Whether this microscope has such a state; not all have all."""
    try:
        sem.is_on(state)
    except Refused:
        return False
    return True


def _require_untouched(sem: Sem) -> None:
    if sem.is_on(State.TOUCH):
        raise StageTouch(sem.device, "the stage touched something and stopped", "Look into the chamber.")
