"""The stage of a Zeiss SEM. Every move names all axes, so each is kept where a fresh read-back has it."""

from __future__ import annotations

from collections.abc import Mapping

from hardware.drivers.zeiss.api import Axes, Sem
from hardware.drivers.zeiss.parameters import BUSY, IDLE, Command, State
from hardware.drivers.zeiss.settings import ZeissSettings
from hardware.drivers.zeiss.stage_axes import StageAxis, axes_of
from hardware.drivers.zeiss.waiting import POLL_S, wait_until
from hardware.errors import Deadline, Garbled, NotReached, Refused, StageTouch
from hardware.interlocks import pose_deviation
from hardware.protocols import Clock
from hardware.set_points import require_within
from hardware.types import Range, StagePose

STOPPED_S = 1.5
"""What the motors may take to stand after an abort."""


class ZeissStage:
    """``urgent`` stops it, past whatever ``sem`` is doing."""

    def __init__(self, sem: Sem, urgent: Sem, clock: Clock, settings: ZeissSettings) -> None:
        self._sem, self._urgent, self._clock = sem, urgent, clock
        self._axes = axes_of(settings)
        self._settling_s = settings.stage_settling_s
        self._can_be_silenced = _has_current_monitor(sem)
        self._limits = {axis.name: axis.range(sem.limits(axis.parameter)) for axis in self._axes}

    @property
    def limits(self) -> Mapping[str, Range]:
        return self._limits

    def pose(self) -> StagePose:
        return self._pose(self._sem.stage_axes())

    def check(self, target: StagePose) -> None:
        for name, allowed in self._limits.items():
            if (value := getattr(target, name)) is not None:
                require_within(self._sem.device, name, value, allowed)

    def duration_s(self, target: StagePose) -> float:
        """By the speeds in the settings; all axes go at once."""
        return self._duration_s(self.pose(), target)

    def move(self, target: StagePose) -> ZeissMotion:
        """Start a move. Raises ``Refused`` while another is under way, ``StageTouch`` after an alarm."""
        self.check(target)
        self._arm_touch_alarm()
        if _busy(self._sem):
            raise Refused(self._sem.device, "the stage is moving already", "Stop it, or wait.")
        here = self._sem.stage_axes()
        pose = self._pose(here)
        expected_s = self._duration_s(pose, target)
        try:
            self._sem.move_stage(self._towards(here, target))
        except Refused:
            _require_untouched(self._sem)
            raise
        return ZeissMotion(self, self._sem, self._clock, target.over(pose), self._axes, expected_s)

    def stop(self) -> None:
        """Abort all motion, and see it end. Raises ``Deadline`` when the stage goes on."""
        self._urgent.execute(Command.STAGE_ABORT)
        what = "the stage still moves"
        wait_until(lambda: not _busy(self._urgent), self._clock, STOPPED_S, self._urgent.device, what)

    def _arm_touch_alarm(self) -> None:
        """It is silent while the specimen current monitor is on, as a killed program may have left it."""
        if self._can_be_silenced and self._sem.is_on(State.CURRENT_MONITOR):
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

    def __init__(
        self,
        stage: ZeissStage,
        sem: Sem,
        clock: Clock,
        target: StagePose,
        axes: tuple[StageAxis, ...],
        expected_s: float,
    ) -> None:
        self._stage, self._sem, self._clock = stage, sem, clock
        self._target, self._axes, self._expected_s = target, axes, expected_s
        self._expected_at_s = clock.now_s() + expected_s

    def wait(self, timeout_s: float) -> StagePose:
        """Sleep until it should have arrived, then look again and again.

        Raises ``Deadline``, ``StageTouch``, and ``NotReached`` when it stands somewhere else.
        """
        end_s = self._clock.now_s() + timeout_s
        while not self.done():
            now_s = self._clock.now_s()
            if now_s >= end_s:
                what = f"the stage has not arrived after {timeout_s:g} s"
                raise Deadline(self._sem.device, what, "Stop it.")
            step_s = min(self._expected_at_s - now_s, self._clock.longest_step_s(self._expected_s))
            self._clock.sleep(min(max(step_s, POLL_S), end_s - now_s))
        pose = self._stage.pose()
        self._require_arrival(pose)
        return pose

    def done(self) -> bool:
        """Raises ``StageTouch`` after a touch alarm."""
        _require_untouched(self._sem)
        return not _busy(self._sem)

    def cancel(self) -> None:
        self._stage.stop()

    def _require_arrival(self, pose: StagePose) -> None:
        for axis in self._axes:
            wanted, got = getattr(self._target, axis.name), getattr(pose, axis.name)
            if not pose_deviation(axis.name, wanted, got) <= axis.tolerance:
                advice = "Look before it is moved again."
                raise NotReached(self._sem.device, axis.name, wanted, got, axis.tolerance, advice)


def _busy(sem: Sem) -> bool:
    word = sem.word(State.STAGE)
    if word not in (BUSY, IDLE):
        what = f"{State.STAGE} reads {word!r:.60}"
        raise Garbled(sem.device, what, "Look at SmartSEM's own messages.")
    return word == BUSY


def _has_current_monitor(sem: Sem) -> bool:
    try:
        sem.is_on(State.CURRENT_MONITOR)
    except Refused:
        return False
    return True


def _require_untouched(sem: Sem) -> None:
    if sem.is_on(State.TOUCH):
        raise StageTouch(sem.device, "the stage touched something and stopped", "Look into the chamber.")
