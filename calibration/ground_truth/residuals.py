"""What pairs were read as beside what was set: the figures that a ground truth is judged by."""

from __future__ import annotations

import numpy as np

from calibration.figures import Arrows, Figure, Plot
from calibration.ground_truth.microscope import Microscope
from scopeacq.telling.svg import Axes, Series

ENLARGED = 3.0
"""Arrows of residuals are drawn so many times as long."""


def readings_figures(microscope: Microscope) -> tuple[Figure, ...]:
    """What was read of pairs beside what was set."""
    response = microscope.frame.response
    offsets = np.array([reading.offset for reading in microscope.readings])
    seen_um = offsets[:, 1:] @ response.matrix.T
    z = [(float(o[0]), float(r[0])) for o, r in zip(offsets, microscope.residuals_um, strict=True)]
    return (
        Plot(
            "Defocus: what was read less what was set",
            (Series("pairs", z),),
            Axes("working distance from focus [um]", "difference [um]"),
        ),
        Arrows(
            "Astigmatism: what the frame leaves",
            "um",
            tuple((float(x), float(y)) for x, y in seen_um),
            tuple((float(x), float(y)) for x, y in response.residuals),
            ENLARGED,
            response.left_out,
        ),
    )


def nothing_measured() -> Plot:
    """The figure of a result without measurements."""
    axes = Axes("working distance from focus [um]", "difference [um]")
    return Plot("Nothing was measured", (Series("pairs", ()),), axes)
