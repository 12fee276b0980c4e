"""Pre-flight of the wafer: whether sections and tiles lie where they can be of use."""

from __future__ import annotations

from shapely import STRtree, affinity
from shapely.geometry import Point, Polygon, box
from shapely.ops import unary_union

from scopeacq.plan.findings import Findings, error, warning
from scopeacq.plan.geometry import Tile
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Section

WAFER_RADIUS_UM = 12_700.0


def section_findings(plan: Plan) -> Findings:
    """Sections beside the wafer or over each other, tiles beside their section."""
    wafer_disc = Point(0, 0).buffer(WAFER_RADIUS_UM)
    outlines = {s.id: Polygon(s.outline_um) for s in plan.wafer.sections}
    for name, outline in outlines.items():
        if not wafer_disc.contains(outline):
            yield error(f"Section {name} does not lie on the wafer; correct its outline.")
    if not any(s.tiles(plan.project.imaging) for s in plan.wafer.sections):
        yield error("No section of the wafer is active; activate at least one tile.")
    ids, shapes = list(outlines), list(outlines.values())
    for one, other in STRtree(shapes).query(shapes, predicate="intersects").T:
        if one < other and shapes[one].intersection(shapes[other]).area > 0:
            yield warning(f"Sections {ids[one]} and {ids[other]} overlap; their outlines may be wrong.")

