"""Electrons that an operator laid down by hand, by place: what a specimen under a live image has borne."""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware.types import FrameSettings
from scopeacq.plan.geometry import Point

HALF_AT_LEAST_UM = 1.0
"""A place that is seen again micrometres off is the same place."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """A dose over a rectangle about a point of the wafer; the scan was not turned."""

    centre_um: Point
    half_um: Point
    electron_dose_per_nm2: float

    def covers(self, point_um: Point) -> bool:
        """Whether the point was exposed."""
        return all(
            abs(p - c) <= half for p, c, half in zip(point_um, self.centre_um, self.half_um, strict=True)
        )


@dataclass(slots=True)
class LaidDown:
    """Exposures since the instrument was connected. Filled by its thread, read by any."""

    _exposures: list[Exposure] = field(default_factory=list)

    def add(self, centre_um: Point, settings: FrameSettings, electron_dose_per_nm2: float) -> None:
        """Count a dose, laid down in one or more frames with these settings."""
        width_um, height_um = (
            max(5e-4 * n * settings.pixel_size_nm, HALF_AT_LEAST_UM)
            for n in (settings.width_px, settings.height_px)
        )
        new = Exposure(centre_um, (width_um, height_um), electron_dose_per_nm2)
        last = self._exposures[-1] if self._exposures else None
        if last is not None and (last.centre_um, last.half_um) == (new.centre_um, new.half_um):
            dose = last.electron_dose_per_nm2 + electron_dose_per_nm2
            self._exposures[-1] = Exposure(new.centre_um, new.half_um, dose)
        else:
            self._exposures.append(new)

    def at(self, point_um: Point) -> float:
        """The dose at a point [e-/nm^2]."""
        return sum(e.electron_dose_per_nm2 for e in tuple(self._exposures) if e.covers(point_um))
