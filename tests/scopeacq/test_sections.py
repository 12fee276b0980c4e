"""Sections found in pictures of wafers: outlines, touching ones, unlearned detection, flags, ``.magc``."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.sections import SectionFinder
from scopeacq.plan.settings import SettingsError
from scopeacq.sections.detection import found_in
from scopeacq.sections.edges import sharpened
from scopeacq.sections.finding import FoundSection, flagged
from scopeacq.sections.flags import Flag
from scopeacq.sections.imports.magc import read_magc
from scopeacq.sections.learned import detect_learned
from scopeacq.sections.outlines import Outline, area, fill, outline_of, overlap, turned
from scopeacq.sections.unlearned import detect

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "wafer_sections_magc"
BLOCK = np.array([[-30.0, -22.0], [30.0, -22.0], [24.0, 22.0], [-24.0, 22.0]])


def block(x: float, y: float, angle_deg: float) -> Outline:
    return turned(BLOCK, angle_deg) + np.array([x, y])


def painted(outlines: list[Outline], shape: tuple[int, int] = (600, 700)) -> NDArray[np.float32]:
    mask = np.zeros(shape, np.uint8)
    for outline in outlines:
        fill(mask, outline)
    return mask.astype(np.float32)


def corner_error_px(found: Outline, true: Outline) -> float:
    return max(float(np.linalg.norm(found - corner, axis=1).min()) for corner in true)


def matched(found: list[FoundSection], true: list[Outline]) -> int:
    return sum(any(overlap(s.outline, outline) > 0.8 for s in found) for outline in true)


ROW = [block(100 + 58 * k, 100, 180 * (k % 2)) for k in range(4)]  # a ribbon that touches side by side
ALONE = [block(120 + 110 * k, 300 + 15 * k, 25.0 * k) for k in range(5)]
CORNERED = [block(150, 480, 0), block(205, 500, 45)]
ALL = [*ROW, *ALONE, *CORNERED]


@given(angle_deg=st.floats(0, 360), x=st.floats(60, 80), y=st.floats(60, 80), scale=st.floats(0.7, 1.5))
@settings(deadline=None, max_examples=40)
def test_an_outline_has_the_corners_of_what_was_painted(
    angle_deg: float, x: float, y: float, scale: float
) -> None:
    true = turned(scale * BLOCK, angle_deg) + np.array([x, y])
    mask = np.zeros((150, 150), np.uint8)
    fill(mask, true)
    found = outline_of(mask)
    assert found is not None
    assert len(found) == 4
    assert corner_error_px(found, true) < 1.5
    assert area(found) == pytest.approx(area(true), rel=0.05)


def test_nicks_and_rounded_corners_do_not_move_an_outline() -> None:
    true = block(75, 75, 20)
    mask = np.zeros((150, 150), np.uint8)
    fill(mask, true)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13)))
    mask[70:76, 95:110] = 0
    found = outline_of(mask)
    assert found is not None
    assert corner_error_px(found, true) < 3.0


@pytest.mark.parametrize("mask", [np.zeros((9, 9), np.uint8), np.eye(9, dtype=np.uint8)])
def test_nothing_has_no_outline(mask: NDArray[np.uint8]) -> None:
    assert outline_of(mask) is None


@given(st.floats(0, 180), st.floats(-20, 20), st.floats(-20, 20))
@settings(deadline=None, max_examples=30)
def test_overlap_is_symmetric_and_one_with_itself(angle_deg: float, dx: float, dy: float) -> None:
    one, other = block(0, 0, 0), block(dx, dy, angle_deg)
    assert overlap(one, one) == pytest.approx(1.0, abs=1e-3)
    assert overlap(one, other) == pytest.approx(overlap(other, one), abs=1e-4)
    assert 0 <= overlap(one, other) <= 1 + 1e-6


def test_touching_sections_are_told_apart() -> None:
    detection = found_in(painted(ALL))
    assert len(detection.proposed) == len(ALL)
    assert matched(list(detection.proposed), ALL) == len(ALL)


def test_slivers_and_what_lies_beyond_the_wafer_are_no_sections() -> None:
    found = painted(ALL)
    found[560:, :] = 1.0
    found[20:60, 400:404] = 1.0
    proposed = list(found_in(found).proposed)
    assert matched(proposed, ALL) == len(ALL)
    assert len(proposed) == len(ALL)


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 90.0])
def test_a_folded_section_is_one(angle_deg: float) -> None:
    found = painted(ALL)
    fold = turned(np.array([[-60.0, -2.0], [60.0, -2.0], [60.0, 2.0], [-60.0, 2.0]]), angle_deg)
    window = np.zeros(found.shape, np.uint8)
    fill(window, fold + ALONE[1].mean(0))
    proposed = list(found_in(np.where(window > 0, np.float32(0), found)).proposed)
    assert len(proposed) == matched(proposed, ALL) == len(ALL)


def test_speckled_sections_are_whole() -> None:
    found = painted(ALONE)
    found[np.random.default_rng(0).random(found.shape) < 0.2] = 0.0
    proposed = list(found_in(found).proposed)
    assert len(proposed) == matched(proposed, ALONE) == len(ALONE)


def test_what_hangs_together_with_the_outside_of_the_wafer_is_no_section() -> None:
    y, x = np.mgrid[:600, :700]
    found = painted(ALL)
    found[np.hypot(x - 320, y - 300) > 410] = 1.0  # a crescent that narrows to nothing
    proposed = list(found_in(found).proposed)
    assert len(proposed) == matched(proposed, ALL) == len(ALL)


def picture(outlines: list[Outline], wafer: int, section: int, seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    share = cv2.GaussianBlur(painted(outlines), (0, 0), 0.8)
    y, x = np.mgrid[:600, :700] / 600 - 0.5
    grey = (wafer + share * (section - wafer)) * (1 - 0.25 * (x**2 + y**2)) + rng.normal(0, 4, share.shape)
    return np.asarray(np.clip(grey, 0, 255), np.uint8)


@pytest.mark.parametrize(("wafer", "section"), [(200, 90), (40, 120), (150, 190)])
def test_sections_are_found_without_training_whichever_are_brighter(wafer: int, section: int) -> None:
    proposed = list(detect(picture(ALL, wafer, section)).proposed)
    assert matched(proposed, ALL) == len(ALL)
    assert len(proposed) == len(ALL)


def test_sections_are_found_by_one_example() -> None:
    proposed = list(detect(picture(ALL, 200, 90), example=ALONE[2]).proposed)
    assert matched(proposed, ALL) >= len(ALL) - 1


@pytest.fixture(scope="module")
def shipped() -> SectionFinder:
    return SectionFinder.load()


@pytest.mark.parametrize(("wafer", "section"), [(200, 90), (40, 120)])
def test_the_shipped_network_finds_sections_whichever_are_brighter(
    shipped: SectionFinder, wafer: int, section: int
) -> None:
    told: list[float] = []
    proposed = list(detect_learned(shipped, picture(ALL, wafer, section), progress=told.append).proposed)
    assert len(proposed) == matched(proposed, ALL) == len(ALL)
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (300, 300)])
def test_the_shipped_network_finds_no_section_where_nothing_is(
    shipped: SectionFinder, shape: tuple[int, int]
) -> None:
    assert not detect_learned(shipped, np.full(shape, 128, np.uint8)).proposed


def section(outline: Outline, confidence: float = 0.9) -> FoundSection:
    return FoundSection(tuple((float(x), float(y)) for x, y in outline), confidence)


EDGED = {False: picture(ALONE, 200, 90), True: picture(ALONE, 40, 120)}


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(deadline=None, max_examples=25)
def test_outlines_are_moved_to_the_edges_in_the_picture(seed: int, bright: bool) -> None:
    rng = np.random.default_rng(seed)
    guessed = [section(outline + rng.uniform(-2, 2, outline.shape)) for outline in ALONE]
    moved = sharpened(EDGED[bright], guessed, bright)
    for found, true in zip(moved, ALONE, strict=True):
        assert corner_error_px(found.outline, true) < 1.0


def test_without_an_edge_an_outline_stays() -> None:
    guessed = [section(outline) for outline in ALONE]
    assert sharpened(np.full((600, 700), 90, np.uint8), guessed, bright=False) == guessed


def test_sections_of_a_ribbon_are_single_though_most_touch() -> None:
    square = np.array([[-27.0, -27.0], [27.0, -27.0], [27.0, 27.0], [-27.0, 27.0]])
    lengths = (3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1)
    touching = [
        square + np.array([60 + 54 * k + 200 * (row % 3), 60 + 80 * (row // 3)])
        for row, length in enumerate(lengths)
        for k in range(length)
    ]
    proposed = list(found_in(painted(touching)).proposed)
    assert matched(proposed, touching) == len(touching)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_bare_wafer_has_no_sections(value: int) -> None:
    assert not detect(np.full((300, 300), value, np.uint8)).sections


def test_duplicates_slivers_and_odd_sizes_are_flagged() -> None:
    usual = [section(outline) for outline in ALONE]
    double = section(ALONE[0] + 4, 0.5)
    small = section(turned(BLOCK * 0.5, 0) + 500)
    large = section(turned(BLOCK * 1.4, 0) + 900)
    told = flagged([*usual, double, small, large])
    assert [s.flags for s in told] == [
        *[frozenset()] * len(usual),
        {Flag.DUPLICATE},
        {Flag.SLIVER},
        {Flag.SIZE},
    ]
    assert [s.proposed for s in told[-3:]] == [False, False, True]


MAGC = """[sections]
number = 2

[sections.0000]
polygon = 0,0,10,0,10,8,0,8
center = 5,4

[sections.0003]
polygon = 20,0,30.5,0,30,8

[rois.0003]
template = 0
polygon = 22,1,24,1,24,2

[landmarks.0001]
location = 7,8

[landmarks.0000]
location = 5.5,-6

[tsporder]
tsporder = 1,0
"""


def magc(folder: Path, text: str) -> Path:
    path = folder / "wafer.magc"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_magc_file_is_read(tmp_path: Path) -> None:
    wafer = read_magc(magc(tmp_path, MAGC))
    assert list(wafer.sections) == [0, 3]
    assert wafer.sections[3] == ((20.0, 0.0), (30.5, 0.0), (30.0, 8.0))
    assert list(wafer.rois) == [3]
    assert wafer.landmarks == ((5.5, -6.0), (7.0, 8.0))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("polygon = 0,0,10,0,10,8,0,8", "polygon = 0,0,10,0", "[sections.0000] polygon"),
        ("polygon = 0,0,10,0,10,8,0,8", "polygon = 0,0,5,5,10,10", "[sections.0000] polygon"),
        ("polygon = 22,1,24,1,24,2", "", "[rois.0003] polygon"),
        ("location = 7,8", "location = 7,nan", "[landmarks.0001] location"),
        ("sections.", "parts.", "no section"),
        ("[tsporder]", "[tsporder", "no .magc file"),
        ("[sections.0003]", "[sections.0000]", "no .magc file"),
    ],
)
def test_a_broken_magc_file_is_refused_by_name(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_magc(magc(tmp_path, MAGC.replace(old, new)))
    assert problem in str(refused.value)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_whatever_a_magc_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(MAGC)))
    length = data.draw(st.integers(0, 40))
    text = MAGC[:place] + data.draw(st.text(max_size=20)) + MAGC[place + length :]
    path = tmp_path_factory.mktemp("magc") / "wafer.magc"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        wafer = read_magc(path)
    except SettingsError:
        return
    assert all(math.isfinite(v) for corners in wafer.sections.values() for p in corners for v in p)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real wafer is not at {REAL}")
def test_the_real_wafer_is_read() -> None:
    wafer = read_magc(REAL / "wafer_example1.magc")
    assert len(wafer.sections) == len(wafer.rois) == 433
    assert len(wafer.landmarks) == 4
