"""The way from section to section: its times are the stage's, and it is short, complete and in time."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hardware.simulator.config import StageSettings as TwinStage
from hardware.simulator.stage_body import travel_s as twin_travel_s
from hardware.types import StagePose
from scopeacq.engine.ways import path_to_point
from scopeacq.plan.geometry import Point
from scopeacq.plan.instrument import DriverSettings, Instrument, StageSettings
from scopeacq.plan.project import ImagingSettings, MillingSettings, Project
from scopeacq.plan.wafer import Fiducial, Landmark, Section, Wafer
from scopeacq.route.annealing import annealed
from scopeacq.route.local_search import circle_s, descended
from scopeacq.route.order import routed
from scopeacq.route.route import Route, find_route
from scopeacq.route.stage_time import Places, Stops, travel_s
from scopeacq.route.starts import nearest_neighbour, strips
from scopeacq.route.stops import stops_of, travel_per_cycle_s
from scopeacq.route.tour import Ended, FoundBy, find_tour

PROFILE = StageSettings()
ON_WAFER = st.floats(-12_000, 12_000)
LAYOUTS = st.integers(1, 24).flatmap(
    lambda n: arrays.arrays(
        np.float64, (n, 2), elements=st.one_of(ON_WAFER, st.sampled_from([-500.0, 0.0, 500.0]))
    )
)


def _stops(places_um: Places, home_um: Point | None = None, profile: StageSettings = PROFILE) -> Stops:
    return Stops(profile, places_um, places_um, home_um)


def _scattered(count: int, seed: int = 0) -> Places:
    return np.random.default_rng(seed).uniform(-11_000, 11_000, (count, 2))


@given(start=st.tuples(ON_WAFER, ON_WAFER), end=st.tuples(ON_WAFER, ON_WAFER))
def test_travel_takes_as_long_as_on_the_twin(start: Point, end: Point) -> None:
    twin = TwinStage()
    here = StagePose(*start, PROFILE.imaging_z_um, 0.0, 0.0)
    legs = path_to_point(PROFILE, here, end)
    expected_s = twin_travel_s(here, legs[0].over(here), twin) + twin.settling_s + PROFILE.settle_s
    assert len(legs) == 1
    got_s = travel_s(PROFILE, np.array(start), np.array(end))
    assert got_s == pytest.approx(expected_s if start != end else 0.0)


def test_each_axis_has_its_speed_and_falling_ones_their_approach() -> None:
    profile = StageSettings(
        speed_x_um_per_s=1000, speed_y_um_per_s=100, backlash_um=50, move_s=0.0, settle_s=0.0
    )
    ends = np.array([(2000.0, 100.0), (200.0, 100.0), (-2000.0, 0.0), (0.0, -100.0), (0.0, 0.0)])
    assert travel_s(profile, np.zeros(2), ends) == pytest.approx([2.0, 1.0, 2.1, 2.0, 0.0])


@settings(max_examples=60, deadline=None)
@given(places_um=LAYOUTS, home_um=st.none() | st.tuples(ON_WAFER, ON_WAFER), backlash=st.floats(0, 300))
def test_a_tour_visits_all_and_is_never_longer_than_nearest_neighbours_or_the_present_order(
    places_um: Places, home_um: Point | None, backlash: float
) -> None:
    stops = _stops(places_um, home_um, StageSettings(speed_y_um_per_s=700, backlash_um=backlash))
    tour = find_tour(stops, seed=0, limit_s=0.05)
    assert sorted(tour.order) == list(range(stops.count))
    assert tour.seconds == pytest.approx(stops.tour_s(np.array(tour.order) + 1))
    assert tour.seconds <= stops.tour_s(stops.as_given) + 1e-9
    assert tour.seconds <= stops.tour_s(nearest_neighbour(stops)) + 1e-9


@given(places_um=LAYOUTS)
def test_quick_tours_visit_all(places_um: Places) -> None:
    stops = _stops(places_um)
    for order in (nearest_neighbour(stops), strips(stops)):
        assert sorted(order) == list(stops.as_given)


@given(
    seconds=st.integers(2, 12).flatmap(
        lambda n: arrays.arrays(np.float64, (n, n), elements=st.floats(0, 100))
    )
)
def test_exchanges_never_lengthen_a_tour_whose_ways_differ_from_those_back(seconds: np.ndarray) -> None:
    before = np.arange(len(seconds))
    after = descended(seconds, before)
    assert after[0] == 0 and sorted(after) == list(before)
    assert circle_s(seconds, after) <= circle_s(seconds, before) + 1e-9


def test_rows_are_driven_to_and_fro() -> None:
    places_um = np.array([(x * 1000.0, y * 3000.0) for y in range(4) for x in range(8)])
    stops = _stops(np.random.default_rng(0).permutation(places_um))
    longer_s = 3 * (3000 - 1000) / 2000  # of the three ways from row to row
    expected_s = 31 * (0.5 + PROFILE.move_s + PROFILE.settle_s) + longer_s
    assert stops.tour_s(strips(stops)) == pytest.approx(expected_s)
    assert find_tour(stops, 0, 5.0).seconds == pytest.approx(expected_s)


@pytest.mark.parametrize("seed", range(3))
def test_the_shortest_of_all_tours_is_found_among_few_sections(seed: int) -> None:
    stops = _stops(_scattered(7, seed), home_um=(0.0, 0.0))
    best_s = min(stops.tour_s(np.array(p)) for p in permutations(range(1, 8)))
    assert find_tour(stops, 0, 5.0).seconds == pytest.approx(best_s)


def test_one_seed_is_one_tour_and_other_random_numbers_are_left_alone() -> None:
    stops = _stops(_scattered(30))
    random.seed(1)
    np.random.seed(1)
    first, again = (find_tour(stops, 7, 60.0) for _ in range(2))
    assert first == again and first.ended is Ended.SETTLED
    drawn = random.random(), np.random.random()
    random.seed(1)
    np.random.seed(1)
    assert drawn == (random.random(), np.random.random())


def test_a_tour_begins_near_where_the_stage_comes_from() -> None:
    places_um = np.array([(x * 1000.0, 0.0) for x in (3, 1, 0, 2, 4)])
    assert find_tour(_stops(places_um, (4100.0, 0.0)), 0, 5.0).order == (4, 0, 3, 1, 2)


@pytest.mark.parametrize("limit_s", [0.0, 0.3])
def test_the_time_limit_is_kept(limit_s: float) -> None:
    stops = _stops(_scattered(400))
    began_s = time.monotonic()
    tour = find_tour(stops, 0, limit_s)
    assert time.monotonic() - began_s < limit_s + 5.0
    assert tour.ended is Ended.TIME_LIMIT
    assert tour.seconds <= stops.tour_s(nearest_neighbour(stops))


class _Enough(Exception):
    pass


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_a_search_is_ended_through_its_progress(share: float) -> None:
    told: list[float] = []

    def progress(done: float) -> None:
        told.append(done)
        if done >= share:
            raise _Enough

    with pytest.raises(_Enough):
        find_tour(_stops(_scattered(60)), 0, 30.0, progress)
    assert told[-1] < 0.2


def test_annealing_is_ended_at_once_and_by_its_limit() -> None:
    stops = _stops(_scattered(80))

    def end() -> None:
        raise _Enough

    with pytest.raises(_Enough):
        annealed(stops, stops.as_given, 0, 60.0, end)
    began_s = time.monotonic()
    order = annealed(stops, stops.as_given, 0, 0.2, lambda: None)
    assert sorted(order) == list(stops.as_given) and time.monotonic() - began_s < 3.0


def test_annealing_shortens_a_random_order() -> None:
    stops = _stops(_scattered(25))
    order = annealed(stops, stops.as_given, 0, 20.0, lambda: None)
    assert stops.tour_s(order) < 0.5 * stops.tour_s(stops.as_given)


# the wafer's side


def _section(name: str, x_um: float, active: bool = True) -> Section:
    outline = ((x_um - 9, -9.0), (x_um + 9, -9.0), (x_um + 9, 9.0), (x_um - 9, 9.0))
    return Section(name, outline, (x_um, 0.0), 0.0, 500.0, active)


WAFER = Wafer(
    (
        _section("c", 2000.0),
        _section("gone", 500.0, active=False),
        _section("a", 0.0),
        _section("b", 1000.0),
    )
)
PROJECT = Project(
    name="route", cycles=10, imaging=ImagingSettings(), milling=MillingSettings(depth_nm=10.0)
)
INSTRUMENT = Instrument(name="test", driver=DriverSettings(name="twin"))


def _route(wafer: Wafer) -> Route:
    return find_route(PROJECT, wafer, INSTRUMENT, limit_s=5.0)


def test_a_route_saves_time_in_each_cycle_and_leaves_out_what_is_not_imaged() -> None:
    route = _route(WAFER)
    assert route.order in (("a", "b", "c"), ("c", "b", "a"))
    assert route.saved_s == pytest.approx(route.before_s - route.after_s) == pytest.approx(0.5)
    assert route.run_saved_s == pytest.approx(5.0)
    after = routed(WAFER, route.order)
    assert [s.id for s in after.sections] == [*route.order, "gone"]
    assert travel_per_cycle_s(PROJECT, after, INSTRUMENT.stage) == pytest.approx(route.after_s)
    assert _route(after).saved_s == 0.0 and _route(after).found_by is FoundBy.PRESENT


def test_a_wafer_that_is_mounted_turned_is_travelled_by_the_axes_of_the_stage() -> None:
    slow_y = StageSettings(speed_y_um_per_s=100.0)
    marks = (Landmark("l1", (0.0, 0.0), (50.0, 0.0)), Landmark("l2", (9000.0, 0.0), (50.0, 9000.0)))
    turned = replace(WAFER, landmarks=marks)
    assert travel_per_cycle_s(PROJECT, WAFER, slow_y) == pytest.approx(2 * 0.5 + 1.0 + 0.5)
    assert travel_per_cycle_s(PROJECT, turned, slow_y) == pytest.approx(2 * 0.5 + 20.0 + 10.0)


def test_the_way_leads_from_the_last_fiducial_to_sections_and_on_from_their_last_tiles() -> None:
    wafer = replace(WAFER, fiducials=(Fiducial("f1", (0.0, 0.0)), Fiducial("f2", (5000.0, 0.0))))
    project = PROJECT.model_copy(update={"imaging": ImagingSettings(grid_rows=1, grid_columns=3)})
    stops = stops_of(project, wafer, INSTRUMENT.stage)
    assert stops.home_um == (5000.0, 0.0)
    assert stops.arrive_um[:, 0].tolist() == [2000.0, 0.0, 1000.0]
    assert (stops.leave_um - stops.arrive_um)[:, 0] == pytest.approx(
        wafer.sections[0].tiles(project.imaging)[-1].centre_um[0] - 2000.0
    )


def test_an_order_that_is_none_is_refused() -> None:
    for order in (("a", "a"), ("a", "nobody")):
        with pytest.raises(ValueError, match="each once"):
            routed(WAFER, order)


def test_a_wafer_without_sections_has_an_empty_route() -> None:
    route = _route(Wafer())
    assert route.order == () and route.before_s == route.after_s == 0.0
