"""The mosaic's decisions: where tiles lie, how they fit together, how uneven the field of view is."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.types import Frame, Optics, StagePose
from scopeacq.mosaic.kept_tiles import KeptTiles
from scopeacq.mosaic.layout import layout_of, neighbours
from scopeacq.mosaic.registering import Link, fitted, linked
from scopeacq.mosaic.shading import flat_field
from scopeacq.plan.geometry import Rigid, full_turn_deg
from scopeacq.plan.overview_settings import OverviewSettings
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.growing_pyramid import GrowingPyramid
from scopeacq.storage.pyramid_tiff import PART_PX, PyramidTiff

Grey = NDArray[np.uint8]
WAFER_RADIUS_UM = 12_700.0
mounts = st.builds(Rigid, st.floats(-5e3, 5e3), st.floats(-5e3, 5e3), st.floats(-180, 180))

# -- layout --------------------------------------------------------------------------------


def test_the_default_is_the_published_overview() -> None:
    layout = layout_of(OverviewSettings(), Rigid())
    assert len(layout.spots) == 14 * 19
    assert (layout.frame.width_px, layout.frame.height_px, layout.frame.dwell_ns) == (1024, 768, 200.0)
    xs, ys = {s.centre_um[0] for s in layout.spots}, {s.centre_um[1] for s in layout.spots}
    assert max(xs) - min(xs) == pytest.approx(13 * 992) and max(ys) - min(ys) == pytest.approx(18 * 736)
    assert sum(xs) == pytest.approx(0) and sum(ys) == pytest.approx(0)


def test_the_stage_never_travels_back_over_a_row() -> None:
    spots = layout_of(OverviewSettings(columns=5, rows=4), Rigid()).spots
    assert max(math.dist(a.centre_um, b.centre_um) for a, b in pairwise(spots)) < 1000


def test_tiles_beyond_a_round_wafer_are_left_out_and_no_others() -> None:
    layout = layout_of(OverviewSettings(columns=26, rows=35), Rigid())
    assert 0 < len(layout.spots) < 26 * 35
    angles = np.linspace(0, 2 * math.pi, 720)
    edge = np.column_stack([np.cos(angles), np.sin(angles)]) * (WAFER_RADIUS_UM - 1)
    centres = np.array([s.centre_um for s in layout.spots])
    for point in edge:
        off = np.abs(centres - point)
        assert ((off[:, 0] <= 512) & (off[:, 1] <= 384)).any()


@given(mounts)
def test_the_picture_is_upright_on_the_wafer_however_that_is_mounted(mount: Rigid) -> None:
    layout = layout_of(OverviewSettings(columns=3, rows=2, centre_x_um=700.0), mount)
    spot = layout.spots[0]
    assert (spot.row, spot.column) == (0, 0)
    assert layout.placement.to_wafer[0][0] > 0 > layout.placement.to_wafer[1][1]
    assert layout.frame.scan_rot_deg == full_turn_deg(mount.rotation_deg) >= 0
    assert mount.inverse().apply(layout.stage_um(spot)) == pytest.approx(spot.centre_um, abs=1e-6)
    column, row = layout.corner_px(spot.centre_um)
    middle_px = column + (layout.frame.width_px - 1) / 2, row + (layout.frame.height_px - 1) / 2
    assert layout.placement.wafer_um(middle_px) == pytest.approx(spot.centre_um)
    assert column > 0 and row > 0


def test_each_tile_has_its_neighbours_once() -> None:
    spots = layout_of(OverviewSettings(columns=4, rows=3), Rigid()).spots
    pairs = list(neighbours(spots))
    assert len(pairs) == len(set(map(frozenset, pairs))) == 3 * 3 + 4 * 2
    assert all(
        abs(spots[a].row - spots[b].row) + abs(spots[a].column - spots[b].column) == 1 for a, b in pairs
    )


# -- registering ---------------------------------------------------------------------------

TILE, OVERLAP = 256, 32


def wafer_scene(seed: int, edge_px: int = 700) -> Grey:
    """Bright sections with fine structure on a dark wafer."""
    rng = np.random.default_rng(seed)
    scene = np.full((edge_px, edge_px), 6.0, np.float32)
    for _ in range(14):
        centre = rng.uniform(0, edge_px, 2).tolist()
        corners = cv2.boxPoints((centre, (150.0, 75.0), float(rng.uniform(0, 180))))
        cv2.fillPoly(scene, [corners.astype(np.int32)], 140.0)
    texture = cv2.GaussianBlur(rng.standard_normal(scene.shape).astype(np.float32), (0, 0), 1.5)
    return np.where(scene > 100, scene + 60 * texture, scene)


def tile_at(scene: Grey, x: float, y: float, seed: int) -> Grey:
    """A noisy tile whose first pixel lies at (x, y)."""
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    seen = np.maximum(cv2.warpAffine(scene, matrix, (TILE, TILE), flags=flags), 0)
    noisy = np.random.default_rng(seed).poisson(3 * seen) / 3
    return np.clip(noisy, 0, 255).astype(np.uint8)


def deviation_sd(seed: int, shift: tuple[float, float], below: bool) -> float | None:
    """How far off a shift is found, in its own standard deviations; None where nothing shows it."""
    step = float(TILE - OVERLAP)
    expected = (0.0, step) if below else (step, 0.0)
    true = expected[0] + shift[0], expected[1] + shift[1]
    scene = wafer_scene(seed)
    pictures = tile_at(scene, 60, 60, 1), tile_at(scene, 60 + true[0], 60 + true[1], 2)
    link = linked(0, 1, pictures, expected, OVERLAP)
    if link is None:
        return None
    known, off = np.array(link.information), np.subtract(link.offset_px, true)
    assert (np.linalg.eigvalsh(known) < 100.1).all()
    return math.sqrt(off @ known @ off)


def test_a_shift_is_found_to_a_fraction_of_a_pixel_as_far_as_it_is_said_to_be_known() -> None:
    rng = np.random.default_rng(0)
    cases = [(int(rng.integers(10_000)), rng.uniform(-7, 7, 2), bool(rng.integers(2))) for _ in range(120)]
    found = [deviation_sd(seed, tuple(shift), below) for seed, shift, below in cases]
    known = [sd for sd in found if sd is not None]
    assert len(known) > 90
    assert np.quantile(known, [0.5, 0.95]) == pytest.approx([0.5, 1.25], abs=0.4)


def test_what_structure_shows_is_found_exactly() -> None:
    white = np.random.default_rng(0).standard_normal((700, 700)).astype(np.float32)
    scene = 120 + 200 * cv2.GaussianBlur(white, (0, 0), 2.0)
    pictures = tile_at(scene, 60, 60, 1), tile_at(scene, 60 + 224 + 2.4, 60 - 3.7, 2)
    link = linked(0, 1, pictures, (224.0, 0.0), OVERLAP)
    assert link is not None and link.offset_px == pytest.approx((226.4, -3.7), abs=0.1)


def test_bare_wafer_and_noise_link_nothing() -> None:
    bare = np.full((700, 700), 6.0, np.float32)
    for seed in range(10):
        pictures = tile_at(bare, 0, 0, seed), tile_at(bare, 0, 0, 100 + seed)
        assert linked(0, 1, pictures, (224.0, 0.0), OVERLAP) is None
    black = np.zeros((TILE, TILE), np.uint8)
    assert linked(0, 1, (black, black), (224.0, 0.0), OVERLAP) is None
    assert linked(0, 1, (black, black), (300.0, 0.0), OVERLAP) is None


def test_an_edge_says_nothing_along_itself() -> None:
    scene = np.full((700, 700), 6.0, np.float32)
    scene[:, 300:] = 140.0
    pictures = tile_at(scene, 150, 60, 1), tile_at(scene, 152.5, 60 + 224, 2)
    link = linked(0, 1, pictures, (0.0, 224.0), OVERLAP)
    assert link is not None and link.offset_px[0] == pytest.approx(2.5, abs=0.2)
    (xx, _), (_, yy) = link.information
    assert yy < 0.2 and xx > 1


def certain(first: int, second: int, offset: tuple[float, float]) -> Link:
    return Link(first, second, offset, ((100.0, 0.0), (0.0, 100.0)), 0.9)


def grid_of(rng: np.random.Generator, rows: int, columns: int) -> tuple[NDArray[np.float64], list[Link]]:
    """Tiles askew by some pixels, and what their overlaps say."""
    planned = np.array([(224.0 * c, 224.0 * r) for r in range(rows) for c in range(columns)])
    true = planned + rng.uniform(-4, 4, planned.shape)
    pairs = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
    pairs += [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]
    return true, [
        certain(a, b, tuple((true[b] - true[a] + rng.normal(0, 0.05, 2)).tolist())) for a, b in pairs
    ]


def some_apart(links: list[Link], most: int, rng: np.random.Generator) -> set[int]:
    """Links in the middle of a grid of 5 x 6, of which no two have a tile in common."""
    middle, taken, chosen = {6 * r + c for r in (1, 2, 3) for c in (1, 2, 3, 4)}, set[int](), set[int]()
    for n in rng.permutation(len(links)).tolist():
        tiles = {links[n].first, links[n].second}
        if tiles <= middle - taken and len(chosen) < most:
            taken |= tiles
            chosen.add(n)
    return chosen


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2))
def test_wrong_links_are_left_out_and_all_others_kept(seed: int, wrong: int) -> None:
    rng = np.random.default_rng(seed)
    true, links = grid_of(rng, 5, 6)
    spoilt = some_apart(links, wrong, rng)
    for n in spoilt:
        (dx, dy), link, angle = links[n].offset_px, links[n], rng.uniform(0, 2 * math.pi)
        links[n] = certain(link.first, link.second, (dx + 8 * math.cos(angle), dy + 8 * math.sin(angle)))
    fit = fitted(true + rng.uniform(-3, 3, true.shape), links, 3.0)
    assert set(fit.dropped) == {links[n] for n in spoilt}
    apart = (fit.corners_px - fit.corners_px.mean(0)) - (true - true.mean(0))
    assert np.abs(apart).max() < 0.5
    assert fit.rms_px is not None and fit.rms_px < 0.2


def test_what_nothing_links_stays_where_the_stage_says() -> None:
    believed = np.array([(0.0, 0.0), (224.0, 1.0), (448.0, -2.0)])
    fit = fitted(believed, [certain(0, 1, (225.0, 3.0))], 3.0)
    assert fit.corners_px[2] == pytest.approx(believed[2])
    assert fit.corners_px[1] - fit.corners_px[0] == pytest.approx((225.0, 3.0), abs=0.01)
    assert fitted(believed, [], 3.0).rms_px is None


# -- shading -------------------------------------------------------------------------------


def uneven(shape: tuple[int, int], strength: float) -> NDArray[np.float64]:
    v, u = (np.linspace(-1, 1, edge) for edge in shape)
    gain = 1 - strength * (u[None, :] - 0.2) ** 2 - 0.7 * strength * v[:, None] ** 2
    return gain / gain.mean()


def shaded_tiles(gain: NDArray[np.float64], count: int, seed: int) -> list[Grey]:
    """Tiles of a wafer whose sections lie elsewhere in each."""
    rng = np.random.default_rng(seed)
    tiles = []
    for _ in range(count):
        scene = np.full(gain.shape, 4.0, np.float32)
        for _box in range(3):
            centre = (rng.uniform(0, 1, 2) * gain.shape[::-1]).tolist()
            box = (centre, (gain.shape[1] / 2, gain.shape[0] / 3), float(rng.uniform(0, 180)))
            cv2.fillPoly(scene, [cv2.boxPoints(box).astype(np.int32)], 140.0)
        tiles.append(np.clip(rng.poisson(3 * scene * gain) / 3 + 3, 0, 255).astype(np.uint8))
    return tiles


@pytest.mark.parametrize("strength", [0.0, 0.1, 0.25])
def test_shading_is_what_tiles_have_in_common(strength: float) -> None:
    gain = uneven((192, 256), strength)
    field = flat_field(shaded_tiles(gain, 24, 1))
    found = field.gain((192, 256))
    assert np.abs(found / gain - 1).mean() < 0.01
    assert field.unevenness == pytest.approx(gain.max() / gain.min() - 1, abs=0.06)


def test_corrected_tissue_is_equally_bright_everywhere() -> None:
    gain = uneven((192, 256), 0.25)
    tiles = shaded_tiles(gain, 24, 2)
    field = flat_field(tiles)
    flat = field.corrected(np.clip(np.rint(140 * gain), 0, 255).astype(np.uint8))
    assert flat.std() < 2 and flat.dtype == np.uint8


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_tiles_are_left_as_they_are(count: int) -> None:
    tiles = shaded_tiles(uneven((192, 256), 0.25), count, 3)
    assert flat_field(tiles).unevenness == 0.0


def test_a_black_wafer_has_no_shading() -> None:
    assert flat_field([np.zeros((64, 64), np.uint8)] * 5).unevenness == pytest.approx(0.0)


# -- the growing picture -------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 1400),
    st.integers(1, 1400),
    st.lists(st.tuples(st.integers(-300, 1400), st.integers(-300, 1400)), min_size=1, max_size=4),
)
def test_every_piece_shows_at_once_in_all_levels(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, places: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("growing") / "a.ome.tif"
    rng, expected = np.random.default_rng(0), np.zeros((4000, 4000), np.uint8)
    with GrowingPyramid(path, height, width, 2.0) as picture:
        for top, left in places:
            piece = rng.integers(1, 255, (230, 310), dtype=np.uint8)
            picture.lay(piece, top, left)
            expected[top + 1000 : top + 1230, left + 1000 : left + 1310] = piece
        levels = levels_of(path)
    rows, columns = levels[0].shape
    assert rows >= height and columns >= width
    assert (levels[0] == expected[1000 : 1000 + rows, 1000 : 1000 + columns]).all()
    for finer, coarser in pairwise(levels):
        halved = finer.reshape(coarser.shape[0], 2, coarser.shape[1], 2).mean((1, 3))
        assert np.abs(coarser - halved).max() <= 0.5
    assert max(levels[-1].shape) <= PART_PX


def levels_of(path: Path) -> list[Grey]:
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        return [level.asarray() for level in file.series[0].levels]


def test_a_piece_costs_as_much_in_a_large_picture_as_in_a_small_one(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "large.ome.tif"
    with GrowingPyramid(path, 20_000, 20_000, 1.0) as picture:
        tracemalloc.start()
        picture.lay(np.full((768, 1024), 200, np.uint8), 9_000, 9_000)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak_bytes < 20e6
    with PyramidTiff(path) as picture:
        assert picture.levels[0].shape[0] >= 20_000
        assert picture.part(0, 18, 18).max() == 200


# -- tiles that were kept ------------------------------------------------------------------

KEPT = layout_of(
    OverviewSettings(columns=2, rows=1, tile_width_px=64, tile_height_px=48, overlap_px=8), Rigid()
)


def kept_tile(folder: Path) -> tuple[KeptTiles, Path]:
    """A tile as it is kept, and its file."""
    tiles, spot = KeptTiles(folder / "a.tiles", KEPT, DiskFiles()), KEPT.spots[0]
    image = np.random.default_rng(0).integers(0, 255, (48, 64), dtype=np.uint8)
    frame = Frame(image, KEPT.frame, Optics(4500.0, 0.0, 0.0), StagePose(0.0, 0.0, 0.0, 0.0, 0.0), 1.0)
    tiles.keep(spot, frame, (spot.centre_um[0] + 0.25, spot.centre_um[1]))
    return tiles, next(tiles.folder.iterdir())


def test_a_tile_is_kept_as_it_was(tmp_path: Path) -> None:
    tiles, _ = kept_tile(tmp_path)
    first, second = KEPT.spots
    tile = tiles.read(first)
    assert tile is not None and tile.image.shape == (48, 64) and tile.image.max() > 200
    assert tile.centre_um == (first.centre_um[0] + 0.25, first.centre_um[1])
    assert tiles.read(second) is None
    with pytest.raises(SettingsError, match="Acquire the overview again"):
        tiles.wanted(second)
    tiles.clear()
    assert not tiles.folder.exists()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 4500), st.binary(min_size=1, max_size=40), st.booleans())
def test_a_damaged_tile_is_none_or_a_tile(
    tmp_path_factory: pytest.TempPathFactory, begin: int, rubbish: bytes, cut: bool
) -> None:
    tiles, path = kept_tile(tmp_path_factory.mktemp("kept"))
    whole = path.read_bytes()
    path.write_bytes(whole[:begin] + rubbish + (b"" if cut else whole[begin + len(rubbish) :]))
    tile = tiles.read(KEPT.spots[0])
    assert tile is None or (tile.image.shape, tile.image.dtype) == ((48, 64), np.uint8)
