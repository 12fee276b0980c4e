"""Where the stage goes for the sections of a wafer, and how long it travels. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scopeacq.plan.geometry import Point, Rigid, rotation
from scopeacq.plan.instrument import StageSettings
from scopeacq.plan.project import Project
from scopeacq.plan.wafer import Fiducial, Section, Wafer
from scopeacq.route.stage_time import Places, Stops


def travel_per_cycle_s(project: Project, wafer: Wafer, profile: StageSettings) -> float:
    """Travel from section to section in a cycle, in the order of the wafer."""
    stops = stops_of(project, wafer, profile)
    return stops.tour_s(stops.as_given)


def stops_of(project: Project, wafer: Wafer, profile: StageSettings) -> Stops:
    """Where the stage goes for the sections that are imaged, in their order.

    It comes from the fiducial that is looked at last, the one farthest from the first; it finds each
    section at the middle of its ROI, and leaves it from its last tile.
    """
    mount, imaged = wafer.mount, imaged_sections(project, wafer)
    arrive_um = _on_stage([s.roi_centre_um for s in imaged], mount)
    leave_um = _on_stage([s.tiles(project.imaging)[-1].centre_um for s in imaged], mount)
    return Stops(profile, arrive_um, leave_um, _home_um(wafer.fiducials, mount))


def imaged_sections(project: Project, wafer: Wafer) -> list[Section]:
    """In the order of the wafer."""
    return [s for s in wafer.sections if s.imaged(project.imaging)]


def _home_um(fiducials: Sequence[Fiducial], mount: Rigid) -> Point | None:
    if not fiducials:
        return None
    first = fiducials[0].centre_um
    return mount.apply(max(fiducials, key=lambda f: math.dist(f.centre_um, first)).centre_um)


def _on_stage(points_um: list[Point], mount: Rigid) -> Places:
    places_um = np.array(points_um, np.float64).reshape(-1, 2)
    return places_um @ rotation(mount.rotation_deg).T + (mount.x_um, mount.y_um)
