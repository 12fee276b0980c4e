"""The stage of an emulated SmartSEM."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.emulators.smartsem.entry import Analogue, Digital, Entries, Refusal, tidy
from hardware.simulator.config import TwinSettings
from hardware.simulator.link import Link

AXES = ("x_um", "y_um", "z_um", "tilt_deg", "rotation_deg")
LETTERS = ("X", "Y", "Z", "T", "R")
PER_UNIT = (1e6, 1e6, 1e6, 1.0, 1.0)
"""Of ours in one of the API's: metres for lengths, degrees for angles."""

STANDS = (1e-3, 1e-3, 1e-3, 1e-6, 1e-6)
"""An axis that is sent no farther from where it stands does not move: its encoder resolves no more."""

ARRIVED_S = 1e-6
MOVE_STAGE_FAIL = 1018


@dataclass(frozen=True, slots=True)
class Stage:
    """Positions are (x, y, z [m], tilt, rotation [deg], m [m])."""

    link: Link
    settings: TwinSettings
    zero_um: tuple[float, float]

    def entries(self) -> Entries:
        return {
            "DP_STAGE_IS": Digital(lambda: "Busy" if self._remaining_s() > ARRIVED_S else "Idle"),
            "DP_STAGE_INIT": Digital(lambda: "Yes"),
            "DP_STAGE_TOUCH": Digital(lambda: "Yes" if self._touching() else "No"),
            **{
                f"AP_STAGE_GOTO_{letter}": Analogue(lambda axis=axis: self.position()[axis], None, limits)  # type: ignore[misc]
                for axis, (letter, limits) in enumerate(zip(LETTERS, self._limits(), strict=True))
            },
        }

    def position(self) -> tuple[float, ...]:
        pose = self.link.call("stage.read").values["pose"]
        return (*(self._api(i, pose[name]) for i, name in enumerate(AXES)), 0.0)

    def move(self, *position: float) -> None:
        """Drive the axes that are to stand elsewhere. Raises ``Refusal`` outside the limits."""
        if not all(low <= p <= high for p, (low, high) in zip(position, self._limits(), strict=False)):
            raise Refusal(MOVE_STAGE_FAIL)
        pose = self.link.call("stage.read").values["pose"]
        target = {name: self._ours(i, position[i]) for i, name in enumerate(AXES)}
        goes = {
            name: value
            for (name, value), stands in zip(target.items(), STANDS, strict=True)
            if abs(value - pose[name]) > stands
        }
        self.link.call("stage.move", goes)

    def abort(self) -> None:
        self.link.call("stage.stop")

    def _remaining_s(self) -> float:
        return float(self.link.call("stage.read").values["remaining_s"])

    def _touching(self) -> bool:
        return bool(self.link.call("stage.read").values["touching"])

    def _limits(self) -> list[tuple[float, float]]:
        ranges = self.settings.stage.limits.ranges()
        return [(self._api(i, ranges[a].low), self._api(i, ranges[a].high)) for i, a in enumerate(AXES)]

    def _zero(self, axis: int) -> float:
        return self.zero_um[axis] if axis < len(self.zero_um) else 0.0

    def _api(self, axis: int, ours: float) -> float:
        return (ours - self._zero(axis)) / PER_UNIT[axis]

    def _ours(self, axis: int, api: float) -> float:
        return tidy(api * PER_UNIT[axis]) + self._zero(axis)
