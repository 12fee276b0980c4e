"""What the card beside the cursor says: a section or tile in words, and a curve over the cycles."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from scopeacq.journal.tile_curves import Points
from ui.presenters.focus_plane import residual_um
from ui.presenters.layers import UNITS, Layer, described
from ui.presenters.sections import SectionShown
from ui.presenters.wafer_map import Hit, WaferMap

LEAST_POINTS = 2
"""A curve needs as many; what there is of a shorter one stands in the words."""


@dataclass(frozen=True, slots=True)
class History:
    """A section's or a tile's numbers over the cycles; of a section the means over its tiles."""

    score_um: Points = ()
    dose_per_nm2: Points = ()
    wd_um: Points = ()
    depth_nm: Points = ()

    def of(self, layer: Layer) -> tuple[str, str, Points]:
        """The curve that goes with a layer: its title, its unit and its points."""
        match layer:
            case Layer.STATE | Layer.SCORE:
                return "Score", UNITS[Layer.SCORE], self.score_um
            case Layer.DOSE:
                return "Electron dose so far", UNITS[layer], self.dose_per_nm2
            case Layer.DEPTH:
                return "Milled depth", UNITS[layer], self.depth_nm
            case Layer.FOCUS:
                return "Working distance", UNITS[layer], self.wd_um


@dataclass(frozen=True, slots=True)
class CurveShown:
    """A curve with its axes in words. Points are (cycle counted from 1, value)."""

    title: str
    points: Points
    low: str
    high: str

    @property
    def span(self) -> str:
        """The cycles that it goes over."""
        return f"cycles {self.points[0][0]} to {self.points[-1][0]}"


@dataclass(frozen=True, slots=True)
class Card:
    """All of the card; ``curve`` is None until it was read, or where there is none."""

    title: str
    lines: tuple[str, ...]
    curve: CurveShown | None = None

    @property
    def text(self) -> str:
        """To be copied: the words, and the curve as a table."""
        parts = [self.title, *self.lines]
        if self.curve is not None:
            parts += ["", f"cycle\t{self.curve.title}"]
            parts += [f"{cycle}\t{value:.6g}" for cycle, value in self.curve.points]
        return "\n".join(parts)


def card_of(shown: WaferMap, hit: Hit, layer: Layer, history: History | None) -> Card | None:
    """The card of what lies there; None when the map does not hold it."""
    section = shown.section(hit.section)
    if section is None:
        return None
    tile = "" if hit.tile is None else f", tile {hit.tile + 1}"
    lines = (*described(shown, hit), *_focus_lines(shown, section, hit), *_dose_lines(section))
    return Card(f"Section {section.id}{tile}", lines, _curve(layer, history) if history else None)


def _focus_lines(shown: WaferMap, section: SectionShown, hit: Hit) -> Iterator[str]:
    if shown.plane is None or hit.tile is None or hit.tile >= len(section.tiles):
        return
    off_um = residual_um(shown.plane, section, hit.tile)
    if off_um is not None:
        beyond = ", an outlier" if abs(off_um) > shown.plane.limit_um else ""
        cycle = shown.plane.cycle + 1
        yield f"{off_um:+.2f} \N{MICRO SIGN}m off the plane of focus of cycle {cycle}{beyond}."


def _dose_lines(section: SectionShown) -> Iterator[str]:
    """What the section was given over the whole run."""
    if section.ions_per_nm2 > 0:
        yield f"Ion dose {section.ions_per_nm2:.3g} ions/nm\N{SUPERSCRIPT TWO} by delivered charge."
    tiles = [tile.dose_per_nm2 for tile in section.tiles]
    if any(tiles):
        mean = sum(tiles) / len(tiles)
        yield (
            f"Electrons: {mean:.1f} {UNITS[Layer.DOSE]} per tile on average, at most {max(tiles):.1f}, "
            f"and {section.looks_per_nm2:.1f} where it was found again."
        )
    if section.by_hand_per_nm2 > 0:
        yield f"By hand: at most {section.by_hand_per_nm2:.1f} {UNITS[Layer.DOSE]} at one place of it."
    if section.burned_per_nm2 > 0:
        yield f"A calibration's mark: up to {section.burned_per_nm2:.3g} ions/nm\N{SUPERSCRIPT TWO} more."


def _curve(layer: Layer, history: History) -> CurveShown | None:
    title, unit, points = history.of(layer)
    if len(points) < LEAST_POINTS:
        return None
    values = [value for _, value in points]
    digits = _digits(max(values) - min(values))
    low, high = (f"{value:,.{digits}f}" for value in (min(values), max(values)))
    counted = tuple((cycle + 1, value) for cycle, value in points)
    return CurveShown(f"{title} [{unit}]", counted, low, high)


def _digits(span: float) -> int:
    """Decimals with which both ends of an axis can be told apart."""
    return min(max(1 - math.floor(math.log10(span)), 0), 6) if span > 0 else 2
