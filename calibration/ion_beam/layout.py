"""Four marks in a row: two heights and two amplitudes, so that angle, aim and scale are told apart. Pure.

Heights are high, low, low, high: their mean place along the row is the same, so that a wafer that comes
back from the gun a little turned does not look like another angle. Amplitudes are small and large at each
height.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from calibration.ion_beam.settings import IonBeamSettings
from scopeacq.burning import Mark
from scopeacq.plan.burn_place import pose_for
from scopeacq.plan.geometry import Point
from scopeacq.plan.instrument import MillSettings

HEIGHTS = (1, -1, -1, 1)
LARGE = (False, False, True, True)


@dataclass(frozen=True, slots=True)
class Planned:
    """A mark, where it should lie in the stage frame, and how far around it to look."""

    mark: Mark
    at_um: Point
    half_um: Point


def planned(mill: MillSettings, middle_um: Point, settings: IonBeamSettings) -> tuple[Planned, ...]:
    """The marks about a point of the stage frame, along its x."""
    wide = _half_um(mill, settings.large_vpp, settings.clearance_um)
    pitch_um = 2 * wide[0]
    marks = []
    for number, (height, large) in enumerate(zip(HEIGHTS, LARGE, strict=True)):
        vpp = settings.large_vpp if large else settings.small_vpp
        at_um = middle_um[0] + (number - 1.5) * pitch_um, middle_um[1]
        pose = pose_for(mill, at_um, height * settings.dz_um)
        mark = Mark(number, pose, (vpp, vpp), _charge_uc(mill, vpp, settings.charge_uc_per_mm2))
        marks.append(Planned(mark, at_um, _half_um(mill, vpp, settings.clearance_um)))
    return tuple(marks)


def _charge_uc(mill: MillSettings, vpp: float, uc_per_mm2: float) -> float:
    x_um, y_um = mill.raster_um_per_vpp
    return uc_per_mm2 * x_um * y_um * vpp**2 * 1e-6


def _half_um(mill: MillSettings, vpp: float, clearance_um: float) -> Point:
    """Half the edges of what has to be seen to find a mark."""
    x_um, y_um = (per_v * vpp / 2 + mill.spot_um for per_v in mill.raster_um_per_vpp)
    return x_um + clearance_um, y_um / math.sin(math.radians(mill.glancing_deg)) + clearance_um
