"""A candidate that is several touching sections, told apart by what the others are like."""

from __future__ import annotations

import math

import numpy as np
import shapely

from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import Candidate, Candidates, Ring, Verdict
from scopeacq.sections.clumps import split
from scopeacq.sections.components import MARGIN_PX, component_of
from scopeacq.sections.outlines import Outline, fill
from scopeacq.sections.review import ReviewRefused, split_into
from scopeacq.sections.rings import counter_clockwise

EDGE_PX = 40.0
"""The root of a usual section's area in the mask into which its like are laid."""


def split_like_others(candidates: Candidates, candidate_id: str, wafer: Wafer) -> Candidates:
    """Lay outlines of a usual section into a candidate and put them in its place.

    Raises:
        ReviewRefused: it is unknown, accepted, no larger than the others, or there are no others.
    """
    own = next((c for c in candidates.sections if c.id == candidate_id), None)
    if own is None:
        raise ReviewRefused(f"There is no candidate {candidate_id}.")
    return split_into(candidates, candidate_id, _parts(own.outline_um, _usual(candidates, own)), wafer)


def _usual(candidates: Candidates, but: Candidate) -> Ring:
    """The outline of middle area among the others that nothing is odd about."""
    others = [
        c.outline_um
        for c in candidates.sections
        if c is not but and not c.flags and c.verdict is not Verdict.REJECTED
    ]
    if not others:
        raise ReviewRefused(
            f"There is no other section that {but.id} could be split like; cut it by a line."
        )
    return sorted(others, key=lambda ring: shapely.Polygon(ring).area)[len(others) // 2]


def _parts(clump_um: Ring, usual_um: Ring) -> list[Ring]:
    """In a mask of the clump, whose pixels (0, 0) lies at the clump's least x and y."""
    usual = shapely.Polygon(usual_um)
    pixel_um = math.sqrt(usual.area) / EDGE_PX
    corner_um = np.min(clump_um, axis=0) - MARGIN_PX * pixel_um
    clump_px = (np.array(clump_um) - corner_um) / pixel_um
    width, height = np.ceil(clump_px.max(0)).astype(int) + MARGIN_PX + 1
    mask = np.zeros((height, width), np.uint8)
    fill(mask, clump_px)
    centre_um = (usual.centroid.x, usual.centroid.y)
    typical: Outline = (np.array(usual_um) - centre_um) / pixel_um
    parts = split(component_of(mask, (0, 0)), mask.astype(np.float32), typical)
    return [_ring(outline * pixel_um + corner_um) for outline, _ in parts]


def _ring(outline_um: Outline) -> Ring:
    return counter_clockwise(tuple((float(x), float(y)) for x, y in outline_um))
