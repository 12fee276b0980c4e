"""One thick section: its outline, its ROI and the tiles that image it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pydantic import Field

from scopeacq.plan.bounds import Pixels, PixelSize, Positive
from scopeacq.plan.geometry import Point, Tile, grid, rotation
from scopeacq.plan.project import MOST_TILES_ACROSS, ImagingSettings, OverlapPx, TilesAcross
from scopeacq.plan.settings import Settings

HAIR_UM = 1e-3
"""A tile that reaches into an ROI by less only lies beside it."""
MOST_TILES = MOST_TILES_ACROSS**2


class SectionGrid(Settings):
    """What of a section's tiles differs from ``[imaging]`` of the project; ``None`` is as there."""

    rows: TilesAcross | None = Field(None, description="Tiles along the grid's y.")
    columns: TilesAcross | None = Field(None, description="Tiles along the grid's x.")
    overlap_px: OverlapPx | None = Field(None, description="How much neighbouring tiles share.")
    tile_width_px: Pixels | None = Field(None, description="Columns of a tile.")
    tile_height_px: Pixels | None = Field(None, description="Rows of a tile.")
    pixel_size_nm: PixelSize | None = Field(None, description="Edge of a pixel on the wafer.")
    dwell_ns: Positive | None = Field(
        None, title="Dwell time", description="How long the beam stays on a pixel."
    )

    def over(self, project_imaging: ImagingSettings) -> ImagingSettings:
        """The project's settings with these in their place.

        Raises:
            ValueError: they do not go together, such as an overlap of more than half a tile.
        """
        own = self.model_dump(exclude_none=True)
        renamed = {_PROJECT_KEYS.get(key, key): value for key, value in own.items()}
        return ImagingSettings.model_validate(project_imaging.model_dump() | renamed)


_PROJECT_KEYS = {"rows": "grid_rows", "columns": "grid_columns"}


@dataclass(frozen=True, slots=True)
class Section:
    """One thick section. ``rotation_deg`` turns its grid counter-clockwise on the wafer.

    ``roi_centre_um`` is the middle of the grid. ``roi_um`` is what matters of the section, the corners of
    a polygon: tiles that do not touch it are not imaged; ``None`` is all that the grid covers.
    ``grid`` holds what of the tiles is not as in the project.
    What is not ``active`` is milled along with the others and never imaged: the whole section, or the
    tiles of ``inactive_tiles``, by their indices in the grid and in order.
    """

    id: str
    outline_um: tuple[Point, ...]
    roi_centre_um: Point
    rotation_deg: float
    thickness_nm: float
    active: bool = True
    inactive_tiles: tuple[int, ...] = ()
    roi_um: tuple[Point, ...] | None = None
    grid: SectionGrid | None = None

    def imaging(self, project_imaging: ImagingSettings) -> ImagingSettings:
        """The settings of this section's tiles. Raises ``ValueError`` where its own do not fit."""
        return project_imaging if self.grid is None else _merged(self.grid, project_imaging)

    def tiles(self, project_imaging: ImagingSettings) -> tuple[Tile, ...]:
        """The tiles that are imaged, with their indices in the grid."""
        tiles = self.grid_tiles(project_imaging)
        if self.active and not self.inactive_tiles and self.roi_um is None:
            return tiles
        imaged = self.imaged(project_imaging)
        return tuple(t for t in tiles if t.index in imaged)

    def imaged(self, project_imaging: ImagingSettings) -> frozenset[int]:
        """The indices of the tiles that are imaged."""
        return _imaged(self, project_imaging) if self.active else frozenset()

    def grid_tiles(self, project_imaging: ImagingSettings) -> tuple[Tile, ...]:
        """All tiles of the grid, with those that are not imaged."""
        imaging = self.imaging(project_imaging)
        pixel_um = imaging.pixel_size_nm * 1e-3
        step = (
            (imaging.tile_width_px - imaging.overlap_px) * pixel_um,
            (imaging.tile_height_px - imaging.overlap_px) * pixel_um,
        )
        return grid(
            self.id, self.roi_centre_um, self.rotation_deg, imaging.grid_rows, imaging.grid_columns, step
        )


def tile_corners_um(
    tiles: tuple[Tile, ...], imaging: ImagingSettings, margin_um: float = 0.0
) -> NDArray[np.float64]:
    """The corners of tiles of one grid on the wafer, less a margin: shape (n, 4, 2), float64 [um]."""
    if not tiles:
        return np.empty((0, 4, 2))
    pixel_um = imaging.pixel_size_nm * 1e-3
    u = imaging.tile_width_px * pixel_um / 2 - margin_um
    v = imaging.tile_height_px * pixel_um / 2 - margin_um
    corners = np.array([(-u, -v), (u, -v), (u, v), (-u, v)]) @ rotation(tiles[0].rotation_deg).T
    return np.array([t.centre_um for t in tiles])[:, None] + corners


@lru_cache(maxsize=64)  # a run has few kinds of grid
def _merged(own: SectionGrid, project_imaging: ImagingSettings) -> ImagingSettings:
    return own.over(project_imaging)


@lru_cache(maxsize=4096)  # asked for again and again, of every section
def _imaged(section: Section, project_imaging: ImagingSettings) -> frozenset[int]:
    tiles = section.grid_tiles(project_imaging)
    if section.roi_um is not None:
        roi = shapely.Polygon(section.roi_um)
        shapely.prepare(roi)
        corners_um = tile_corners_um(tiles, section.imaging(project_imaging), HAIR_UM)
        touched = np.flatnonzero(shapely.intersects(roi, shapely.polygons(corners_um)))
        tiles = tuple(tiles[n] for n in touched)
    return frozenset(t.index for t in tiles) - frozenset(section.inactive_tiles)
