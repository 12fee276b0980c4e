"""A series of images through focus: what blur and contrast are at each working distance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hardware.types import Image
from models.estimate import SharpnessScorer
from scopeacq.focus.autofocus import FocusBench
from scopeacq.storage.thumbnails import smaller

THUMBNAIL_PX = 384


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One image of a series: its blur as scored (nan without texture), and the SD of its grey values."""

    wd_um: float
    score_um: float
    sd: float
    image: Image


def series_wds(bench: FocusBench, reach_um: float, images: int) -> tuple[float, ...]:
    """Evenly from ``reach_um`` below the working distance to above it, as far as the column goes."""
    wd_um, limits = bench.before.wd_um, bench.column.optics_limits["wd_um"]
    low, high = max(wd_um - reach_um, limits.low), min(wd_um + reach_um, limits.high)
    return tuple(float(wd) for wd in np.linspace(low, high, images))


def take_series(
    bench: FocusBench,
    scorer: SharpnessScorer,
    wds_um: Sequence[float],
    told: Callable[[SeriesPoint], None] = lambda _: None,
) -> tuple[SeriesPoint, ...]:
    """An image at each working distance; ``told`` hears of each. The optics are restored at the end.

    Raises ``HardwareError``, or what ``told`` or the bench's watcher raise, with the optics restored.
    """
    points: list[SeriesPoint] = []
    try:
        for wd_um in wds_um:
            image = bench.image_at(replace(bench.before, wd_um=wd_um))
            point = SeriesPoint(
                wd_um, _score(scorer, image, bench), float(image.std()), smaller(image, THUMBNAIL_PX)
            )
            points.append(point)
            told(point)
    finally:
        bench.column.set_optics(bench.before)
    return tuple(points)


def best_wd_um(points: Sequence[SeriesPoint]) -> float | None:
    """Where the series is sharpest; None where nothing can be said, or only that it lies outside.

    The square of the blur is a parabola over the working distance (defocus, astigmatism and floor add up
    in squares). Where it does not fit, the point of the lowest score, or without scores of the highest
    contrast, unless that is the first or the last one.
    """
    scored = [p for p in points if math.isfinite(p.score_um)]
    vertex = _vertex([p.wd_um for p in scored], [p.score_um for p in scored])
    if vertex is not None:
        return vertex
    if not points:
        return None
    best = min(scored, key=lambda p: p.score_um) if scored else max(points, key=lambda p: p.sd)
    ends_um = min(p.wd_um for p in points), max(p.wd_um for p in points)
    return None if best.wd_um in ends_um else best.wd_um


def _vertex(wds_um: Sequence[float], scores_um: Sequence[float]) -> float | None:
    """Of the parabola through squared scores, inside the series; small scores are known better."""
    if len(wds_um) < 4:
        return None
    wd, blur2 = np.asarray(wds_um), np.square(scores_um)
    centre = wd.mean()
    a, b, _ = np.polyfit(wd - centre, blur2, 2, w=1 / (blur2 + np.median(blur2)))
    vertex = float(centre - b / (2 * a)) if a > 0 else math.nan
    return vertex if wd.min() <= vertex <= wd.max() else None


def _score(scorer: SharpnessScorer, image: Image, bench: FocusBench) -> float:
    try:
        return scorer.score(image, bench.frame.pixel_size_nm)
    except ValueError:  # too small to be scored: the contrast is all there is
        return math.nan
