"""Figures like those of Schubert 2022, 3.3 to 3.12, from results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from benchmarks.focus.figures import GAP, out_of_margin, roc
from benchmarks.focus.landscape import STIG, WD_UM, LandscapeResult
from benchmarks.focus.machine import Doubles
from benchmarks.focus.results import (
    WANTED,
    BoundResult,
    LineResult,
    LoopResult,
    Outcome,
    ScoreResult,
    SearchResult,
)
from benchmarks.focus.speed import EDGES_PX, SpeedResult
from benchmarks.focus.trials import MARGIN, Trace

COLOURS = ("#1f6fb4", "#d1662b", "#3a923a", "#8a5bb0", "#8c6d31")
"""Of contenders, ours first."""

INK, FAINT, INSIDE = "#333333", "#b8b8b8", "#eaf3ea"
TRACES_SHOWN = 16
LEAST_UM, LEAST_STIG = 0.003, 0.0005
"""Where logarithmic axes of errors begin."""

SOURCE_LINE = 0.909, 0.34
"""Slope and offset [um] of the source's single step (its figure 3.4)."""

PARAMETERS = "wd", "astig x", "astig y"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "scopeacq",
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


def draw(results: Mapping[str, Outcome], folder: Path) -> list[Path]:
    """One SVG for each case, bounds together, and one of all loops; returns what there is now."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        figures = {n: _figure(r) for n, r in results.items() if not isinstance(r, BoundResult)}
        if bounds := {n: r for n, r in results.items() if isinstance(r, BoundResult)}:
            figures["bounds"] = _bounds(bounds)
        if loops := {n: r for n, r in results.items() if isinstance(r, LoopResult) and r.promise.wanted}:
            figures["overview"] = _overview(loops)
        for name, figure in figures.items():
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    return [folder / f"{name}.svg" for name in figures]


def _figure(result: Outcome) -> Figure:
    match result:
        case LoopResult():
            return _loop(result)
        case SearchResult():
            return _search(result)
        case LineResult():
            return _line(result)
        case ScoreResult():
            return _scores(result)
        case SpeedResult():
            return _speed(result)
        case LandscapeResult():
            return _landscape(result)
    raise TypeError(f"no plot is known for {type(result).__name__}")


def _panels(*widths: float, height: float = 2.3) -> tuple[Figure, list[Axes]]:
    """Panels side by side, with widths in inches."""
    figure = Figure(figsize=(sum(widths), height), layout="constrained")
    axes = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)
    return figure, list(axes[0])


# -- traces ------------------------------------------------------------------------------


def _loop(result: LoopResult) -> Figure:
    """Traces of ours and mean errors of all (figures 3.3, 3.5-3.7, 3.9), with what others reach."""
    figure, (wd, stig, inside) = _panels(2.9, 2.9, 1.9)
    name, traces = next(iter(result.traces.items()))
    _traces(wd, [np.abs(t.states[:, 0]) for t in traces], traces)
    _traces(stig, [np.abs(t.states[:, 1:]).max(axis=1) for t in traces], traces)
    for (who, figures), colour in zip(result.figures.items(), COLOURS, strict=False):
        wd.plot(figures.mae_wd_um, color=colour, marker="o", ms=3, label=f"{who}, mean")
        stig.plot(figures.mae_stig, color=colour, marker="o", ms=3)
        inside.plot(figures.inside_after, color=colour, marker="o", ms=3, label=who)
    wd.plot(result.figures[name].p95_wd_um, color=COLOURS[0], ls="--", label=f"{name}, 95 %")
    stig.plot(result.figures[name].p95_stig, color=COLOURS[0], ls="--")
    _marks(wd, result)
    _below_margin(wd, MARGIN[0], LEAST_UM, "off focus, |wd| [um]")
    _below_margin(stig, MARGIN[1], LEAST_STIG, "off focus, |stig| [a.u.]")
    inside.set(ylim=(-0.03, 1.03), ylabel="inside depth of focus")
    inside.yaxis.set_major_formatter(PercentFormatter(1.0))
    last = len(result.figures[name].mae_wd_um) - 1
    for axes in (wd, stig, inside):
        axes.set(xlabel="correction", xlim=(-0.15, last + 0.15))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(*wd.get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _traces(axes: Axes, errors: Sequence[Doubles], traces: Sequence[Trace]) -> None:
    """Thin, dotted where the correction was refused."""
    for error, trace in list(zip(errors, traces, strict=True))[:TRACES_SHOWN]:
        axes.plot(error, color=COLOURS[0], alpha=0.3, lw=0.7, ls="-" if trace.applied else ":")


def _marks(axes: Axes, result: LoopResult) -> None:
    """What others reach, as diamonds, and what is to be reached, as short lines."""
    for mark in result.promise.marks:
        if mark.who == WANTED:
            x = mark.corrections - 0.35, mark.corrections + 0.35
            axes.plot(x, (mark.wd_um, mark.wd_um), color=INK, lw=2, label=_once(axes, WANTED))
        else:
            colour = COLOURS[1] if mark.who.startswith("MAPFoSt") else COLOURS[2]
            place = mark.corrections, mark.wd_um
            axes.plot(*place, "D", ms=5, mfc="white", mec=colour, label=f"{mark.who}, published")


def _once(axes: Axes, label: str) -> str:
    """A label for a legend, or none where it is there already."""
    return "_" if label in axes.get_legend_handles_labels()[1] else label


def _below_margin(axes: Axes, margin: float, least: float, label: str) -> None:
    axes.set_yscale("log")
    axes.set_ylim(bottom=least)
    axes.axhspan(least, margin, color=INSIDE, zorder=0)
    axes.set_ylabel(label)


def _search(result: SearchResult) -> Figure:
    """Traces image by image (figures 3.10 and 3.11), and how many images it takes."""
    figure, (wd, stig, count) = _panels(2.9, 2.9, 1.9)
    traces = next(iter(result.traces.values()))
    _traces(wd, [np.abs(t.states[:, 0]) for t in traces], traces)
    _traces(stig, [np.abs(t.states[:, 1:]).max(axis=1) for t in traces], traces)
    _below_margin(wd, MARGIN[0], LEAST_UM, "off focus, |wd| [um]")
    _below_margin(stig, MARGIN[1], LEAST_STIG, "off focus, |stig| [a.u.]")
    for (who, found), colour in zip(result.traces.items(), COLOURS, strict=False):
        images = np.sort([trace.images for trace in found])
        share = np.arange(1, len(images) + 1) / len(images)
        count.plot(images, share, color=colour, drawstyle="steps-post", label=who)
    count.set(xlabel="images", ylabel="share of searches that took no more", xlim=(0, None))
    count.yaxis.set_major_formatter(PercentFormatter(1.0))
    count.legend(loc="lower right")
    for axes in (wd, stig):
        axes.set_xlabel("image")
    return figure


def _overview(results: Mapping[str, LoopResult]) -> Figure:
    """Mean and 95 % of ours in each case after as many corrections as are promised, beside the promise."""
    figure, (axes,) = _panels(6.4, height=0.9 + 0.24 * len(results))
    for row, result in enumerate(results.values()):
        wanted, figures = result.promise.wanted, next(iter(result.figures.values()))
        if wanted is None:
            continue
        mean, most = figures.mae_wd_um[wanted.corrections], figures.p95_wd_um[wanted.corrections]
        axes.plot((mean, most), (row, row), color=COLOURS[0], lw=2.5, alpha=0.35, solid_capstyle="butt")
        axes.plot(mean, row, "o", ms=5, color=COLOURS[0], label=_once(axes, "mean, up to 95 %"))
        axes.plot((wanted.wd_um,) * 2, (row - 0.35, row + 0.35), color=INK, lw=2, label=_once(axes, WANTED))
    labels = [f"{n}, after {r.promise.wanted.corrections}" for n, r in results.items() if r.promise.wanted]
    axes.set_yticks(range(len(results)), labels)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="off focus, |wd| [um]")
    axes.axvspan(axes.get_xlim()[0], MARGIN[0], color=INSIDE, zorder=0)
    axes.legend(loc="lower right")
    return figure


# -- single answers ----------------------------------------------------------------------


def _line(result: LineResult) -> Figure:
    """One step over a range (figure 3.4): answers of all, and errors of ours with their stated sd."""
    figure, (left, right) = _panels(3.0, 3.6)
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
    right.set_title(
        f"{name}: slope {fit.slope:.3f} $\\pm$ {fit.slope_se:.3f}, "
        f"offset {fit.offset_um:.3f} $\\pm$ {fit.offset_se_um:.3f} um"
    )
    left.set(xlabel="truth, wd [um]", ylabel="one estimate, wd [um]")
    right.set(xlabel="truth, wd [um]", ylabel="estimate minus truth [um]")
    left.legend(loc="upper left")
    return figure


def _bounds(results: Mapping[str, BoundResult]) -> Figure:
    """Errors of ours over what electrons allow, for each place and both sorts of texture."""
    names = list(next(iter(results.values())).figures)
    ours = [name for name in names if name.startswith(names[0].partition(",")[0])]
    figure, panels = _panels(*(3.2,) * len(ours))
    for axes, name in zip(panels, ours, strict=True):
        for parameter, what in enumerate(PARAMETERS):
            ratios = [result.figures[name].ratio[parameter] for result in results.values()]
            places = np.arange(len(ratios)) + 0.26 * (parameter - 1)
            bars = axes.bar(
                places, ratios, 0.24, color=COLOURS[0], alpha=(1.0, 0.65, 0.4)[parameter], label=what
            )
            axes.bar_label(bars, fmt="%.1f", fontsize=6, padding=1)
        axes.axhline(1, color=INK, lw=1)
        axes.axhline(2, color=INK, lw=1, ls="--", label=WANTED)
        axes.set_xticks(range(len(results)), [case.removeprefix("bound-") for case in results])
        axes.set_title(name)
        axes.grid(axis="x", visible=False)
        axes.set(ylim=(0, None), ylabel="rms error / bound")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _speed(result: SpeedResult) -> Figure:
    """Time per pair by the edge of the field of view (figure 3.8)."""
    figure, (axes,) = _panels(4.6, height=2.5)
    for (name, figures), colour in zip(result.figures.items(), COLOURS, strict=False):
        axes.plot(EDGES_PX, figures.ms_by_edge, marker="o", ms=3, color=colour, label=name)
    axes.set(yscale="log", xlabel="edge of the field of view [px]", ylabel="ms per pair, median")
    axes.set_xticks(EDGES_PX)
    figure.legend(loc="outside right upper")
    return figure


# -- scores ------------------------------------------------------------------------------


def _scores(result: ScoreResult) -> Figure:
    """Each image a point, and the curve of true over false alarms."""
    figure, (left, right) = _panels(3.4, 2.5, height=2.5)
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
    left.legend(loc="upper left")
    for (who, each), colour in zip(result.scores.items(), COLOURS, strict=False):
        label = f"{who}: AUC {result.figures[who].auc:.3f}"
        if sharp.any() and clear.any():
            right.plot(*roc(each[sharp], each[clear]), color=colour, drawstyle="steps-post", label=label)
    right.plot([0, 1], [0, 1], color=FAINT, lw=0.8)
    right.set(xlabel="unsharp called sharp", ylabel="sharp called sharp")
    right.legend(loc="lower right")
    return figure


def _landscape(result: LandscapeResult) -> Figure:
    """Scores around focus, white where there is none, as a search sees them (figure 3.12)."""
    figure, panels = _panels(*(3.4,) * len(result.scores), height=2.6)
    for axes, (name, scores) in zip(panels, result.scores.items(), strict=True):
        filled = axes.contourf(
            WD_UM, STIG, np.where(np.isfinite(scores), scores, np.nan).T, 14, cmap="viridis"
        )
        figure.colorbar(filled, ax=axes, label=name)
        axes.plot(0, 0, "w+", ms=7)
        axes.grid(visible=False)
        axes.set(xlabel="off focus, wd [um]", ylabel="off focus, stig x [a.u.]")
    return figure
