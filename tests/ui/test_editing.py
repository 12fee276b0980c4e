"""Edits of a plan: pure, undone exactly, refused in a sentence."""

from __future__ import annotations

import errno
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.types import FrameSettings
from scopeacq.journal.records import PlaneExposing, PlaneKey
from scopeacq.plan.geometry import turn
from scopeacq.plan.plan_changes import Begun
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import Candidate, Candidates
from scopeacq.sections.preparing import Prepared
from scopeacq.sections.reviewing import ReviewOrder, reviewed
from scopeacq.storage.files import DiskFiles, DiskFull, FileEvent, Write, perform_on_disk
from tests.ui.wafers import done, plan_of, section, written
from ui.presenters import edits as editing
from ui.presenters import review_edits
from ui.presenters.editing import Editor
from ui.presenters.edits import Document, Edit, Refused

NAMES = ("S001", "S002", "S003")
PLAN = plan_of(
    Path("nowhere.scopeacq"),
    section("S001", (0.0, 0.0)),
    section("S002", (900.0, 100.0), 20.0),
    section("S003", (-800.0, 500.0), -35.0),
)

names = st.sets(st.sampled_from(NAMES), min_size=1)
small = st.floats(-500, 500)
edits = st.one_of(
    st.builds(editing.move, names, small, small),
    st.builds(editing.rotate, names, st.floats(-360, 360)),
    st.builds(editing.resize, names, st.floats(0.2, 3), st.floats(0.2, 3)),
    st.builds(editing.move_roi, st.sampled_from(NAMES), st.tuples(small, small)),
    st.builds(editing.delete, names),
    st.builds(editing.activate, names, st.booleans()),
    st.builds(
        editing.activate_tiles,
        st.sets(st.tuples(st.sampled_from(NAMES), st.integers(0, 5)), min_size=1),
        st.booleans(),
    ),
    st.builds(editing.turn_grid, names, st.floats(-400, 400)),
    st.builds(editing.propagate, st.sampled_from(NAMES), names),
    st.builds(editing.duplicate, st.sampled_from(NAMES)),
    st.builds(editing.reorder, names, st.sampled_from((*NAMES, None))),
    st.builds(lambda n: editing.add(section(n, (2000.0, 2000.0))), st.sampled_from(("S004", "S005"))),
    st.builds(editing.set_grid, st.integers(-1, 5), st.integers(0, 5)),
)


@given(st.lists(edits, max_size=12))
def test_undo_restores_every_step_exactly_and_redo_makes_it_again(sequence: list[Edit]) -> None:
    editor = Editor(PLAN)
    seen: list[Document] = [editor.document]
    seen += [editor.document for edit in sequence if done(editor, edit)]
    for document in reversed(seen):
        assert editor.document == document
        editor.undo()
    assert editor.document == seen[0]
    assert not editor.to_undo
    for document in seen:
        assert editor.document == document
        editor.redo()
    assert editor.document == seen[-1]
    assert not editor.to_redo


@given(st.lists(edits, max_size=6))
def test_whatever_was_edited_reads_back_from_its_file_as_it_is(sequence: list[Edit]) -> None:
    editor = Editor(PLAN)
    for edit in sequence:
        done(editor, edit)
    wafer = editor.document.wafer
    assert Wafer.parse(PLAN.folder.wafer_file, wafer.to_geojson()) == wafer


@given(names, small, small)
def test_a_move_back_is_where_it_was(ids: set[str], dx: float, dy: float) -> None:
    document = Document(PLAN.project, PLAN.wafer, PLAN.instrument)
    there = editing.move(ids, dx, dy).change(document)
    back = editing.move(ids, -dx, -dy).change(there)
    for before, after in zip(PLAN.wafer.sections, back.wafer.sections, strict=True):
        assert math.dist(before.roi_centre_um, after.roi_centre_um) < 1e-6
    untouched = [s for s in there.wafer.sections if s.id not in ids]
    assert untouched == [s for s in PLAN.wafer.sections if s.id not in ids]


def test_turning_keeps_the_shape_and_the_centre() -> None:
    turned = editing.rotated(section("S001", (300.0, 200.0)), 90.0)
    assert turned.rotation_deg == pytest.approx(90.0)
    assert turned.roi_centre_um == pytest.approx((300.0, 200.0))
    assert turned.outline_um[0] == pytest.approx((420.0, 0.0))


def test_resizing_goes_along_and_across_the_grid() -> None:
    wide = editing.resized(section("S001", rotation_deg=90.0), 2.0, 1.0)
    assert wide.outline_um[0] == pytest.approx((120.0, -400.0))


def test_a_grid_lies_on_other_sections_as_on_its_own() -> None:
    editor = Editor(PLAN)
    editor.do(editing.move_roi("S001", (50.0, 20.0)))
    editor.do(editing.activate_tiles([("S001", 2)], False))
    editor.do(editing.propagate("S001", NAMES))
    for name in NAMES[1:]:
        before, after = PLAN.wafer.section(name), editor.document.wafer.section(name)
        x, y = before.roi_centre_um
        offset = after.roi_centre_um[0] - x, after.roi_centre_um[1] - y
        assert turn(offset, -before.rotation_deg) == pytest.approx((50.0, 20.0))
        assert after.inactive_tiles == (2,)
        assert (after.outline_um, after.rotation_deg) == (before.outline_um, before.rotation_deg)


def test_the_route_goes_as_it_was_set() -> None:
    editor = Editor(PLAN)

    def route() -> list[str]:
        return [s.id for s in editor.document.wafer.sections]

    editor.do(editing.reorder(["S003"], "S001"))
    assert route() == ["S003", "S001", "S002"]
    editor.do(editing.reorder(["S001", "S003"], None))
    assert route() == ["S002", "S003", "S001"]
    editor.do(editing.reorder(["S002"], "S002"))
    assert route() == ["S002", "S003", "S001"]


def test_a_copy_lies_beside_its_section_and_has_a_free_name() -> None:
    editor = Editor(PLAN)
    assert not editor.do(editing.duplicate("S001"))
    copy, source = editor.document.wafer.section("S004"), PLAN.wafer.section("S001")
    assert copy.roi_centre_um == pytest.approx((460.0, 0.0))
    assert copy.thickness_nm == source.thickness_nm


def test_a_grid_turns_without_its_outline() -> None:
    editor = Editor(PLAN)
    editor.do(editing.turn_grid(["S001"], 190.0))
    turned = editor.document.wafer.section("S001")
    assert turned.rotation_deg == pytest.approx(-170.0)
    assert turned.outline_um == PLAN.wafer.section("S001").outline_um


def test_the_grid_of_all_is_set_with_its_overlap() -> None:
    editor = Editor(PLAN)
    editor.do(editing.set_grid(4, 5, 60))
    imaging = editor.document.project.imaging
    assert (imaging.grid_rows, imaging.grid_columns, imaging.overlap_px) == (4, 5, 60)
    with pytest.raises(Refused, match="half a tile"):
        editor.do(editing.set_grid(4, 5, 900))


def test_a_new_edit_forgets_what_was_undone() -> None:
    editor = Editor(PLAN)
    editor.do(editing.move(["S001"], 5.0, 0.0))
    editor.undo()
    assert editor.to_redo == "Move S001"
    editor.do(editing.rotate(["S002"], 3.0))
    assert not editor.to_redo


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (editing.delete([]), "No section is selected"),
        (editing.move(["S009"], 1.0, 0.0), "no section S009"),
        (editing.add(section("S001")), "stands there twice"),
        (editing.add(section("a b")), "letters, digits"),
        (editing.move(["S001"], 2e6, 0.0), "at most"),
        (editing.move(["S001"], math.nan, 0.0), "must be a number"),
        (editing.resize(["S001"], 0.0, 1.0), "smaller than nothing"),
        (editing.set_grid(0, 3), "1 to 200"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(edit: Edit, why: str) -> None:
    editor = Editor(PLAN)
    with pytest.raises(Refused, match=why):
        editor.do(edit)
    assert not editor.unsaved


def test_a_section_that_was_imaged_stays() -> None:
    begun = Begun()
    frame = FrameSettings(1000, 800, 100.0, 200.0, 0.0)
    begun.apply(PlaneExposing(PlaneKey(0, "S002", 0), 0, frame, 1.0))
    editor = Editor(PLAN, begun)
    with pytest.raises(Refused, match="S002, which this run has worked on"):
        editor.do(editing.delete(["S002"]))
    editor.do(editing.delete(["S003"]))


def test_a_tile_that_was_imaged_is_imaged_to_the_end() -> None:
    begun = Begun()
    begun.apply(PlaneExposing(PlaneKey(0, "S002", 4), 0, FrameSettings(1000, 800, 100.0, 200.0, 0.0), 1.0))
    editor = Editor(PLAN, begun)
    for edit in (editing.activate(["S002"], False), editing.activate_tiles([("S002", 4)], False)):
        with pytest.raises(Refused, match="Tile 5 of section S002 is no longer imaged"):
            editor.do(edit)
    editor.do(editing.activate_tiles([("S002", 3)], False))
    document = editor.document
    assert 3 not in document.wafer.section("S002").imaged(document.project.imaging)


def test_preflight_speaks_at_once_of_what_an_edit_did() -> None:
    (note,) = Editor(PLAN).do(editing.move(["S001"], 13_000.0, 0.0))
    assert "S001 does not lie on the wafer" in note


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return written(plan_of(tmp_path / "run.scopeacq", *PLAN.wafer.sections))


def test_saved_edits_are_what_the_next_run_reads(plan: Plan) -> None:
    editor = Editor(plan)
    editor.do(editing.move(["S001"], 12.5, -3.0))
    editor.do(editing.set_grid(3, 3))
    assert editor.unsaved
    editor.save(DiskFiles())
    assert not editor.unsaved
    again = Plan.read(plan.folder.root)
    assert Document(again.project, again.wafer, again.instrument) == editor.document
    editor.undo()
    assert editor.unsaved


def test_files_that_somebody_else_changed_are_not_overwritten(plan: Plan) -> None:
    editor = Editor(plan)
    editor.do(editing.delete(["S001"]))
    foreign = (
        editing.move(["S002"], 1.0, 1.0).change(Document(plan.project, plan.wafer, plan.instrument)).wafer
    )
    plan.folder.wafer_file.write_text(foreign.to_geojson())
    with pytest.raises(SettingsError, match="changed by somebody else"):
        editor.save(DiskFiles())
    assert Wafer.read(plan.folder.wafer_file) == foreign


def test_what_is_accepted_stays_when_saving_ends_between_its_files(plan: Plan) -> None:
    outline_um = section("S004", (3000.0, 0.0)).outline_um
    editor = Editor(plan, candidates=Candidates((Candidate("S004", outline_um, 0.9),)))
    plan.folder.candidates_file.write_text(editor.document.candidates.to_geojson())
    editor.do(review_edits.accept(["S004"]))
    written_files: list[Path] = []

    def once(event: FileEvent) -> None:
        if isinstance(event, Write):
            written_files.append(event.path)
            if len(written_files) > 1:
                raise OSError(errno.ENOSPC, "no space left on device")
        perform_on_disk(event)

    with pytest.raises(DiskFull):
        editor.save(DiskFiles(once))
    assert editor.unsaved and len(written_files) == 2
    left = reviewed(ReviewOrder(), Prepared.read(plan.folder.root))
    assert [s.id for s in left.wafer.sections] == [*NAMES, "S004"]
    editor.save(DiskFiles())
    assert not editor.unsaved and Plan.read(plan.folder.root).wafer == editor.document.wafer
