"""Small plots as SVG text, for the report: lines and dots with axes, and maps of polygons.

Colours are CSS variables (``--s0`` ... ``--s7`` for series, ``--ink``, ``--faint``), so that one figure
serves dark, light and paper. All text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from markupsafe import Markup, escape

Point = tuple[float, float]

COLOURS = 8


class Mark(Enum):
    """How a series is drawn."""

    LINE = "line"
    DOTS = "dots"


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one colour, named in the legend when there are several."""

    label: str
    points: Sequence[Point]
    mark: Mark = Mark.DOTS
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Axes:
    """Labels with units, and a horizontal line worth comparing with.

    Ticks along x are at least ``least_step`` apart: 1 where x counts something whole.
    """

    x_label: str
    y_label: str
    limit: float | None = None
    limit_label: str = ""
    least_step: float = 1.0


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon on a map [um], filled by ``share`` (0 ... 1) of the ramp, or only outlined by None."""

    outline_um: Sequence[Point]
    share: float | None
    label: str = ""


WIDTH, HEIGHT = 640, 230
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 42

# viridis, five stops
_RAMP = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))


def nice_ticks(low: float, high: float, about: int = 5, least: float = 0.0) -> list[float]:
    """Round numbers that cover ``low`` to ``high``, some ``about`` of them, at least ``least`` apart."""
    span = high - low if high > low else max(abs(high), 1.0)
    raw = max(span / max(about, 1), least)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, max(last, first + 1) + 1)]


def plot(series: Sequence[Series], axes: Axes) -> Markup:
    """One plot; a note in its place when there is nothing finite to show."""
    shown = [
        Series(
            s.label, [p for p in s.points if math.isfinite(p[0]) and math.isfinite(p[1])], s.mark, s.colour
        )
        for s in series
    ]
    points = [p for s in shown for p in s.points]
    if not points:
        return Markup('<p class="none">Nothing to plot yet.</p>')
    ys = [y for _, y in points] + ([axes.limit] if axes.limit is not None else [])
    last_x = max(x for x, _ in points)
    first, second, *more = nice_ticks(min(x for x, _ in points), last_x, 8, axes.least_step)
    # the axis ends with the data: there are no cycles beyond the last one
    end = last_x if last_x > first else second
    x_ticks = [tick for tick in (first, second, *more) if tick <= end]
    y_ticks = nice_ticks(min(ys), max(ys), 4)
    scale = _Scale(first, end, y_ticks[0], y_ticks[-1])
    body = [_grid(scale, x_ticks, y_ticks, axes), *(_drawn(s, scale) for s in shown)]
    if axes.limit is not None:
        body.append(_limit(scale, axes.limit, axes.limit_label))
    figure = drawing(WIDTH, HEIGHT, body, f"{axes.y_label} against {axes.x_label}")
    return figure + (_legend(shown) if len(shown) > 1 else Markup())


@dataclass(frozen=True, slots=True)
class _Scale:
    """From data to pixels of the figure."""

    x0: float
    x1: float
    y0: float
    y1: float

    def x(self, value: float) -> float:
        return LEFT + (value - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (value - self.y0) / (self.y1 - self.y0) * (HEIGHT - TOP - BOTTOM)


def _grid(scale: _Scale, x_ticks: list[float], y_ticks: list[float], axes: Axes) -> str:
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick end" x="{LEFT - 7}" y="{y + 4:.1f}">{tick:.6g}</text>'
        for tick in y_ticks
        for y in [scale.y(tick)]
    ]
    parts += [
        f'<text class="tick mid" x="{scale.x(tick):.1f}" y="{HEIGHT - 24}">{tick:.6g}</text>'
        for tick in x_ticks
    ]
    parts += [
        f'<text class="axis mid" x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 5}">{escape(axes.x_label)}</text>',
        f'<text class="axis mid" transform="translate(13 {middle}) rotate(-90)">{escape(axes.y_label)}'
        "</text>",
    ]
    return "".join(parts)


def _drawn(series: Series, scale: _Scale) -> str:
    places = [(scale.x(x), scale.y(y)) for x, y in series.points]
    style = f'style="--c:var(--s{series.colour % COLOURS})"'
    if series.mark is Mark.LINE:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        return f'<polyline class="line" {style} points="{path}"/>'
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in places)
    return f'<g class="dots" {style}>{dots}</g>'


def _limit(scale: _Scale, value: float, label: str) -> str:
    y = scale.y(value)
    return (
        f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick end limit-label" x="{WIDTH - RIGHT}" y="{y - 4:.1f}">{escape(label)}</text>'
    )


def _legend(series: Iterable[Series]) -> Markup:
    entries = Markup().join(
        Markup('<span><i style="--c:var(--s{})"></i>{}</span>').format(s.colour % COLOURS, s.label)
        for s in series
        if s.label
    )
    return Markup('<div class="legend">{}</div>').format(entries)


def map_of(areas: Sequence[Area], marks_um: Sequence[Point], ramp_label: str) -> Markup:
    """A map with y up: areas filled by the ramp, crosses for marks, a scale bar, the ramp's legend."""
    points = [p for area in areas for p in area.outline_um] + list(marks_um)
    if not points:
        return Markup('<p class="none">Nothing to map.</p>')
    xs, ys = [x for x, _ in points], [y for _, y in points]
    margin = 0.06 * max(max(xs) - min(xs), max(ys) - min(ys), 1.0)
    left, top = min(xs) - margin, max(ys) + margin
    width, height = max(xs) - min(xs) + 2 * margin, max(ys) - min(ys) + 2 * margin
    scale = min(WIDTH / width, 460 / height)

    def place(point: Point) -> Point:
        return (point[0] - left) * scale, (top - point[1]) * scale

    body = [_area(area, [place(p) for p in area.outline_um]) for area in areas]
    body += [_cross(*place(p)) for p in marks_um]
    body.append(_scale_bar(width, scale, height * scale))
    return drawing(width * scale, height * scale + 26, body, ramp_label) + _ramp_legend(ramp_label)


def _area(area: Area, corners: Sequence[Point]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    if area.share is None:
        return f'<polygon class="outline" points="{path}"><title>{escape(area.label)}</title></polygon>'
    x = sum(p[0] for p in corners) / len(corners)
    y = sum(p[1] for p in corners) / len(corners)
    return (
        f'<polygon class="area" fill="{ramp(area.share)}" points="{path}"/>'
        f'<text class="tick mid halo" x="{x:.1f}" y="{y + 4:.1f}">{escape(area.label)}</text>'
    )


def ramp(share: float) -> str:
    """The colour of a share 0 ... 1; beyond, that of the end."""
    place = min(max(share, 0.0), 1.0) * (len(_RAMP) - 1)
    low = min(int(place), len(_RAMP) - 2)
    rgb = (a + (b - a) * (place - low) for a, b in zip(_RAMP[low], _RAMP[low + 1], strict=True))
    return "#" + "".join(f"{round(c):02x}" for c in rgb)


def _cross(x: float, y: float) -> str:
    return f'<path class="cross" d="M{x - 5:.1f} {y:.1f}h10M{x:.1f} {y - 5:.1f}v10"/>'


def _scale_bar(width_um: float, scale: float, y: float) -> str:
    length_um = 10.0 ** math.floor(math.log10(width_um / 4))
    length_um *= next(m for m in (5, 2, 1) if m * length_um <= width_um / 4)
    label = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} \u00b5m"
    return (
        f'<line class="bar" x1="8" x2="{8 + length_um * scale:.1f}" y1="{y + 8:.1f}" y2="{y + 8:.1f}"/>'
        f'<text class="tick" x="{14 + length_um * scale:.1f}" y="{y + 12:.1f}">{label}</text>'
    )


def _ramp_legend(label: str) -> Markup:
    stops = ", ".join(ramp(n / 4) for n in range(5))
    return Markup(
        '<div class="legend"><span>0</span><b class="ramp" style="background:linear-gradient(90deg,{})">'
        "</b><span>{}</span></div>"
    ).format(stops, label)


def drawing(width: float, height: float, body: Iterable[str], title: str) -> Markup:
    """A picture of pieces of SVG, which are built from numbers and escaped text alone."""
    head = Markup('<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">').format(
        width, height, title
    )
    return head + Markup("".join(body)) + Markup("</svg>")  # noqa: S704
