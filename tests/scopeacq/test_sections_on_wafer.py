"""Sections sought on an overview: where they lie on the wafer, and what was judged before stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from shapely.geometry import Polygon

from scopeacq.plan.overviews import Overview
from scopeacq.plan.wafer import Wafer
from scopeacq.sections import review
from scopeacq.sections.candidates import Candidates, Origin, Ring, Verdict
from scopeacq.sections.on_wafer import SearchRefused, find_sections
from scopeacq.sections.seen import look_at
from scopeacq.sections.ways import Learned, Unlearned
from tests.scopeacq.drawn_wafers import OUTLINES_PX, greys, overview_in, placed, same, true_rings

BARE = Wafer((), ())
NOTHING = Candidates()


@pytest.fixture(scope="module")
def overview(tmp_path_factory: pytest.TempPathFactory) -> Overview:
    return overview_in(tmp_path_factory.mktemp("run") / "overviews", greys(), placed())


def found_of(candidates: Candidates, true: list[Ring]) -> int:
    return sum(any(same(c.outline_um, ring) > 0.8 for c in candidates.sections) for ring in true)


@pytest.mark.parametrize("mirrored", [False, True])
def test_sections_are_placed_on_the_wafer_counter_clockwise(overview: Overview, mirrored: bool) -> None:
    seen = replace(overview, placement=placed(mirrored=mirrored))
    found = find_sections(seen, Unlearned(), NOTHING, BARE)
    assert found.new == len(found.candidates.sections) == len(OUTLINES_PX)
    assert found_of(found.candidates, true_rings(seen.placement)) == len(OUTLINES_PX)
    assert all(Polygon(c.outline_um).exterior.is_ccw for c in found.candidates.sections)
    assert found.section_um == pytest.approx((240, 176), rel=0.08)


@pytest.mark.parametrize(("most_px", "shape"), [(600, (500, 600)), (720, (600, 720)), (9000, (2000, 2400))])
def test_a_picture_made_smaller_shows_the_same_places(
    tmp_path: Path, most_px: int, shape: tuple[int, int]
) -> None:
    large = cv2.resize(greys(), (2400, 2000), interpolation=cv2.INTER_CUBIC)
    overview = overview_in(tmp_path / "overviews", np.asarray(large, np.uint8), placed(1.0))
    seen = look_at(overview, most_px)
    assert seen.greys.shape == shape
    factors = np.array([2400, 2000]) / shape[::-1]
    for corner in OUTLINES_PX[0]:
        at_full = (corner + 0.5) * factors - 0.5
        there = overview.placement.wafer_um((float(at_full[0]), float(at_full[1])))
        assert seen.placement.wafer_um((float(corner[0]), float(corner[1]))) == pytest.approx(there)
    there_and_back = seen.outline_px(seen.ring_um(OUTLINES_PX[0]))
    assert np.sort(there_and_back, axis=0) == pytest.approx(np.sort(OUTLINES_PX[0], axis=0))


def test_one_drawn_section_is_an_example(overview: Overview) -> None:
    true = true_rings(overview.placement)
    found = find_sections(overview, Unlearned(example_um=true[4]), NOTHING, BARE)
    assert found_of(found.candidates, true) == len(true)


def test_an_example_beside_the_overview_is_refused(overview: Overview) -> None:
    beside = tuple((x + 1e5, y) for x, y in true_rings(overview.placement)[0])
    with pytest.raises(SearchRefused, match="beside the overview"):
        find_sections(overview, Unlearned(beside), NOTHING, BARE)


@pytest.mark.parametrize("pixel_um", [0.02, 2000.0])
def test_an_overview_of_another_scale_than_it_says_is_refused(overview: Overview, pixel_um: float) -> None:
    with pytest.raises(SearchRefused, match="its scale is wrong"):
        find_sections(replace(overview, placement=placed(pixel_um)), Unlearned(), NOTHING, BARE)


def test_nothing_is_found_on_a_bare_wafer(tmp_path: Path) -> None:
    bare = overview_in(tmp_path / "overviews", np.full((300, 300), 128, np.uint8), placed())
    found = find_sections(bare, Unlearned(), NOTHING, BARE)
    assert (found.candidates, found.new, found.section_um) == (NOTHING, 0, None)


def test_what_was_judged_or_drawn_stays_and_is_not_found_again(overview: Overview) -> None:
    true = true_rings(overview.placement)
    first = find_sections(overview, Unlearned(), NOTHING, BARE).candidates
    judged = review.accept(review.reject(first, ["S001", "S002"]), ["S003"])
    drawn = review.reshape(judged, "S004", tuple((x + 5, y) for x, y in judged.section("S004").outline_um))
    again = find_sections(overview, Unlearned(), drawn, BARE)
    assert len(again.candidates.sections) == len(true)
    assert again.new == len(true) - 4
    kept = {c.id: c for c in again.candidates.sections[:4]}
    assert kept == {c.id: c for c in drawn.sections if c.id in kept}
    assert [kept[n].verdict for n in ("S001", "S003")] == [Verdict.REJECTED, Verdict.ACCEPTED]
    assert kept["S004"].origin is Origin.DRAWN


def test_sections_of_the_plan_are_not_found_again(overview: Overview) -> None:
    first = find_sections(overview, Unlearned(), NOTHING, BARE).candidates
    plan = review.accepted_into(BARE, review.accept(first, ["S001", "S005"]))
    found = find_sections(overview, Unlearned(), NOTHING, plan)
    assert found.new == len(OUTLINES_PX) - 2
    assert not {c.id for c in found.candidates.sections} & {"S001", "S005"}


def test_a_wide_find_over_the_parts_of_a_split_section_is_known(overview: Overview) -> None:
    first = find_sections(overview, Unlearned(), NOTHING, BARE).candidates
    middle = Polygon(first.section("S001").outline_um).centroid
    start, end = (middle.x, middle.y - 1), (middle.x, middle.y + 1)
    parted = review.split_by_cut(first, "S001", start, end, BARE)
    found = find_sections(overview, Unlearned(), parted, BARE)
    assert found.new == len(OUTLINES_PX) - 1


def test_the_network_tells_how_far_it_is(overview: Overview) -> None:
    told: list[float] = []
    found = find_sections(overview, Learned(), NOTHING, BARE, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert found_of(found.candidates, true_rings(overview.placement)) >= len(OUTLINES_PX) - 1
