"""Pre-flight of the wafer: whether there are sections, on it and apart, and imaged as they should be."""

from __future__ import annotations

from shapely import STRtree
from shapely.geometry import Point, Polygon

from scopeacq.plan.findings import Findings, error, warning
from scopeacq.plan.grid_checks import grid_findings
from scopeacq.plan.runfolder import Plan

WAFER_RADIUS_UM = 12_700.0


def section_findings(plan: Plan) -> Findings:
    """Sections beside the wafer or over each other, and what is wrong with their tiles."""
    if not plan.wafer.sections:
        yield error(
            "The wafer has no section yet; find some with `scopeacq wafer detect`, or draw them in the "
            "window."
        )
        return
    wafer_disc = Point(0, 0).buffer(WAFER_RADIUS_UM)
    outlines = {s.id: Polygon(s.outline_um) for s in plan.wafer.sections}
    for name, outline in outlines.items():
        if not wafer_disc.contains(outline):
            yield error(f"Section {name} does not lie on the wafer; correct its outline.")
    if not any(s.imaged(plan.project.imaging) for s in plan.wafer.sections):
        yield error("No section of the wafer is active; activate at least one tile.")
    ids, shapes = list(outlines), list(outlines.values())
    for one, other in STRtree(shapes).query(shapes, predicate="intersects").T:
        if one < other and shapes[one].intersection(shapes[other]).area > 0:
            yield warning(f"Sections {ids[one]} and {ids[other]} overlap; their outlines may be wrong.")
    yield from grid_findings(plan)
