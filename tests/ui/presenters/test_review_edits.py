"""Edits of what was found, labels and marks: undone exactly, in step with the plan."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.plan.geometry import Point
from scopeacq.sections.candidates import Candidate, Candidates, LabelKind, Ring, Verdict
from scopeacq.sections.review import acceptable, reflagged
from tests.ui.wafers import done, plan_of, section
from ui.presenters import drawn_edits, edits, mark_edits, review_edits
from ui.presenters.drawing import Drawn, Sketch, box, middles, nearest
from ui.presenters.editing import Editor
from ui.presenters.edits import Document, Edit, Refused
from ui.presenters.found import (
    Column,
    Standing,
    acceptable_above,
    chosen_rows,
    in_words,
    next_doubtful,
    rows_of,
    standing_of,
)
from ui.presenters.map_items import Item, ItemKind
from ui.presenters.wafer_map import Selection

NAMES = tuple(f"S{n:03d}" for n in range(2, 8))


def square(x: float, y: float, half: float = 150.0) -> Ring:
    return (x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)


FOUND = reflagged(
    Candidates(
        tuple(
            Candidate(name, square(700.0 * n, -2000.0, 60.0 if n == 2 else 150.0), 0.2 + 0.15 * n)
            for n, name in enumerate(NAMES)
        )
    )
)
PLAN = plan_of(Path("nowhere.scopeacq"), section("S001", (0.0, 2000.0)))

names = st.sets(st.sampled_from((*NAMES, "S001", "S099")), max_size=3)
places = st.tuples(st.floats(-4000, 4000), st.floats(-4000, 4000))
outlines = st.builds(lambda at: square(*at), places)
steps = st.one_of(
    st.builds(review_edits.accept, names),
    st.builds(review_edits.reject, names),
    st.builds(review_edits.reopen, names),
    st.builds(review_edits.accept_above, st.floats(0, 1)),
    st.builds(review_edits.merge, names),
    st.builds(review_edits.split, places, places, names),
    st.builds(review_edits.remove, names),
    st.builds(review_edits.draw_found, outlines),
    st.builds(review_edits.reshape, st.sampled_from(NAMES), outlines),
    st.builds(review_edits.draw_label, st.sampled_from(LabelKind), outlines),
    st.builds(review_edits.reshape_label, st.integers(0, 2), outlines),
    st.builds(review_edits.remove_labels, st.sets(st.integers(0, 2), min_size=1)),
    st.builds(mark_edits.add_landmark, places),
    st.builds(mark_edits.move_landmark, st.sampled_from(("L1", "L2")), places),
    st.builds(mark_edits.measure_landmark, st.sampled_from(("L1", "L2")), st.none() | places),
    st.builds(mark_edits.add_fiducial, places),
    st.builds(mark_edits.move_fiducial, st.sampled_from(("F0", "F9")), places),
    st.builds(drawn_edits.add_section, outlines),
    st.builds(drawn_edits.draw_roi, outlines, st.just(())),
    st.builds(edits.delete, names),
    st.builds(edits.duplicate, st.sampled_from(("S001", *NAMES))),
)


@given(st.lists(steps, max_size=10))
def test_undo_restores_every_step_exactly(sequence: list[Edit]) -> None:
    editor = Editor(PLAN, candidates=FOUND)
    seen: list[Document] = [editor.document]
    seen += [editor.document for edit in sequence if done(editor, edit)]
    for document in reversed(seen):
        assert editor.document == document
        editor.undo()
    assert not editor.unsaved


@given(st.lists(steps, max_size=10))
def test_the_plan_holds_just_what_is_accepted_and_what_was_never_found(sequence: list[Edit]) -> None:
    editor = Editor(PLAN, candidates=FOUND)
    for edit in sequence:
        done(editor, edit)
    planned = [s.id for s in editor.document.wafer.sections]
    verdicts = {c.id: c.verdict for c in editor.document.candidates.sections}
    assert len(planned) == len(set(planned))
    for name, verdict in verdicts.items():
        assert (name in planned) == (verdict is Verdict.ACCEPTED)


@given(st.lists(steps, max_size=10))
def test_all_of_it_reads_back_from_its_files(sequence: list[Edit]) -> None:
    editor = Editor(PLAN, candidates=FOUND)
    for edit in sequence:
        done(editor, edit)
    candidates = editor.document.candidates
    assert Candidates.parse(PLAN.folder.candidates_file, candidates.to_geojson()) == candidates


def test_one_step_takes_away_all_that_is_chosen() -> None:
    editor = Editor(PLAN, candidates=FOUND)
    for edit in (
        review_edits.draw_label(LabelKind.TISSUE, square(0.0, 0.0)),
        review_edits.draw_label(LabelKind.IGNORE, square(900.0, 0.0)),
        mark_edits.add_landmark((1.0, 2.0)),
        review_edits.accept(["S002"]),
    ):
        editor.do(edit)
    items = [
        Item(ItemKind.FOUND, "S003"),
        Item(ItemKind.LABEL, "0"),
        Item(ItemKind.LABEL, "1"),
        Item(ItemKind.LANDMARK, "L1"),
        Item(ItemKind.FIDUCIAL, "F1"),
    ]
    before = editor.document
    editor.do(drawn_edits.delete(Selection(frozenset({"S001", "S002"}), items=frozenset(items))))
    after = editor.document
    assert after.wafer.sections == ()
    assert after.wafer.landmarks == ()
    assert [m.id for m in after.wafer.fiducials] == ["F0", "F2"]
    assert after.candidates.labels == ()
    assert "S003" not in {c.id for c in after.candidates.sections}
    assert after.candidates.section("S002").verdict is Verdict.REJECTED
    editor.undo()
    assert editor.document == before


def test_a_search_takes_the_place_of_what_there_was_and_the_plan_follows() -> None:
    editor = Editor(PLAN, candidates=FOUND)
    editor.do(review_edits.accept(["S004"]))
    anew = reflagged(Candidates((*FOUND.sections[:1], Candidate("S020", square(0.0, 0.0)))))
    editor.do(review_edits.take_found(anew))
    assert editor.document.candidates == anew
    assert [s.id for s in editor.document.wafer.sections] == ["S001", "S004"]


@given(st.sampled_from(NAMES) | st.none(), st.booleans())
def test_walking_visits_each_doubtful_one_and_comes_round(start: str | None, back: bool) -> None:
    doubtful = {c.id for c in FOUND.sections if standing_of(c) is Standing.DOUBTFUL}
    at, seen = start, set[str]()
    for _ in doubtful:
        at = next_doubtful(FOUND, at, back=back)
        assert at is not None
        seen.add(at)
    assert seen == doubtful


def test_walking_ends_with_what_is_open_and_then_with_nothing() -> None:
    open_one = Candidates((Candidate("S001", square(0.0, 0.0), 0.9),))
    assert next_doubtful(open_one, None) == "S001"
    accepted = Editor(plan_of(Path("nowhere.scopeacq")), candidates=open_one)
    accepted.do(review_edits.accept(["S001"]))
    assert next_doubtful(accepted.document.candidates, None) is None


@pytest.mark.parametrize("column", list(Column))
def test_rows_are_sorted_both_ways_and_filtered(column: Column) -> None:
    rows = rows_of(FOUND)
    up = chosen_rows(rows, None, column, downwards=False)
    assert [r.key(column) for r in up] == sorted(r.key(column) for r in rows)
    down = chosen_rows(rows, None, column, downwards=True)
    assert [r.key(column) for r in down] == sorted((r.key(column) for r in rows), reverse=True)
    doubtful = chosen_rows(rows, Standing.DOUBTFUL, column, downwards=False)
    assert {r.standing for r in doubtful} == {Standing.DOUBTFUL}
    assert all(row.text(column) or column is Column.FLAGS for row in rows)


def test_counts_are_those_that_accepting_makes() -> None:
    editor = Editor(PLAN, candidates=FOUND)
    count = acceptable_above(FOUND, 0.6)
    assert count == sum(acceptable(c, 0.6) for c in FOUND.sections) > 0
    editor.do(review_edits.accept_above(0.6))
    assert len(editor.document.wafer.sections) == 1 + count
    assert f"{count} accepted" in in_words(rows_of(editor.document.candidates))


@given(places, places)
def test_a_box_lies_between_its_corners(one: Point, other: Point) -> None:
    corners = box(one, other)
    for axis in (0, 1):
        assert min(p[axis] for p in corners) == pytest.approx(min(one[axis], other[axis]))
        assert max(p[axis] for p in corners) == pytest.approx(max(one[axis], other[axis]))
    (left, low), _, (right, high), _ = box(one, other, square=True)
    assert right - left == pytest.approx(high - low)


@given(outlines)
def test_the_middle_of_each_side_lies_between_its_ends(outline: Ring) -> None:
    for n, middle in enumerate(middles(outline)):
        start, end = outline[n], outline[(n + 1) % len(outline)]
        assert math.dist(start, middle) == pytest.approx(math.dist(middle, end))
        assert nearest(middles(outline), middle, 1.0) == n


def test_a_sketch_needs_three_corners_that_do_not_cross() -> None:
    sketch = Sketch().with_corner((0.0, 0.0)).with_corner((0.0, 0.0)).with_corner((10.0, 10.0))
    with pytest.raises(Refused, match="three corners"):
        sketch.closed()
    assert not sketch.closes_at((0.0, 0.0), 5.0)
    crossed = sketch.with_corner((10.0, 0.0)).with_corner((0.0, 10.0))
    with pytest.raises(Refused, match="crosses itself"):
        crossed.closed()
    whole = crossed.without_last()
    assert whole.closes_at((1.0, 1.0), 5.0)
    assert whole.closed() == ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0))


@pytest.mark.parametrize("kind", [kind for kind in Drawn if not kind.is_point])
def test_each_kind_of_outline_has_its_edit(kind: Drawn) -> None:
    editor = Editor(PLAN, candidates=FOUND)
    assert done(editor, drawn_edits.outline_edit(kind, square(0.0, 2000.0, 80.0), ()))


@pytest.mark.parametrize("kind", [kind for kind in Drawn if kind.is_point])
def test_each_kind_of_mark_has_its_edit(kind: Drawn) -> None:
    editor = Editor(PLAN, candidates=FOUND)
    assert done(editor, drawn_edits.point_edit(kind, (3.0, 4.0)))
