"""What a ground truth shows while it is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.figures import Plot
from calibration.ground_truth.bowl import Bowl
from calibration.ground_truth.places import Spot
from scopeacq.focus.score_search import Looks
from scopeacq.telling.svg import Axes, Mark, Series


def map_of_places(spots: Sequence[Spot], done: Sequence[Spot], spared: Sequence[Spot]) -> Plot:
    """All places on the wafer, those done and those at which no focus was found."""
    ahead = [spot for spot in spots if spot not in done and spot not in spared]
    kinds = (("to come", ahead, 7), ("done", done, 2), ("spared", spared, 1))
    series = [
        Series(name, [s.at_um for s in some], Mark.DOTS, colour) for name, some, colour in kinds if some
    ]
    return Plot("Places on the wafer", tuple(series), Axes("x [um]", "y [um]"))


def bowl_figure(looks: Looks, bowl: Bowl) -> Plot:
    """Scores over the distance from where focus is believed to be."""
    off = (np.array(looks.points_um) - bowl.centre) * np.array([1.0, bowl.strength, bowl.strength])
    distances = np.linalg.norm(off, axis=1)
    dots = [(float(d), s) for d, s in zip(distances, looks.scores_um, strict=True) if np.isfinite(s)]
    line = [
        (d, float(np.hypot(d, bowl.floor_um)))
        for d in np.linspace(0.0, float(distances.max()), 30).tolist()
    ]
    return Plot(
        "Scores around the first focus",
        (Series("images", dots), Series("as far as focus is", line, Mark.LINE, 1)),
        Axes("distance from focus [um]", "score [um]"),
    )
