"""Figures of many searches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from benchmarks.focus.trials import MARGIN
from benchmarks.score_search.traces import Found

LEVEL = 0.95


@dataclass(frozen=True)
class Figures:
    """Of searches alike. Shares count refused ones as outside; ``inside_from``: its lower limit, 95 %."""

    traces: int
    images_median: float
    images_p90: float
    inside: float
    inside_from: float
    away: float


def is_inside(found: Found) -> bool:
    """Whether it ended within 1 um, 0.25 and 0.25 a.u. of focus."""
    return found.end is not None and bool((np.abs(found.end) <= MARGIN).all())


def figures_of(found: Sequence[Found]) -> Figures:
    """Of at least one."""
    images = [one.images for one in found]
    inside = sum(map(is_inside, found))
    away = sum(one.end is not None and not is_inside(one) for one in found)
    return Figures(
        len(found),
        float(np.median(images)),
        float(np.quantile(images, 0.9)),
        inside / len(found),
        _at_least(inside, len(found)),
        away / len(found),
    )


def _at_least(hits: int, of: int) -> float:
    """One-sided limit of a share after Clopper and Pearson (1934)."""
    return float(beta.ppf(1 - LEVEL, hits, of - hits + 1)) if hits else 0.0


def table(rows: Iterable[tuple[str, Sequence[Found]]]) -> str:
    """Markdown, a row for each name with searches."""
    lines = [
        "| what | traces | images: median / 90 % | inside [%] (at least, 95 %) | away [%] |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, found in rows:
        if found:
            f = figures_of(found)
            lines.append(
                f"| {name} | {f.traces} | {f.images_median:.0f} / {f.images_p90:.0f} "
                f"| {100 * f.inside:.1f} ({100 * f.inside_from:.1f}) | {100 * f.away:.1f} |"
            )
    return "\n".join(lines)
