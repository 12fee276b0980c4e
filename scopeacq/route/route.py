"""The order in which the sections of a wafer are imaged: the shortest way through them. Pure.

Order is free in a run that has begun, too: what a cycle still lacks is imaged in the order of the file
that the run was started with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scopeacq.plan.geometry import Point, Rigid, rotation
from scopeacq.plan.instrument import Instrument, StageSettings
from scopeacq.plan.project import Project
from scopeacq.plan.wafer import Fiducial, Section, Wafer
from scopeacq.route import LIMIT_S
from scopeacq.route.stage_time import Places, Stops
from scopeacq.route.tour import Ended, FoundBy, Progress, find_tour


@dataclass(frozen=True, slots=True)
class Route:
    """Ids of the sections that are imaged, in order, and what the travel between them takes per cycle.

    ``before_s``: in the order of the wafer. ``cycles``: for how many that holds.
    """

    order: tuple[str, ...]
    before_s: float
    after_s: float
    cycles: int
    found_by: FoundBy
    ended: Ended
    seed: int

    @property
    def saved_s(self) -> float:
        """Per cycle; never below 0."""
        return max(self.before_s - self.after_s, 0.0)

    @property
    def run_saved_s(self) -> float:
        """In all cycles."""
        return self.saved_s * self.cycles


def find_route(
    project: Project,
    wafer: Wafer,
    instrument: Instrument,
    seed: int = 0,
    limit_s: float = LIMIT_S,
    progress: Progress = lambda _: None,
) -> Route:
    """The shortest way that is found; see :func:`scopeacq.route.tour.find_tour`."""
    stops, names = stops_of(project, wafer, instrument.stage), [s.id for s in _imaged(project, wafer)]
    tour = find_tour(stops, seed, limit_s, progress)
    return Route(
        tuple(names[n] for n in tour.order),
        stops.tour_s(stops.as_given),
        tour.seconds,
        project.cycles,
        tour.found_by,
        tour.ended,
        seed,
    )


def routed(wafer: Wafer, order: Sequence[str]) -> Wafer:
    """The wafer with its sections in this order; sections that ``order`` does not name follow as they were.

    Raises:
        ValueError: a section is named that the wafer does not hold, or is named twice.
    """
    place = {name: n for n, name in enumerate(order)}
    if len(place) < len(order) or not place.keys() <= {s.id for s in wafer.sections}:
        raise ValueError("an order names sections of the wafer, each once")
    sections = sorted(wafer.sections, key=lambda s: place.get(s.id, len(place)))
    return replace(wafer, sections=tuple(sections))


def travel_per_cycle_s(project: Project, wafer: Wafer, profile: StageSettings) -> float:
    """Travel from section to section in a cycle, in the order of the wafer."""
    stops = stops_of(project, wafer, profile)
    return stops.tour_s(stops.as_given)


def stops_of(project: Project, wafer: Wafer, profile: StageSettings) -> Stops:
    """Where the stage goes for the sections that are imaged, in their order.

    It comes from the fiducial that is looked at last, the one farthest from the first; it finds each
    section at the middle of its ROI, and leaves it from its last tile.
    """
    mount, imaged = wafer.mount, _imaged(project, wafer)
    arrive_um = _on_stage([s.roi_centre_um for s in imaged], mount)
    leave_um = _on_stage([s.tiles(project.imaging)[-1].centre_um for s in imaged], mount)
    return Stops(profile, arrive_um, leave_um, _home_um(wafer.fiducials, mount))


def _imaged(project: Project, wafer: Wafer) -> list[Section]:
    return [s for s in wafer.sections if s.imaged(project.imaging)]


def _home_um(fiducials: Sequence[Fiducial], mount: Rigid) -> Point | None:
    if not fiducials:
        return None
    first = fiducials[0].centre_um
    return mount.apply(max(fiducials, key=lambda f: math.dist(f.centre_um, first)).centre_um)


def _on_stage(points_um: list[Point], mount: Rigid) -> Places:
    places_um = np.array(points_um, np.float64).reshape(-1, 2)
    return places_um @ rotation(mount.rotation_deg).T + (mount.x_um, mount.y_um)
