"""Pictures of the wafer under its map: ``overviews/*.ome.tif``, each with its place in a file beside it.

``overviews/<name>.ome.tif`` is a tiled TIFF with smaller levels (:mod:`scopeacq.storage.pyramid_tiff`),
grey or colour. ``overviews/<name>.toml`` says where it lies::

    format = "scopeacq.overview/1"
    # from pixels (column, row) to the wafer [um]: x = a * column + b * row + c, y alike
    to_wafer = [[1.0, 0.0, -7000.0], [0.0, -1.0, 7000.0]]

A picture without a readable place is not shown. Both files are written durably, the picture first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scopeacq.plan.placement import Placement, PlacementRefused
from scopeacq.plan.settings import Settings, SettingsError, read_toml
from scopeacq.storage.files import FileLayer
from scopeacq.storage.pyramid_tiff import Level, PyramidTiff, UnreadablePicture, pyramid_bytes
from scopeacq.storage.source_pictures import READABLE as READABLE
from scopeacq.storage.source_pictures import SourcePicture, read_source

FORMAT = "scopeacq.overview/1"
ENDING = ".ome.tif"
TILES = ".tiles"
"""Of the folder beside a picture that is still being acquired; see :mod:`scopeacq.mosaic.kept_tiles`."""

_Row = tuple[float, float, float]


class _PlaceFile(Settings):
    format: str
    to_wafer: Annotated[tuple[_Row, ...], Field(min_length=2, max_length=2)]


@dataclass(frozen=True, slots=True)
class Overview:
    """One picture and where it lies. ``levels``: its sizes, the full one first."""

    path: Path
    placement: Placement
    levels: tuple[Level, ...]

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(ENDING)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.levels[0].shape
        return width, height

    @classmethod
    def read(cls, path: Path) -> Overview:
        """Raises ``SettingsError``, which names the picture or the file of its place."""
        placement = read_placement(place_file(path))
        try:
            with PyramidTiff(path) as picture:
                return cls(path, placement, picture.levels)
        except UnreadablePicture as error:
            raise SettingsError(path, [str(error)], "Remove it and add the picture again.") from None


def place_file(picture: Path) -> Path:
    """The file beside a picture that says where it lies."""
    return picture.with_name(picture.name.removesuffix(ENDING) + ".toml")


def read_placement(path: Path) -> Placement:
    """Raises ``SettingsError``."""
    first, second = read_toml(path, _PlaceFile, FORMAT).to_wafer
    try:
        return Placement((first, second))
    except PlacementRefused as error:
        raise SettingsError(path, [str(error)], "Correct to_wafer, or add the picture again.") from None


def read_overviews(folder: Path) -> tuple[tuple[Overview, ...], tuple[SettingsError, ...]]:
    """All pictures of a run that can be shown, by name, and what is wrong with the others."""
    found: list[Overview] = []
    refused: list[SettingsError] = []
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            found.append(Overview.read(path))
        except SettingsError as error:
            refused.append(error)
    return tuple(found), tuple(refused)


def write_placement(overview: Overview, files: FileLayer) -> None:
    """Keep where a picture lies. Raises ``OSError``."""
    keep_place(overview.path, overview.placement, files)


def keep_place(picture: Path, placement: Placement, files: FileLayer) -> None:
    """Say where a picture lies, one that is still being written as well. Raises ``OSError``."""
    (a, b, x), (c, d, y) = placement.to_wafer
    text = (
        f'format = "{FORMAT}"\n'
        "# from pixels (column, row) to the wafer [um]: x = a * column + b * row + c, y alike\n"
        f"to_wafer = [[{a!r}, {b!r}, {x!r}], [{c!r}, {d!r}, {y!r}]]\n"
    )
    files.write_durable(place_file(picture), text.encode(), replace=True)


@dataclass(frozen=True, slots=True)
class Added:
    """A picture that was added. ``scale_known``: whether its file said how large its pixels are."""

    overview: Overview
    scale_known: bool


def add_overview(source: Path, folder: Path, across_um: float, files: FileLayer) -> Added:
    """Copy a TIFF, PNG, JPEG or CZI file into the run, as a pyramid in the middle of the wafer.

    ``across_um``: how long its longer edge is at first, where the file does not say its pixel size.

    Raises:
        SettingsError: ``source`` is no such picture.
        OSError: the disk refuses; see :mod:`scopeacq.storage.files`.
    """
    picture = read_overview_source(source)
    height, width = picture.pixels.shape[:2]
    pixel_um = picture.pixel_um or across_um / max(width, height)
    placement = Placement.centred(width, height, pixel_um)
    return Added(keep_overview(source, picture, placement, folder, files), picture.pixel_um is not None)


def read_overview_source(source: Path) -> SourcePicture:
    """A picture that can become an overview. Raises ``SettingsError``."""
    try:
        return read_source(source)
    except UnreadablePicture as error:
        raise SettingsError(source, [str(error)], "Choose a TIFF, PNG, JPEG or CZI picture.") from None


def keep_overview(
    source: Path, picture: SourcePicture, placement: Placement, folder: Path, files: FileLayer
) -> Overview:
    """Write a picture into the run, as a pyramid named after ``source``. Raises ``OSError``."""
    path = free_path(folder, source.name.split(".")[0])
    files.make_folder(folder)
    files.write_durable(path, pyramid_bytes(picture.pixels, placement.pixel_um))
    keep_place(path, placement, files)
    return Overview.read(path)


def remove_overview(overview: Overview, files: FileLayer) -> None:
    """Take a picture out of the run; the file that it was made from stays where it is."""
    files.remove(place_file(overview.path))
    files.remove(overview.path)
    remove_tiles(tiles_folder(overview.path), files)


def tiles_folder(picture: Path) -> Path:
    """Where the tiles of a picture lie until it is whole."""
    return picture.with_name(picture.name.removesuffix(ENDING) + TILES)


def remove_tiles(folder: Path, files: FileLayer) -> None:
    """Remove the tiles of a picture, and their folder with them. Raises ``OSError``."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        files.remove(path)
    folder.rmdir()


def free_path(folder: Path, name: str) -> Path:
    """A path for a picture of this name, or of one like it, that no picture of the run has."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "overview"
    names = (f"{stem}{number}" for number in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(p for name in names if not (p := folder / f"{name}{ENDING}").exists())
