"""Planes are whole and checksummed or absent, in a format that others read."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore
import yaozarrs
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.types import Image
from scopeacq.journal.records import PlaneKey
from scopeacq.storage import ome_zarr
from scopeacq.storage.files import DiskFiles, DiskFull, FileEvent, Write, perform_on_disk
from scopeacq.storage.storage import ImageSpec, ImageStore, StorageError, Written
from tests.recording_files import RecordingFiles, after_kill, after_power_loss

KEY = PlaneKey(1, "S-01", 0)
SMALL = (60, 47)


def spec(shape: tuple[int, int] = SMALL, dtype: str = "uint8", cycles: int = 3) -> ImageSpec:
    return ImageSpec(shape, np.dtype(dtype), cycles, 10.0, 20.0, (0.0, 5.0, -7.0))


def noise(shape: tuple[int, int] = SMALL, dtype: str = "uint8", seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def make_store(root: Path, *added: ImageSpec, files: Any = None) -> ImageStore:
    store = ImageStore.create(root / "images.zarr", files or DiskFiles())
    for tile, each in enumerate(added or [spec()]):
        store.add_image("S-01", tile, each)
    return store


def zarr_level(store: ImageStore, level: int = 0, tile: int = 0) -> Any:
    return zarr.open_array(store.root / "S-01" / str(tile) / str(level), mode="r")


# -- the format, as others see it --------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("shape", [SMALL, (1024, 1024), (1100, 2050)])
def test_independent_readers_see_the_same_pixels(
    tmp_path: Path, shape: tuple[int, int], dtype: str
) -> None:
    store, image = make_store(tmp_path, spec(shape, dtype)), noise(shape, dtype)
    store.write(KEY, 0, image)
    store.choose(KEY, 0)
    array = zarr_level(store)
    assert array.dtype == image.dtype
    np.testing.assert_array_equal(array[1], image)
    assert not array[0].any()
    spec_of_array = {"driver": "zarr3", "kvstore": (store.root / "S-01" / "0" / "0").as_uri()}
    np.testing.assert_array_equal(tensorstore.open(spec_of_array).result()[1].read().result(), image)
    np.testing.assert_array_equal(store.read(KEY), image)


def test_an_independent_validator_accepts_the_image_with_all_its_levels(tmp_path: Path) -> None:
    store = make_store(tmp_path, spec((1030, 2100)))
    store.write(KEY, 0, noise((1030, 2100)))
    store.choose(KEY, 0)
    store.build_levels(KEY)
    image = store.root / "S-01" / "0"
    yaozarrs.validate_zarr_store(str(image))
    multiscale = yaozarrs.open_group(str(image)).ome_metadata().multiscales[0]
    assert [d.path for d in multiscale.datasets] == ["0", "1", "2"]
    assert [axis.name for axis in multiscale.axes] == ["z", "y", "x"]
    assert {axis.unit for axis in multiscale.axes} == {"micrometer"}
    scale, translation = multiscale.datasets[1].coordinateTransformations
    assert scale.scale == pytest.approx([0.02, 0.02, 0.02])
    assert translation.translation == pytest.approx([0.0, 5.005, -6.995])


def test_the_store_can_be_walked_as_one_hierarchy(tmp_path: Path) -> None:
    store = make_store(tmp_path, spec(), spec())
    names = {name for name, _ in zarr.open_group(store.root, mode="r").members(max_depth=None)}
    assert names == {"S-01", "S-01/0", "S-01/0/0", "S-01/1", "S-01/1/0"}


@given(
    height=st.integers(1, 2200), width=st.integers(1, 2200), dtype=st.sampled_from(["uint8", "uint16"]),
)  # fmt: skip
@settings(max_examples=25, derandomize=True)
def test_a_shard_of_any_size_decodes_to_its_plane(height: int, width: int, dtype: str) -> None:
    image = noise((height, width), dtype)
    shard = bytes(ome_zarr.encode_shard(image))
    np.testing.assert_array_equal(ome_zarr.decode_shard(shard, image.shape, image.dtype), image)
    with pytest.raises(ValueError, match="not one"):
        ome_zarr.decode_shard(shard[:-1], image.shape, image.dtype)


@given(size=st.integers(1, 20_000))
def test_inner_chunks_cover_a_plane_with_hardly_any_padding(size: int) -> None:
    chunk, _ = ome_zarr.chunk_shape((size, size))
    count = -(-size // chunk)
    assert chunk <= 1024
    assert chunk >= min(size, 512)
    assert 0 <= count * chunk - size < count


def test_smaller_levels_are_means_of_the_larger(tmp_path: Path) -> None:
    shape = (1200, 1025)
    store = make_store(tmp_path, spec(shape, "uint16"))
    image = np.full(shape, 65535, np.uint16)
    image[:2, :2] = [[0, 1], [2, 3]]
    store.write(KEY, 0, image)
    store.choose(KEY, 0)
    store.build_levels(KEY)
    half = zarr_level(store, 1)[1]
    assert half.shape == (600, 513)
    # (0 + 1 + 2 + 3) / 4 = 1.5, rounded up
    assert half[0, 0] == 2
    assert (half[1:] == 65535).all()


def test_missing_levels_are_rebuilt_from_the_data(tmp_path: Path) -> None:
    shape = (1200, 1200)
    store = make_store(tmp_path, spec(shape))
    store.write(KEY, 0, noise(shape))
    store.choose(KEY, 0)
    store.build_levels(KEY)
    before = zarr_level(store, 1)[1]
    derived = store.root / "S-01" / "0" / "1" / "c" / "1" / "0" / "0"
    derived.unlink()
    assert not zarr_level(store, 1)[1].any()
    store.build_levels(KEY)
    np.testing.assert_array_equal(zarr_level(store, 1)[1], before)


def test_a_longer_run_makes_room_and_keeps_what_is_there(tmp_path: Path) -> None:
    store, image = make_store(tmp_path), noise()
    store.write(KEY, 0, image)
    store.choose(KEY, 0)
    with pytest.raises(StorageError, match="has 3 cycles"):
        store.write(PlaneKey(3, "S-01", 0), 0, image)
    store.extend(5)
    store.extend(4)
    store.write(PlaneKey(4, "S-01", 0), 0, image)
    store.choose(PlaneKey(4, "S-01", 0), 0)
    array = zarr_level(store)
    assert array.shape == (5, *SMALL)
    assert [bool(array[z].any()) for z in range(5)] == [False, True, False, False, True]
    yaozarrs.validate_zarr_store(str(store.root / "S-01" / "0"))


# -- takes -------------------------------------------------------------------------------


def test_a_take_is_no_plane_until_it_is_chosen(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    written = store.write(KEY, 0, noise())
    assert store.verify(written)
    assert not zarr_level(store)[1].any()
    with pytest.raises(StorageError, match="cannot be read"):
        store.read(KEY)
    np.testing.assert_array_equal(store.read_take(KEY, 0), noise())


def test_a_retake_leaves_the_first_take_and_the_chosen_one_becomes_the_plane(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    written = [store.write(KEY, take, noise(seed=take)) for take in range(2)]
    store.choose(KEY, 1)
    store.choose(KEY, 1)
    np.testing.assert_array_equal(store.read(KEY), noise(seed=1))
    for take in range(2):
        assert store.verify(written[take])
        np.testing.assert_array_equal(store.read_take(KEY, take), noise(seed=take))


def test_another_choice_gives_the_first_its_name_back_and_derives_anew(tmp_path: Path) -> None:
    shape = (1200, 1200)
    store = make_store(tmp_path, spec(shape))
    written = [store.write(KEY, take, noise(shape, seed=take)) for take in range(2)]
    store.choose(KEY, 0)
    store.build_levels(KEY)
    stale = zarr_level(store, 1)[1]
    with pytest.raises(FileExistsError):
        store.choose(KEY, 1)
    store.choose(KEY, 1, previous=0)
    store.build_levels(KEY)
    assert all(map(store.verify, written))
    np.testing.assert_array_equal(store.read(KEY), noise(shape, seed=1))
    assert (zarr_level(store, 1)[1] != stale).any()


def test_a_take_is_never_overwritten(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.write(KEY, 0, noise())
    with pytest.raises(FileExistsError):
        store.write(KEY, 0, noise(seed=1))
    np.testing.assert_array_equal(store.read_take(KEY, 0), noise())


def test_choosing_what_was_never_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="image the tile again"):
        make_store(tmp_path).choose(KEY, 0)


@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("damage", ["gone", "short", "changed"])
def test_verification_notices_every_damage(tmp_path: Path, chosen: bool, damage: str) -> None:
    store = make_store(tmp_path)
    written = store.write(KEY, 0, noise())
    path = store.root / written.path
    if chosen:
        store.choose(KEY, 0)
        path = store.root / "S-01/0/0/c/1/0/0"
    data = path.read_bytes()
    match damage:
        case "gone":
            path.unlink()
        case "short":
            path.write_bytes(data[:-1])
        case "changed":
            path.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    assert not store.verify(written)
    assert store.fetch(written) is None


# -- crashes and full disks --------------------------------------------------------------


@pytest.mark.parametrize("survive", [after_power_loss, after_kill])
def test_after_a_crash_at_any_event_a_plane_is_whole_or_absent(tmp_path: Path, survive: Any) -> None:
    """What was acknowledged before the crash is found after it, and the work can go on."""
    recording = RecordingFiles()
    old, images = tmp_path / "old", [noise(seed=take) for take in range(2)]
    old.mkdir()
    store = make_store(old, files=recording.files)
    acknowledged: list[tuple[int, Written]] = []
    for take in range(2):
        written = store.write(KEY, take, images[take])
        acknowledged.append((len(recording.events), written))
    store.choose(KEY, 1)
    done = len(recording.events)
    for end in range(acknowledged[0][0] - 4, done + 1):
        new = tmp_path / str(end)
        survive(recording.events[:end]).rebuild(old, new)
        again = ImageStore.open(new / "images.zarr", DiskFiles())
        for take, (since, written) in enumerate(acknowledged):
            assert again.verify(written) or end < since
            assert again.verify(written) == (again.fetch(written) is not None)
            if again.verify(written):
                np.testing.assert_array_equal(again.read_take(KEY, take), images[take])
        plane = zarr_level(again)[1]
        assert not plane.any() or (plane == images[1]).all()
        if end >= acknowledged[1][0]:
            again.choose(KEY, 1)
            np.testing.assert_array_equal(again.read(KEY), images[1])


@pytest.mark.parametrize("survive", [after_power_loss, after_kill])
def test_adding_images_goes_on_after_a_crash_at_any_event(tmp_path: Path, survive: Any) -> None:
    recording = RecordingFiles()
    old = tmp_path / "old"
    old.mkdir()
    ImageStore.create(old / "images.zarr", recording.files).add_image("S-01", 0, spec())
    first = next(n for n, e in enumerate(recording.events) if "S-01" in str(e))
    for end in range(first, len(recording.events) + 1):
        new = tmp_path / str(end)
        survive(recording.events[:end]).rebuild(old, new)
        again = ImageStore.open(new / "images.zarr", DiskFiles())
        again.add_image("S-01", 0, spec())
        written = again.write(KEY, 0, noise())
        assert again.verify(written)
        yaozarrs.validate_zarr_store(str(again.root / "S-01" / "0"))


def test_a_full_disk_loses_nothing_and_the_write_succeeds_when_there_is_room(tmp_path: Path) -> None:
    full = False

    def perform(event: FileEvent) -> None:
        if full and isinstance(event, Write):
            event.path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        perform_on_disk(event)

    store = make_store(tmp_path, files=DiskFiles(perform))
    first = store.write(KEY, 0, noise())
    full = True
    with pytest.raises(DiskFull):
        store.write(KEY, 1, noise(seed=1))
    assert store.verify(first)
    full = False
    assert store.verify(store.write(KEY, 1, noise(seed=1)))


# -- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize("section", ["", "a/b", "..", "S 1", "ä", "S1\n"])
def test_section_ids_that_cannot_name_a_folder_are_refused(tmp_path: Path, section: str) -> None:
    store = make_store(tmp_path)
    with pytest.raises(StorageError, match="use letters, digits"):
        store.add_image(section, 0, spec())


def test_an_image_is_added_once_and_not_as_another(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.add_image("S-01", 0, spec())
    store.extend(9)
    store.add_image("S-01", 0, spec())
    assert zarr_level(store).shape[0] == 9
    store.write(KEY, 0, noise())
    for other in (spec((61, 47)), spec(dtype="uint16")):
        with pytest.raises(StorageError, match="exists with another size or type"):
            store.add_image("S-01", 0, other)


def test_an_image_that_holds_no_take_yet_becomes_another(tmp_path: Path) -> None:
    large, small = spec((1100, 600)), spec((400, 200), "uint16")
    store, image = make_store(tmp_path, large), tmp_path / "images.zarr" / "S-01" / "0"
    for other in (small, large, replace(large, pixel_size_nm=5.0)):
        store.add_image("S-01", 0, other)
        yaozarrs.validate_zarr_store(str(image))
        told = zarr.open_group(image, mode="r").attrs.asdict()["ome"]["multiscales"][0]["datasets"]
        assert told[0]["coordinateTransformations"][0]["scale"][1:] == [other.pixel_size_nm / 1000] * 2
        assert {path.parent.name for path in image.glob("*/zarr.json")} == {each["path"] for each in told}
    assert store.verify(store.write(KEY, 0, noise((1100, 600))))


def test_a_nominal_slice_thickness_that_was_changed_meanwhile_is_no_other_image(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.add_image("S-01", 0, spec())
    store.add_image("S-01", 0, replace(spec(), slice_nm=33.0))


@pytest.mark.parametrize("image", [noise((60, 48)), noise(dtype="uint16"), noise()[:-1]])
def test_frames_that_do_not_fit_are_refused(tmp_path: Path, image: Image) -> None:
    with pytest.raises(StorageError, match="does not fit"):
        make_store(tmp_path).write(KEY, 0, image)


def test_a_path_that_names_no_take_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with pytest.raises(StorageError, match="does not name a take"):
        store.verify(Written("../../secret", 1, "00"))


def test_stores_are_neither_replaced_nor_guessed(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with pytest.raises(StorageError, match="never replaced"):
        ImageStore.create(store.root, DiskFiles())
    with pytest.raises(StorageError, match="check the folder of images"):
        ImageStore.open(tmp_path / "elsewhere", DiskFiles())
    (store.root / "S-01/0/0/zarr.json").write_text("{")
    with pytest.raises(StorageError, match="cannot be read"):
        store.write(KEY, 0, noise())
