"""What was found: a section's outline, how sure that is, and what is odd about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scopeacq.sections.flags import Flag, flags_of
from scopeacq.sections.outlines import Outline


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
    outlines, confidences = [s.outline for s in sections], [s.confidence for s in sections]
    flags = flags_of(outlines, confidences, usual_area)
    return tuple(replace(s, flags=own) for s, own in zip(sections, flags, strict=True))
