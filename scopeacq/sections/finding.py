"""What was found: a section's outline, how sure that is, and what is odd about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from scopeacq.sections.outlines import Outline, area, overlap, reach

DUPLICATE_OVERLAP = 0.25
SLIVER_AREA = 0.5
ODD_AREA = 0.3
"""Of the median: below which area a section is a sliver; by how much the area of others may differ."""


class Flag(Enum):
    """What an operator should look at."""

    DUPLICATE = "lies over another section"
    SLIVER = "is far smaller than the others"
    SIZE = "is not of the size of the others"


@dataclass(frozen=True, slots=True)
class FoundSection:
    """One section in a picture; ``corners`` (column, row) in turn [px].

    ``confidence``: 0..1, how section-like its inside, how bare its surroundings and how usual its size.
    """

    corners: tuple[tuple[float, float], ...]
    confidence: float
    flags: frozenset[Flag] = frozenset()

    @property
    def outline(self) -> Outline:
        return np.array(self.corners)

    @property
    def proposed(self) -> bool:
        """Whether it is taken for a section as long as nobody looks: it is no sliver and no duplicate."""
        return not self.flags & {Flag.DUPLICATE, Flag.SLIVER}


def flagged(sections: Sequence[FoundSection], usual_area: float | None = None) -> tuple[FoundSection, ...]:
    """The same sections with their flags made anew; of two that lie over each other the surer one stays.

    ``usual_area``: that of a section [px^2], by default the median.
    """
    if not sections:
        return ()
    areas = [area(s.outline) for s in sections]
    usual = usual_area or float(np.median(areas))
    doubles = _duplicates(sections)
    return tuple(
        replace(section, flags=_flags(own / usual, doubled=k in doubles))
        for k, (section, own) in enumerate(zip(sections, areas, strict=True))
    )


def _flags(ratio: float, *, doubled: bool) -> frozenset[Flag]:
    flags = {Flag.DUPLICATE} if doubled else set()
    if ratio < SLIVER_AREA:
        flags.add(Flag.SLIVER)
    elif abs(math.log(ratio)) > math.log1p(ODD_AREA):
        flags.add(Flag.SIZE)
    return frozenset(flags)


def _duplicates(sections: Sequence[FoundSection]) -> set[int]:
    """Those that lie over a surer one, by their places."""
    order = sorted(range(len(sections)), key=lambda k: -sections[k].confidence)
    centres = np.array([s.outline.mean(0) for s in sections])
    widest = 2 * max(reach(s.outline) for s in sections)
    kept: list[int] = []
    doubles: set[int] = set()
    for k in order:
        near = [j for j in kept if np.abs(centres[j] - centres[k]).max() < widest]
        if any(overlap(sections[j].outline, sections[k].outline) > DUPLICATE_OVERLAP for j in near):
            doubles.add(k)
        else:
            kept.append(k)
    return doubles
