"""Colours of the wafer map: one per state, and a ramp for numbers that also reads in grey."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtGui import QColor

from ui.presenters.sections import TileState
from ui.theme import Shades, mixed

RAMP = ("#30224f", "#3d4a8a", "#2f6f8e", "#22908b", "#3fb67a", "#9bd34f", "#f7e24a")
"""Viridis, a little lighter at its dark end so that it stands off a dark window."""

STRENGTH = 0.72
"""Share of a state's colour in a tile, the rest is the panel: calm even with 10,000 of them."""

RAMP_STEPS = 256


@lru_cache(maxsize=64)
def state_colour(state: TileState, shades: Shades) -> QColor:
    """The colour of a tile in a state."""
    if state is TileState.OPEN:
        return mixed(QColor(shades.panel), QColor(shades.muted), 0.28)
    strong = {
        TileState.SCANNING: shades.text,
        TileState.WRITING: shades.accent,
        TileState.SHARP: shades.good,
        TileState.BLANK: mixed(QColor(shades.good), QColor(shades.muted), 0.6).name(),
        TileState.WAFER: shades.line,
        TileState.UNSHARP: shades.alarm,
        TileState.CANNOT_TELL: shades.caution,
        TileState.FAULTY: shades.unknown,
        TileState.LOST: shades.unknown,
        TileState.WAIVED: shades.simulation,
        TileState.INACTIVE: shades.hover,
    }[state]
    return mixed(QColor(shades.panel), QColor(strong), STRENGTH)


def unknown_colour(shades: Shades) -> QColor:
    """A tile of which the layer knows nothing."""
    return mixed(QColor(shades.panel), QColor(shades.muted), 0.14)


@lru_cache(maxsize=1)
def ramp() -> NDArray[np.uint32]:
    """The ramp's colours as ARGB, shape (256,), uint32."""
    anchors = [QColor(name) for name in RAMP]
    at = np.linspace(0, 1, len(anchors))
    steps = np.linspace(0, 1, RAMP_STEPS)
    red, green, blue = (
        np.interp(steps, at, [part(c) for c in anchors]).round().astype(np.uint32)
        for part in (QColor.red, QColor.green, QColor.blue)
    )
    return np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


def ramp_colour(fraction: float) -> QColor:
    """The ramp at a fraction of its range."""
    return QColor.fromRgb(int(ramp()[round(fraction * (RAMP_STEPS - 1))]))


def legible_on(colour: QColor) -> QColor:
    """Black or white, whichever reads better on a colour."""
    light = 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue()
    return QColor("#10141a") if light > 145 else QColor("#f4f6f8")
