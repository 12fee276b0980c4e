"""Parts of planes: whatever is asked for is what the whole plane holds there, and damage is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.types import Image
from scopeacq.journal.records import PlaneKey
from scopeacq.storage import ome_zarr
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.plane_windows import PlaneShape, Take, Window, file_of, plane_shape, read_window
from scopeacq.storage.storage import ImageSpec, ImageStore, StorageError

SHAPE = (1500, 2300)
KEY = PlaneKey(1, "S1", 0)
CHOSEN = Take(KEY, 0, chosen=True)


@pytest.fixture(scope="module", params=[np.uint8, np.uint16])
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ImageStore, Image]:
    dtype = np.dtype(request.param)
    store = ImageStore.create(tmp_path_factory.mktemp("run") / "images.zarr", DiskFiles())
    store.add_image("S1", 0, ImageSpec(SHAPE, dtype, 3, 10.0, 20.0))
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, SHAPE).astype(dtype)
    store.write(KEY, 0, image)
    store.choose(KEY, 0)
    store.build_levels(KEY)
    return store, image


@given(
    level=st.integers(0, 2),
    place=st.tuples(st.integers(-50, 2400), st.integers(-50, 2400)),
    size=st.tuples(st.integers(1, 1400), st.integers(1, 1400)),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_window_holds_what_the_plane_holds_there(
    stored: tuple[ImageStore, Image], level: int, place: tuple[int, int], size: tuple[int, int]
) -> None:
    store, image = stored
    for _ in range(level):
        image = ome_zarr.half_size(image)
    shape = plane_shape(store.root, "S1", 0)
    found = read_window(store.root, CHOSEN, shape, Window(level, *place, *size))
    (top, left), (height, width) = place, size
    wanted = image[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    assert found.dtype == image.dtype
    assert found.size == wanted.size
    assert np.array_equal(found.ravel(), wanted.ravel())


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"cut off")])
def test_levels_that_cannot_be_read_are_made_of_the_finest(
    stored: tuple[ImageStore, Image], harm: Callable[[Path], object]
) -> None:
    store, _ = stored
    shape, window = plane_shape(store.root, "S1", 0), Window(1, 100, 200, 300, 400)
    built = read_window(store.root, CHOSEN, shape, window)
    level = file_of(store.root, CHOSEN, 1)
    kept = level.read_bytes()
    harm(level)
    made = read_window(store.root, CHOSEN, shape, window)
    level.write_bytes(kept)
    assert np.abs(made.astype(int) - built.astype(int)).max() <= 1
    assert made.shape == (300, 400)


def test_a_take_that_nobody_chose_is_read_from_its_own_file(tmp_path: Path) -> None:
    store = ImageStore.create(tmp_path / "images.zarr", DiskFiles())
    store.add_image("S1", 0, ImageSpec((64, 64), np.dtype(np.uint8), 3, 10.0, 20.0))
    for take in (0, 1):
        store.write(KEY, take, np.full((64, 64), 10 + take, np.uint8))
    store.choose(KEY, 1)
    shape, whole = plane_shape(store.root, "S1", 0), Window(0, 0, 0, 64, 64)
    assert (read_window(store.root, Take(KEY, 0, chosen=False), shape, whole) == 10).all()
    assert (read_window(store.root, Take(KEY, 1, chosen=True), shape, whole) == 11).all()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _foreign(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("harm", [_cut, _foreign, Path.unlink])
def test_a_damaged_plane_is_an_error_and_no_picture(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    store = ImageStore.create(tmp_path / "images.zarr", DiskFiles())
    store.add_image("S1", 0, ImageSpec((64, 64), np.dtype(np.uint8), 3, 10.0, 20.0))
    store.write(KEY, 0, np.full((64, 64), 10, np.uint8))
    store.choose(KEY, 0)
    path = file_of(store.root, CHOSEN)
    harm(path)
    shape = PlaneShape((64, 64), np.dtype(np.uint8))
    with pytest.raises(StorageError, match=path.name):
        read_window(store.root, CHOSEN, shape, Window(0, 0, 0, 8, 8))


def test_a_folder_without_the_tile_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        plane_shape(tmp_path, "S1", 0)


@pytest.mark.parametrize(
    "damage",
    [
        {"shape": [1, "64", "64"]},
        {"shape": [1, 0, 64]},
        {"shape": [1, -64, 64]},
        {"shape": [1, 64.5, 64]},
        {"shape": [1, 10**400, 64]},
        {"shape": [64, 64]},
        {"shape": 64},
        {"data_type": "object"},
        {"data_type": "float64"},
        {"data_type": ["uint8"]},
    ],
)
def test_metadata_of_no_plane_are_an_error(tmp_path: Path, damage: dict[str, object]) -> None:
    node = tmp_path / "S1" / "0" / "0"
    node.mkdir(parents=True)
    told = {"shape": [1, 64, 64], "data_type": "uint8"}
    (node / "zarr.json").write_text(json.dumps(told))
    assert plane_shape(tmp_path, "S1", 0).shape_yx == (64, 64)
    (node / "zarr.json").write_text(json.dumps(told | damage))
    with pytest.raises(StorageError, match="check the folder of images"):
        plane_shape(tmp_path, "S1", 0)
