"""Fiducials are proposed where an overview shows marks of their own, and doubtful choices are named."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point
from scopeacq.plan.mark_checks import turns_onto_itself
from scopeacq.plan.placement import Placement
from scopeacq.plan.wafer import Fiducial, Wafer
from scopeacq.sections.seen import Seen
from scopeacq.vision.fiducial_choice import Need, judge_places, place_findings, propose

PIXEL_UM = 2.0
EDGE_PX = 1000
NEED = Need(field_um=40.0, reach_um=15.0)
SECTION_PX = (420, 420, 620, 540)
SECTION_CORNERS_PX: tuple[Point, ...] = ((420.0, 420.0), (620.0, 420.0), (620.0, 540.0), (420.0, 540.0))
MARKS_PX: tuple[Point, ...] = (
    (90.0, 110.0),
    (880.0, 140.0),
    (130.0, 860.0),
    (900.0, 890.0),
    (500.0, 930.0),
)


def placed() -> Placement:
    return Placement.centred(EDGE_PX, EDGE_PX, PIXEL_UM)


TISSUE = (tuple(placed().wafer_um(corner) for corner in SECTION_CORNERS_PX),)


def cross(greys: NDArray[np.uint8], px: Point) -> None:
    """A mark whose arms differ, so that it looks like itself at one place only."""
    x, y = int(px[0]), int(px[1])
    cv2.line(greys, (x - 6, y), (x + 6, y), 200, 2)
    cv2.line(greys, (x, y - 2), (x, y + 6), 200, 2)


@pytest.fixture(scope="module")
def seen() -> Seen:
    """A dark wafer with noise and shading, a section full of structure, marks, a long scratch."""
    rng = np.random.default_rng(5)
    shading = 12 * np.hypot(*(np.indices((EDGE_PX, EDGE_PX)) - EDGE_PX / 2)) / EDGE_PX
    greys = np.clip(30 + shading + rng.normal(0, 3, (EDGE_PX, EDGE_PX)), 0, 255).astype(np.uint8)
    left, top, right, bottom = SECTION_PX
    greys[top:bottom, left:right] = rng.integers(90, 220, (bottom - top, right - left), dtype=np.uint8)
    for px in MARKS_PX:
        cross(greys, px)
    cv2.line(greys, (250, 600), (250, 840), 180, 2)
    return Seen(greys, placed())


def nearest_mark_um(place: Point) -> float:
    return min(math.dist(place, placed().wafer_um(px)) for px in MARKS_PX)


def test_marks_are_proposed_and_neither_tissue_nor_scratch(seen: Seen) -> None:
    places = propose(seen, TISSUE, (), len(MARKS_PX), NEED)
    assert len(places) == len(MARKS_PX)
    assert all(nearest_mark_um(p.centre_um) <= NEED.field_um / 2 for p in places)
    assert all(p.enough for p in places)


def test_three_of_them_are_wide_apart_and_uneven(seen: Seen) -> None:
    places = [p.centre_um for p in propose(seen, TISSUE, (), 3, NEED)]
    assert len(places) == 3
    apart_um = min(math.dist(a, b) for a in places for b in places if a != b)
    assert apart_um > 0.3 * EDGE_PX * PIXEL_UM
    assert not list(turns_onto_itself(places, NEED.reach_um))


def test_more_are_proposed_beside_those_there_are(seen: Seen) -> None:
    first = [p.centre_um for p in propose(seen, TISSUE, (), 2, NEED)]
    more = [p.centre_um for p in propose(seen, TISSUE, first, len(MARKS_PX), NEED)]
    assert len(more) == len(MARKS_PX) - 2
    assert all(math.dist(a, b) > NEED.field_um for a in first for b in more)


def test_where_nothing_was_imaged_there_is_no_fiducial(seen: Seen) -> None:
    greys = seen.greys.copy()
    greys[700:, 700:] = 0
    greys[650:, 760:] = 0
    places = [p.centre_um for p in propose(Seen(greys, placed()), TISSUE, (), len(MARKS_PX), NEED)]
    assert len(places) == len(MARKS_PX) - 1 and all(nearest_mark_um(p) <= NEED.field_um / 2 for p in places)


def test_a_bare_wafer_has_nothing_to_propose() -> None:
    noise = np.random.default_rng(0).normal(40, 3, (EDGE_PX, EDGE_PX))
    assert propose(Seen(noise.astype(np.uint8), placed()), (), (), 3, NEED) == ()


def test_a_picture_without_any_structure_has_nothing_to_propose() -> None:
    assert propose(Seen(np.full((300, 300), 7, np.uint8), placed()), (), (), 3, NEED) == ()


def test_what_repeats_within_reach_is_told_apart_from_what_does_not(seen: Seen) -> None:
    scratch, mark = placed().wafer_um((250.0, 720.0)), placed().wafer_um(MARKS_PX[0])
    again, alone = judge_places(seen, [scratch, mark], NEED)
    assert again is not None and alone is not None
    assert not again.enough and alone.enough
    assert again.likeness > alone.likeness


def test_doubtful_choices_are_named(seen: Seen) -> None:
    places = {"mark": MARKS_PX[1], "bare": (700.0, 700.0), "off": (-50.0, 0.0)}
    fiducials = tuple(Fiducial(name, placed().wafer_um(px)) for name, px in places.items())
    texts = [f.text for f in place_findings(seen, Wafer((), fiducials), NEED)]
    assert len(texts) == 2
    assert any("bare" in text and "mark" in text for text in texts)
    assert any("off" in text and "beyond" in text for text in texts)
