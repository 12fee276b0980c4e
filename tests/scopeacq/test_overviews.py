"""Pictures of the wafer: placed exactly, kept durably, read part by part, refused in one sentence."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopeacq.plan.geometry import Point
from scopeacq.plan.overviews import (
    Overview,
    add_overview,
    place_file,
    read_overviews,
    read_placement,
    remove_overview,
    write_placement,
)
from scopeacq.plan.placement import Landmark, Placement, PlacementRefused, fitted
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.pyramid_tiff import (
    PART_PX,
    PyramidTiff,
    UnreadablePicture,
    pyramid_bytes,
    read_picture,
)

near = st.floats(-5e3, 5e3)
points = st.tuples(near, near)
angles = st.floats(-180, 180)
factors = st.floats(0.05, 20)
placements = st.builds(
    lambda at, angle, factor, flip: _placed(at, angle, factor, flip=flip),
    points,
    angles,
    factors,
    st.booleans(),
)


def _placed(at: Point, angle_deg: float, factor: float, *, flip: bool) -> Placement:
    placed = Placement.centred(640, 480, 2.0).moved(*at).turned(at, angle_deg).scaled(at, factor)
    return placed.flipped(at) if flip else placed


@given(placements, points)
def test_a_pixel_goes_to_the_wafer_and_back(placement: Placement, px: Point) -> None:
    assert placement.px(placement.wafer_um(px)) == pytest.approx(px, abs=1e-5)


@given(placements, points, points, angles, factors)
def test_what_is_done_by_hand_can_be_done_back(
    placement: Placement, shift: Point, about: Point, angle_deg: float, factor: float
) -> None:
    there = placement.moved(*shift).turned(about, angle_deg).scaled(about, factor).flipped(about)
    back = there.flipped(about).scaled(about, 1 / factor).turned(about, -angle_deg)
    back = back.moved(-shift[0], -shift[1])
    assert there.mirrored is not placement.mirrored
    assert there.pixel_um == pytest.approx(placement.pixel_um * factor)
    for px in ((0.0, 0.0), (640.0, 0.0), (0.0, 480.0)):
        assert math.dist(back.wafer_um(px), placement.wafer_um(px)) < 1e-3


@given(placements, st.integers(2, 8))
def test_landmarks_find_where_a_picture_lies(truth: Placement, count: int) -> None:
    corners = [(0.0, 0.0), (600.0, 40.0), (80.0, 400.0), (500.0, 470.0), (300.0, 10.0)]
    marks = [Landmark(px, truth.wafer_um(px)) for px in (corners * 2)[:count]]
    now = Placement.centred(640, 480, 1.0)
    found, residual_um = fitted(marks, now.flipped((0.0, 0.0)) if truth.mirrored else now)
    assert residual_um < 1e-5 * truth.pixel_um * 640 + 1e-6
    for px in corners:
        assert math.dist(found.wafer_um(px), truth.wafer_um(px)) < 1e-4 * truth.pixel_um * 640


def test_one_landmark_shifts_and_three_that_disagree_say_by_how_much() -> None:
    now = Placement.centred(100, 100, 1.0).turned((0.0, 0.0), 30.0)
    (shifted, left_um) = fitted([Landmark((10.0, 10.0), (500.0, 0.0))], now)
    assert shifted.wafer_um((10.0, 10.0)) == pytest.approx((500.0, 0.0))
    assert left_um == pytest.approx(0.0, abs=1e-9)
    assert shifted.to_wafer[0][:2] == now.to_wafer[0][:2]
    marks = [Landmark((0.0, 0.0), (0.0, 0.0)), Landmark((99.0, 0.0), (99.0, 0.0))]
    _, residual_um = fitted([*marks, Landmark((99.0, 99.0), (99.0, -109.0))], now)
    assert residual_um == pytest.approx(5.0, abs=2.0)


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ([], "at least"),
        ([Landmark((3.0, 3.0), (0.0, 0.0)), Landmark((3.0, 3.0), (9.0, 0.0))], "at one point"),
        ([Landmark((float(n), float(n)), (float(n), 0.0)) for n in range(5)], "on a line"),
    ],
)
def test_landmarks_that_fix_nothing_are_refused(marks: list[Landmark], why: str) -> None:
    with pytest.raises(PlacementRefused, match=why):
        fitted(marks, Placement.centred(10, 10, 1.0))


def texture(height: int, width: int, *channels: int, dtype: str = "uint8") -> np.ndarray:
    rng = np.random.default_rng(1)
    high = 255 if dtype == "uint8" else 4000
    return rng.integers(0, high, (height, width, *channels)).astype(dtype)


def png(path: Path, image: np.ndarray) -> Path:
    _, data = cv2.imencode(path.suffix, image)
    path.write_bytes(data.tobytes())
    return path


@pytest.mark.parametrize("channels", [(), (3,)])
def test_an_added_picture_is_read_part_by_part_as_it_was(tmp_path: Path, channels: tuple[int, ...]) -> None:
    image = texture(1100, 700, *channels)
    source = png(tmp_path / "my photo.png", image)
    overview = add_overview(source, tmp_path / "overviews", 11_000.0, DiskFiles()).overview
    assert overview.name == "my-photo"
    assert overview.placement.pixel_um == pytest.approx(10.0)
    assert [level.shape for level in overview.levels] == [(1100, 700), (550, 350), (275, 175)]
    as_read = image[..., ::-1] if channels else image
    with PyramidTiff(overview.path) as picture:
        rows, columns = picture.levels[0].grid
        parts = [[picture.part(0, r, c) for c in range(columns)] for r in range(rows)]
        assert picture.part(2, 0, 0).shape[:2] == (275, 175)
    assert parts[0][0].shape[:2] == (PART_PX, PART_PX)
    np.testing.assert_array_equal(np.vstack([np.hstack(row) for row in parts]), as_read)


def test_pictures_of_16_bits_fill_the_range_of_8(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", texture(300, 200, dtype="uint16"))
    overview = add_overview(tmp_path / "a.tif", tmp_path / "o", 100.0, DiskFiles()).overview
    with PyramidTiff(overview.path) as picture:
        part = picture.part(0, 0, 0)
    assert part.dtype == np.uint8
    assert (part.min(), part.max()) == (0, 255)


def test_a_place_is_kept_exactly_and_names_are_never_taken_twice(tmp_path: Path) -> None:
    source, folder, files = png(tmp_path / "a.png", texture(60, 80)), tmp_path / "o", DiskFiles()
    first, second = (add_overview(source, folder, 1000.0, files).overview for _ in range(2))
    assert {first.name, second.name} == {"a", "a-2"}
    moved = replace(first, placement=first.placement.turned((3.0, 4.0), 12.345).moved(1 / 3, 0.1))
    write_placement(moved, files)
    assert read_overviews(folder) == ((second, moved), ())
    assert Overview.read(first.path) == moved
    remove_overview(moved, files)
    assert read_overviews(folder) == ((second,), ())
    assert source.exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "format"),
        ('format = "scopeacq.overview/2"\n', "version"),
        ('format = "scopeacq.overview/1"\n', "to_wafer is missing"),
        ('format = "scopeacq.overview/1"\nto_wafer = [[1, 0, 0]]\n', "to_wafer"),
        ('format = "scopeacq.overview/1"\nto_wafer = [[1, 0, 0], [2, 0, 0]]\n', "flattened"),
        ('format = "scopeacq.overview/1"\nto_wafer = [[1, 0, nan], [0, 1, 0]]\n', "finite"),
        ('format = "scopeacq.overview/1"\nto_wafer = [[1, 0, "x"], [0, 1, 0]]\n', "valid number"),
        ("to_wafer = [[", "not valid TOML"),
    ],
)
def test_a_wrong_place_is_refused_and_the_others_are_shown(tmp_path: Path, text: str, why: str) -> None:
    good, bad = (
        add_overview(png(tmp_path / f"{n}.png", texture(60, 80)), tmp_path / "o", 1.0, DiskFiles()).overview
        for n in "ab"
    )
    place_file(bad.path).write_text(text)
    shown, (error,) = read_overviews(tmp_path / "o")
    assert shown == (good,)
    assert why in str(error)
    assert str(place_file(bad.path)) in str(error)


@pytest.mark.parametrize("content", [b"", b"no picture", b"II*\0\x08\0\0\0" + b"\xff" * 60])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
def test_what_is_no_picture_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadablePicture):
        read_picture(tmp_path / name)
    with pytest.raises(SettingsError, match="Choose a TIFF, PNG, JPEG or CZI"):
        add_overview(tmp_path / name, tmp_path / "o", 1.0, DiskFiles())
    assert not list(tmp_path.glob("o/*"))


def test_a_cut_off_picture_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    overview = add_overview(
        png(tmp_path / "a.png", texture(900, 900)), tmp_path / "o", 1.0, DiskFiles()
    ).overview
    overview.path.write_bytes(overview.path.read_bytes()[:2000])
    shown, (error,) = read_overviews(tmp_path / "o")
    assert not shown
    assert error.path == overview.path


def claimed(path: Path, **tags: int) -> None:
    """Have a file claim another size than it has."""
    with tifffile.TiffFile(path, mode="r+") as file:
        for name, value in tags.items():
            file.pages.first.tags[name].overwrite(value)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("tile", [(32, 32), None])
@pytest.mark.parametrize("edge_px", [60_000, 1_000_000])
def test_a_size_that_is_only_claimed_costs_no_memory(
    tmp_path: Path, tile: tuple[int, int] | None, edge_px: int, compression: str | None
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, texture(64, 64), tile=tile, compression=compression)
    claimed(path, ImageWidth=edge_px, ImageLength=edge_px)
    assert most_bytes(lambda: refused(path)) < 50e6


def refused(path: Path) -> None:
    with pytest.raises(UnreadablePicture):
        read_picture(path)
    with pytest.raises(UnreadablePicture):
        PyramidTiff(path)


def most_bytes(do: Callable[[], None]) -> int:
    """The most bytes that were held meanwhile; NumPy tells tracemalloc of its own."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(3, 64, 80), (2, 64, 80, 3)])
def test_a_stack_is_no_picture(tmp_path: Path, shape: tuple[int, ...]) -> None:
    photometric = "rgb" if len(shape) == 4 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, np.uint8), photometric=photometric)
    with pytest.raises(SettingsError, match=f"a stack of {shape[0]} pictures"):
        add_overview(tmp_path / "a.tif", tmp_path / "o", 1.0, DiskFiles())


bytes_changed = st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.integers(0, 255)), max_size=8)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bytes_changed)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    tmp_path: Path, changes: list[tuple[float, bool, int]]
) -> None:
    data = bytearray(pyramid_bytes(texture(600, 550)))
    for where, in_head, value in changes:
        data[round(where * (600 if in_head else len(data) - 1))] = value
    path = tmp_path / "a.ome.tif"
    path.write_bytes(data)
    with suppress(UnreadablePicture):
        read_picture(path)
    with suppress(UnreadablePicture), PyramidTiff(path) as picture:
        for number in range(len(picture.levels)):
            picture.part(number, 0, 0)


numbers = st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.booleans())
rows = st.lists(st.lists(numbers, max_size=4), max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_any_place_is_read_or_refused_with_the_name_of_its_file(
    tmp_path: Path, to_wafer: list[list[object]]
) -> None:
    path = tmp_path / "a.toml"
    path.write_text(tomlkit.dumps({"format": "scopeacq.overview/1", "to_wafer": to_wafer}), "utf-8")
    try:
        placement = read_placement(path)
    except SettingsError as error:
        assert str(path) in str(error)
    else:
        assert all(
            type(value) is float and math.isfinite(value) for row in placement.to_wafer for value in row
        )


def test_a_link_that_leads_nowhere_is_refused_and_the_others_are_shown(tmp_path: Path) -> None:
    good = add_overview(png(tmp_path / "a.png", texture(60, 80)), tmp_path / "o", 1.0, DiskFiles()).overview
    circle = tmp_path / "o" / "b.ome.tif"
    circle.symlink_to(circle.name)
    place_file(circle).write_text(place_file(good.path).read_text())
    shown, (error,) = read_overviews(tmp_path / "o")
    assert shown == (good,)
    assert error.path == circle
