"""How the benchmark's figures look."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

COLOURS = ("#1f6fb4", "#d1662b", "#3a923a", "#8a5bb0", "#8c6d31")
"""Of contenders, ours first."""

PLAIN = FuncFormatter(lambda value, _: f"{value:g}")
"""Numbers on logarithmic axes without powers, which few readers of SVG set as they should be."""

INK, FAINT, INSIDE = "#333333", "#b8b8b8", "#eaf3ea"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "scopeacq",
    "svg.fonttype": "none",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ededed",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "lines.linewidth": 1.4,
}


def panels_of(*widths: float, height: float = 2.3) -> tuple[Figure, list[Axes]]:
    """Panels side by side, with widths in inches."""
    figure = Figure(figsize=(sum(widths), height), layout="constrained")
    axes = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)
    return figure, list(axes[0])
