"""The wafer's file: what is written is read, old files still are, what is wrong is said in sentences."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from scopeacq.plan.demo import make_demo
from scopeacq.plan.geometry import Point, Rigid, turn
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.section import tile_corners_um
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import FORMAT, Fiducial, Landmark, Section, SectionGrid, Wafer

FILE = Path("wafer.geojson")
SQUARE = ((0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0))
IMAGING = ImagingSettings(
    tile_width_px=1000, tile_height_px=1000, overlap_px=100, grid_rows=4, grid_columns=4
)
"""Tiles of 10 um at steps of 9 um."""

places = st.tuples(*[st.floats(-12_000, 12_000)] * 2)


@st.composite
def polygons(draw: st.DrawFn) -> tuple[Point, ...]:
    """Corners about a centre in the order of their directions, so that no edge crosses another."""
    (x, y), count = draw(places), draw(st.integers(3, 8))
    radii = draw(st.lists(st.floats(50, 400), min_size=count, max_size=count))
    corners = (turn((r, 0.0), 360 * n / count) for n, r in enumerate(radii))
    return tuple((x + u, y + v) for u, v in corners)


grids = st.builds(
    SectionGrid,
    rows=st.none() | st.integers(1, 20),
    columns=st.none() | st.integers(1, 20),
    overlap_px=st.none() | st.integers(0, 500),
    tile_width_px=st.none() | st.integers(1200, 6000),
    pixel_size_nm=st.none() | st.floats(1, 100),
    dwell_ns=st.none() | st.floats(50, 800),
)
sections = st.builds(
    Section,
    id=st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True),
    outline_um=polygons(),
    roi_centre_um=places,
    rotation_deg=st.floats(-180, 180),
    thickness_nm=st.floats(1, 1000),
    active=st.booleans(),
    inactive_tiles=st.lists(st.integers(0, 99), unique=True).map(lambda tiles: tuple(sorted(tiles))),
    roi_um=st.none() | polygons(),
    grid=st.none() | grids,
)


def named(
    kind: Callable[..., object], prefix: str, **values: st.SearchStrategy[object]
) -> st.SearchStrategy:
    """Up to three marks with ids of their own."""
    marks = st.lists(st.fixed_dictionaries(values), max_size=3)
    return marks.map(lambda all_of: tuple(kind(f"{prefix}{n}", **each) for n, each in enumerate(all_of)))


wafers = st.builds(
    Wafer,
    sections=st.lists(sections, max_size=4, unique_by=lambda s: s.id).map(tuple),
    fiducials=named(Fiducial, "F", centre_um=places),
    landmarks=named(Landmark, "L", wafer_um=places, stage_um=st.none() | places),
)


@given(wafers)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_as_it_was(wafer: Wafer) -> None:
    assert Wafer.parse(FILE, wafer.to_geojson()) == wafer


def file_text(*features: dict[str, object]) -> str:
    return json.dumps({"type": "FeatureCollection", "format": FORMAT, "features": features})


def feature(kind: str, name: str, coordinates: object, **properties: object) -> dict[str, object]:
    geometry = {"type": "Polygon" if kind == "section" else "Point", "coordinates": coordinates}
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {"kind": kind, "id": name, **properties},
    }


def outline(**properties: object) -> dict[str, object]:
    return feature("section", "S001", [[*map(list, SQUARE), [0, 0]]], **properties)


def test_files_of_before_are_read_as_before() -> None:
    text = file_text(outline(rotation_deg=12.0), feature("fiducial", "F1", [100.0, -50.0]))
    wafer = Wafer.parse(FILE, text)
    assert wafer.sections == (Section("S001", SQUARE, (20.0, 20.0), 12.0, 200.0),)
    assert wafer.fiducials == (Fiducial("F1", (100.0, -50.0)),)
    assert wafer.landmarks == ()
    assert "roi_um" not in wafer.to_geojson() and "grid" not in wafer.to_geojson()


def test_a_wafer_may_hold_no_section_yet() -> None:
    assert Wafer.parse(FILE, Wafer().to_geojson()) == Wafer()


def test_a_grid_that_nobody_placed_goes_about_the_roi() -> None:
    roi = tuple(turn(corner, 30.0) for corner in ((10, 0), (20, 0), (20, 30), (10, 6)))
    wafer = Wafer.parse(FILE, file_text(outline(rotation_deg=30.0, roi_um=[*roi, roi[0]])))
    assert wafer.sections[0].roi_um == roi, "a closed ring is the same polygon"
    assert wafer.sections[0].roi_centre_um == pytest.approx(turn((15, 15), 30.0))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (outline(roi_um=[[0, 0], [1, 1]]), "section S001: roi_um"),
        (outline(roi_um=[[0, 0], [9, 9], [9, 0], [0, 9]]), "roi_um of section S001 is no simple polygon"),
        (outline(grid={"rows": 0}), "section S001: grid.rows should be at least 1, but is 0"),
        (outline(grid={"row": 3}), "section S001: grid.row is unknown; did you mean rows?"),
        (feature("landmark", "L1", [0, 0], stage_um=[1]), "landmark L1: stage_um"),
        (feature("landmark", "L1", [[0, 0]]), "landmark L1: coordinates"),
    ],
)
def test_what_is_wrong_is_said_by_name(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Wafer.parse(FILE, file_text(wrong))
    assert said in str(refused.value)


def test_a_grid_that_does_not_go_with_the_project_is_refused_on_reading(tmp_path: Path) -> None:
    plan = make_demo(tmp_path)
    first, *rest = plan.wafer.sections
    wafer = replace(plan.wafer, sections=(replace(first, grid=SectionGrid(overlap_px=10_000)), *rest))
    plan.folder.wafer_file.write_text(wafer.to_geojson(), encoding="utf-8")
    with pytest.raises(SettingsError, match=f"section {first.id}: grid: overlap_px must be smaller than"):
        Plan.read(plan.folder.root)


@given(polygons(), st.floats(-180, 180), st.integers(2, 6), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_exactly_the_tiles_that_touch_the_roi_are_imaged(
    roi: tuple[Point, ...], rotation_deg: float, rows: int, columns: int
) -> None:
    own = SectionGrid(rows=rows, columns=columns, pixel_size_nm=200.0)
    centre = Polygon(roi).centroid
    section = Section("S1", roi, (centre.x + 90.0, centre.y), rotation_deg, 200.0, roi_um=roi, grid=own)
    imaged = section.imaged(IMAGING)
    tiles = section.grid_tiles(IMAGING)
    assert len(tiles) == rows * columns
    for tile, corners in zip(tiles, tile_corners_um(tiles, section.imaging(IMAGING)), strict=True):
        shared_um2 = Polygon(corners).intersection(Polygon(roi)).area
        assert (tile.index in imaged) or shared_um2 < 1.0
        assert (tile.index not in imaged) or shared_um2 > 0.0


def test_tiles_are_left_out_by_hand_beside_those_off_the_roi() -> None:
    corner = ((-18.0, 9.5), (-9.5, 9.5), (-9.5, 18.0), (-18.0, 18.0))
    section = Section("S1", SQUARE, (0.0, 0.0), 0.0, 200.0, roi_um=corner)
    assert section.imaged(IMAGING) == {0}
    section = replace(section, roi_um=((-18.0, -18.0), (18.0, -18.0), (18.0, 18.0)))
    upper_left = {0, 1, 4}
    assert section.imaged(IMAGING) == set(range(16)) - upper_left
    assert replace(section, inactive_tiles=(5, 0)).imaged(IMAGING) == set(range(16)) - upper_left - {5}
    assert [t.index for t in replace(section, active=False).tiles(IMAGING)] == []


def test_a_neighbour_that_only_shares_an_edge_with_the_roi_is_not_imaged() -> None:
    imaging = IMAGING.model_copy(update={"overlap_px": 0})
    one_tile = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
    section = Section("S1", SQUARE, (0.0, 0.0), 0.0, 200.0, roi_um=one_tile)
    assert section.imaged(imaging) == {6}


def test_the_settings_of_a_section_are_its_own_over_the_projects() -> None:
    plain = Section("S1", SQUARE, (0.0, 0.0), 0.0, 200.0)
    assert plain.imaging(IMAGING) is IMAGING
    finer = replace(plain, grid=SectionGrid(rows=2, pixel_size_nm=5.0, dwell_ns=400.0))
    own = finer.imaging(IMAGING)
    assert (own.grid_rows, own.grid_columns, own.pixel_size_nm, own.dwell_ns) == (2, 4, 5.0, 400.0)
    assert (own.overlap_px, own.retakes, own.bit_depth) == (100, IMAGING.retakes, IMAGING.bit_depth)
    tiles = finer.tiles(IMAGING)
    assert len(tiles) == 8
    assert math.dist(tiles[0].centre_um, tiles[1].centre_um) == pytest.approx(4.5)


def test_landmarks_say_how_the_wafer_is_mounted() -> None:
    mount = Rigid(120.0, -40.0, 7.0)
    points = ((0.0, 0.0), (9_000.0, 0.0), (0.0, 8_000.0))
    known = tuple(Landmark(f"L{n}", p, mount.apply(p)) for n, p in enumerate(points))
    assert Wafer(landmarks=known[:1]).mount == Rigid()
    found = Wafer(landmarks=(*known, Landmark("L9", (5.0, 5.0)))).mount
    assert (found.x_um, found.y_um, found.rotation_deg) == pytest.approx((120.0, -40.0, 7.0))
