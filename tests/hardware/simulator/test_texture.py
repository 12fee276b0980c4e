"""The tissue: continuous, correlated from slice to slice, unambiguous, and refused when bad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import ArrayLike, NDArray

from hardware.simulator.stack_file import BadSpecimen
from hardware.simulator.texture import ProceduralTexture, StackTexture, Texture, swept

REAL_STACK = (
    Path(__file__).resolve().parents[4] / "shared/data/fibsem_medulla_8nm/validation_z03490-03609.tif"
)


@pytest.fixture(scope="module")
def procedural() -> Texture:
    return ProceduralTexture(seed=5)


@pytest.fixture(scope="module")
def real() -> Texture:
    if not REAL_STACK.exists():
        pytest.skip(f"the real stack is not at {REAL_STACK}")
    return StackTexture.load(REAL_STACK)


@pytest.fixture(params=["procedural", "real"])
def texture(request: pytest.FixtureRequest) -> Texture:
    found: Texture = request.getfixturevalue(request.param)
    return found


def grid(
    size_px: int, pixel_um: float, x_um: float = 0.0, y_um: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    row, column = np.mgrid[0:size_px, 0:size_px] * pixel_um
    return column + x_um, row + y_um


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_is_normalised(texture: Texture) -> None:
    patches = np.stack([texture.sample(*grid(400, 0.02, x, -x), 0.1) for x in (-90.0, 0.0, 40.0, 130.0)])
    assert patches.dtype == np.float32
    assert abs(patches.mean()) < 0.2
    assert 0.8 < patches.std() < 1.2


def test_has_detail_below_40_nm(texture: Texture) -> None:
    patch = texture.sample(*grid(1000, 0.008), 0.1)
    assert (patch - cv2.blur(patch, (5, 5))).std() > 0.1


def test_thin_lines_are_dark(procedural: Texture) -> None:
    patch = procedural.sample(*grid(1000, 0.008), 0.1)
    lines = cv2.blur(patch, (3, 3)) - cv2.blur(patch, (15, 15))
    assert (lines**3).mean() < -0.2 * lines.std() ** 3


def test_successive_slices_are_alike_and_distant_ones_are_not(texture: Texture) -> None:
    steps_um = (0.01, 0.02, 0.04, 0.08, 0.16, 0.3)
    found = []
    for x in (0.0, 60.0, -140.0):
        window = grid(500, 0.016, x, x)
        first = texture.sample(*window, 0.05)
        found.append([correlation(first, texture.sample(*window, 0.05 + step)) for step in steps_um])
    alike = np.mean(found, axis=0)
    assert alike[1] > 0.5
    assert alike[-1] < 0.3
    assert np.all(np.diff(alike) < 0)


def test_no_neighbour_can_be_mistaken_for_the_place_itself(texture: Texture) -> None:
    """The next slice, searched over +-15 um, matches where it belongs and far better than elsewhere."""
    here = [cv2.GaussianBlur(texture.sample(*grid(800, 0.05), z), (0, 0), 1.0) for z in (0.1, 0.12)]
    template = np.ascontiguousarray(here[0][300:500, 300:500])
    score = cv2.matchTemplate(here[1], template, cv2.TM_CCOEFF_NORMED)
    _, true, _, place = cv2.minMaxLoc(score)
    assert tuple(place) == (300, 300)
    score[290:311, 290:311] = 0
    assert score.max() < 0.5 * true


def test_windows_agree_where_they_overlap(texture: Texture) -> None:
    whole = texture.sample(*grid(300, 0.01), 0.1)
    part = texture.sample(*grid(150, 0.01, 1.0, 0.5), 0.1)
    difference = whole[51:199, 101:249] - part[1:149, 1:149]
    assert np.quantile(np.abs(difference), 0.999) < 0.02


def test_is_reproducible_and_depends_on_its_seed() -> None:
    a, b, c = (ProceduralTexture(seed, 128).sample(*grid(64, 0.02), 0.1) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert abs(correlation(a, c)) < 0.5


def test_stack_is_tiled_without_seams() -> None:
    """A stack that is smooth inside stays smooth across its mirrored edges, in x, y and z."""
    z, y, x = np.mgrid[0:8, 0:40, 0:60].astype(np.float32)
    ramps = StackTexture(x + 2 * y + 5 * z, pixel_size_nm=100.0, slice_nm=100.0)
    window = grid(400, 0.05, -30.0, -30.0)
    image = ramps.sample(*window, 0.3)
    assert np.abs(np.diff(image, axis=0)).max() < 0.2
    assert np.abs(np.diff(image, axis=1)).max() < 0.2
    depths = np.stack([ramps.sample(*window, depth) for depth in np.arange(-1.0, 2.5, 0.05)])
    assert np.abs(np.diff(depths, axis=0)).max() < 0.2


def test_depth_may_differ_from_pixel_to_pixel(texture: Texture) -> None:
    x, y = grid(200, 0.02)
    steps = np.where(x < 2.0, 0.05, 0.15)
    mixed = texture.sample(x, y, steps)
    np.testing.assert_allclose(mixed[1:-1, 1:98], texture.sample(x, y, 0.05)[1:-1, 1:98], atol=1e-4)
    np.testing.assert_allclose(mixed[1:-1, 102:-1], texture.sample(x, y, 0.15)[1:-1, 102:-1], atol=1e-4)


@pytest.mark.parametrize("shape", [(40, 50), (3, 40, 50), (1, 1, 5, 40, 50)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_reads_images_and_stacks(tmp_path: Path, shape: tuple[int, ...], dtype: type[np.number]) -> None:
    path = tmp_path / "stack.tif"
    values: NDArray[np.number] = np.random.default_rng(0).integers(0, 255, shape).astype(dtype)
    tifffile.imwrite(path, values, photometric="minisblack")
    assert np.isfinite(StackTexture.load(path).sample(*grid(20, 0.1), 0.004)).all()


def _truncated(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (4, 64, 64), np.uint8)
    tifffile.imwrite(path, noise, photometric="minisblack")
    path.write_bytes(path.read_bytes()[:-5000])


def _truncated_while_compressed(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (4, 64, 64), np.uint8)
    tifffile.imwrite(path, noise, compression="zlib", photometric="minisblack")
    path.write_bytes(path.read_bytes()[:-5000])


def _hostile(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((64, 64), np.uint8), metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        for tag in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            file.pages.first.tags[tag].overwrite(2**20)


BAD_FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("II*\0 no, not at all a picture"),
    "truncated": _truncated,
    "truncated while compressed": _truncated_while_compressed,
    "colour": lambda path: tifffile.imwrite(path, np.ones((64, 64, 3), np.uint8), photometric="rgb"),
    "hostile size": _hostile,
    "tiny": lambda path: tifffile.imwrite(path, np.eye(8, dtype=np.uint8)),
    "blank": lambda path: tifffile.imwrite(path, np.full((64, 64), 7, np.uint8)),
    "not a number": lambda path: tifffile.imwrite(path, np.full((64, 64), np.nan, np.float32)),
    "hyperstack": lambda path: tifffile.imwrite(path, np.ones((2, 3, 64, 64)), photometric="minisblack"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_refuses_bad_files_in_one_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.tif"
    BAD_FILES[kind](path)
    with pytest.raises(BadSpecimen) as caught:
        StackTexture.load(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


class Stripes:
    """Lines across x, 0.5 um apart, that change slowly along y."""

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> NDArray[np.float32]:
        x, y = np.asarray(x_um, np.float64), np.asarray(y_um, np.float64)
        return np.asarray(np.sin(4 * np.pi * x) + 0.1 * y, np.float32)


@pytest.mark.parametrize("pixel_um", [0.01, 0.1, 1.0, 2.0])
def test_large_pixels_show_the_mean_over_which_the_beam_sweeps(pixel_um: float) -> None:
    steps = np.arange(40, dtype=np.float32) * pixel_um
    x, y = np.meshgrid(steps + np.float32(0.1), steps)
    seen = swept(Stripes(), x, y, 0.0)
    if pixel_um < 0.25:
        assert (seen == Stripes().sample(x, y, 0.0)).all()
    else:
        assert np.abs(seen - 0.1 * y).max() < 1e-4


def test_a_turned_scan_sweeps_along_its_own_rows() -> None:
    steps = np.arange(20, dtype=np.float32)
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    seen = swept(Stripes(), rows, columns, 0.0)  # the beam sweeps along y, where stripes are level
    assert seen == pytest.approx(Stripes().sample(rows, columns, 0.0), abs=1e-4)
