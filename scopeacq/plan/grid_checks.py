"""Pre-flight of the grids: whether tiles lie on their sections, cover the ROIs, and can be reached."""

from __future__ import annotations

from collections.abc import Iterator

from scopeacq.plan.coverage import Coverage, coverage_by, exposed_twice, footprint
from scopeacq.plan.findings import Findings, error, warning
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Section
from scopeacq.telling.wording import counted

LITTLE = 0.01
"""Shares of an area that do not matter."""


def grid_findings(plan: Plan) -> Findings:
    """Tiles beside their section or out of reach, ROIs not covered, places that are imaged twice."""
    imaging = plan.project.imaging
    imaged = [s for s in plan.wafer.sections if s.imaged(imaging)]
    footprints = {section.id: footprint(section, imaging) for section in imaged}
    for section in imaged:
        yield from _on_section(section, coverage_by(footprints[section.id], section, imaging))
    apart = [s.id for s in imaged if s.imaging(imaging).overlap_px == 0 and len(s.imaged(imaging)) > 1]
    if apart:
        more = f" and {len(apart) - 1} more" if len(apart) > 1 else ""
        yield warning(
            f"The tiles of section {apart[0]}{more} do not overlap: gaps may stay, and nothing "
            "tells how they fit together; set overlap_px."
        )
    for one, other, area_um2 in exposed_twice(footprints):
        yield warning(
            f"The tiles of sections {one} and {other} overlap by {area_um2:.0f} um\u00b2, which get the "
            "electron dose of both; move one of the grids or make it smaller."
        )
    for section in imaged:
        yield from _in_reach(plan, section)


def _on_section(section: Section, covered: Coverage) -> Findings:
    if covered.beside > 1 - LITTLE:
        yield error(f"The tiles of section {section.id} lie beside it; correct its roi_centre_um.")
    elif section.roi_um is None and covered.beside > LITTLE:
        yield warning(
            f"Only {1 - covered.beside:.0%} of what is imaged of section {section.id} lies on it; "
            "move the ROI or make the grid smaller."
        )
    if covered.roi_beside > LITTLE:
        yield warning(
            f"{covered.roi_beside:.0%} of the ROI of section {section.id} lies beside it; draw the ROI or "
            "the outline again."
        )
    if section.roi_um is not None and covered.share < 1 - LITTLE:
        yield warning(
            f"The tiles of section {section.id} cover {covered.share:.0%} of its ROI; add rows or columns, "
            "or fill it with `scopeacq wafer grids --fill`."
        )


def _in_reach(plan: Plan, section: Section) -> Findings:
    """By the profile; the connected stage is asked about every pose before a run."""
    beyond = list(_beyond(plan, section))
    if beyond:
        x_um, y_um = beyond[0]
        yield error(
            f"{counted(len(beyond), 'tile')} of section {section.id} cannot be reached: the stage would "
            f"have to go to {x_um:.0f}, {y_um:.0f} um; leave the section out, or mount the wafer otherwise "
            "and measure its landmarks again."
        )


def _beyond(plan: Plan, section: Section) -> Iterator[tuple[float, float]]:
    """Where the stage would have to go, and cannot."""
    stage, mount = plan.instrument.stage, plan.wafer.mount
    (left, right), (low, high) = stage.reach_x_um, stage.reach_y_um
    for tile in section.tiles(plan.project.imaging):
        x_um, y_um = mount.apply(tile.centre_um)
        if not (left <= x_um <= right and low <= y_um <= high):
            yield x_um, y_um
