"""Which outlines are of sections that are known already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import Candidate, Ring, Verdict
from scopeacq.sections.flags import DUPLICATE_OVERLAP, hulls_of

COVERED = 0.5
"""What lies on known sections by more than this share of its area is none of its own."""


def lie_on_known(rings: Sequence[Ring], kept: Sequence[Candidate], wafer: Wafer) -> NDArray[np.bool_]:
    """Which of the rings lie for the most part on sections, or just where one was rejected."""
    found = hulls_of(rings)
    rejected = hulls_of([c.outline_um for c in kept if c.verdict is Verdict.REJECTED])
    sections = [c.outline_um for c in kept if c.verdict is not Verdict.REJECTED]
    there = shapely.union_all(hulls_of([*sections, *(s.outline_um for s in wafer.sections)]))
    covered = shapely.area(shapely.intersection(found, there)) > COVERED * shapely.area(found)
    first, second = shapely.STRtree(rejected).query(found, predicate="intersects")
    shared = shapely.area(shapely.intersection(found[first], rejected[second]))
    union = shapely.area(found[first]) + shapely.area(rejected[second]) - shared
    covered[first[shared > DUPLICATE_OVERLAP * union]] = True
    return np.asarray(covered, bool)
