"""Choosing fiducials on an overview: places that look like nothing near them, far apart, beside sections.

What shows structure is told by the structure tensor (its smaller eigenvalue: how fast the picture changes
in the direction in which it changes least, Shi & Tomasi 1994), what is mistaken for something near it by
how well it correlates with its surroundings. How deep a mark is cut no picture tells.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.findings import Findings, warning
from scopeacq.plan.focus_settings import RegistrationSettings
from scopeacq.plan.geometry import Point
from scopeacq.plan.mark_checks import turns_onto_itself
from scopeacq.plan.wafer import Wafer
from scopeacq.plan.wafer_checks import WAFER_RADIUS_UM
from scopeacq.sections.seen import Seen

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]

LEAST_STRUCTURE = 8.0
"""Times what half of the wafer shows, which is noise and shading."""
MOST_LIKENESS = 0.6
"""Correlation with something near it from which on a place may be mistaken for it."""
LOOKED_AT = 80
"""The places of most structure that are compared with their surroundings."""
MUCH = 0.1
"""Places of less structure, as a share of that of as many better ones as are wanted, are not proposed."""


@dataclass(frozen=True, slots=True)
class Need:
    """What fiducials are looked for in. ``field_um``: edge of the frames that will show them.

    ``reach_um``: how far off they may lie when they are looked for.
    """

    field_um: float
    reach_um: float


def need_of(registration: RegistrationSettings) -> Need:
    """What a run's looks at fiducials ask of them."""
    shorter_px = min(registration.width_px, registration.height_px)
    return Need(1e-3 * shorter_px * registration.pixel_size_nm, registration.max_shift_um)


@dataclass(frozen=True, slots=True)
class Distinctness:
    """How well a place is found again. ``structure``: times that of the bare wafer.

    ``likeness``: its best correlation with something within reach, 1 for the same again.
    """

    centre_um: Point
    structure: float
    likeness: float

    @property
    def enough(self) -> bool:
        return self.structure >= LEAST_STRUCTURE and self.likeness <= MOST_LIKENESS


def propose(
    seen: Seen, tissue_um: Sequence[Sequence[Point]], there: Sequence[Point], count: int, need: Need
) -> tuple[Distinctness, ...]:
    """Up to ``count`` places for more fiducials, widely spread; fewer where there are not so many.

    ``tissue_um``: outlines of all that is section; ``there``: fiducials that there are.
    """
    relief = _relief(seen, need)
    allowed = _beside(seen, tissue_um, need, relief.field_px) & (relief.strength >= LEAST_STRUCTURE)
    found = [_judged(seen, relief, px, need) for px in _peaks(relief, allowed)]
    fit = [p for p in found if p.enough and _apart_um(p.centre_um, there) > need.field_um]
    fit.sort(key=lambda place: place.structure, reverse=True)
    least = MUCH * fit[min(count, len(fit)) - 1].structure if fit else 0.0
    return _spread([p for p in fit if p.structure >= least], there, count, need.reach_um)


def judge_places(seen: Seen, places_um: Sequence[Point], need: Need) -> tuple[Distinctness | None, ...]:
    """How well places of an operator's choice will be found again; None beyond the picture."""
    relief = _relief(seen, need)
    return tuple(_judged_nearby(seen, relief, place, need) for place in places_um)


def place_findings(seen: Seen, wafer: Wafer, need: Need) -> Findings:
    """Fiducials of a wafer that its overview shows to be hard to find again."""
    judged = judge_places(seen, [f.centre_um for f in wafer.fiducials], need)
    for fiducial, place in zip(wafer.fiducials, judged, strict=True):
        if place is None:
            yield warning(f"Fiducial {fiducial.id} lies beyond the overview; look at it in the live image.")
        elif place.structure < LEAST_STRUCTURE:
            yield warning(
                f"Fiducial {fiducial.id} shows hardly more in the overview than bare wafer does; choose a "
                "place with a mark."
            )
        elif place.likeness > MOST_LIKENESS:
            yield warning(
                f"Fiducial {fiducial.id} looks like something within {need.reach_um:.0f} um of it; choose "
                "a place that looks like nothing near it."
            )


# -- what a picture shows ----------------------------------------------------------------


@dataclass(frozen=True)
class _Relief:
    """``strength``: structure at each pixel, shape (y, x), in units of what half of the picture shows.

    ``field_px``: edge of the field in which it was summed up, odd.
    """

    strength: Floats
    field_px: int


def _relief(seen: Seen, need: Need) -> _Relief:
    field_px = max(3, round(need.field_um / seen.placement.pixel_um)) | 1
    greys = cv2.GaussianBlur(seen.greys.astype(np.float32), (0, 0), 1.0)
    strength = cv2.cornerMinEigenVal(greys, field_px, ksize=3)
    typical = float(np.median(strength[strength > 0])) if (strength > 0).any() else 1.0
    return _Relief(np.asarray(strength / max(typical, 1e-12), np.float32), field_px)


def _beside(
    seen: Seen, tissue_um: Sequence[Sequence[Point]], need: Need, field_px: int
) -> NDArray[np.bool_]:
    """Where a field shows wafer all over: no section, and no edge of the wafer or of what was imaged."""
    shape = seen.greys.shape
    clear = np.full(shape, 255, np.uint8)
    middle = seen.placement.px((0.0, 0.0))
    radius_px = WAFER_RADIUS_UM / seen.placement.pixel_um
    disc = np.zeros(shape, np.uint8)
    cv2.circle(disc, (round(middle[0]), round(middle[1])), round(radius_px), 255, cv2.FILLED)
    clear &= disc
    for outline in tissue_um:
        corners = np.rint([seen.placement.px(corner) for corner in outline]).astype(np.int32)
        cv2.fillPoly(clear, [corners], 0)
    blind = np.where((seen.greys == 0) | (seen.greys == 255), np.uint8(255), np.uint8(0))
    whole_fields = np.ones((field_px, field_px), np.uint8)
    clear[np.asarray(cv2.morphologyEx(blind, cv2.MORPH_OPEN, whole_fields)) > 0] = 0
    clear[[0, -1], :] = clear[:, [0, -1]] = 0
    half_px = math.ceil((need.field_um / 2 + need.reach_um) / seen.placement.pixel_um)
    return cv2.distanceTransform(clear, cv2.DIST_L2, 3) > half_px


def _peaks(relief: _Relief, allowed: NDArray[np.bool_]) -> Iterator[Point]:
    """Pixels (column, row) with most structure around them within a field, the strongest first."""
    size = (relief.field_px, relief.field_px)
    centred = cv2.blur(relief.strength, size)  # all fields that hold a mark hold as much structure
    highest = centred >= cv2.dilate(centred, np.ones(size, np.uint8))
    rows, columns = np.nonzero(highest & allowed)
    order = np.argsort(-centred[rows, columns])[:LOOKED_AT]
    yield from ((float(columns[n]), float(rows[n])) for n in order)


def _judged_nearby(seen: Seen, relief: _Relief, place_um: Point, need: Need) -> Distinctness | None:
    column, row = (round(n) for n in seen.placement.px(place_um))
    height, width = seen.greys.shape
    if not (0 <= column < width and 0 <= row < height):
        return None
    return _judged(seen, relief, (float(column), float(row)), need)


def _judged(seen: Seen, relief: _Relief, px: Point, need: Need) -> Distinctness:
    column, row = (round(n) for n in px)
    structure = float(relief.strength[row, column])
    return Distinctness(seen.placement.wafer_um(px), structure, _likeness(seen, relief.field_px, px, need))


def _likeness(seen: Seen, field_px: int, px: Point, need: Need) -> float:
    """The best correlation of a field with others within reach that do not show most of it, too."""
    half = field_px // 2
    reach_px = max(field_px, math.ceil(need.reach_um / seen.placement.pixel_um))
    around = cv2.getRectSubPix(seen.greys, (2 * (half + reach_px) + 1,) * 2, px)
    field = around[reach_px : reach_px + field_px, reach_px : reach_px + field_px]
    if float(field.std()) == 0.0:
        return 1.0
    likeness = cv2.matchTemplate(around, field, cv2.TM_CCOEFF_NORMED)
    likeness[~np.isfinite(likeness)] = 0.0
    near = slice(reach_px - half, reach_px + half + 1)
    likeness[near, near] = 0.0
    return float(likeness.max())


# -- which of them -----------------------------------------------------------------------


def _spread(
    places: Sequence[Distinctness], there: Sequence[Point], count: int, tolerance_um: float
) -> tuple[Distinctness, ...]:
    """Places far from each other and from what is there, in a pattern that no turn maps onto itself."""
    left, chosen = list(places), list[Distinctness]()
    while left and len(chosen) < count:
        taken = [*there, *(place.centre_um for place in chosen)]
        left.sort(key=lambda place: _farness_um(place.centre_um, taken, places), reverse=True)
        last = len(chosen) + 1 == count
        uneven = (
            n for n, p in enumerate(left) if not (last and _alike([*taken, p.centre_um], tolerance_um))
        )
        chosen.append(left.pop(next(uneven, 0)))
    return tuple(chosen)


def _farness_um(place: Point, taken: Sequence[Point], places: Sequence[Distinctness]) -> float:
    """From the nearest place that is taken; of the first one, from the middle of all."""
    if taken:
        return _apart_um(place, taken)
    x_um, y_um = np.mean([other.centre_um for other in places], axis=0)
    return math.dist(place, (x_um, y_um))


def _apart_um(place: Point, others: Sequence[Point]) -> float:
    return min((math.dist(place, other) for other in others), default=math.inf)


def _alike(places: Sequence[Point], tolerance_um: float) -> bool:
    return any(turns_onto_itself(places, tolerance_um))
