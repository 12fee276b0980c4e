"""``images.zarr``: where the planes are, each either whole and checksummed or absent.

Layout: ``images.zarr/<section>/<tile>`` is an OME-Zarr 0.5 image with axes z y x, z counting cycles.
``<level>/c/<z>/0/0`` is the one file of a plane in a level; ``0/takes/<z>.<take>`` is a take that nobody
has chosen yet, in the same bytes.

Protocol. The journal is the truth; the files follow it:

1. ``write`` puts a take under its own name, durably; then the engine commits ``PlaneDurable``. A crash
   before that commit leaves a file without a row, which counts as absent and is never looked at.
2. ``choose`` renames the take into the chunk grid, durably; then the engine commits ``PlaneChosen``. A
   crash in between leaves a plane that the journal does not call chosen; choosing it again does nothing.
3. A durable take thus lies at exactly one of two places, and is found by its checksum at either.
4. Other levels are derived, written off the hot path, and rebuilt when missing.

True affine and z of a plane (milled steps vary) stand in the journal's table of planes.
"""

from __future__ import annotations

import filecmp
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from hardware.types import Image
from scopeacq.journal.records import PlaneKey
from scopeacq.storage import ome_zarr, takes
from scopeacq.storage.files import Data, FileLayer
from scopeacq.storage.ome_zarr import ImageSpec, Metadata, ShardEncoder
from scopeacq.storage.takes import StorageError, Written

__all__ = ["ImageSpec", "ImageStore", "StorageError", "Written"]

METADATA = "zarr.json"

_SECTION = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class ImageStore:
    """The images of one run. Takes of different planes may be written from several threads."""

    root: Path
    files: FileLayer
    _encoder: ShardEncoder = field(default_factory=ShardEncoder, repr=False, compare=False)

    @classmethod
    def create(cls, root: Path, files: FileLayer) -> ImageStore:
        """Make an empty store.

        Raises:
            StorageError: there is one already.
            DiskFull, OSError: the disk refuses.
        """
        store = cls(root, files)
        if (root / METADATA).exists():
            raise StorageError(
                f"{root} exists; a store is never replaced, open it or choose another folder."
            )
        files.make_folder(root)
        store._put_metadata(root, ome_zarr.group_metadata())
        return store

    @classmethod
    def open(cls, root: Path, files: FileLayer) -> ImageStore:
        """Open a store that was created.

        Raises:
            StorageError: missing, or not a zarr group.
        """
        store = cls(root, files)
        if read_metadata(root).get("node_type") != "group":
            raise StorageError(f"{root} is not an image store; check the folder of images in project.toml.")
        return store

    def add_image(self, section: str, tile: int, spec: ImageSpec) -> None:
        """Make the image of one tile of one section, empty. Adding it again as it was does nothing.

        One that holds no take yet is made anew as ``spec`` says: its section got another grid meanwhile.

        Raises:
            StorageError: the section's id is not made of ``A-Za-z0-9_-``, or the image exists and differs.
            DiskFull, OSError: the disk refuses.
        """
        if not _SECTION.fullmatch(section):
            raise StorageError(
                f"The section id {section!r} cannot name a folder; use letters, digits, _ and - only."
            )
        image = self._image(section, tile)
        if (image / METADATA).exists():
            if self._is(image, spec):
                return
            if any(path.name != METADATA for path in (image / "0").iterdir()):
                raise StorageError(f"{image} exists with another size or type; use a new run folder.")
            for path in (image / METADATA, *image.glob(f"*/{METADATA}")):
                self.files.remove(path)
        self.files.make_folder(image)
        if not (image.parent / METADATA).exists():
            self._put_metadata(image.parent, ome_zarr.group_metadata())
        for level, shape in enumerate(ome_zarr.level_shapes(spec.shape_yx)):
            self.files.make_folder(image / str(level))
            self._put_metadata(
                image / str(level), ome_zarr.array_metadata(shape, spec.dtype, spec.planned_cycles)
            )
        # last, so that an image that is there is complete
        self._put_metadata(image, ome_zarr.image_metadata(spec))

    def extend(self, cycles: int) -> None:
        """Make room for at least ``cycles`` cycles in every image; only while the mill gate is closed."""
        for level in self.root.glob("*/*/*/zarr.json"):
            metadata = read_metadata(level.parent)
            if metadata["shape"][0] < cycles:
                metadata["shape"][0] = cycles
                self._put_metadata(level.parent, metadata)

    def write(self, key: PlaneKey, take: int, image: Image) -> Written:
        """Write level 0 of one take; durable on return.

        Args:
            image: shape (y, x) and dtype of the image that was added.

        Raises:
            StorageError: no such image, another shape or type, or a cycle beyond the planned ones.
            FileExistsError: this take is there already; a take is never overwritten.
            DiskFull, OSError: the disk refuses; nothing was written.
        """
        cycles, shape, dtype = self._geometry(key)
        if image.shape != shape or image.dtype != dtype or not 0 <= key.cycle < cycles:
            raise StorageError(
                f"A {image.dtype.name} frame of {image.shape} pixels in cycle {key.cycle + 1} does not fit "
                f"{self._image(key.section, key.tile)}, which has {cycles} cycles of {shape} pixels in "
                f"{dtype.name}; extend the run or correct the tile size."
            )
        return self.put(takes.take_path(key, take), self._encoder.encode(image))

    def put(self, path: str, data: Data) -> Written:
        """The same for the bytes of one take, under the path that names it."""
        written = Written(path, len(data), xxhash.xxh3_128_hexdigest(data))
        self.files.make_folder((self.root / path).parent)
        self.files.write_durable(self.root / path, data)
        return written

    def choose(self, key: PlaneKey, take: int, previous: int | None = None) -> None:
        """Make a durable take the plane; durable on return. Choosing the chosen one does nothing.

        Args:
            previous: the take that was chosen until now, if any; it gets its own name back.

        Raises:
            StorageError: the take is missing.
            FileExistsError: another take is chosen and ``previous`` is not given.
        """
        own, plane = self.root / takes.take_path(key, take), self._plane(key)
        if not own.exists():
            if not plane.exists():
                raise StorageError(
                    f"Take {take + 1} of {key} is missing in {self.root}; image the tile again."
                )
            return
        if plane.exists() and filecmp.cmp(own, plane, shallow=False):
            # a power loss between the two syncs of the rename may leave both names
            self.files.remove(own)
            return
        if previous is not None:
            self.set_aside(key, previous)
        self.files.make_folder(plane.parent)
        self.files.rename(own, plane)

    def set_aside(self, key: PlaneKey, take: int) -> None:
        """Give a chosen take its own name back; durable on return. Doing so again does nothing."""
        own, plane = self.root / takes.take_path(key, take), self._plane(key)
        if own.exists() or not plane.exists():
            return
        for _, level in self._derived(key):
            self.files.remove(level)
        self.files.rename(plane, own)

    def verify(self, written: Written) -> bool:
        """Whether the take is on the disk with its size and checksum; reads the whole file."""
        return any(takes.holds(place, written) for place in self._places(written))

    def fetch(self, written: Written) -> bytes | None:
        """The bytes of a durable take, wherever it lies, if they have its checksum."""
        for place in self._places(written):
            # the take may be chosen, and so renamed, between two looks
            with suppress(FileNotFoundError):
                data = place.read_bytes()
                if xxhash.xxh3_128_hexdigest(data) == written.checksum:
                    return data
        return None

    def read(self, key: PlaneKey) -> Image:
        """Level 0 of the chosen plane: shape (y, x), uint8 or uint16.

        Raises:
            StorageError: absent or damaged.
        """
        return self._decode(key, self._plane(key))

    def read_take(self, key: PlaneKey, take: int) -> Image:
        """Level 0 of a durable take, chosen or not. See :meth:`read`."""
        own = self.root / takes.take_path(key, take)
        return self._decode(key, own if own.exists() else self._plane(key))

    def build_levels(self, key: PlaneKey) -> None:
        """Derive what is missing of the plane's smaller levels from level 0.

        Raises:
            StorageError: the plane is absent or damaged.
            DiskFull, OSError: the disk refuses.
        """
        missing = [level for level, path in self._derived(key) if not path.exists()]
        if not missing:
            return
        image = self.read(key)
        for level, path in self._derived(key):
            image = ome_zarr.half_size(image)
            if level in missing:
                self.files.make_folder(path.parent)
                self.files.write_durable(path, ome_zarr.encode_shard(image))

    def _places(self, written: Written) -> tuple[Path, Path]:
        return self.root / written.path, self.root / takes.grid_path(written.path)

    def _decode(self, key: PlaneKey, path: Path) -> Image:
        _, shape, dtype = self._geometry(key)
        try:
            return ome_zarr.decode_shard(path.read_bytes(), shape, dtype)
        except (OSError, ValueError) as error:
            raise StorageError(
                f"The plane {path} cannot be read ({error}); image the tile again."
            ) from error

    def _image(self, section: str, tile: int) -> Path:
        return self.root / section / str(tile)

    def _plane(self, key: PlaneKey, level: int = 0) -> Path:
        return self._image(key.section, key.tile) / str(level) / takes.grid_place(key.cycle)

    def _derived(self, key: PlaneKey) -> list[tuple[int, Path]]:
        _, shape, _ = self._geometry(key)
        return [(level, self._plane(key, level)) for level in range(1, len(ome_zarr.level_shapes(shape)))]

    def _geometry(self, key: PlaneKey) -> tuple[int, ome_zarr.Shape, np.dtype[Any]]:
        """Cycles, shape (y, x) and type of the image that the plane belongs to."""
        node = self._image(key.section, key.tile) / "0"
        try:
            array = read_metadata(node)
            cycles, height, width = array["shape"]
            return cycles, (height, width), np.dtype(array["data_type"])
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(f"{node} is not a stack of planes; check the folder of images.") from error

    def _is(self, image: Path, spec: ImageSpec) -> bool:
        """Whether the image that is there is of this size and type; it may have been extended.

        Its nominal place and slice thickness may come to differ from the plan: what is true of
        each plane stands in the journal.
        """
        there = read_metadata(image / "0")
        same = ome_zarr.array_metadata(spec.shape_yx, spec.dtype, there["shape"][0]) == there
        return same and _pixel_um(read_metadata(image)) == _pixel_um(ome_zarr.image_metadata(spec))

    def _put_metadata(self, node: Path, metadata: Metadata) -> None:
        data = json.dumps(metadata, indent=2).encode()
        self.files.write_durable(node / METADATA, data, replace=True)


def _pixel_um(image: Metadata) -> float:
    """The nominal pixel size that the metadata of an image tells. Raises ``StorageError``."""
    try:
        (multiscale,) = image["attributes"]["ome"]["multiscales"]
        scale = multiscale["datasets"][0]["coordinateTransformations"][0]["scale"]
        return float(scale[-1])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise StorageError(f"An image says no pixel size ({error}); check the folder of images.") from error


def read_metadata(node: Path) -> Metadata:
    """``zarr.json`` of a group or array.

    Raises:
        StorageError: missing or not JSON.
    """
    try:
        metadata = json.loads((node / METADATA).read_bytes())
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{node / METADATA} cannot be read ({error}); check the folder of images."
        ) from error
    if not isinstance(metadata, dict):
        raise StorageError(f"{node / METADATA} is not zarr metadata; check the folder of images.")
    return metadata
