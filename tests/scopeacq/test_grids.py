"""Grids: how sections lie, one grid for all of them, what it covers, and what pre-flight says of it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from scopeacq.cli import run_command
from scopeacq.plan.coverage import coverage, exposed_twice, footprint
from scopeacq.plan.demo import make_demo
from scopeacq.plan.findings import Severity
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.grid_checks import grid_findings
from scopeacq.plan.grid_orders import GridOrder, ordered
from scopeacq.plan.grids import (
    GridRefused,
    Keep,
    Template,
    filled,
    flipped,
    own_frame,
    propagate,
    tiles_needed,
    with_roi,
)
from scopeacq.plan.placement import Placement
from scopeacq.plan.poses import Pose, pose_of, poses_of, within_half_turn_deg
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Landmark, Section, SectionGrid, Wafer
from scopeacq.plan.wafer_checks import section_findings
from scopeacq.sections.alike import likeness_on
from scopeacq.sections.seen import Seen
from scopeacq.telling.exit_codes import ExitCode

RECTANGLE = ((-250.0, -125.0), (250.0, -125.0), (250.0, 125.0), (-250.0, 125.0))
SQUARE = ((-200.0, -200.0), (200.0, -200.0), (200.0, 200.0), (-200.0, 200.0))
TRAPEZOID = ((-250.0, -125.0), (250.0, -125.0), (180.0, 125.0), (-200.0, 125.0))
ROI = ((-100.0, -80.0), (120.0, -80.0), (60.0, 70.0), (-100.0, 70.0))
IMAGING = ImagingSettings(
    tile_width_px=4000, tile_height_px=3000, overlap_px=200, grid_rows=3, grid_columns=3
)

UPRIGHT = Rigid()

angles = st.floats(-180, 180)
shifts = st.floats(-9_000, 9_000)


def laid(
    outline: Sequence[Point], place: Rigid, first: int = 0, backwards: bool = False
) -> tuple[Point, ...]:
    """An outline somewhere on the wafer, drawn from another corner or the other way round."""
    corners = [place.apply(corner) for corner in (*outline[first:], *outline[:first])]
    return tuple(corners[::-1] if backwards else corners)


def section(name: str, outline: Sequence[Point], place: Rigid = UPRIGHT) -> Section:
    middle = Polygon(outline).centroid
    return Section(name, laid(outline, place), place.apply((middle.x, middle.y)), place.rotation_deg, 200.0)


def off_deg(one: float, other: float) -> float:
    return abs(within_half_turn_deg(one - other))


@given(angles, shifts, shifts, st.integers(0, 3), st.booleans(), st.integers(0, 1000))
@settings(max_examples=80, deadline=None)
def test_an_uneven_outline_tells_how_a_section_lies(
    angle_deg: float, x_um: float, y_um: float, first: int, backwards: bool, seed: int
) -> None:
    place = Rigid(x_um, y_um, angle_deg)
    drawn = laid(TRAPEZOID, place, first, backwards)
    shaky = [(x + u, y + v) for (x, y), (u, v) in zip(drawn, _shakes(seed), strict=True)]
    pose = pose_of(shaky, TRAPEZOID)
    assert not pose.ambiguous
    assert off_deg(pose.rotation_deg, angle_deg) < 2.0
    middle = Polygon(TRAPEZOID).centroid
    assert math.dist(pose.centre_um, place.apply((middle.x, middle.y))) < 10.0


def _shakes(seed: int) -> list[list[float]]:
    """How far corners are drawn off their place [um]: 2 um rms of 500."""
    shakes: list[list[float]] = np.random.default_rng(seed).normal(0, 2.0, (4, 2)).tolist()
    return shakes


@given(angles, st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_outlines_that_come_to_lie_on_themselves_say_so(angle_deg: float, first: int) -> None:
    rectangle = pose_of(laid(RECTANGLE, Rigid(0, 0, angle_deg), first), RECTANGLE)
    assert len(rectangle.alternatives_deg) == 1
    assert off_deg(rectangle.rotation_deg, rectangle.alternatives_deg[0]) == pytest.approx(180, abs=0.1)
    assert off_deg(rectangle.nearest_to(angle_deg).rotation_deg, angle_deg) < 0.1
    square = pose_of(laid(SQUARE, Rigid(0, 0, angle_deg), first), SQUARE)
    assert len(square.alternatives_deg) == 3
    assert off_deg(square.nearest_to(angle_deg).rotation_deg, angle_deg) < 0.1


@given(angles)
@settings(max_examples=30, deadline=None)
def test_without_a_template_the_long_side_tells_the_turn(angle_deg: float) -> None:
    pose = pose_of(laid(RECTANGLE, Rigid(30.0, -20.0, angle_deg)))
    assert -90 <= pose.rotation_deg < 90
    assert pose.ambiguous
    assert off_deg(2 * pose.rotation_deg, 2 * angle_deg) < 1e-6
    assert pose.centre_um == pytest.approx((30.0, -20.0))


def test_another_shape_is_no_match() -> None:
    alike, other = poses_of([TRAPEZOID, ((0, 0), (60, 0), (0, 400))], TRAPEZOID)
    assert alike.misfit < 0.01 < 0.15 < other.misfit


@given(angles, shifts, shifts, angles)
@settings(max_examples=40, deadline=None)
def test_roi_and_grid_lie_on_each_section_as_on_the_template(
    angle_deg: float, x_um: float, y_um: float, own_deg: float
) -> None:
    source = section("S001", TRAPEZOID, Rigid(0.0, 0.0, own_deg))
    source = filled(with_roi(source, ROI), IMAGING)
    place = Rigid(x_um, y_um, angle_deg)
    other = replace(section("S002", TRAPEZOID, place), rotation_deg=0.0)
    done = propagate(Template.of(source), Wafer((source, other)))
    given_to = done.wafer.section("S002")
    assert done.wafer.section("S001") == source
    assert (done.changed, done.ambiguous, done.unlike) == (("S002",), (), ())
    middle = Polygon(TRAPEZOID).centroid
    expected = place.after(Rigid(middle.x, middle.y))
    assert given_to.roi_um is not None
    for corner, wanted in zip(given_to.roi_um, ROI, strict=True):
        assert math.dist(corner, expected.apply(wanted)) < 0.5
    assert off_deg(given_to.rotation_deg, angle_deg) < 0.1
    assert given_to.imaged(IMAGING) == source.imaged(IMAGING)
    assert coverage(given_to, IMAGING).share == pytest.approx(1.0)


def test_single_adjustments_stay_where_that_is_asked_for() -> None:
    template = Template.of(replace(section("S001", TRAPEZOID), grid=SectionGrid(rows=2)))
    own = SectionGrid(dwell_ns=400.0)
    adjusted = replace(
        section("S002", TRAPEZOID, Rigid(900, 0, 40)), rotation_deg=37.0, grid=own, inactive_tiles=(3,)
    )
    wafer = Wafer((adjusted, section("S003", TRAPEZOID, Rigid(0, 900, 10))))
    kept = propagate(template, wafer, keep=frozenset(Keep)).wafer.section("S002")
    assert (kept.rotation_deg, kept.grid, kept.inactive_tiles) == (37.0, own, (3,))
    changed = propagate(template, wafer, only=["S002"]).wafer
    assert changed.section("S002").grid == SectionGrid(rows=2)
    assert changed.section("S002").inactive_tiles == ()
    assert changed.section("S003") == wafer.section("S003")
    with pytest.raises(GridRefused, match="no section S009"):
        propagate(template, wafer, only=["S009"])


def test_pictures_tell_what_outlines_leave_open() -> None:
    template = Template.of(section("S001", RECTANGLE))
    other = replace(section("S002", RECTANGLE, Rigid(900, 0, 20)), rotation_deg=20.0)
    wafer = Wafer((other,))

    def upside_down(section: Section, pose: Pose) -> float:
        return 0.6 if off_deg(pose.rotation_deg, -160.0) < 1 else 0.1

    unsure = propagate(template, wafer)
    assert unsure.ambiguous == ("S002",)
    assert off_deg(unsure.wafer.section("S002").rotation_deg, 20.0) < 0.1
    sure = propagate(template, wafer, likeness=upside_down)
    assert sure.ambiguous == ()
    assert off_deg(sure.wafer.section("S002").rotation_deg, -160.0) < 0.1
    alike = propagate(template, wafer, likeness=lambda _, pose: 0.3)
    assert alike.ambiguous == ("S002",)


def test_half_a_turn_puts_the_roi_on_the_other_side() -> None:
    source = with_roi(section("S001", RECTANGLE, Rigid(500, 100, 30)), ROI)
    turned = flipped(source)
    assert turned.rotation_deg == pytest.approx(-150.0)
    assert turned.roi_um is not None
    there = [own_frame(turned).inverse().apply(corner) for corner in turned.roi_um]
    assert np.allclose(there, ROI)
    assert source.roi_um is not None and np.allclose(flipped(turned).roi_um or (), source.roi_um)


@given(st.floats(1, 3_000), st.floats(1, 3_000), st.integers(0, 1_400))
@settings(deadline=None)
def test_tiles_needed_cover_and_one_less_does_not(
    width_um: float, height_um: float, overlap_px: int
) -> None:
    imaging = IMAGING.model_copy(update={"overlap_px": overlap_px})
    rows, columns = tiles_needed(width_um, height_um, imaging)
    for extent_um, number, tile_px in ((width_um, columns, 4000), (height_um, rows, 3000)):
        step_um, overlap_um = (tile_px - overlap_px) * 0.01, overlap_px * 0.01
        assert number * step_um + overlap_um >= extent_um - 0.01
        assert number == 1 or (number - 1) * step_um + overlap_um < extent_um


def test_an_roi_that_takes_too_many_tiles_is_refused_in_a_sentence() -> None:
    with pytest.raises(GridRefused, match="at most 200 each way; choose larger tiles"):
        filled(section("S001", RECTANGLE), IMAGING.model_copy(update={"pixel_size_nm": 0.05}))


@given(angles, st.integers(1, 4), st.integers(1, 4), st.sets(st.integers(0, 15), max_size=6))
@settings(max_examples=40, deadline=None)
def test_the_footprint_is_what_the_tiles_cover_together(
    angle_deg: float, rows: int, columns: int, left_out: set[int]
) -> None:
    grid = SectionGrid(rows=rows, columns=columns)
    one = replace(section("S1", RECTANGLE, Rigid(40, -70, angle_deg)), grid=grid)
    one = replace(one, inactive_tiles=tuple(sorted(left_out)))
    shape = footprint(one, IMAGING)
    there = {divmod(n, columns) for n in one.imaged(IMAGING)}
    if len(there) == rows * columns:
        width, height = columns * 38.0 + 2.0, rows * 28.0 + 2.0
        assert shape.area == pytest.approx(width * height)
    assert shape.area <= len(there) * 40.0 * 30.0 + 1e-6
    assert all(shape.buffer(1e-6).contains(_spot(tile.centre_um)) for tile in one.tiles(IMAGING))


def _spot(at_um: Point) -> Polygon:
    (x, y) = at_um
    return Polygon([(x - 1, y - 1), (x + 1, y - 1), (x + 1, y + 1), (x - 1, y + 1)])


def test_tiles_of_two_sections_that_overlap_are_found() -> None:
    near, far = section("S2", RECTANGLE, Rigid(60, 0, 0)), section("S3", RECTANGLE, Rigid(900, 0, 45))
    shapes = {s.id: footprint(s, IMAGING) for s in (section("S1", RECTANGLE), near, far)}
    ((one, other, area_um2),) = exposed_twice(shapes)
    assert (one, other) == ("S1", "S2")
    assert area_um2 == pytest.approx((116 - 60) * 86)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_demo(tmp_path_factory.mktemp("demo"))


def texts(plan: Plan, severity: Severity) -> str:
    return "\n".join(f.text for f in grid_findings(plan) if f.severity is severity)


def with_first(plan: Plan, changed: Section) -> Plan:
    return replace(plan, wafer=replace(plan.wafer, sections=(changed, *plan.wafer.sections[1:])))


def test_the_demo_has_nothing_to_be_said(demo: Plan) -> None:
    assert list(grid_findings(demo)) == []


def test_pre_flight_says_what_is_wrong_with_grids_and_what_to_do(demo: Plan) -> None:
    first, second, *_ = demo.wafer.sections
    on_another = replace(first, roi_centre_um=second.roi_centre_um)
    assert "S001 lie beside it; correct" in texts(with_first(demo, on_another), Severity.ERROR)
    twice = texts(with_first(demo, on_another), Severity.WARNING)
    assert "The tiles of sections S001 and S002 overlap by" in twice and "move one of the grids" in twice
    large = with_roi(first, ((-60, -60), (60, -60), (60, 60), (-60, 60)))
    assert "of section S001 cover" in texts(with_first(demo, large), Severity.WARNING)
    assert texts(with_first(demo, filled(large, demo.project.imaging)), Severity.WARNING) == ""
    beside = filled(with_roi(first, ((0, 0), (300, 0), (300, 40), (0, 40))), demo.project.imaging)
    assert "of the ROI of section S001 lies beside it; draw" in texts(
        with_first(demo, beside), Severity.WARNING
    )


def test_tiles_that_do_not_overlap_are_said_once(demo: Plan) -> None:
    imaging = demo.project.imaging.model_copy(update={"overlap_px": 0})
    plan = replace(demo, project=demo.project.model_copy(update={"imaging": imaging}))
    assert texts(plan, Severity.WARNING).count("set overlap_px") == 1
    assert "section S001 and 3 more do not overlap" in texts(plan, Severity.WARNING)


def test_tiles_beyond_the_stage_are_found_through_the_mount(demo: Plan) -> None:
    far = tuple(Landmark(f"L{n}", (x, 0.0), (x + 29_900.0, 0.0)) for n, x in enumerate((0.0, 900.0)))
    mounted = replace(demo, wafer=replace(demo.wafer, landmarks=far))
    said = texts(mounted, Severity.ERROR)
    assert "cannot be reached: the stage would have to go to" in said
    assert "measure its landmarks again" in said


def test_a_wafer_without_sections_is_refused_in_a_sentence(demo: Plan) -> None:
    (only,) = section_findings(replace(demo, wafer=Wafer()))
    assert only.severity is Severity.ERROR
    assert "no section yet; find some with `scopeacq wafer detect`" in only.text


def test_a_thousand_sections_take_a_moment(demo: Plan) -> None:
    def place(n: int) -> Rigid:
        return Rigid(500.0 * (n % 32) - 7_750, 500.0 * (n // 32) - 7_750, 7.0 * n)

    sections = tuple(replace(section(f"S{n:04d}", ROI, place(n)), rotation_deg=0.0) for n in range(1_000))
    imaging = IMAGING.model_copy(update={"grid_rows": 5, "grid_columns": 5})
    plan = replace(
        demo, wafer=Wafer(sections), project=demo.project.model_copy(update={"imaging": imaging})
    )
    order = GridOrder("S0000", ((-70, -60), (80, -60), (30, 50), (-70, 50)), fill=True)
    begun_s = time.process_time()
    done = ordered(order, plan.wafer, imaging)
    found = list(grid_findings(replace(plan, wafer=done.wafer)))
    took_s = time.process_time() - begun_s
    assert len(done.changed) == 1_000 and done.ambiguous == () and found == []
    assert took_s < 10.0, "measured: 0.6 s alone on a core, up to 2.4 s with others on it"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_demo(tmp_path).folder.root


def test_the_command_gives_one_roi_to_all_and_says_how_it_went(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ["wafer", "grids", str(project)]
    assert run_command([*ask, "--roi", "-30,-20 30,-20 20,20 -30,20", "--fill", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [line["section"] for line in told["sections"]] == ["S001", "S002", "S003", "S004"]
    assert {(line["rows"], line["columns"], line["share"]) for line in told["sections"]} == {(5, 7, 1.0)}
    assert told["changed"] == ["S001", "S002", "S003", "S004"]
    assert told["ambiguous"] == ["S002", "S003", "S004"]
    wafer = Plan.read(project).wafer
    assert all(s.roi_um is not None for s in wafer.sections)
    assert run_command([*ask, "--flip", "S002"]) == 0
    table = capsys.readouterr().out
    assert "100% of its ROI" in table and "1 section changed" in table
    turned = Plan.read(project).wafer.section("S002").rotation_deg
    assert off_deg(turned, wafer.section("S002").rotation_deg) == pytest.approx(180.0)


def test_only_asking_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p.name: p.read_bytes() for p in project.iterdir()}
    assert run_command(["wafer", "grids", str(project)]) == 0
    assert "S004" in capsys.readouterr().out
    assert {p.name: p.read_bytes() for p in project.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--roi-from", "S009"], "no section S009"),
        (["--only", "S001,X", "--fill"], "no section X"),
        (["--roi", "0,0 1,1"], "no simple polygon"),
        (["--roi", "nan,0 1,1 0,1"], "no simple polygon"),
        (["--roi", "0,0 1"], "'x,y x,y x,y'"),
        (["--keep", "colour", "--fill"], "colour"),
        (["--roi-from", "S001", "--overview", "north"], "no overview north"),
    ],
)
def test_a_wrong_order_is_refused_and_nothing_written(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    before = (project / "wafer.geojson").read_bytes()
    assert run_command(["wafer", "grids", str(project), *arguments]) == ExitCode.BAD_INPUT
    assert said in capsys.readouterr().err
    assert (project / "wafer.geojson").read_bytes() == before


def seen_wafer(turns_deg: Sequence[float]) -> tuple[Seen, Wafer]:
    """Rectangles of the same tissue in a row, each turned otherwise, with noise of their own."""
    rng = np.random.default_rng(3)
    tissue = cv2.GaussianBlur(rng.normal(0, 1, (125, 250)), (0, 0), 9.0)
    tissue = (60 * tissue / tissue.std() + 120).astype(np.float32)
    greys = np.full((400, 400 * len(turns_deg)), 30, np.float32)
    sections = []
    for n, angle_deg in enumerate(turns_deg):
        middle = 400.0 * n + 200.0, 200.0
        turn = cv2.getRotationMatrix2D((124.5, 62.0), angle_deg, 1.0)
        turn[:, 2] += (middle[0] - 124.5, middle[1] - 62.0)
        cv2.warpAffine(tissue, turn, greys.shape[::-1], greys, borderMode=cv2.BORDER_TRANSPARENT)
        place = Rigid(2 * middle[0], -2 * middle[1], angle_deg)
        lying_deg = (angle_deg + 90) % 180 - 90
        sections.append(replace(section(f"S{n + 1:03d}", RECTANGLE, place), rotation_deg=lying_deg))
    noisy = np.clip(greys + rng.normal(0, 15, greys.shape), 0, 255).astype(np.uint8)
    return Seen(noisy, Placement(((2.0, 0.0, 0.0), (0.0, -2.0, 0.0)))), Wafer(tuple(sections))


def test_an_overview_tells_which_way_round_rectangles_lie() -> None:
    turns_deg = (20.0, -160.0, 75.0, 200.0, 3.0)
    seen, wafer = seen_wafer(turns_deg)
    order = GridOrder("S001", ROI, fill=True)
    done = ordered(order, wafer, IMAGING, lambda template: likeness_on(seen, template))
    assert done.ambiguous == ()
    for found, turn_deg in zip(done.wafer.sections, turns_deg, strict=True):
        assert off_deg(found.rotation_deg, turn_deg) < 0.5
    blind = Seen(np.full_like(seen.greys, 90), seen.placement)
    unsure = ordered(order, wafer, IMAGING, lambda template: likeness_on(blind, template))
    assert len(unsure.ambiguous) == 4
