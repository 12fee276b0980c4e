"""The stage: five axes, moved by calls that return when the stage has arrived."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping
from concurrent.futures import Future, wait
from typing import Any

from hardware.drivers.thermo.column import UM_PER_M, WD, WD_TOLERANCE_UM
from hardware.drivers.thermo.server import Server, number
from hardware.drivers.thermo.settings import AutoScriptSettings, StageFrame
from hardware.drivers.thermo.vendor import Vendor
from hardware.errors import Deadline, Refused, StageTouch
from hardware.protocols import Clock
from hardware.set_points import require_pose, require_pose_within, require_reached
from hardware.types import PoseTolerance, Range, StagePose

STAGE = "specimen.stage"

REFUSED_WITHIN_S = 0.01
"""Real time in which a move is begun or refused."""

RETURNS_WITHIN_S = 0.2
"""Real time that a call may need to return when the stage has arrived."""

STOPS_WITHIN_S = 0.5
"""Real time in which a move ends that is stopped."""

POLL_S = 0.1

_log = logging.getLogger(__name__)


class StageAxes:
    """Between our poses and AutoScript's positions, in metres and radians."""

    def __init__(self, vendor: Vendor, settings: AutoScriptSettings) -> None:
        self._vendor, self._system = vendor, settings.stage_frame.value
        down = settings.stage_frame is StageFrame.LINKED
        self._factors = {
            "x_um": ("x", _sign(settings.x_inverted) * UM_PER_M),
            "y_um": ("y", _sign(settings.y_inverted) * UM_PER_M),
            "z_um": ("z", _sign(down) * UM_PER_M),
            "tilt_deg": ("t", 180 / math.pi),
            "rotation_deg": ("r", _sign(settings.rotation_inverted) * 180 / math.pi),
        }

    @property
    def system(self) -> str:
        """AutoScript's name of the coordinate system."""
        return self._system

    def position(self, target: StagePose) -> Any:
        """Only the axes that the target names: AutoScript leaves all others where they are."""
        given = {
            name: value / factor
            for axis, (name, factor) in self._factors.items()
            if (value := getattr(target, axis)) is not None
        }
        return self._vendor.stage_position(**given, coordinate_system=self._system)

    def pose(self, position: Any) -> StagePose:
        """Raises ``ValueError`` for what is no position in our coordinate system."""
        if (system := str(position.coordinate_system)) != self._system:
            raise ValueError(f"positions come in coordinates {system!r} instead of {self._system!r}")
        return StagePose(
            **{
                axis: number(getattr(position, name)) * factor
                for axis, (name, factor) in self._factors.items()
            }
        )


class ThermoMotion:
    """A move under way: a call that returns when it is over, on a thread of its own."""

    def __init__(self, stage: ThermoStage, call: Future[None], wanted: StagePose, due_s: float) -> None:
        self._stage, self._call, self._wanted, self._due_s = stage, call, wanted, due_s

    def wait(self, timeout_s: float) -> StagePose:
        """Raises ``Deadline``, ``StageTouch``, ``NotReached``, or what the move was refused with."""
        clock = self._stage.clock
        end_s = clock.now_s() + timeout_s
        while not self._call.done():
            now_s = clock.now_s()
            if (left_s := end_s - now_s) <= 0:
                what = f"the stage has not arrived after {timeout_s:g} s"
                raise Deadline(self._stage.device, what, "Stop it.")
            if (ahead_s := self._due_s - now_s) > 0:
                clock.sleep(min(ahead_s, left_s, clock.longest_step_s(ahead_s)))
            elif not wait([self._call], RETURNS_WITHIN_S).done:
                clock.sleep(min(POLL_S, left_s))
        self._call.result()
        return self._stage.arrived(self._wanted)

    def done(self) -> bool:
        return self._call.done()

    def cancel(self) -> None:
        self._stage.stop()


class ThermoStage:
    """Five axes. A target moves the axes that it names, and no others."""

    def __init__(self, server: Server, vendor: Vendor, settings: AutoScriptSettings, clock: Clock) -> None:
        self.clock = clock
        self._server, self._vendor, self._settings = server, vendor, settings
        self._axes = StageAxes(vendor, settings)
        self._limits = settings.stage_limits()
        self._under_way: Future[None] | None = None

    @property
    def device(self) -> str:
        return self._server.device

    @property
    def limits(self) -> Mapping[str, Range]:
        return self._limits

    def pose(self) -> StagePose:
        return self._server.ask(f"{STAGE}.current_position", self._read_pose)

    def check(self, target: StagePose) -> None:
        require_pose_within(self.device, target, self._limits)

    def duration_s(self, target: StagePose) -> float:
        return self._travel_s(self.pose(), target) + self._settings.stage_settle_s

    def move(self, target: StagePose) -> ThermoMotion:
        """A stage that moves already refuses. A refusal that takes its time comes from the wait."""
        self.check(target)
        if self._under_way is not None and not wait([self._under_way], RETURNS_WITHIN_S).done:
            raise Refused(self.device, "the stage is moving already", "Stop it, or wait.")
        start = self.pose()
        wd_m = self._server.number(f"{WD}.value")
        lasts_s = self._travel_s(start, target) + self._settings.stage_settle_s
        began_s = self.clock.now_s()
        self._under_way = call = self._begun(target, wd_m)
        if wait([call], REFUSED_WITHIN_S).done and (refusal := call.exception()) is not None:
            raise refusal
        return ThermoMotion(self, call, target.over(start), began_s + lasts_s)

    def stop(self) -> None:
        """Sent twice where the move does not end: the first may have overtaken it on its own connection."""
        self._server.wake()
        for _ in range(2):
            self._server.run(f"{STAGE}.stop")
            if self._under_way is None or wait([self._under_way], STOPS_WITHIN_S).done:
                return
        advice = "Stop the stage in the microscope's own software."
        raise Deadline(self.device, "the stage has not come to rest after a stop", advice)

    def arrived(self, wanted: StagePose) -> StagePose:
        """The pose read back. Raises ``NotReached`` where it is another one."""
        pose, advice = self.pose(), "Look where the stage stands before it is moved again."
        require_pose(self.device, wanted, pose, PoseTolerance(), advice)
        return pose

    def _read_pose(self, client: Any) -> StagePose:
        """In our coordinates, whatever another program reads the stage in."""
        client.specimen.stage.set_default_coordinate_system(self._axes.system)
        return self._axes.pose(client.specimen.stage.current_position)

    def _begun(self, target: StagePose, wd_m: float) -> Future[None]:
        """The move, on a thread of its own, which has it sent when this returns."""
        call: Future[None] = Future()
        begins = threading.Event()

        def drive() -> None:
            begins.set()
            try:
                self._drive(target)
                self._hold_focus(wd_m)
                call.set_result(None)
            except BaseException as error:  # told by whoever waits for the move
                call.set_exception(error)

        threading.Thread(target=drive, name=f"{self.device}: stage", daemon=True).start()
        begins.wait()
        return call

    def _drive(self, target: StagePose) -> None:
        """Neither compucentric nor with z tied to y: both drive axes that the target does not name."""
        plain = self._vendor.move_settings(rotate_compucentric=False, link_z_y=False)
        try:
            self._server.run(f"{STAGE}.absolute_move", self._axes.position(target), plain)
        except Refused as error:
            if "touch" not in error.what.lower():
                raise
            advice = "Look into the chamber before anything is moved."
            raise StageTouch(self.device, "the stage touched something and stopped", advice) from error

    def _hold_focus(self, wd_m: float) -> None:
        """A stage whose z is linked takes the working distance along; a move is to change no lens."""
        now_m = self._server.number(f"{WD}.value")
        if abs(now_m - wd_m) * UM_PER_M > WD_TOLERANCE_UM:
            _log.info(
                "%s: a move changed the working distance by %g m; it is set back", self.device, now_m - wd_m
            )
            self._server.set(f"{WD}.value", wd_m)
            wanted_um, got_um = wd_m * UM_PER_M, self._server.number(f"{WD}.value") * UM_PER_M
            require_reached(self.device, "wd_um", wanted_um, got_um, WD_TOLERANCE_UM)

    def _travel_s(self, here: StagePose, target: StagePose) -> float:
        """All axes go at once, each at its speed."""
        speeds = {
            "x_um": self._settings.xy_um_per_s,
            "y_um": self._settings.xy_um_per_s,
            "z_um": self._settings.z_um_per_s,
            "tilt_deg": self._settings.tilt_deg_per_s,
            "rotation_deg": self._settings.rotation_deg_per_s,
        }
        there = target.over(here)
        ways = ((abs(getattr(there, axis) - getattr(here, axis)), speed) for axis, speed in speeds.items())
        return max(float(way / speed) for way, speed in ways)


def _sign(inverted: bool) -> int:
    return -1 if inverted else 1
