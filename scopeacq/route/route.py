"""The shortest way through the sections of a wafer that is found. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.plan.instrument import Instrument
from scopeacq.plan.project import Project
from scopeacq.plan.wafer import Wafer
from scopeacq.route import LIMIT_S
from scopeacq.route.stops import imaged_sections, stops_of
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
    names = [s.id for s in imaged_sections(project, wafer)]
    stops = stops_of(project, wafer, instrument.stage)
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
