"""Pictures of planes: every size down to single pixels, from the level that is near enough."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from hardware.types import Image
from scopeacq.journal.records import PlaneKey
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.ome_zarr import ImageSpec, chunk_shape, level_shapes
from scopeacq.storage.plane_pictures import PlanePictures
from scopeacq.storage.storage import ImageStore

KEY = PlaneKey(1, "S001", 0)
SHAPE = (2100, 1500)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(30, 130, SHAPE).astype(np.uint8)


@pytest.fixture
def store(tmp_path: Path, image: np.ndarray) -> ImageStore:
    made = ImageStore.create(tmp_path / "images.zarr", DiskFiles())
    made.add_image("S001", 0, ImageSpec(SHAPE, np.dtype("uint8"), 3, 10.0, 20.0))
    made.write(KEY, 0, image)
    made.choose(KEY, 0)
    return made


def test_parts_make_up_the_plane(store: ImageStore, image: np.ndarray) -> None:
    pictures, (height, width) = PlanePictures(store.root), chunk_shape(SHAPE)
    rows = [
        np.hstack([cast(Image, pictures.part(KEY, 0, r, c)) for c in range(-(-SHAPE[1] // width))])
        for r in range(-(-SHAPE[0] // height))
    ]
    np.testing.assert_array_equal(np.vstack(rows), pictures.whole(KEY, 4096))


@pytest.mark.parametrize("built", [False, True])
def test_smaller_levels_are_shown_whether_they_were_built_or_not(store: ImageStore, built: bool) -> None:
    if built:
        store.build_levels(KEY)
    pictures = PlanePictures(store.root)
    part = pictures.part(KEY, 2, 0, 0)
    assert part is not None
    assert part.shape == level_shapes(SHAPE)[2]
    whole = pictures.whole(KEY, 1050)
    assert whole is not None
    assert whole.shape == (1050, 750)


def test_pictures_of_one_plane_have_the_same_black_and_white(store: ImageStore, image: np.ndarray) -> None:
    pictures = PlanePictures(store.root)
    part = pictures.part(KEY, 0, 0, 0)
    whole = pictures.whole(KEY, 4096)
    assert part is not None
    assert whole is not None
    assert whole.shape == SHAPE
    np.testing.assert_array_equal(part, whole[: part.shape[0], : part.shape[1]])
    small = pictures.whole(KEY, 64)
    assert small is not None
    assert max(small.shape) == 64
    assert whole.max() == 255


def test_the_slice_before_is_shown_until_there_is_another(store: ImageStore) -> None:
    pictures = PlanePictures(store.root)
    later = pictures.part(PlaneKey(2, "S001", 0), 0, 0, 0)
    assert later is not None
    np.testing.assert_array_equal(later, pictures.part(KEY, 0, 0, 0))
    assert pictures.whole(PlaneKey(0, "S001", 0), 64) is None
    assert pictures.whole(PlaneKey(1, "S009", 0), 64) is None


def test_a_store_that_comes_later_is_found(tmp_path: Path) -> None:
    pictures = PlanePictures(tmp_path / "images.zarr")
    assert pictures.whole(KEY, 64) is None
    assert pictures.part(KEY, 0, 0, 0) is None
    ImageStore.create(tmp_path / "images.zarr", DiskFiles())
    assert pictures.whole(KEY, 64) is None
