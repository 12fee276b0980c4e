"""What is shown of a shorter way, and that it is taken only for the wafer that it was found for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scopeacq.plan.instrument import DriverSettings, Instrument
from scopeacq.plan.project import ImagingSettings, MillingSettings, Project
from scopeacq.plan.wafer import Section, Wafer
from scopeacq.route.route import Route, find_route
from ui.presenters.edits import Document, Refused
from ui.presenters.route import follow, route_view


def _section(name: str, x_um: float, active: bool = True) -> Section:
    outline = ((x_um - 9, -9.0), (x_um + 9, -9.0), (x_um + 9, 9.0), (x_um - 9, 9.0))
    return Section(name, outline, (x_um, 0.0), 0.0, 500.0, active)


PROJECT = Project(
    name="route", cycles=200, imaging=ImagingSettings(), milling=MillingSettings(depth_nm=10.0)
)
INSTRUMENT = Instrument(name="test", driver=DriverSettings(name="twin"))
WAFER = Wafer(
    (
        _section("far", 9000.0),
        _section("out", 1.0, active=False),
        _section("near", 0.0),
        _section("mid", 4000.0),
    )
)


@pytest.fixture(scope="module")
def route() -> Route:
    return find_route(PROJECT, WAFER, INSTRUMENT, limit_s=5.0)


def test_the_way_is_shown_over_that_of_before_with_the_time_that_it_saves(route: Route) -> None:
    view = route_view(PROJECT, WAFER, route)
    assert view.before_um == ((9000.0, 0.0), (0.0, 0.0), (4000.0, 0.0))
    assert view.after_um in (view.before_um[:1] + view.before_um[:0:-1], ((0, 0), (4000, 0), (9000, 0)))
    assert view.sentence == "The stage travels 5.5 s per cycle instead of 7.5 s: 7 min less in 200 cycles."


def test_a_way_that_is_no_shorter_says_so(route: Route) -> None:
    same = replace(route, before_s=route.after_s)
    assert route_view(PROJECT, WAFER, same).sentence.startswith("No shorter way was found")


def test_an_order_is_followed_with_one_undo_and_only_on_the_wafer_it_was_found_for(route: Route) -> None:
    document, edit = Document(PROJECT, WAFER, INSTRUMENT), follow(route, WAFER)
    assert edit.name == "Order 3 sections"
    assert [s.id for s in edit.change(document).wafer.sections] == [*route.order, "out"]
    edited = replace(document, wafer=Wafer(WAFER.sections[1:]))
    with pytest.raises(Refused, match="once more"):
        edit.change(edited)
