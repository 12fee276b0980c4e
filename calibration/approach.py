"""To where a calibration that moves the stage begins: flat under the pole piece."""

from __future__ import annotations

import math

from calibration.bench import Audience
from scopeacq.engine.ways import at_imaging
from scopeacq.manual import Manual
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.wafer import Wafer


def come_to_imaging(manual: Manual, audience: Audience) -> None:
    """Bring a stage that stands elsewhere, as beside the gun after a run, to the nearest section.

    It goes over the safe plane, by a way that is checked before and on each leg, with both beams read back
    as blanked. Nothing else is set or switched. Raises ``Halted``, ``BlankerUnknown`` or another
    ``HardwareError``; the stage stands still then.
    """
    if at_imaging(manual.plan.instrument.stage, manual.devices.stage.pose()):
        return
    looked_at_um = manual.looks_at_um()
    section, place = nearest_section(manual.plan.wafer, Rigid(), looked_at_um), manual.place
    middle_um = manual.plan.wafer.section(section).roi_centre_um if section else looked_at_um
    where = f"section {section}" if section else "where it looks now"
    audience.told(0.0, f"The stage stands away from imaging: driving it over the safe plane to {where}")
    manual.microscope.blank_ions()
    manual.go(manual.way_to(*place.apply(middle_um)))


def nearest_section(wafer: Wafer, place: Rigid, at_um: Point) -> str:
    """The section whose middle, put by ``place``, lies nearest to a point; empty on a wafer without any."""
    middles = {s.id: place.apply(s.roi_centre_um) for s in wafer.sections}
    return min(middles, key=lambda section: math.dist(at_um, middles[section]), default="")
