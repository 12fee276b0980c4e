"""What the measurement of mill rates shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.figures import HeatMap, Plot
from calibration.milled.sections import Broken
from scopeacq.plan.instrument import MillRate
from scopeacq.telling.svg import COLOURS, Axes, Mark, Series

Floats = NDArray[np.float64]

CELLS_PER_EDGE = 25
"""Cells of a map of the wafer, at most; sections in one cell are averaged."""


def first_wafer_figure(broken: Sequence[Broken]) -> Plot:
    """How many pixels show the wafer first in each slice: of each section, or of all of many."""
    counts = {b.section: np.array(b.first, np.float64) for b in broken}
    if len(counts) > COLOURS:
        longest = max(len(count) for count in counts.values())
        whole = sum(np.pad(count[:-1], (0, longest - len(count) + 1)) for count in counts.values())
        counts = {"all sections": np.asarray(whole)}
    series = tuple(
        Series(name, tuple(enumerate((100 * count[:-1] / count.sum()).tolist())), Mark.LINE, colour)
        for colour, (name, count) in enumerate(counts.items())
    )
    return Plot("Where the wafer first shows", series, Axes("slice", "pixels [%]"))


def deviation_figure(deviations_percent: Floats, sds_percent: Floats) -> Plot:
    """By how much each section is milled faster than all together, and what it may be by its uncertainty.

    Both float64 (n,).
    """
    numbers = range(1, len(deviations_percent) + 1)
    dots = tuple(zip(map(float, numbers), deviations_percent.tolist(), strict=True))
    bounds = tuple(
        Series(
            name, tuple(zip(map(float, numbers), (sign * sds_percent).tolist(), strict=True)), Mark.LINE, 1
        )
        for name, sign in (("within a standard deviation", 1), ("", -1))
    )
    axes = Axes("section, by number", "rate less the mean [%]", 0.0)
    return Plot("Residuals of the mill rate", (Series("sections", dots), *bounds), axes)


def table_figure(before: Sequence[MillRate], after: Sequence[MillRate]) -> Plot:
    """The table of mill rates before and after."""
    series = tuple(
        Series(
            name,
            tuple((row.irradiation_1e27_ev_per_cm3, row.rate_1e_8_m3_per_c) for row in rows),
            Mark.LINE,
            colour,
        )
        for colour, (name, rows) in enumerate((("in use", before), ("measured", after)))
    )
    axes = Axes("irradiation dose [10^27 eV/cm^3]", "mill rate per current [10^-8 m^3/C]")
    return Plot("Mill rates", series, axes)


def wafer_map(title: str, at_um: Floats, values: Floats, label: str) -> HeatMap:
    """Values (n,) at points of the wafer (n, 2), as means over cells; NaN where no section lies."""
    low, high = at_um.min(axis=0), at_um.max(axis=0)
    cells = int(np.clip(2 * np.sqrt(len(values)), 3, CELLS_PER_EDGE))
    margin = max(float((high - low).max()) / cells, 100.0)
    (left, bottom), (right, top) = low - margin, high + margin
    edges = np.linspace(bottom, top, cells + 1), np.linspace(left, right, cells + 1)
    sums = np.histogram2d(at_um[:, 1], at_um[:, 0], bins=edges, weights=values)[0]
    counts = np.histogram2d(at_um[:, 1], at_um[:, 0], bins=edges)[0]
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    borders = (float(left), float(top), float(right), float(bottom))
    return HeatMap(title, means[::-1].copy(), borders, "x [um]", "y [um]", label)
