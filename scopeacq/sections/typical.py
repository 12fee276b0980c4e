"""What a section of this wafer looks like: all are cut from one block and so are alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.sections.components import Component, Probability, components
from scopeacq.sections.outlines import Outline, area, contour_of

WELL_FORMED = 0.85
"""Solidity from which on a part may be a single section."""
SPREAD = 0.12
"""Of the logarithm of the areas of sections of one wafer."""
ALIKE = 0.3
LEAST_ALIKE, SINGULAR = 2.5, 1e-3
"""Of how many parts there must be, weighted by how alike they are, and what fewer count."""
ALL_ALIKE = 0.08
TOUCHING = (4, 3, 2)
NOT_FEWER = 0.6
"""Parts of a fourth, a third or half an area are single sections where nearly all of these are so alike and
where they are not much fewer."""
LEAST_EDGE_PX = 8.0
SURE = 0.9
"""How certain what is surely section is: seams between touching sections are often hardly uncertain."""
FAR_MORE = 1.25
"""By what factor more of the picture must be alike for the surest to count alone."""


@dataclass(frozen=True, slots=True)
class Typical:
    """The ``outline`` of a usual section about (0, 0) [px]; such parts cover a ``share`` of the picture."""

    outline: Outline
    share: float = 0.0

    @property
    def area(self) -> float:
        return area(self.outline)


def typical_in(found: Probability) -> Typical | None:
    """What most parts of a map of probabilities, shape (y, x), are like; None where none is well formed."""
    usual = typical_section(list(components(found)), found.size)
    surest = typical_section(list(components(found, certain=SURE)), found.size)
    if usual is None or surest is None or surest.share < FAR_MORE * usual.share:
        return usual
    return surest


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
    middle = _of_single_ones(logs, float(logs[votes.argmax()]))
    alike = np.flatnonzero(np.abs(logs - middle) < ALIKE)
    outline = _most_usual([whole[k] for k in alike]).outline()
    share = areas[alike].sum() / picture_px * (SINGULAR if alone[votes.argmax()] else 1.0)
    return outline if outline is None else Typical(about_its_centre(outline), float(share))


def _of_single_ones(logs: NDArray[np.float64], winner: float) -> float:
    """The logarithm of the area of a section, where the winner's may be that of several that touch.

    Single sections are all of one size; parts of torn ones are of any.
    """
    winners = np.count_nonzero(np.abs(logs - winner) < ALIKE)
    for count in TOUCHING:
        aside = np.abs(logs - winner + math.log(count))
        near, nearest = np.count_nonzero(aside < ALIKE), np.count_nonzero(aside < ALL_ALIKE)
        if nearest >= max(LEAST_ALIKE, NOT_FEWER * winners, NOT_FEWER * near):
            return winner - math.log(count)
    return winner


def _most_usual(alike: list[Component]) -> Component:
    """That whose length and width are nearest to the medians."""
    sizes = np.log([cv2.minAreaRect(contour_of(part.mask).astype(np.float32))[1] for part in alike])
    sizes.sort(axis=1)
    return alike[int(np.abs(sizes - np.median(sizes, axis=0)).sum(1).argmin())]


def about_its_centre(outline: Outline) -> Outline:
    """The outline with its centre of area at (0, 0)."""
    moments = cv2.moments(outline.astype(np.float32))
    return outline - np.array([moments["m10"], moments["m01"]]) / moments["m00"]
