"""``specimen.stage``: five axes, moved by calls that last until the stage has arrived."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from hardware.emulators.autoscript.structures import (
    RAW,
    SPECIMEN,
    ApplicationServerException,
    MoveSettings,
    StagePosition,
)
from hardware.emulators.autoscript.tree import Tree
from hardware.simulator.config import TwinSettings
from hardware.simulator.link import Link
from hardware.types import StagePose

STAGE = "specimen.stage"
UM = 1e6
LOOK_S = 0.001
THERE_S = 1e-9


class StageNodes:
    """In raw coordinates z points up; in the specimen's it is the distance below the pole piece."""

    def __init__(
        self, link: Link, settings: TwinSettings, linked: bool, plugged_in: Callable[[], bool]
    ) -> None:
        self._link, self._linked, self._plugged_in = link, linked, plugged_in
        self._lens_um = settings.column.wd_at_z0_um
        self._system = SPECIMEN
        self._n_stops = 0

    def tree(self) -> Tree:
        return Tree(
            readings={
                f"{STAGE}.current_position": self._position,
                f"{STAGE}.is_linked": lambda: self._linked,
            },
            commands={
                f"{STAGE}.set_default_coordinate_system": self._count_in,
                f"{STAGE}.absolute_move": self._move,
                f"{STAGE}.stop": self._stop,
            },
        )

    def _count_in(self, system: str) -> None:
        if system not in (RAW, SPECIMEN):
            raise ApplicationServerException(f"There is no coordinate system '{system}'.")
        self._system = system

    def _read(self) -> dict[str, Any]:
        return self._link.call("stage.read").values

    def _position(self) -> StagePosition:
        pose = self._read()["pose"]
        return StagePosition(
            pose["x_um"] / UM,
            pose["y_um"] / UM,
            (pose["z_um"] if self._system == RAW else self._lens_um - pose["z_um"]) / UM,
            math.radians(pose["tilt_deg"]),
            math.radians(pose["rotation_deg"]),
            self._system,
        )

    def _move(self, position: StagePosition, settings: MoveSettings) -> None:
        if settings.rotate_compucentric is not False or settings.link_z_y is not False:
            raise ApplicationServerException("Such a move drives axes that the twin does not.")
        target, before_um = self._target(position), self._read()["pose"]["z_um"]
        n_stops = self._n_stops
        self._link.call("stage.move", asdict(target))
        self._travel(n_stops)
        if self._linked and target.z_um is not None:
            self._take_focus_along(target.z_um - before_um)

    def _target(self, position: StagePosition) -> StagePose:
        z_um = None if position.z is None else position.z * UM
        raw = (position.coordinate_system or self._system) == RAW
        return StagePose(
            None if position.x is None else position.x * UM,
            None if position.y is None else position.y * UM,
            z_um if raw or z_um is None else self._lens_um - z_um,
            None if position.t is None else math.degrees(position.t),
            None if position.r is None else math.degrees(position.r),
        )

    def _travel(self, n_stops: int) -> None:
        """Until the stage has arrived; the twin's time is others' to pass."""
        while (left_s := self._left_s()) > THERE_S:
            due_s = self._now_s() + left_s - THERE_S
            while self._now_s() < due_s:
                self._require_going(n_stops)
                time.sleep(LOOK_S)
        self._require_going(n_stops)

    def _left_s(self) -> float:
        stage = self._read()
        if stage["touching"]:
            raise ApplicationServerException("Touch alarm: the stage movement was stopped.")
        return float(stage["remaining_s"])

    def _require_going(self, n_stops: int) -> None:
        if self._n_stops != n_stops:
            raise ApplicationServerException("The stage movement was interrupted.")
        if not self._plugged_in():
            raise ConnectionResetError("the server hung up")

    def _now_s(self) -> float:
        return float(self._link.call("clock.now").values["now_s"])

    def _stop(self) -> None:
        self._link.call("stage.stop")
        self._n_stops += 1

    def _take_focus_along(self, risen_um: float) -> None:
        optics = self._link.call("column.read").values["optics"]
        self._link.call("column.optics", {**optics, "wd_um": optics["wd_um"] - risen_um})
