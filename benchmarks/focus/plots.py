"""Figures like those of Schubert 2022, 3.3 to 3.12, from results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter

from benchmarks.focus import single_plots
from benchmarks.focus.landscape import LandscapeResult
from benchmarks.focus.machine import Doubles
from benchmarks.focus.panels import COLOURS, INK, INSIDE, PLAIN, STYLE, panels_of
from benchmarks.focus.results import (
    WANTED,
    BoundResult,
    LineResult,
    LoopResult,
    Outcome,
    ScoreResult,
    SearchResult,
)
from benchmarks.focus.speed import SpeedResult
from benchmarks.focus.trials import MARGIN, Trace

TRACES_SHOWN = 12
LEAST_UM, LEAST_STIG = 0.003, 0.0005
"""Where logarithmic axes of errors begin."""


def draw(results: Mapping[str, Outcome], folder: Path) -> list[Path]:
    """One SVG for each case, bounds together, and one of all loops; returns what there is now."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        figures = {n: _figure(r) for n, r in results.items() if not isinstance(r, BoundResult)}
        if bounds := {n: r for n, r in results.items() if isinstance(r, BoundResult)}:
            figures["bounds"] = single_plots.bounds(bounds)
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
            return single_plots.line(result)
        case ScoreResult():
            return single_plots.scores_of(result)
        case SpeedResult():
            return single_plots.speed(result)
        case LandscapeResult():
            return single_plots.landscape(result)
    raise TypeError(f"no plot is known for {type(result).__name__}")


# -- traces ------------------------------------------------------------------------------


def _loop(result: LoopResult) -> Figure:
    """Traces of ours and mean errors of all (figures 3.3, 3.5-3.7, 3.9), with what others reach."""
    figure, (wd, stig, inside) = panels_of(2.9, 2.9, 1.9)
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
        axes.plot(error, color=COLOURS[0], alpha=0.4, lw=0.7, ls="-" if trace.applied else ":")


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
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set_ylim(bottom=least)
    axes.axhspan(least, margin, color=INSIDE, zorder=0)
    axes.text(0.99, 0.02, "inside", ha="right", va="bottom", color="#6b9a6b", transform=axes.transAxes)
    axes.set_ylabel(label)


def _search(result: SearchResult) -> Figure:
    """Traces image by image (figures 3.10 and 3.11), and how many images it takes."""
    figure, (wd, stig, count) = panels_of(2.9, 2.9, 1.9)
    traces = next(iter(result.traces.values()))
    _traces(wd, [np.abs(t.states[:, 0]) for t in traces], traces)
    _traces(stig, [np.abs(t.states[:, 1:]).max(axis=1) for t in traces], traces)
    _below_margin(wd, MARGIN[0], LEAST_UM, "off focus, |wd| [um]")
    _below_margin(stig, MARGIN[1], LEAST_STIG, "off focus, |stig| [a.u.]")
    for (who, found), colour in zip(result.traces.items(), COLOURS, strict=False):
        images = np.sort([trace.images for trace in found])
        share = np.arange(1, len(images) + 1) / len(images)
        count.plot(images, share, color=colour, drawstyle="steps-post", label=who)
    count.set(xlabel="images", ylabel="searches that took no more", xlim=(0, None))
    count.yaxis.set_major_formatter(PercentFormatter(1.0))
    count.legend(loc="lower right")
    for axes in (wd, stig):
        axes.set_xlabel("image")
    return figure


def _overview(results: Mapping[str, LoopResult]) -> Figure:
    """Mean and 95 % of ours in each case after as many corrections as are promised, beside the promise."""
    figure, (axes,) = panels_of(6.4, height=0.9 + 0.22 * len(results))
    labels = []
    for row, (name, result) in enumerate(results.items()):
        wanted, figures = result.promise.wanted, next(iter(result.figures.values()))
        if wanted is None:
            raise ValueError(f"{name} promises nothing that could be shown")
        mean, most = figures.mae_wd_um[wanted.corrections], figures.p95_wd_um[wanted.corrections]
        face = COLOURS[0] if mean <= wanted.wd_um else "white"
        axes.plot((mean, most), (row, row), color=COLOURS[0], lw=2.5, alpha=0.35, solid_capstyle="butt")
        axes.plot(mean, row, "o", ms=5, mfc=face, mec=COLOURS[0])
        axes.plot((wanted.wd_um,) * 2, (row - 0.35, row + 0.35), color=INK, lw=2)
        labels.append(f"{name}, after {wanted.corrections}")
        inside = f"{figures.inside_after[wanted.corrections]:.0%}"
        axes.text(1.01, row, inside, va="center", transform=axes.get_yaxis_transform())
    axes.set_yticks(range(len(results)), labels)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(PLAIN)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(
        "off focus, |wd| [um]: mean (filled: reached), up to 95 %; black: to reach; right: share inside"
    )
    axes.axvspan(axes.get_xlim()[0], MARGIN[0], color=INSIDE, zorder=0)
    axes.margins(x=0)
    return figure
