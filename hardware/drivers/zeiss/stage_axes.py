"""SmartSEM's stage axes and ours."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.drivers.zeiss.parameters import Analogue
from hardware.drivers.zeiss.settings import ZeissSettings
from hardware.drivers.zeiss.units import UM_PER_M, UM_PER_MM, tidy
from hardware.types import PoseTolerance, Range


@dataclass(frozen=True, slots=True)
class StageAxis:
    """One axis: ``ours = sign * (per_unit * SmartSEM's - zero)``.

    Ours is in um or degrees, and so are ``zero`` and, in each second, ``per_s``.
    """

    name: str
    parameter: Analogue
    per_unit: float
    sign: int
    zero: float
    per_s: float

    def ours(self, api: float) -> float:
        return self.sign * (tidy(api * self.per_unit) - self.zero)

    def api(self, ours: float) -> float:
        return (self.sign * ours + self.zero) / self.per_unit

    def range(self, api: Range) -> Range:
        low, high = sorted((self.ours(api.low), self.ours(api.high)))
        return Range(low, high)


def axes_of(settings: ZeissSettings) -> tuple[StageAxis, ...]:
    """Our five axes, in the order of the API's."""
    f, s = settings.stage_frame, settings.stage_speeds

    def lateral(name: str, parameter: Analogue, sign: int, zero_mm: float, um_per_s: float) -> StageAxis:
        return StageAxis(name, parameter, UM_PER_M, sign, zero_mm * UM_PER_MM, um_per_s)

    def turning(name: str, parameter: Analogue, sign: int, zero_deg: float, deg_per_s: float) -> StageAxis:
        return StageAxis(name, parameter, 1.0, sign, zero_deg, deg_per_s)

    return (
        lateral("x_um", Analogue.STAGE_X, f.x_sign, f.x_zero_mm, s.xy_um_per_s),
        lateral("y_um", Analogue.STAGE_Y, f.y_sign, f.y_zero_mm, s.xy_um_per_s),
        lateral("z_um", Analogue.STAGE_Z, f.z_sign, f.z_zero_mm, s.z_um_per_s),
        turning("tilt_deg", Analogue.STAGE_TILT, f.tilt_sign, f.tilt_zero_deg, s.tilt_deg_per_s),
        turning(
            "rotation_deg",
            Analogue.STAGE_ROTATION,
            f.rotation_sign,
            f.rotation_zero_deg,
            s.rotation_deg_per_s,
        ),
    )


def tolerance_of(settings: ZeissSettings) -> PoseTolerance:
    """How far axes may end from where they were sent."""
    um, deg = settings.stage_tolerance_um, settings.stage_tolerance_deg
    return PoseTolerance(um, um, um, deg, deg)
