"""What operators make of candidates: verdicts, shapes, flags, and what of it lies in the plan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon

from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.wafer import Wafer
from scopeacq.sections import review, rings
from scopeacq.sections.candidates import (
    Candidate,
    Candidates,
    Label,
    LabelKind,
    Origin,
    Ring,
    Verdict,
)
from scopeacq.sections.flags import Flag
from scopeacq.sections.review import ReviewRefused, accepted_into
from scopeacq.sections.splitting import split_like_others

BLOCK: Ring = ((-250.0, -125.0), (250.0, -125.0), (200.0, 125.0), (-200.0, 125.0))
BARE = Wafer((), ())
FILE = Path("wafer.geojson")


def block(x: float, y: float, angle_deg: float = 0.0, scale: float = 1.0) -> Ring:
    place = Rigid(x, y, angle_deg)
    return tuple(place.apply((scale * u, scale * v)) for u, v in BLOCK)


def row(count: int = 5) -> Candidates:
    """Sections side by side, the first one surest."""
    return Candidates(
        tuple(Candidate(f"S{k + 1:03d}", block(600.0 * k, 0), 0.9 - 0.1 * k) for k in range(count))
    )


def verdicts(candidates: Candidates) -> list[Verdict]:
    return [c.verdict for c in candidates.sections]


def area(*outlines: Ring) -> float:
    return sum(Polygon(outline).area for outline in outlines)


def iou(one: Ring, other: Ring) -> float:
    a, b = Polygon(one), Polygon(other)
    return float(a.intersection(b).area / a.union(b).area)


OPEN, ACCEPTED, REJECTED = Verdict.OPEN, Verdict.ACCEPTED, Verdict.REJECTED


def test_candidates_are_accepted_rejected_and_reopened() -> None:
    candidates = review.reject(review.accept(row(3), ["S001", "S003"]), ["S002"])
    assert verdicts(candidates) == [ACCEPTED, REJECTED, ACCEPTED]
    assert verdicts(review.reopen(candidates, ["S002", "S003"])) == [ACCEPTED, OPEN, OPEN]


def test_all_sure_ones_are_accepted_except_duplicates_slivers_and_what_was_judged() -> None:
    double = Candidate("S101", block(20, 0), 0.85)
    sliver = Candidate("S102", block(0, 900, scale=0.5), 0.95)
    candidates = Candidates((*row().sections, double, sliver))
    candidates = review.reject(candidates, ["S002"])
    assert verdicts(review.accept_above(candidates, 0.65)) == [
        ACCEPTED,
        REJECTED,
        ACCEPTED,
        OPEN,
        OPEN,
        OPEN,
        OPEN,
    ]
    with pytest.raises(ReviewRefused, match=r"confidence of 0\.99"):
        review.accept_above(candidates, 0.99)


def test_flags_follow_every_edit() -> None:
    candidates = review.reflagged(Candidates((*row().sections, Candidate("S101", block(20, 0), 0.95))))
    assert candidates.section("S001").flags == {Flag.DUPLICATE}
    assert candidates.section("S101").flags == frozenset()
    assert review.accept(candidates, ["S001"]).section("S101").flags == {Flag.DUPLICATE}
    assert review.reject(candidates, ["S101"]).section("S001").flags == frozenset()
    large = review.reshape(candidates, "S005", block(2400, 0, scale=1.3))
    assert large.section("S005").flags == {Flag.SIZE}


def test_what_is_drawn_gets_an_id_that_neither_candidate_nor_section_has() -> None:
    plan = accepted_into(BARE, review.accept(row(2), ["S001", "S002"]))
    drawn = review.add(Candidates(), block(0, 0), plan).sections[-1]
    assert (drawn.id, drawn.origin, drawn.confidence) == ("S003", Origin.DRAWN, 1.0)


@given(st.floats(-180, 180), st.floats(-80, 80), st.floats(-80, 80))
def test_a_cut_parts_a_section_without_losing_any_of_it(angle_deg: float, x: float, y: float) -> None:
    start, end = Rigid(x, y, angle_deg).apply((-10, 0)), Rigid(x, y, angle_deg).apply((10, 0))
    cut = review.split_by_cut(row(3), "S001", start, end, BARE)
    parts = [c.outline_um for c in cut.sections if c.id in ("S001", "S004")]
    assert [c.id for c in cut.sections] == ["S001", "S004", "S002", "S003"]
    assert area(*parts) == pytest.approx(area(BLOCK))
    assert all(Polygon(part).within(Polygon(BLOCK).buffer(1e-6)) for part in parts)


@given(st.floats(-180, 180))
def test_the_parts_of_a_cut_merge_into_what_was_cut(angle_deg: float) -> None:
    start, end = Rigid(rotation_deg=angle_deg).apply((-10, 0)), Rigid(rotation_deg=angle_deg).apply((10, 0))
    cut = review.split_by_cut(row(2), "S001", start, end, BARE)
    merged = review.merge(cut, ["S001", "S003"])
    assert [c.id for c in merged.sections] == ["S001", "S002"]
    assert Polygon(merged.section("S001").outline_um).symmetric_difference(Polygon(BLOCK)).area < 1e-3


def test_a_stroke_crosses_what_it_leads_through() -> None:
    assert rings.crosses(BLOCK, (0, -200), (20, 200))
    assert not rings.crosses(BLOCK, (0, -200), (0, 0))
    assert not rings.crosses(BLOCK, (900, -200), (900, 200))


@pytest.mark.parametrize("count", [2, 3])
def test_touching_sections_are_split_like_the_others(count: int) -> None:
    ribbon = [block(5000.0 + 450.0 * k, 0.0, 180.0 * (k % 2)) for k in range(count)]
    clump = Candidate("S009", rings.united([*ribbon]), 0.4)
    apart = split_like_others(Candidates((*row().sections, clump)), "S009", BARE)
    parts = [c.outline_um for c in apart.sections[5:]]
    assert [c.id for c in apart.sections[5:]] == ["S009", "S010", "S011"][:count]
    assert sorted(max(iou(part, true) for part in parts) > 0.8 for true in ribbon) == [True] * count


def test_what_is_no_clump_or_has_no_like_is_not_split() -> None:
    with pytest.raises(ReviewRefused, match="single section"):
        split_like_others(row(), "S001", BARE)
    with pytest.raises(ReviewRefused, match="no other section"):
        split_like_others(row(1), "S001", BARE)
    with pytest.raises(ReviewRefused, match="no candidate S9"):
        split_like_others(row(1), "S9", BARE)


def test_what_lies_apart_merges_into_its_hull() -> None:
    merged = review.merge(row(2), ["S001", "S002"]).section("S001")
    assert merged.outline_um and area(merged.outline_um) > 2.2 * area(BLOCK)
    assert merged.origin is Origin.DRAWN


def test_corners_are_moved_added_taken_out_and_thinned() -> None:
    with_corner = rings.corner_inserted(BLOCK, 0, (0.0, -130.0))
    assert with_corner[:2] == (BLOCK[0], (0.0, -130.0))
    moved = rings.corner_moved(with_corner, 1, (0.0, -125.5))
    assert rings.corner_removed(moved, 1) == BLOCK
    assert set(rings.simplified(moved, 2.0)) == set(BLOCK)


LABELLED = Candidates(row().sections, (Label(LabelKind.TISSUE, BLOCK), Label(LabelKind.IGNORE, BLOCK)))


def test_labels_are_drawn_changed_and_taken_away() -> None:
    more = review.label(LABELLED, LabelKind.BACKGROUND, block(0, 500))
    changed = review.relabel(more, 0, Label(LabelKind.BACKGROUND, block(5, 5)))
    assert [x.kind for x in changed.labels] == [
        LabelKind.BACKGROUND,
        LabelKind.IGNORE,
        LabelKind.BACKGROUND,
    ]
    assert [x.kind for x in review.unlabel(changed, 1).labels] == [LabelKind.BACKGROUND] * 2


CROSSED: tuple[Point, ...] = ((0, 0), (1, 1), (1, 0), (0, 1))
TAKEN = review.accept(LABELLED, ["S002"])


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (lambda c: review.accept(c, []), "No candidate is chosen"),
        (lambda c: review.reject(c, ["S001", "S099"]), "no candidate S099"),
        (lambda c: review.merge(c, ["S001"]), "at least two"),
        (lambda c: review.merge(c, ["S001", "S002"]), "S002: already in the plan"),
        (lambda c: review.remove(c, ["S002"]), "S002: already in the plan"),
        (lambda c: review.reshape(c, "S002", BLOCK), "reopen it first"),
        (lambda c: review.reshape(c, "S001", CROSSED), "crosses itself"),
        (lambda c: review.reshape(c, "S001", BLOCK[:2]), "three corners"),
        (lambda c: review.add(c, block(1e9, 0), BARE), "beyond what can lie on a wafer"),
        (lambda c: review.split_by_cut(c, "S001", (900, 0), (900, 9), BARE), "does not cross"),
        (lambda c: review.split_by_cut(c, "S001", (0, 0), (0, 0), BARE), "no direction"),
        (lambda c: review.split_into(c, "S001", [BLOCK], BARE), "single section"),
        (lambda c: review.unlabel(c, 2), "no such label"),
        (lambda c: review.label(c, LabelKind.TISSUE, CROSSED), "crosses itself"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    step: Callable[[Candidates], Candidates], said: str
) -> None:
    with pytest.raises(ReviewRefused, match=said) as refused:
        step(TAKEN)
    assert str(refused.value).endswith(".")


def test_what_is_accepted_lies_in_the_plan_once() -> None:
    candidates = review.accept(row(3), ["S001", "S003"])
    plan = accepted_into(BARE, candidates)
    assert [s.id for s in plan.sections] == ["S001", "S003"]
    assert plan.sections[0].outline_um == BLOCK
    assert accepted_into(plan, candidates) == plan
    assert Wafer.parse(FILE, plan.to_geojson()) == plan


def test_an_accepted_section_that_was_moved_in_the_plan_stays_there() -> None:
    candidates = review.accept(row(2), ["S001", "S002"])
    plan = accepted_into(BARE, candidates)
    moved = Wafer((replace(plan.sections[1], outline_um=block(7, 7)), plan.sections[0]), ())
    assert accepted_into(moved, candidates) == moved


@pytest.mark.parametrize("take_back", [review.reopen, review.reject])
def test_what_is_no_longer_accepted_leaves_the_plan_and_nothing_else_does(
    take_back: Callable[[Candidates, list[str]], Candidates],
) -> None:
    own = accepted_into(BARE, review.accept(Candidates((Candidate("mine", block(0, 900)),)), ["mine"]))
    candidates = review.accept(row(2), ["S001", "S002"])
    plan = accepted_into(own, candidates)
    assert [s.id for s in plan.sections] == ["mine", "S001", "S002"]
    assert [s.id for s in accepted_into(plan, take_back(candidates, ["S001"])).sections] == ["mine", "S002"]


@given(st.floats(-89, 89))
def test_a_section_is_turned_as_its_outline_lies(angle_deg: float) -> None:
    candidates = review.accept(Candidates((Candidate("S001", block(50, 60, angle_deg)),)), ["S001"])
    (section,) = accepted_into(BARE, candidates).sections
    assert math.sin(math.radians(section.rotation_deg - angle_deg)) == pytest.approx(0, abs=1e-9)
    assert section.thickness_nm == 200.0
