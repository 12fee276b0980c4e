"""Figures like those of Schubert 2022, 3.3 to 3.12, from results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmarks.focus.figures import GAP, out_of_margin, roc
from benchmarks.focus.landscape import STIG, WD_UM, LandscapeResult
from benchmarks.focus.machine import Doubles
from benchmarks.focus.results import (
    BoundResult,
    LineResult,
    LoopResult,
    Outcome,
    ScoreResult,
    SearchResult,
)
from benchmarks.focus.speed import EDGES_PX, SpeedResult
from benchmarks.focus.trials import MARGIN, Trace

COLOURS = ("#1f6fb4", "#d1662b", "#3a923a")
WHAT = ("wd [um]", "stig x [a.u.]", "stig y [a.u.]")
TRACES_SHOWN = 12


def draw(results: Mapping[str, Outcome], folder: Path) -> None:
    """One SVG for each case that has something to show."""
    mpl.rcParams.update({"svg.hashsalt": "scopeacq", "font.size": 8, "axes.spines.top": False})
    folder.mkdir(parents=True, exist_ok=True)
    for name, result in results.items():
        figure = _figure(result)
        figure.suptitle(f"{name}: {result.promise.case}", fontsize=9)
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    bounds = {n: r for n, r in results.items() if isinstance(r, BoundResult)}
    if bounds:
        _bounds(bounds).savefig(folder / "bounds.svg", metadata={"Date": None})


def _figure(result: Outcome) -> Figure:
    match result:
        case LoopResult() | SearchResult():
            return _loops(result)
        case LineResult():
            return _lines(result)
        case ScoreResult():
            return _scores(result)
        case SpeedResult():
            return _speed(result)
        case LandscapeResult():
            return _landscape(result)
        case BoundResult():
            return _bounds({"": result})
    raise TypeError(f"no plot is known for {type(result).__name__}")


def _panels(columns: int, rows: int = 1) -> tuple[Figure, list[list[Axes]]]:
    figure = Figure(figsize=(3.4 * columns, 2.6 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, [list(row) for row in axes]


def _loops(result: LoopResult | SearchResult) -> Figure:
    """Traces with margins (figures 3.3, 3.5-3.7, 3.10-3.12), one row per estimator; mean errors (3.9)."""
    figure, panels = _panels(4, len(result.traces))
    for (name, traces), row in zip(result.traces.items(), panels, strict=True):
        for parameter, axes in enumerate(row[:3]):
            _traces(axes, traces, parameter)
        for axes in row:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_xlabel("image" if isinstance(result, SearchResult) else "correction")
        row[0].set_title(name, loc="left")
        _mean_errors(row[3], traces)
    return figure


def _traces(axes: Axes, traces: Sequence[Trace], parameter: int) -> None:
    for trace in traces[:TRACES_SHOWN]:
        states = trace.states[:, parameter]
        style: dict[str, Any] = {
            "color": COLOURS[parameter],
            "lw": 0.7,
            "ls": "-" if trace.applied else ":",
        }
        axes.plot(states, marker=".", ms=3, **style)
    for border in (-MARGIN[parameter], MARGIN[parameter]):
        axes.axhline(border, color="0.6", lw=0.8, ls="--")
    axes.set_yscale("symlog", linthresh=MARGIN[parameter])
    axes.set_ylabel(f"off focus, {WHAT[parameter]}")


def _mean_errors(axes: Axes, traces: Sequence[Trace]) -> None:
    """Mean absolute error of the traces that were not refused, with the sd."""
    kept = [np.abs(trace.states) for trace in traces if trace.applied]
    if not kept:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "all refused", ha="center")
        return
    longest = max(len(states) for states in kept)
    whole = np.array([np.pad(s, ((0, longest - len(s)), (0, 0)), mode="edge") for s in kept])
    for parameter in range(3):
        mean, sd = whole[:, :, parameter].mean(axis=0), whole[:, :, parameter].std(axis=0)
        # on a logarithmic axis an error bar may not reach 0
        below = np.minimum(sd, 0.9 * mean)
        axes.errorbar(
            range(longest),
            mean,
            (below, sd),
            color=COLOURS[parameter],
            lw=1,
            capsize=2,
            label=WHAT[parameter],
        )
    axes.axhline(MARGIN[0], color="0.6", lw=0.8, ls=":")
    axes.axhline(MARGIN[1], color="0.6", lw=0.8, ls="--")
    axes.set_yscale("log")
    axes.set_ylabel("mean absolute error")
    axes.legend(frameon=False, fontsize=6)


def _lines(result: LineResult) -> Figure:
    """One step over a range (figure 3.4): answers with their sd, the line of least squares, errors."""
    figure, panels = _panels(2, len(result.answers))
    for (name, answers), (left, right) in zip(result.answers.items(), panels, strict=True):
        truth = np.array([answer.truth_um[0] for answer in answers])
        said = np.array([answer.estimate.mean[0] for answer in answers])
        sd = np.array([answer.estimate.sd[0] for answer in answers])
        fit = result.figures[name]
        ends = np.array([truth.min(), truth.max()])
        left.errorbar(truth, said, sd, fmt=".", ms=3, lw=0.6, color=COLOURS[0])
        left.plot(ends, fit.offset_um + fit.slope * ends, color="0.3", lw=0.8)
        left.set_title(
            f"{name}: slope {fit.slope:.3f} +- {fit.slope_se:.3f}, "
            f"offset {fit.offset_um:.3f} +- {fit.offset_se_um:.3f} um",
            fontsize=7,
        )
        right.plot(truth, np.abs(said - truth), ".", ms=3, color=COLOURS[0])
        right.set_yscale("log")
        for axes, label in ((left, "estimate, wd [um]"), (right, "error, wd [um]")):
            axes.set_xlabel("truth, wd [um]")
            axes.set_ylabel(label)
    return figure


def _scores(result: ScoreResult) -> Figure:
    """The landscape of a score, with each image a point, and the curve of true over false alarms."""
    figure, panels = _panels(2, len(result.scores))
    out = out_of_margin(result.blurs)
    for (name, scores), (left, right) in zip(result.scores.items(), panels, strict=True):
        for kind in sorted(set(result.kinds)):
            own = np.array([k == kind for k in result.kinds])
            left.plot(out[own], scores[own], ".", ms=3, label=kind)
        left.axvspan(1, GAP, color="0.92")
        left.set_xscale("symlog", linthresh=1.0)
        left.set_xlabel("off focus [margins]")
        left.set_ylabel(f"{name} score")
        left.legend(frameon=False, fontsize=6)
        _roc(right, scores[out <= 1], scores[out >= GAP], f"{name}: AUC {result.figures[name].auc:.3f}")
    return figure


def _roc(axes: Axes, sharp: Doubles, unsharp: Doubles, title: str) -> None:
    if len(sharp) and len(unsharp):
        axes.plot(*roc(sharp, unsharp), color=COLOURS[0], drawstyle="steps-post")
    axes.plot([0, 1], [0, 1], color="0.8", lw=0.8)
    axes.set_title(title, fontsize=7)
    axes.set_xlabel("unsharp called sharp")
    axes.set_ylabel("sharp called sharp")


def _speed(result: SpeedResult) -> Figure:
    """Time per pair by the edge of the field of view (figure 3.8)."""
    figure, panels = _panels(1)
    axes = panels[0][0]
    for name, figures in result.figures.items():
        axes.plot(EDGES_PX, figures.ms_by_edge, marker="o", ms=3, lw=1, label=name)
    axes.set_yscale("log")
    axes.set_xlabel("edge of the field of view [px]")
    axes.set_ylabel("ms per pair, median")
    axes.legend(frameon=False, fontsize=6)
    return figure


def _landscape(result: LandscapeResult) -> Figure:
    """Scores around focus, white where there is none, as a search sees them (figure 3.12)."""
    figure, panels = _panels(len(result.scores))
    for axes, (name, scores) in zip(panels[0], result.scores.items(), strict=True):
        filled = axes.contourf(WD_UM, STIG, np.where(np.isfinite(scores), scores, np.nan).T, 16)
        figure.colorbar(filled, ax=axes)
        axes.plot(0, 0, "w+")
        axes.set_title(name, fontsize=7)
        axes.set_xlabel("off focus, wd [um]")
        axes.set_ylabel("off focus, stig x [a.u.]")
    return figure


def _bounds(results: Mapping[str, BoundResult]) -> Figure:
    """Errors beside what electrons allow, for each place of the pair and each estimator."""
    figure, panels = _panels(3)
    for parameter, axes in enumerate(panels[0]):
        names = list(next(iter(results.values())).figures)
        for offset, name in enumerate(names):
            rmse = [r.figures[name].rmse_um[parameter] for r in results.values()]
            axes.bar(np.arange(len(rmse)) + 0.8 * offset / len(names), rmse, 0.8 / len(names), label=name)
        least = [r.figures[names[0]].bound_um[parameter] for r in results.values()]
        for place, value in enumerate(least):
            axes.hlines(value, place - 0.1, place + 0.8, color="k", lw=1)
        axes.set_xticks(np.arange(len(results)) + 0.3, list(results))
        axes.set_yscale("log")
        axes.set_ylabel(("wd", "astig x", "astig y")[parameter] + " [um]: rmse, bound (black)")
    panels[0][0].legend(frameon=False, fontsize=6)
    return figure
