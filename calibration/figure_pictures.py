"""Figures of calibrations as pieces of HTML that need nothing else: SVG, and PNG for what has pixels."""

from __future__ import annotations

import base64
import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from calibration.figures import Arrows, Figure, HeatMap, Picture, Plot
from scopeacq.plan.geometry import Point
from scopeacq.telling.svg import WIDTH, drawing, plot

NO_VALUE_GREY = 128
LEAST_MAP_PX = 320
"""A map of few values is shown as large squares."""


def drawn(figure: Figure) -> Markup:
    """The figure without its title."""
    match figure:
        case Plot():
            return plot(figure.series, replace(figure.axes, least_step=0.0))
        case Arrows():
            return _arrows(figure)
        case HeatMap():
            return _heat_map(figure)
        case Picture():
            return _picture(figure)


def _arrows(figure: Arrows) -> Markup:
    """Places with y up; each arrow from its place on, with a dot where it begins."""
    if not figure.at:
        return Markup('<p class="none">Nothing to plot.</p>')
    ends = [_moved(at, by, figure.factor) for at, by in zip(figure.at, figure.by, strict=True)]
    xs, ys = zip(*figure.at, *ends, strict=True)
    margin = 0.06 * max(max(xs) - min(xs), max(ys) - min(ys), 1e-9)
    left, top = min(xs) - margin, max(ys) + margin
    width, height = max(xs) - left + margin, top - min(ys) + margin
    scale = min(WIDTH / width, 460 / height)

    def place(point: Point) -> str:
        return f"{(point[0] - left) * scale:.1f},{(top - point[1]) * scale:.1f}"

    body = []
    for number, (at, end) in enumerate(zip(figure.at, ends, strict=True)):
        colour = "var(--faint)" if number in figure.left_out else "var(--s0)"
        x, y = place(at).split(",")
        body.append(f'<polyline class="line" style="--c:{colour}" points="{place(at)} {place(end)}"/>')
        body.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
    longest = max(math.hypot(*by) for by in figure.by)
    note = f"Arrows are drawn {figure.factor:g} times as long; the longest is {longest:.3g} {figure.unit}."
    legend = Markup('<div class="legend"><span>{}</span></div>').format(note)
    return drawing(width * scale, height * scale, body, figure.title) + legend


def _moved(at: Point, by: Point, factor: float) -> Point:
    return at[0] + factor * by[0], at[1] + factor * by[1]


def _heat_map(figure: HeatMap) -> Markup:
    known = np.isfinite(figure.values)
    if not known.any():
        return Markup('<p class="none">Nothing to plot.</p>')
    low, high = float(figure.values[known].min()), float(figure.values[known].max())
    share = (np.where(known, figure.values, low) - low) / max(high - low, 1e-300)
    colours = cv2.applyColorMap(np.asarray(share * 255, np.uint8), cv2.COLORMAP_VIRIDIS)
    colours[~known] = NO_VALUE_GREY
    factor = max(LEAST_MAP_PX // max(share.shape), 1)
    large = cv2.resize(colours, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    left, top, right, bottom = figure.borders
    note = (
        f"{figure.value_label}: {low:.4g} (dark) to {high:.4g} (bright). {figure.x_label}: {left:.4g} to "
        f"{right:.4g}. {figure.y_label}: {bottom:.4g} to {top:.4g}."
    )
    return _embedded(large, figure.title) + Markup('<p class="soft">{}</p>').format(note)


def _picture(figure: Picture) -> Markup:
    colours = cv2.cvtColor(figure.grey, cv2.COLOR_GRAY2BGR)
    for column, row in figure.marks:
        centre = round(column), round(row)
        cv2.drawMarker(colours, centre, (0, 128, 255), cv2.MARKER_CROSS, 15, 2)
    return _embedded(colours, figure.title)


def _embedded(colours: NDArray[Any], title: str) -> Markup:
    _, data = cv2.imencode(".png", colours)
    text = base64.b64encode(data.tobytes()).decode()
    return Markup('<img alt="{}" src="data:image/png;base64,{}"/>').format(escape(title), text)
