"""Figures of calibrations as strokes, greys and words: what is drawn of them, without the drawing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.figures import Arrows, Figure, HeatMap, Picture, Plot
from scopeacq.telling.svg import Axes, Mark
from scopeacq.telling.wording import counted
from ui.presenters.quantities import unit_shown, units_shown

Floats = NDArray[np.float64]

HEAD = 0.22
"""Length of an arrow's head as a part of the arrow."""
HEAD_RAD = 0.45
"""Between an arrow and each side of its head."""
_UNIT = re.compile(r"\[(.+)\]")


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Lines as pairs of points: x and y (2 n), of which 2 k and 2 k + 1 are joined."""

    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ArrowsDrawn:
    """Arrows that belong to the fit, and those that were left out of it; ``at`` (n, 2) are their feet."""

    fitted: Strokes
    left_out: Strokes
    at: Floats


def drawn(figure: Arrows) -> ArrowsDrawn:
    """The strokes of all arrows, in the unit of their places; the same for one that has no length."""
    at, by = _points(figure.at), figure.factor * _points(figure.by)
    out = np.isin(np.arange(len(at)), sorted(figure.left_out))
    return ArrowsDrawn(_strokes(at[~out], by[~out]), _strokes(at[out], by[out]), at)


def labelled(figure: Figure) -> Figure:
    """The figure with the units of its texts as a window writes them."""
    figure = replace(figure, title=units_shown(figure.title))
    match figure:
        case Plot(series=series, axes=axes):
            named_series = tuple(replace(one, label=units_shown(one.label)) for one in series)
            return replace(figure, series=named_series, axes=_labelled_axes(axes))
        case HeatMap(x_label=x, y_label=y, value_label=value):
            x, y, value = map(units_shown, (x, y, value))
            return replace(figure, x_label=x, y_label=y, value_label=value)
        case Arrows() | Picture():
            return figure


def _labelled_axes(axes: Axes) -> Axes:
    x, y, limit = map(units_shown, (axes.x_label, axes.y_label, axes.limit_label))
    return replace(axes, x_label=x, y_label=y, limit_label=limit)


def note_of(figure: Figure) -> str:
    """What must be known to read a figure right; empty where it says everything itself."""
    match figure:
        case Arrows():
            return _about_arrows(figure)
        case HeatMap():
            return _about_values(figure)
        case Picture(marks=marks):
            return f"{counted(len(marks), 'mark')} found." if marks else ""
        case Plot(axes=axes):
            return f"Dashed: {axes.limit_label}." if axes.limit is not None and axes.limit_label else ""


def spans(figure: HeatMap) -> tuple[float, float] | None:
    """The lowest and highest value; None where there is none. Equal ones are parted for the colours."""
    finite = figure.values[np.isfinite(figure.values)]
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    apart = 0.0 if high > low else max(abs(low) * 1e-3, 1e-3)
    return low - apart, high + apart


def to_scale(figure: HeatMap) -> bool:
    """Whether both axes have one unit, so that a circle is to look like one."""
    units = [_UNIT.findall(label) for label in (figure.x_label, figure.y_label)]
    return units[0] == units[1] != []


def named(figure: Plot) -> bool:
    """Whether a plot needs a legend."""
    return len({series.label for series in figure.series if series.label}) > 1


def finite(points: Floats) -> Floats:
    """Only points (n, 2) that can be drawn."""
    return points[np.isfinite(points).all(axis=1)]


def as_points(figure: Plot, number: int) -> Floats:
    """The points (n, 2) of one series; lines keep their gaps as NaN."""
    series = figure.series[number]
    points = _points(tuple(series.points))
    return points if series.mark is Mark.LINE else finite(points)


def _about_arrows(figure: Arrows) -> str:
    lengths = np.hypot(*_points(figure.by).T)
    kept = [length for n, length in enumerate(lengths) if n not in figure.left_out]
    if not kept:
        return "Nothing to be compared yet."
    unit = unit_shown(figure.unit)
    rms = float(np.sqrt(np.mean(np.square(kept))))
    words = [f"Rms {rms:.3g} {unit}, largest {max(kept):.3g} {unit}."]
    if figure.factor != 1.0:
        words.append(f"Arrows are drawn {figure.factor:,.4g} times as long.")
    if figure.left_out:
        words.append(f"{len(figure.left_out)} of {len(lengths)} left out of the fit.")
    return " ".join(words)


def _about_values(figure: HeatMap) -> str:
    missing = int(np.count_nonzero(~np.isfinite(figure.values)))
    return f"{missing} of {figure.values.size} places without a value." if missing else ""


def _points(points: tuple[tuple[float, float], ...]) -> Floats:
    return np.asarray(points, np.float64).reshape(-1, 2)


def _strokes(at: Floats, by: Floats) -> Strokes:
    """Shaft and both sides of the head of each arrow."""
    tips = at + by
    sides = [tips + HEAD * _turned(-by, angle) for angle in (-HEAD_RAD, HEAD_RAD)]
    ends = [(at, tips), *((tips, side) for side in sides)]
    pairs = np.concatenate([np.stack(pair, axis=1) for pair in ends]).reshape(-1, 2)
    return Strokes(pairs[:, 0], pairs[:, 1])


def _turned(vectors: Floats, angle_rad: float) -> Floats:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    x, y = vectors.T
    return np.column_stack([cos * x - sin * y, sin * x + cos * y])
