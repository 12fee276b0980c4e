"""``beams.electron_beam``: source, lenses, deflectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hardware.emulators.autoscript.structures import ApplicationServerException, Limits, LimitsXY, Point
from hardware.emulators.autoscript.tree import Tree
from hardware.simulator.config import ColumnSettings
from hardware.simulator.link import Link

BEAM = "beams.electron_beam"
UM = 1e6


@dataclass(frozen=True, slots=True)
class BeamNodes:
    """The stigmators are in the twin's unit."""

    link: Link
    column: ColumnSettings

    def tree(self) -> Tree:
        wd, stigmator, shift = (
            f"{BEAM}.{name}" for name in ("working_distance", "stigmator", "beam_shift")
        )
        reach = self.column.beam_shift_limit_um / UM
        wd_low, wd_high = (um / UM for um in self.column.wd_limits_um)
        return Tree(
            readings={
                f"{BEAM}.is_on": self._on,
                f"{BEAM}.is_blanked": lambda: self._state("blanked"),
                f"{BEAM}.high_voltage.value": lambda: self._state("eht_kv") * 1e3,
                f"{BEAM}.beam_current.value": lambda: self._state("probe_current_na") * 1e-9,
                f"{wd}.value": lambda: self._optics()["wd_um"] / UM,
                f"{wd}.limits": lambda: Limits(wd_low, wd_high),
                f"{stigmator}.value": lambda: Point(self._optics()["stig_x"], self._optics()["stig_y"]),
                f"{stigmator}.limits": lambda: _both(*self.column.stig_limits),
                f"{shift}.value": lambda: Point(*(um / UM for um in self._read()["shift_um"])),
                f"{shift}.limits": lambda: _both(-reach, reach),
            },
            settings={
                f"{wd}.value": lambda metres: self._lens(wd_um=_inside(metres, wd_low, wd_high) * UM),
                f"{stigmator}.value": lambda point: self._stigmate(point),
                f"{shift}.value": lambda point: self._shift(point, reach),
            },
            commands={
                f"{BEAM}.blank": lambda: self._tell("column.blank", on=True),
                f"{BEAM}.unblank": lambda: self._tell("column.blank", on=False),
                f"{BEAM}.turn_on": lambda: self._power(True),
                f"{BEAM}.turn_off": lambda: self._power(False),
            },
        )

    def _read(self) -> dict[str, Any]:
        return self.link.call("column.read").values

    def _state(self, name: str) -> Any:
        return self._read()["state"][name]

    def _optics(self) -> dict[str, float]:
        return dict(self._read()["optics"])

    def _on(self) -> bool:
        state = self._read()["state"]
        return bool(state["eht_on"] and state["valve_open"])

    def _lens(self, **changed: float) -> None:
        self.link.call("column.optics", {**self._optics(), **changed})

    def _stigmate(self, point: Point) -> None:
        low, high = self.column.stig_limits
        self._lens(stig_x=_inside(point.x, low, high), stig_y=_inside(point.y, low, high))

    def _shift(self, point: Point, reach: float) -> None:
        self._tell(
            "column.shift",
            x_um=_inside(point.x, -reach, reach) * UM,
            y_um=_inside(point.y, -reach, reach) * UM,
        )

    def _power(self, on: bool) -> None:
        """High tension first, then the valve; back the other way."""
        steps = [("column.eht", {"on": on}), ("column.valve", {"open": on})]
        for command, values in steps if on else reversed(steps):
            self.link.call(command, values)

    def _tell(self, command: str, **values: object) -> None:
        self.link.call(command, values)


def _both(low: float, high: float) -> LimitsXY:
    return LimitsXY(Limits(low, high), Limits(low, high))


def _inside(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ApplicationServerException(f"The value {value} is out of range [{low}, {high}].")
    return value
