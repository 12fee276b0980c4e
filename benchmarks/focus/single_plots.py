"""Figures of single answers and scores: nothing is corrected in them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.focus.figures import GAP, out_of_margin, roc
from benchmarks.focus.landscape import STIG, WD_UM, LandscapeResult
from benchmarks.focus.panels import COLOURS, FAINT, INK, PLAIN, panels_of
from benchmarks.focus.results import WANTED, BoundResult, LineResult, ScoreResult
from benchmarks.focus.speed import EDGES_PX, SpeedResult

CLOSE_AUC = 0.95  # from here on only the corner of a curve is shown

SOURCE_LINE = 0.909, 0.34
"""Slope and offset [um] of the source's single step (its figure 3.4)."""

PARAMETERS = "wd", "astig x", "astig y"
TIMES = 0.5, 1, 2, 5, 10, 20, 50  # ticks of ratios


def line(result: LineResult) -> Figure:
    """One step over a range (figure 3.4): answers of all, and errors of ours with their stated sd."""
    figure, (left, right) = panels_of(3.0, 3.6)
    for (name, answers), colour in zip(result.answers.items(), COLOURS, strict=False):
        truth, said = np.array([(a.truth_um[0], a.estimate.mean[0]) for a in answers]).reshape(-1, 2).T
        left.plot(truth, said, ".", ms=4, color=colour, label=name)
    name, answers = next(iter(result.answers.items()))
    fit = result.figures[name]
    rows = [(a.truth_um[0], a.estimate.mean[0], a.estimate.sd[0]) for a in answers]
    truth, said, sd = np.array(rows).reshape(-1, 3).T
    ends = np.array([truth.min(), truth.max()])
    source = SOURCE_LINE[1] + SOURCE_LINE[0] * ends
    left.plot(ends, source, color=COLOURS[2], lw=1, ls="--", label="source, published")
    right.plot(ends, source - ends, color=COLOURS[2], lw=1, ls="--")
    right.errorbar(truth, said - truth, sd, fmt=".", ms=4, lw=0.7, color=COLOURS[0])
    right.plot(ends, fit.offset_um + (fit.slope - 1) * ends, color=INK, lw=1)
    said_of_fit = f"slope {fit.slope:.3f} ± {fit.slope_se:.3f}"
    said_of_fit += f", offset {fit.offset_um:.3f} ± {fit.offset_se_um:.3f} um"
    right.set_title(said_of_fit, fontsize=7)
    left.set(xlabel="truth, wd [um]", ylabel="one estimate, wd [um]")
    right.set(xlabel="truth, wd [um]", ylabel="estimate minus truth [um]")
    left.legend(loc="upper left")
    return figure


def bounds(results: Mapping[str, BoundResult]) -> Figure:
    """Errors of ours over what electrons allow, for each place and both sorts of texture."""
    names = list(next(iter(results.values())).figures)
    ours = [name for name in names if name.startswith(names[0].partition(",")[0])]
    figure, panels = panels_of(*(3.2,) * len(ours))
    for axes, name in zip(panels, ours, strict=True):
        for parameter, what in enumerate(PARAMETERS):
            ratios = [result.figures[name].ratio[parameter] for result in results.values()]
            places = np.arange(len(ratios)) + 0.26 * (parameter - 1)
            bars = axes.bar(
                places, ratios, 0.24, color=COLOURS[0], alpha=(1.0, 0.65, 0.4)[parameter], label=what
            )
            axes.bar_label(bars, fmt="%.1f", fontsize=6, padding=1)
            free = [
                r.figures[name].ratio[parameter] / r.figures[name].free_ratio[parameter]
                for r in results.values()
            ]
            axes.plot(
                places, free, "_", color=INK, ms=7, label=None if parameter else "bound, texture unknown"
            )
        axes.axhline(1, color=INK, lw=1, label="bound")
        axes.axhline(2, color=INK, lw=1, ls="--", label=WANTED)
        axes.set_yscale("log")
        axes.set_yticks(TIMES, [f"{times:g}" for times in TIMES])
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks(range(len(results)), [case.removeprefix("bound-") for case in results])
        axes.set_title(name)
        axes.grid(axis="x", visible=False)
        axes.set(ylim=(0.5, 1.4 * axes.get_ylim()[1]), ylabel="rms error / bound")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def speed(result: SpeedResult) -> Figure:
    """Time per pair by the edge of the field of view (figure 3.8)."""
    figure, (axes,) = panels_of(4.6, height=2.5)
    for (name, figures), colour in zip(result.figures.items(), COLOURS, strict=False):
        axes.plot(EDGES_PX, figures.ms_by_edge, marker="o", ms=3, color=colour, label=name)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set(xlabel="edge of the field of view [px]", ylabel="ms per pair, median")
    axes.set_xticks(EDGES_PX)
    figure.legend(loc="outside right upper")
    return figure


def scores_of(result: ScoreResult) -> Figure:
    """Each image a point, and the curve of true over false alarms."""
    figure, (left, right) = panels_of(3.4, 2.5, height=2.5)
    out = out_of_margin(result.blurs)
    sharp, clear = out <= 1, out >= GAP
    name, scores = next(iter(result.scores.items()))
    between = ~sharp & ~clear
    for chosen, colour, label in (
        (sharp, COLOURS[2], "inside"),
        (between, FAINT, "between"),
        (clear, COLOURS[1], "clearly outside"),
    ):
        left.plot(out[chosen], scores[chosen], ".", ms=4, color=colour, label=label)
    left.set_xscale("symlog", linthresh=1.0)
    left.set(xlabel="off focus [depths of focus]", ylabel=f"{name} score [um]", xlim=(0, None))
    left.set_xticks((0, 0.5, 1, 2, 5, 10, 20), ("0", "0.5", "1", "2", "5", "10", "20"))
    left.legend(loc="upper left")
    for (who, each), colour in zip(result.scores.items(), COLOURS, strict=False):
        label = f"{who}: AUC {result.figures[who].auc:.3f}"
        if sharp.any() and clear.any():
            right.plot(*roc(each[sharp], each[clear]), color=colour, drawstyle="steps-post", label=label)
    right.plot([0, 1], [0, 1], color=FAINT, lw=0.8)
    if min(figures.auc for figures in result.figures.values()) > CLOSE_AUC:
        right.set(xlim=(-0.01, 0.3), ylim=(0.7, 1.01))
    right.set(xlabel="unsharp called sharp", ylabel="sharp called sharp")
    right.legend(loc="lower right")
    return figure


def landscape(result: LandscapeResult) -> Figure:
    """Scores around focus, white where there is none, as a search sees them (figure 3.12)."""
    figure, panels = panels_of(*(3.4,) * len(result.scores), height=2.6)
    for axes, (name, scores) in zip(panels, result.scores.items(), strict=True):
        filled = axes.contourf(
            WD_UM, STIG, np.where(np.isfinite(scores), scores, np.nan).T, 14, cmap="viridis"
        )
        figure.colorbar(filled, ax=axes, label=name)
        axes.plot(0, 0, "w+", ms=7)
        axes.grid(visible=False)
        axes.set(xlabel="off focus, wd [um]", ylabel="off focus, stig x [a.u.]")
    return figure
