"""Sections from files of other programs: read, refused by name, put on the wafer; and written for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scopeacq.plan.marks import Landmark
from scopeacq.plan.overviews import Overview
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Wafer
from scopeacq.sections import review
from scopeacq.sections.candidates import (
    Candidate,
    Candidates,
    LabelKind,
    Origin,
    Ring,
    SectionsRefused,
    Verdict,
)
from scopeacq.sections.flags import Flag
from scopeacq.sections.imports.geojson import as_features, for_others
from scopeacq.sections.imports.imported import Imported, ImportedSection, Unit
from scopeacq.sections.imports.reading import ImportRefused, put_on_wafer, read_sections
from scopeacq.storage.pyramid_tiff import Level
from tests.scopeacq.drawn_wafers import placed, same

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "wafer_sections_magc"
BARE = Wafer((), ())
NOTHING = Candidates()
FIRST: Ring = ((10.0, 10.0), (70.0, 10.0), (64.0, 50.0), (16.0, 50.0))
SECOND: Ring = ((110.0, 10.5), (170.0, 10.0), (164.0, 50.0))
ROI: Ring = ((20.0, 20.0), (40.0, 20.0), (40.0, 30.0))
OVERVIEW = Overview(Path("mosaic.ome.tif"), placed(), (Level((500, 600), (500, 600)),))

MAGC = """[sections.0000]
polygon = 10,10,70,10,64,50,16,50
[sections.0003]
polygon = 110,10.5,170,10,164,50
[roi.0000]
polygon = 20,20,40,20,40,30
[landmarks.0000]
location = 5.5,6
"""
ARRAY: dict[str, Any] = {
    "sections": {
        "0": {"sample": {"polygon": FIRST, "angle": 3}, "rois": {"0": {"polygon": ROI}}, "focus": {}},
        "3": {"sample": {"polygon": SECOND}},
    },
    "landmarks": {"0": {"source": {"location": [5.5, 6]}}},
}
FEATURES: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "0",
            "geometry": {
                "type": "Polygon",
                "coordinates": [[*FIRST, FIRST[0]], [[20, 20], [30, 20], [30, 30]]],
            },
            "properties": {"objectType": "annotation"},
        },
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": None},
        {
            "type": "Feature",
            "geometry": {"type": "MultiPolygon", "coordinates": [[[*ROI, ROI[0]]], [[*SECOND, SECOND[0]]]]},
            "properties": {"name": "3"},
        },
    ],
}
CORNERS = "id;x1;y1;x2;y2;x3;y3;x4;y4\n0;10;10;70;10;64;50;16;50\n3;110;10,5;170;10;164;50;;\n"
LONG = "name,x_px,y_px\n" + "".join(
    f"{name},{x},{y}\n" for name, ring in (("0", FIRST), ("3", SECOND)) for x, y in ring
)
TEXTS = {
    "a.magc": MAGC,
    "a.json": json.dumps(ARRAY),
    "a.yml": yaml.safe_dump(json.loads(json.dumps(ARRAY))),
    "a.geojson": json.dumps(FEATURES),
    "a.csv": CORNERS,
    "b.csv": LONG,
    "a.tsv": CORNERS.replace(",", ".").replace(";", "\t"),
}


def read(folder: Path, name: str, text: str) -> Imported:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_sections(path)


@pytest.mark.parametrize("name", TEXTS)
def test_every_format_says_the_same(tmp_path: Path, name: str) -> None:
    imported = read(tmp_path, name, TEXTS[name])
    assert [s.name for s in imported.sections] == ["0", "3"]
    assert [same(s.outline, ring) for s, ring in zip(imported.sections, (FIRST, SECOND), strict=True)] == [
        1,
        1,
    ]
    if name in ("a.magc", "a.json", "a.yml"):
        assert imported.sections[0].roi == ROI
        assert imported.landmarks == ((5.5, 6.0),)
        assert imported.unit is Unit.PX


def test_a_table_of_rectangles_is_read_with_its_unit(tmp_path: Path) -> None:
    table = "ID;X [\N{MICRO SIGN}m];Y [\N{MICRO SIGN}m];Width;Height;Angle (deg)\nA1;100,5;50;40;20;90\n"
    imported = read(tmp_path, "a.csv", f"\ufeff{table}")
    assert imported.unit is Unit.UM
    assert imported.sections[0].name == "A1"
    upright = ((90.5, 30.0), (110.5, 30.0), (110.5, 70.0), (90.5, 70.0))
    assert same(imported.sections[0].outline, upright) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "the columns are"),
        ("a.csv", "1;2;3\n", "Name them in the first line"),
        ("a.csv", "id;x;y\n", "holds no section"),
        ("a.csv", "id;x1;y1;x2;y2;x3;y3\nA;0;0;x;0;4;4\n", "line 2: x2 is 'x'"),
        ("a.csv", "id;x1;y1;x2;y2;x3;y3\nA;0;0;1;1;4;4\n", "line 2: section A is no simple polygon"),
        ("a.csv", "id;x;y;width;height\nA;1.5;2,5;9;9\n", "some decimal commas"),
        ("a.csv", "id;x;y;width;height\nA;1;2;1.000,5;9\n", "line 2: width is '1.000,5'"),
        ("a.csv", "id;x_px;y_um;width;height\nA;1;2;9;9\n", "some columns are in px and some in um"),
        ("a.csv", "id;x;y;width;height\nA;1;2;9\n", "line 2: height is ''"),
        ("a.csv", "id,x,y,width,height\nA,1,5,2,9,9\n", "line 2 has 6 cells for 5 columns"),
        ("a.csv", "x;y;id\n1;2;A\n1\n", "line 3: y is ''"),
        ("a.json", "[", "not valid JSON"),
        ("a.json", '{"sections": []}', "sections is not a table"),
        ("a.json", '{"sections": {"1": {}}}', "sections.1.sample.polygon is no simple"),
        (
            "a.json",
            '{"sections": {"1": {"sample": {"polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}}}}',
            "no simple",
        ),
        ("a.yml", "a: [", "not valid YAML"),
        ("a.yml", "a: &a [1]\nb: *a\n", "refers to parts of itself"),
        ("a.yml", "!!python/object:os.system {}", "not valid YAML"),
        ("a.geojson", "{}", "holds no section"),
        ("a.geojson", json.dumps(FEATURES).replace("10.5", '"ten"'), "feature 3 (3) is no simple polygon"),
        ("a.doc", "", "files of this kind are not read"),
    ],
)
def test_what_is_wrong_is_said_by_name(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, name, text)
    assert said in str(refused.value)


@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 1500), st.integers(0, 40), st.text(max_size=12))
@settings(deadline=None, max_examples=250)
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, place: int, length: int, more: str
) -> None:
    text = TEXTS[name]
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes((text[:place] + more + text[place + length :]).encode("utf-8", "surrogatepass"))
    try:
        imported = read_sections(path)
        put_on_wafer(imported, OVERVIEW, NOTHING, BARE)
    except (SettingsError, ImportRefused):
        return
    assert imported.sections


def imported(*rings: Ring, unit: Unit | None = None, names: str = "0123456789") -> Imported:
    return Imported(tuple(ImportedSection(names[k], ring) for k, ring in enumerate(rings)), unit=unit)


def test_pixels_are_placed_by_the_overview_and_um_are_not() -> None:
    in_px = put_on_wafer(imported(FIRST), OVERVIEW, NOTHING, BARE).candidates.sections[0]
    there = tuple(OVERVIEW.placement.wafer_um(corner) for corner in FIRST)
    assert same(in_px.outline_um, there) == pytest.approx(1)
    assert in_px.origin is Origin.IMPORTED
    in_um = put_on_wafer(imported(FIRST, unit=Unit.UM), OVERVIEW, NOTHING, BARE).candidates.sections[0]
    assert same(in_um.outline_um, FIRST) == pytest.approx(1)


def test_names_that_can_be_ids_are_kept() -> None:
    brought = put_on_wafer(
        Imported(
            tuple(
                ImportedSection(n, tuple((x + 200 * k, y) for x, y in FIRST))
                for k, n in enumerate(["7", "A-1", "A 2", "7"])
            ),
            unit=Unit.UM,
        ),
        None,
        NOTHING,
        BARE,
    )
    assert [c.id for c in brought.candidates.sections] == ["S007", "A-1", "S008", "S009"]


def test_an_import_adds_nothing_twice_and_stands_above_what_was_only_found() -> None:
    once = put_on_wafer(imported(FIRST, SECOND, unit=Unit.UM), None, NOTHING, BARE)
    twice = put_on_wafer(imported(FIRST, SECOND, unit=Unit.UM), None, once.candidates, BARE)
    assert (once.new, twice.new) == (2, 0)
    assert twice.candidates == once.candidates
    found = Candidates(
        (Candidate("S101", FIRST, 0.9), Candidate("S102", SECOND, 0.9, verdict=Verdict.ACCEPTED))
    )
    brought = put_on_wafer(imported(FIRST, SECOND, unit=Unit.UM), None, found, BARE)
    assert [c.id for c in brought.candidates.sections] == ["S101", "S102", "S000"]
    assert Flag.DUPLICATE in brought.candidates.section("S101").flags


def test_rois_and_landmarks_come_along(tmp_path: Path) -> None:
    brought = put_on_wafer(read(tmp_path, "a.magc", MAGC), OVERVIEW, NOTHING, BARE)
    wafer = review.accepted_into(BARE, review.accept(brought.candidates, ["S000"]))
    roi_um = wafer.sections[0].roi_um
    assert roi_um is not None
    assert same(roi_um, tuple(map(OVERVIEW.placement.wafer_um, ROI))) == pytest.approx(1)
    assert brought.landmarks == (Landmark("L1", OVERVIEW.placement.wafer_um((5.5, 6.0))),)


def test_pixels_without_an_overview_or_beside_it_are_refused() -> None:
    with pytest.raises(ImportRefused, match="name the overview"):
        put_on_wafer(imported(FIRST), None, NOTHING, BARE)
    far = tuple((x + 2000, y) for x, y in FIRST)
    with pytest.raises(ImportRefused, match="1 of 1 sections lie beside mosaic, which has 600 x 500 px"):
        put_on_wafer(imported(far), OVERVIEW, NOTHING, BARE)


def test_what_is_exported_is_imported_again(tmp_path: Path) -> None:
    ours = put_on_wafer(imported(FIRST, SECOND), OVERVIEW, NOTHING, BARE).candidates
    for overview in (OVERVIEW, None):
        text = as_features(for_others(ours, BARE), overview.placement if overview else None)
        again = read(tmp_path, "out.geojson", text)
        assert [s.name for s in again.sections] == ["S000", "S001"]
        back = put_on_wafer(
            again if overview else imported(*(s.outline for s in again.sections), unit=Unit.UM),
            overview,
            NOTHING,
            BARE,
        )
        for one, other in zip(ours.sections, back.candidates.sections, strict=True):
            assert same(one.outline_um, other.outline_um) == pytest.approx(1)


def test_others_are_told_the_plan_as_it_lies_and_what_is_open() -> None:
    found = put_on_wafer(imported(FIRST, SECOND, ROI, unit=Unit.UM), None, NOTHING, BARE).candidates
    judged = review.reject(review.accept(found, ["S000"]), ["S002"])
    plan = review.accepted_into(BARE, judged)
    moved = replace(plan.sections[0], outline_um=tuple((x + 300.0, y) for x, y in FIRST))
    told = for_others(judged, Wafer((moved,), ()))
    assert [(c.id, c.verdict) for c in told] == [("S000", Verdict.ACCEPTED), ("S001", Verdict.OPEN)]
    assert told[0].outline_um == moved.outline_um
    with pytest.raises(SectionsRefused, match="no section to write"):
        for_others(NOTHING, BARE)


def test_files_of_another_run_are_in_um(tmp_path: Path) -> None:
    ours = put_on_wafer(imported(FIRST, SECOND, unit=Unit.UM), None, NOTHING, BARE).candidates
    labelled = review.label(ours, LabelKind.TISSUE, ROI)
    wafer = review.accepted_into(BARE, review.accept(ours, ["S000", "S001"]))
    for text in (labelled.to_geojson(), wafer.to_geojson()):
        again = read(tmp_path, "x.geojson", text)
        assert again.unit is Unit.UM
        assert [s.name for s in again.sections] == ["S000", "S001"]


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real wafer is not at {REAL}")
def test_the_real_wafer_is_put_on_its_overview() -> None:
    real = Overview(Path("real.ome.tif"), placed(), (Level((5380, 4987), (512, 512)),))
    brought = put_on_wafer(read_sections(REAL / "wafer_example1.magc"), real, NOTHING, BARE)
    assert brought.new == 433
    assert len(brought.landmarks) == 4
    assert all(c.roi_um for c in brought.candidates.sections)
