"""Where the stage stands, in the words of whoever looks at the wafer."""

from __future__ import annotations

from hardware.types import StagePose
from scopeacq.engine.readings import Readings
from scopeacq.engine.ways import at_imaging, tolerance_of, xy_um
from scopeacq.plan.geometry import Point
from scopeacq.plan.instrument import Instrument
from ui.presenters.wafer_map import WaferMap


def beam_um(readings: Readings) -> Point | None:
    """The point of the stage frame that the beam looks at; None where that was not read."""
    if readings.stage is None:
        return None
    (x_um, y_um), shift_um = xy_um(readings.stage), readings.beam_shift_um or (0.0, 0.0)
    return x_um + shift_um[0], y_um + shift_um[1]


def place_of(readings: Readings, shown: WaferMap, instrument: Instrument) -> str:
    """What lies under the beam ("at section 17, tile 3"), or where else the stage stands. Needs a pose."""
    pose, at_um = readings.stage, beam_um(readings)
    assert pose is not None and at_um is not None
    if not at_imaging(instrument.stage, pose):
        return _elsewhere(pose, instrument)
    if (hit := shown.hit(at_um)) is None:
        return f"at x {at_um[0] / 1e3:.2f}, y {at_um[1] / 1e3:.2f} mm"
    return f"at section {hit.section}" + ("" if hit.tile is None else f", tile {hit.tile + 1}")


def _elsewhere(pose: StagePose, instrument: Instrument) -> str:
    tilt_deg, mill = pose.tilt_deg or 0.0, instrument.mill
    allowed = tolerance_of(instrument.stage)
    tilted = abs(tilt_deg - mill.tilt_deg) <= allowed.tilt_deg
    if tilted and pose.z_um is not None and abs(pose.z_um - mill.z_um) <= allowed.z_um:
        return f"at the mill pose, turned by {pose.rotation_deg or 0.0:.0f}\N{DEGREE SIGN}"
    height = "height unknown" if pose.z_um is None else f"z {pose.z_um / 1e3:.2f} mm"
    return f"away from imaging: {height}, tilt {tilt_deg:.1f}\N{DEGREE SIGN}"
