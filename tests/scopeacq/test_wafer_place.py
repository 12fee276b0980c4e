"""Where the wafer lies by the journal: found places count until it is mounted anew, for all readers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.journal import records as r
from scopeacq.journal.history import History
from scopeacq.journal.journal import Row
from scopeacq.journal.progress import Progress
from scopeacq.journal.run_series import Quantity, RunSeries
from scopeacq.journal.wafer_place import WaferPlace, remounting
from scopeacq.plan.demo import make_demo
from scopeacq.plan.geometry import Rigid
from scopeacq.plan.marks import Landmark
from scopeacq.plan.plan_changes import Begun
from scopeacq.plan.preflight import Site, check
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.report_data import gather
from scopeacq.telling.report_figures import milled_depths_nm
from scopeacq.telling.status import status_of
from ui.presenters.past import past_entries
from ui.presenters.wafer_presenter import WaferPresenter

MOUNT = Rigid(300.0, -120.0, 7.0)


def found(place: Rigid, cycle: int = 0) -> r.WaferRegistered:
    return r.WaferRegistered(cycle, place.x_um, place.y_um, place.rotation_deg, 0.1, 3, 1.0)


def mounted(place: Rigid) -> r.WaferMounted:
    return r.WaferMounted(place.x_um, place.y_um, place.rotation_deg, 3)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_demo(tmp_path_factory.mktemp("demo"))


def mounted_plan(plan: Plan, mount: Rigid) -> Plan:
    spots = ((-3000.0, -2000.0), (3000.0, 2500.0))
    landmarks = tuple(Landmark(f"L{n}", spot, mount.apply(spot)) for n, spot in enumerate(spots))
    return replace(plan, wafer=replace(plan.wafer, landmarks=landmarks))


places = st.builds(Rigid, st.floats(-9e3, 9e3), st.floats(-9e3, 9e3), st.floats(-180, 180))


@given(st.lists(st.tuples(st.booleans(), places)), places)
def test_the_newest_of_mounts_and_found_places_counts(told: list[tuple[bool, Rigid]], other: Rigid) -> None:
    known, wanted, mount = WaferPlace(), Rigid(), Rigid()
    for is_mount, place in told:
        known.apply(mounted(place) if is_mount else found(place))
        wanted, mount = place, place if is_mount else mount
    assert known.under(mount) == wanted
    if other != mount:
        assert known.under(other) == other, "a mount that the journal does not know is newer than all of it"


def test_a_mount_is_told_to_the_journal_once(plan: Plan) -> None:
    known, wafer = WaferPlace(), mounted_plan(plan, MOUNT).wafer
    assert remounting(known, plan.wafer) == ()
    (record,) = remounting(known, wafer)
    assert record.landmarks == 2 and Rigid(record.x_um, record.y_um, record.rotation_deg) == wafer.mount
    known.apply(record)
    assert remounting(known, wafer) == ()
    (back,) = remounting(known, plan.wafer)
    assert Rigid(back.x_um, back.y_um, back.rotation_deg) == Rigid()


def test_after_a_new_mount_wafer_and_sections_are_sought_again(plan: Plan) -> None:
    progress, section = Progress.of(plan), plan.wafer.sections[0].id
    off = r.SectionRegistered(0, section, 1.0, 2.0, 0.1, 0.9, 1.0)
    progress.apply_all([found(Rigid(5.0, 0.0, 0.0)), off])
    assert progress.wafer is not None and progress.sections[section].found
    progress.apply(mounted(MOUNT))
    assert progress.wafer is None and not progress.sections[section].found
    assert progress.sections[section].registered == off, "a section lies on the wafer as before"
    assert progress.place.under(MOUNT) == MOUNT


def test_the_map_shows_the_wafer_as_it_is_mounted(plan: Plan) -> None:
    presenter = WaferPresenter(mounted_plan(plan, MOUNT))
    mount = presenter.plan.wafer.mount
    presenter.apply([found(Rigid(5.0, 0.0, 0.0))])
    assert presenter.shown().wafer_to_stage == mount
    presenter.apply([mounted(mount), found(Rigid(301.0, -119.0, 7.0))])
    assert presenter.shown().wafer_to_stage == Rigid(301.0, -119.0, 7.0)


def test_plots_count_shifts_from_each_mount(plan: Plan) -> None:
    records: list[r.Record] = [
        found(Rigid(1.0, 0.0)),
        found(Rigid(3.0, 0.0), 1),
        mounted(MOUNT),
        found(MOUNT, 2),
    ]
    rows = [Row(n, float(n), record) for n, record in enumerate(records)]
    series = RunSeries.of(plan)
    for row in rows:
        series.apply(row)
    assert series.points(Quantity.WAFER_X).value.tolist() == [0.0, 2.0, 0.0]
    told = gather(rows, 1).traces.wafers.items
    assert [(point.cycle, point.dx_um) for point in told] == [(0, 0.0), (1, 2.0), (2, 0.0)]


def test_the_report_knows_where_the_raster_was_on_a_wafer_that_is_mounted_aside(plan: Plan) -> None:
    ends = [r.MillEnd(r.MillKey(0, 0, azimuth), str(azimuth), 50.0, 0.0, "") for azimuth in range(3)]
    aside = mounted_plan(plan, Rigid(5000.0, 0.0, 0.0))
    depths = [milled_depths_nm(p, status_of(p, ends, lambda: False)) for p in (plan, aside)]
    section = plan.wafer.sections[0].id
    assert 0.0 < depths[1][section] < 0.8 * depths[0][section]


def test_preflight_says_when_a_run_goes_on_with_a_new_mount(plan: Plan) -> None:
    begun = Begun()
    begun.apply(r.RunOpened("", "", 1))
    site = Site(lambda _: 10**12, lambda _: [], lambda: ["twin"], lambda _: [])

    def said() -> list[str]:
        findings = check(mounted_plan(plan, MOUNT), site, History(begun=begun))
        return [finding.text for finding in findings if "mounted otherwise" in finding.text]

    assert len(said()) == 1
    begun.apply(mounted(mounted_plan(plan, MOUNT).wafer.mount))
    assert said() == []


def test_the_log_says_that_the_wafer_was_mounted_anew(plan: Plan) -> None:
    (entry,) = past_entries([Row(1, 1.7e9, mounted(MOUNT))], date(2026, 1, 1))
    assert "mounted anew by 3 landmarks" in entry.text
