"""Layers of the wafer map: which value of a tile is coloured, over what range, and what its legend says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from scopeacq.telling.status import SectionPhase
from scopeacq.telling.wording import counted
from ui.presenters.focus_plane import in_words, outliers
from ui.presenters.sections import GLYPHS, SectionShown, TileShown, TileState
from ui.presenters.wafer_map import Hit, WaferMap

STEPS = 5
"""Numbers beside a colour bar."""


class Layer(Enum):
    """What the tiles' colours say."""

    STATE = "State"
    SCORE = "Score"
    DOSE = "Electron dose"
    DEPTH = "Milled depth"
    FOCUS = "Working distance"


EXPLAINED = {
    Layer.STATE: "What each tile is in this cycle. Only what is sharp, or accepted, passes the mill gate.",
    Layer.SCORE: "Blur of each tile's last scan, as \N{MICRO SIGN}m of defocus: the smaller, the sharper.",
    Layer.DOSE: "Electrons that each tile was given by scans and focus images, over the whole run.",
    Layer.DEPTH: "How deep each section was milled, by delivered charge and mill rate.",
    Layer.FOCUS: "Working distance at which each tile was last in focus: a tilted wafer shows as a slope.",
}

UNITS = {
    Layer.STATE: "",
    Layer.SCORE: "\N{MICRO SIGN}m",
    Layer.DOSE: "e\N{SUPERSCRIPT MINUS}/nm\N{SUPERSCRIPT TWO}",
    Layer.DEPTH: "nm",
    Layer.FOCUS: "\N{MICRO SIGN}m",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of a layer's values; colours run from ``low`` to ``high``."""

    low: float
    high: float

    def fraction(self, value: float) -> float:
        """Where a value lies in the range, within 0 and 1."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One line: a tile's state or a place on the colour bar, in words or numbers."""

    label: str
    state: TileState | None = None
    fraction: float | None = None
    glyph: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Legend:
    """What the colours of a layer mean; ``empty``: why nothing is coloured; ``notes`` stand below."""

    title: str
    entries: tuple[LegendEntry, ...]
    empty: str = ""
    notes: tuple[str, ...] = ()


def value_of(layer: Layer, section: SectionShown, tile: TileShown) -> float | None:
    """The number that a layer shows of a tile; None where nothing is known."""
    match layer:
        case Layer.STATE:
            return None
        case Layer.SCORE:
            known = tile.score_um is not None and math.isfinite(tile.score_um)
            return tile.score_um if known else None
        case Layer.DOSE:
            return tile.dose_per_nm2
        case Layer.DEPTH:
            return section.milled_nm
        case Layer.FOCUS:
            return tile.wd_um


def scale_of(layer: Layer, shown: WaferMap) -> Scale | None:
    """From the least to the greatest value, doses and depths from 0; None when nothing is known."""
    values = list(_values(layer, shown))
    if not values or (layer in (Layer.DOSE, Layer.DEPTH) and max(values) <= 0):
        return None
    low = min(values) if layer is Layer.FOCUS else 0.0
    high = max(values)
    return Scale(low, high) if high > low else Scale(low - 0.5, high + 0.5)


def _values(layer: Layer, shown: WaferMap) -> Iterator[float]:
    for section in shown.sections:
        for tile in section.tiles[:1] if layer is Layer.DEPTH else section.tiles:
            value = value_of(layer, section, tile)
            if value is not None:
                yield value


def legend_of(layer: Layer, shown: WaferMap) -> Legend:
    """Words and counts of the states, or numbers along the colour bar."""
    if layer is Layer.STATE:
        return _states(shown)
    unit = UNITS[layer]
    scale = scale_of(layer, shown)
    if scale is None:
        return Legend(f"{layer.value} [{unit}]", (), "Nothing measured yet.", _notes(layer, shown))
    places = [n / (STEPS - 1) for n in range(STEPS)]
    digits = _digits(scale)
    entries = (
        LegendEntry(f"{scale.low + f * (scale.high - scale.low):,.{digits}f}", fraction=f) for f in places
    )
    return Legend(f"{layer.value} [{unit}]", tuple(entries), notes=_notes(layer, shown))


def _notes(layer: Layer, shown: WaferMap) -> tuple[str, ...]:
    match layer:
        case Layer.FOCUS if any(_values(layer, shown)):
            return _about_plane(shown)
        case Layer.DOSE:
            return _by_hand(shown)
        case _:
            return ()


def _about_plane(shown: WaferMap) -> tuple[str, ...]:
    if shown.plane is None:
        return ("No plane of focus was fitted yet.",)
    return in_words(shown.plane, len(outliers(shown.plane, shown.sections)))


def _by_hand(shown: WaferMap) -> tuple[str, ...]:
    """What frames by hand came to, which belong to no tile."""
    given = {s.id: s.by_hand_per_nm2 for s in shown.sections if s.by_hand_per_nm2 > 0}
    if not given:
        return ()
    most = max(given, key=given.__getitem__)
    return (f"By hand: {counted(len(given), 'section')}, most on {most}: {given[most]:.1f} at one place.",)


def _digits(scale: Scale) -> int:
    """Decimals with which neighbouring numbers beside the bar differ."""
    step = (scale.high - scale.low) / (STEPS - 1)
    return max(0, math.ceil(-math.log10(step)) + 1) if step < 10 else 0


def _states(shown: WaferMap) -> Legend:
    counts = dict.fromkeys(TileState, 0)
    for section in shown.sections:
        for tile in section.tiles:
            counts[tile.state] += 1
    entries = (
        LegendEntry(s.value, state=s, glyph=GLYPHS[s], count=n)
        for s, n in counts.items()
        if n or s is TileState.SHARP or (s is TileState.OPEN and not shown.finished)
    )
    finished = ", finished" if shown.finished else ""
    return Legend(f"Tiles in cycle {shown.cycle + 1}{finished}", tuple(entries))


_WHY = {
    TileState.OPEN: "It waits for its turn in this cycle.",
    TileState.SCANNING: "The beam is on it now, or a program ended while it was.",
    TileState.WRITING: "It counts when it is on the disk and judged.",
    TileState.SHARP: "It is on the disk and passes the mill gate.",
    TileState.BLANK: "Nothing in it can be sharp or blurred; it passes the mill gate.",
    TileState.WAFER: "The section is milled through here; it passes where others are still bright.",
    TileState.UNSHARP: "It is focused and taken again before anything is milled.",
    TileState.CANNOT_TELL: "One image does not say; it is focused and taken again.",
    TileState.FAULTY: "The frame was black, cut off or saturated; it is taken again.",
    TileState.LOST: "Its file is gone or damaged; it is taken again.",
    TileState.WAIVED: "The project's gate accepts it as it is; the record says so.",
    TileState.INACTIVE: "The plan leaves it out; activate it to have it imaged.",
}

_PHASES = {
    SectionPhase.ACTIVE: "is imaged in every cycle",
    SectionPhase.SKIPPED: "is skipped in this cycle; the mill gate still asks for it",
    SectionPhase.DROPPED: "is done: the wafer shows through",
    SectionPhase.INACTIVE: "is left out by the plan",
}


def described(shown: WaferMap, hit: Hit) -> tuple[str, ...]:
    """What lies under the cursor and why it is so, a sentence or a value each."""
    section = shown.section(hit.section)
    if section is None:
        return ()
    lines = [f"Section {section.id} {_PHASES[section.phase]}."]
    if section.milled_nm > 0:
        lines.append(f"Milled {section.milled_nm:.1f} of {section.section.thickness_nm:g} nm.")
    if hit.tile is None or hit.tile >= len(section.tiles):
        return tuple(lines)
    tile = section.tiles[hit.tile]
    row, column = divmod(hit.tile, section.grid.columns)
    lines.append(
        f"Tile {hit.tile + 1} (row {row + 1}, column {column + 1}): {tile.state.value}. {_WHY[tile.state]}"
    )
    return (*lines, *_measured(tile))


def _measured(tile: TileShown) -> Iterator[str]:
    if tile.score_um is not None and tile.cycle is not None:
        score = f"{tile.score_um:.2f} \N{MICRO SIGN}m" if math.isfinite(tile.score_um) else "no texture"
        yield f"Last score {score} (cycle {tile.cycle + 1})."
    if tile.dose_per_nm2 > 0:
        yield f"Electron dose {tile.dose_per_nm2:.1f} {UNITS[Layer.DOSE]} over the whole run."
    if tile.wd_um is not None:
        yield f"Working distance {tile.wd_um:.2f} \N{MICRO SIGN}m."
