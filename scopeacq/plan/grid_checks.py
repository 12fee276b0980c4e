"""Pre-flight of the grids: whether tiles lie on their sections, cover the ROIs, and can be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from scopeacq.plan.coverage import Coverage, coverage_by, exposed_twice, footprint
from scopeacq.plan.findings import Findings, error, warning
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Section
from scopeacq.telling.wording import counted

LITTLE = 0.01
"""Shares of an area that do not matter."""
EDGE = 0.1
"""Tiles that cover a section to its edges reach beyond them, by so much of what is imaged."""


def grid_findings(plan: Plan) -> Findings:
    """Tiles beside their section or out of reach, ROIs not covered, places that are imaged twice."""
    imaging = plan.project.imaging
    imaged = [s for s in plan.wafer.sections if s.imaged(imaging)]
    footprints = {section.id: footprint(section, imaging) for section in imaged}
    covered = {section.id: coverage_by(footprints[section.id], section, imaging) for section in imaged}
    with_roi = {section.id: covered[section.id] for section in imaged if section.roi_um is not None}
    yield from _beside(covered, covered.keys() - with_roi.keys())
    yield from _rois(covered, with_roi)
    apart = [s.id for s in imaged if s.imaging(imaging).overlap_px == 0 and len(s.imaged(imaging)) > 1]
    if apart:
        yield warning(
            f"The tiles of {_together(apart)} do not overlap: gaps may stay, and nothing "
            "tells how they fit together; set overlap_px."
        )
    for one, other, area_um2 in exposed_twice(footprints):
        yield warning(
            f"The tiles of sections {one} and {other} overlap by {area_um2:.0f} um\u00b2, which get the "
            "electron dose of both; move one of the grids or make it smaller."
        )
    for section in imaged:
        yield from _in_reach(plan, section)


def _together(ids: Sequence[str]) -> str:
    """Hundreds of sections that have the same are one sentence: the first is named."""
    return f"section {ids[0]}" + (f" and {len(ids) - 1} more" if len(ids) > 1 else "")


def _worst_first(shares: Mapping[str, float], above: float) -> list[str]:
    worst = sorted(shares, key=lambda name: (-shares[name], name))
    return [name for name in worst if shares[name] > above]


def _beside(covered: Mapping[str, Coverage], without_roi: Set[str]) -> Findings:
    """Tiles that do not lie on their section."""
    beside = {name: found.beside for name, found in covered.items()}
    for name in [name for name, share in beside.items() if share > 1 - LITTLE]:
        yield error(f"The tiles of section {name} lie beside it; correct its roi_centre_um.")
    partly = {name: beside[name] for name in without_roi if beside[name] <= 1 - LITTLE}
    if over := _worst_first(partly, EDGE):
        yield warning(
            f"Only {1 - partly[over[0]]:.0%} of what is imaged of {_together(over)} lies on it; "
            "move the ROI or make the grid smaller."
        )


def _rois(covered: Mapping[str, Coverage], with_roi: Mapping[str, Coverage]) -> Findings:
    """ROIs beside their section, and those that tiles leave out."""
    beside = {name: found.roi_beside for name, found in covered.items()}
    if over := _worst_first(beside, LITTLE):
        yield warning(
            f"{beside[over[0]]:.0%} of the ROI of {_together(over)} lies beside it; draw the ROI or "
            "the outline again."
        )
    left_out = {name: 1 - found.share for name, found in with_roi.items()}
    if open_ := _worst_first(left_out, LITTLE):
        yield warning(
            f"The tiles of {_together(open_)} cover {1 - left_out[open_[0]]:.0%} of its ROI; add rows or "
            "columns, or fill it with `scopeacq wafer grids --fill`."
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
