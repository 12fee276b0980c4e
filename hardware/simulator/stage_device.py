"""The driver of the twin's stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from hardware.errors import Deadline, StageTouch
from hardware.protocols import Clock
from hardware.simulator.config import TwinSettings
from hardware.simulator.faults import Device
from hardware.simulator.link import Link
from hardware.simulator.set_points import within
from hardware.simulator.stage_body import travel_s
from hardware.types import Range, StagePose


class TwinMotion:
    """A move under way; waiting is on the instrument's clock."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link, self._clock = link, clock

    def wait(self, timeout_s: float) -> StagePose:
        end_s = self._clock.now_s() + timeout_s
        while (remaining_s := self._remaining_s()) > 0:
            left_s = end_s - self._clock.now_s()
            if left_s <= 0:
                raise Deadline(Device.STAGE.value, f"has not arrived after {timeout_s:g} s", "Stop it.")
            self._clock.sleep(min(remaining_s, left_s, self._clock.longest_step_s(remaining_s)))
        return StagePose(**self._link.call("stage.read").values["pose"])

    def done(self) -> bool:
        return self._remaining_s() <= 0

    def cancel(self) -> None:
        self._link.call("stage.stop")

    def _remaining_s(self) -> float:
        values = self._link.call("stage.read").values
        if values["touching"]:
            raise StageTouch(Device.STAGE.value, "touched something and stopped", "Look into the chamber.")
        return float(values["remaining_s"])


class TwinStage:
    """Five axes."""

    def __init__(self, link: Link, clock: Clock, settings: TwinSettings) -> None:
        self._link, self._clock, self._settings = link, clock, settings.stage

    @property
    def limits(self) -> Mapping[str, Range]:
        return self._settings.limits.ranges()

    def pose(self) -> StagePose:
        return StagePose(**self._link.call("stage.read").values["pose"])

    def check(self, target: StagePose) -> None:
        for axis, allowed in self.limits.items():
            value = getattr(target, axis)
            if value is not None:
                within(Device.STAGE, axis, value, allowed)

    def duration_s(self, target: StagePose) -> float:
        here = self.pose()
        return travel_s(here, target.over(here), self._settings) + self._settings.settling_s

    def move(self, target: StagePose) -> TwinMotion:
        self.check(target)
        self._link.call("stage.move", asdict(target))
        return TwinMotion(self._link, self._clock)

    def stop(self) -> None:
        self._link.call("stage.stop")
