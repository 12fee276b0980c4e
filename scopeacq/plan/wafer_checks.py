"""Pre-flight of the wafer: whether sections, tiles and fiducials lie where they can be of use."""

from __future__ import annotations

import math

from shapely import STRtree, affinity
from shapely.geometry import Point, Polygon, box
from shapely.ops import unary_union

from scopeacq.plan.findings import Findings, error, warning
from scopeacq.plan.geometry import Tile
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Section
from scopeacq.telling.wording import counted

WAFER_RADIUS_UM = 12_700.0
LEAST_FIDUCIALS = 3


def section_findings(plan: Plan) -> Findings:
    """Sections beside the wafer or over each other, tiles beside their section."""
    wafer_disc = Point(0, 0).buffer(WAFER_RADIUS_UM)
    outlines = {s.id: Polygon(s.outline_um) for s in plan.wafer.sections}
    for section in plan.wafer.sections:
        outline = outlines[section.id]
        if not wafer_disc.contains(outline):
            yield error(f"Section {section.id} does not lie on the wafer; correct its outline.")
        yield from _tiles_on_section(section, outline, plan.project.imaging)
    if not any(s.tiles(plan.project.imaging) for s in plan.wafer.sections):
        yield error("No section of the wafer is active; activate at least one tile.")
    ids, shapes = list(outlines), list(outlines.values())
    for one, other in STRtree(shapes).query(shapes, predicate="intersects").T:
        if one < other and shapes[one].intersection(shapes[other]).area > 0:
            yield warning(f"Sections {ids[one]} and {ids[other]} overlap; their outlines may be wrong.")


def _tiles_on_section(section: Section, outline: Polygon, imaging: ImagingSettings) -> Findings:
    if not section.tiles(imaging):
        return
    grid = unary_union([_tile_outline(tile, imaging) for tile in section.tiles(imaging)])
    inside = grid.intersection(outline).area / grid.area
    if inside < 0.01:
        yield error(f"The tiles of section {section.id} lie beside it; correct its roi_centre_um.")
    elif inside < 0.99:
        yield warning(
            f"Only {inside:.0%} of what is imaged of section {section.id} lies on it; "
            "move the ROI or make the grid smaller."
        )


def _tile_outline(tile: Tile, imaging: ImagingSettings) -> Polygon:
    u, v = (px * imaging.pixel_size_nm * 5e-4 for px in (imaging.tile_width_px, imaging.tile_height_px))
    x, y = tile.centre_um
    return affinity.rotate(box(x - u, y - v, x + u, y + v), tile.rotation_deg, origin=(x, y))


def fiducial_findings(plan: Plan) -> Findings:
    """Too few fiducials, or too close together to tell rotations."""
    places = [f.centre_um for f in plan.wafer.fiducials]
    if len(places) < LEAST_FIDUCIALS:
        yield error(
            f"The wafer has {counted(len(places), 'fiducial')}; mark at least {LEAST_FIDUCIALS}, far "
            "apart, so that it is found again after each mill."
        )
        return
    sections = [p for s in plan.wafer.sections for p in s.outline_um]
    if sections and _widest_um(places) < _widest_um(sections) / 2:
        yield warning(
            f"The fiducials lie within {_widest_um(places):.0f} um, the sections within "
            f"{_widest_um(sections):.0f} um; mark some farther apart, or rotations are found badly."
        )


def _widest_um(points: list[tuple[float, float]]) -> float:
    """The diagonal of the points' bounding box."""
    xs, ys = zip(*points, strict=True)
    return math.hypot(max(xs) - min(xs), max(ys) - min(ys))
