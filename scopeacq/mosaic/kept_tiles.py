"""Tiles of a mosaic under way, each in a file of its own, so that what was taken is never lost.

The files go when the mosaic is whole. One that is damaged, or was taken with other settings or for another
layout, is taken again.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import numpy as np
import tifffile

from hardware.types import Frame, Image
from scopeacq.mosaic.layout import MosaicLayout, Spot
from scopeacq.plan.geometry import Point
from scopeacq.plan.overviews import remove_tiles
from scopeacq.plan.settings import Settings, SettingsError
from scopeacq.storage.files import FileLayer
from scopeacq.storage.pyramid_tiff import UnreadablePicture, unreadable
from scopeacq.storage.tiff import frame_as_tiff

SAME_SPOT_PX = 1.0
"""A tile that was meant for another spot of the wafer belongs to another mosaic."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile that was taken: ``centre_um`` is where the stage says that it lies on the wafer."""

    spot: Spot
    image: Image
    centre_um: Point


class _Told(Settings):
    """What is kept beside the pixels: for which spot and under which mount a tile was taken, and where."""

    spot_um: Point
    mount: tuple[float, float, float]
    centre_um: Point


@dataclass(frozen=True, slots=True)
class KeptTiles:
    """A folder of tiles."""

    folder: Path
    layout: MosaicLayout
    files: FileLayer

    def keep(self, spot: Spot, frame: Frame, centre_um: Point) -> Tile:
        """Write a tile durably. Raises ``OSError``."""
        self.files.make_folder(self.folder)
        told = _Told(spot_um=spot.centre_um, mount=astuple(self.layout.mount), centre_um=centre_um)
        data = frame_as_tiff(frame, {"mosaic": told.model_dump()})
        self.files.write_durable(self._path(spot), data, replace=True)
        return Tile(spot, frame.image, centre_um)

    def read(self, spot: Spot) -> Tile | None:
        """The tile that was taken at a spot, None where there is none that can be used."""
        wanted = self.layout.frame
        try:
            with unreadable(), tifffile.TiffFile(self._path(spot)) as file:
                page = file.pages.first
                data = json.loads(page.description)
                told = _Told.model_validate(data["mosaic"])
                if data["frame"] != asdict(wanted) or page.shape != (wanted.height_px, wanted.width_px):
                    return None
                image = page.asarray()
        except UnreadablePicture:
            return None
        here = math.dist(told.spot_um, spot.centre_um) <= SAME_SPOT_PX * wanted.pixel_size_nm * 1e-3
        same = here and told.mount == astuple(self.layout.mount) and image.dtype == np.uint8
        return Tile(spot, image, told.centre_um) if same else None

    def wanted(self, spot: Spot) -> Tile:
        """A tile that was kept before. Raises ``SettingsError`` where it has gone or was damaged since."""
        tile = self.read(spot)
        if tile is None:
            problem = "a tile of the overview was changed or removed while it was acquired"
            raise SettingsError(
                self._path(spot), [problem], "Acquire the overview again; it takes what is missing."
            )
        return tile

    def clear(self) -> None:
        """Remove all tiles. Raises ``OSError``."""
        remove_tiles(self.folder, self.files)

    def _path(self, spot: Spot) -> Path:
        return self.folder / f"row{spot.row:03d}-column{spot.column:03d}.tif"
