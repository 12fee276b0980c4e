"""What the tiles of sections cover: of their ROIs, beside them, and of one another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.section import HAIR_UM, Section, tile_corners_um


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares are 0 to 1.

    ``share``: what the tiles cover of the ROI, or of the whole section where it has none.
    ``beside``: what of the tiles lies beside the section. ``roi_beside``: what of the ROI does.
    """

    tiles: int
    share: float
    beside: float
    roi_beside: float


def footprint(section: Section, project_imaging: ImagingSettings) -> BaseGeometry:
    """What the imaged tiles of a section cover, on the wafer [um]; empty for none."""
    imaging, tiles = section.imaging(project_imaging), section.tiles(project_imaging)
    corners_um = tile_corners_um(tiles, imaging)
    if len(tiles) == imaging.grid_rows * imaging.grid_columns:
        top_right, bottom_left = imaging.grid_columns - 1, len(tiles) - imaging.grid_columns
        ends = corners_um[bottom_left, 0], corners_um[-1, 1], corners_um[top_right, 2], corners_um[0, 3]
        return shapely.Polygon(ends)
    return shapely.union_all(shapely.polygons(corners_um))


def coverage(section: Section, project_imaging: ImagingSettings) -> Coverage:
    """How well the tiles of a section cover what matters of it."""
    return coverage_by(footprint(section, project_imaging), section, project_imaging)


def coverage_by(imaged: BaseGeometry, section: Section, project_imaging: ImagingSettings) -> Coverage:
    """The same with the section's footprint, where that is known."""
    outline = shapely.Polygon(section.outline_um)
    wanted = outline if section.roi_um is None else shapely.Polygon(section.roi_um)
    return Coverage(
        len(section.imaged(project_imaging)),
        imaged.intersection(wanted).area / wanted.area,
        imaged.difference(outline).area / imaged.area if imaged.area else 0.0,
        0.0 if section.roi_um is None else wanted.difference(outline).area / wanted.area,
    )


def exposed_twice(footprints: Mapping[str, BaseGeometry]) -> Iterator[tuple[str, str, float]]:
    """Pairs of sections whose tiles overlap, and the area [um^2] that gets the dose of both."""
    ids, shapes = list(footprints), list(footprints.values())
    if not shapes:
        return
    for one, other in shapely.STRtree(shapes).query(shapes, predicate="intersects").T.tolist():
        if one < other and (area_um2 := shapes[one].intersection(shapes[other]).area) > HAIR_UM:
            yield ids[one], ids[other], area_um2
