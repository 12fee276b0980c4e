"""What a section of this wafer looks like: all are cut from one block and so are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from scopeacq.sections.components import Component
from scopeacq.sections.outlines import Outline, area, contour_of

WELL_FORMED = 0.85
"""Solidity from which on a part may be a single section."""
SPREAD = 0.12
"""Of the logarithm of the areas of sections of one wafer."""
ALIKE = 0.3
LEAST_ALIKE, SINGULAR = 2.5, 1e-3
"""Of how many parts there must be, weighted by how alike they are, and what fewer count."""
LEAST_EDGE_PX = 8.0


@dataclass(frozen=True, slots=True)
class Typical:
    """The ``outline`` of a usual section about (0, 0) [px]; such parts cover a ``share`` of the picture."""

    outline: Outline
    share: float = 0.0

    @property
    def area(self) -> float:
        return area(self.outline)


def typical_section(parts: Sequence[Component], picture_px: int) -> Typical | None:
    """What most parts are like; None where no whole part is well formed.

    Many small specks are told from fewer sections by what they cover: each part counts by the root of
    its area. What the border of the picture cuts does not count.
    """
    whole = [part for part in parts if part.solidity > WELL_FORMED and not part.cut]
    areas = np.array([part.area for part in whole])
    if areas.max(initial=0.0) < LEAST_EDGE_PX**2:
        return None
    logs = np.log(areas)
    near = np.exp(-0.5 * ((logs[:, None] - logs) / SPREAD) ** 2)
    alone = near.sum(1) < LEAST_ALIKE
    votes = (near @ np.sqrt(areas)) * np.where(alone, SINGULAR, 1.0) * (areas >= LEAST_EDGE_PX**2)
    alike = np.flatnonzero(np.abs(logs - logs[votes.argmax()]) < ALIKE)
    outline = _most_usual([whole[k] for k in alike]).outline()
    share = areas[alike].sum() / picture_px * (SINGULAR if alone[votes.argmax()] else 1.0)
    return outline if outline is None else Typical(about_its_centre(outline), float(share))


def _most_usual(alike: list[Component]) -> Component:
    """That whose length and width are nearest to the medians."""
    sizes = np.log([cv2.minAreaRect(contour_of(part.mask).astype(np.float32))[1] for part in alike])
    sizes.sort(axis=1)
    return alike[int(np.abs(sizes - np.median(sizes, axis=0)).sum(1).argmin())]


def about_its_centre(outline: Outline) -> Outline:
    """The outline with its centre of area at (0, 0)."""
    moments = cv2.moments(outline.astype(np.float32))
    return outline - np.array([moments["m10"], moments["m01"]]) / moments["m00"]
