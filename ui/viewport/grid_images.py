"""A picture of each section's grid with one pixel per tile: ten thousand tiles are as cheap as one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PyQt5.QtGui import QColor, QImage

from ui.presenters.layers import Layer, Scale, value_of
from ui.presenters.sections import SectionShown, TileShown
from ui.theme import Shades
from ui.viewport.colours import ramp_colour, state_colour, unknown_colour


@dataclass(frozen=True, slots=True)
class Paint:
    """How tiles are coloured. ``scale`` is of the layer's numbers, None where there are none."""

    layer: Layer
    scale: Scale | None
    shades: Shades

    def colour(self, section: SectionShown, tile: TileShown) -> QColor:
        if self.layer is Layer.STATE:
            return state_colour(tile.state, self.shades)
        value = value_of(self.layer, section, tile)
        if value is None or self.scale is None:
            return unknown_colour(self.shades)
        return ramp_colour(self.scale.fraction(value))


@dataclass(slots=True)
class _Kept:
    tiles: tuple[TileShown, ...]
    depth_nm: float
    paint: Paint
    image: QImage


@dataclass
class GridImages:
    """Pictures of the grids, made anew only where tiles or colours have changed."""

    _kept: dict[str, _Kept] = field(default_factory=dict)

    def of(self, section: SectionShown, paint: Paint) -> QImage:
        """The picture of a section, row by row as its tiles."""
        kept = self._kept.get(section.id)
        if (
            kept is None
            or kept.tiles is not section.tiles
            or kept.depth_nm != section.milled_nm
            or kept.paint != paint
        ):
            kept = self._kept[section.id] = _made(section, paint)
        return kept.image


def _made(section: SectionShown, paint: Paint) -> _Kept:
    rows, columns = section.grid.rows, section.grid.columns
    pixels = np.array([paint.colour(section, t).rgba() for t in section.tiles], np.uint32)
    # copied, since a QImage does not keep the bytes alive that it was made from
    image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGB32).copy()
    return _Kept(section.tiles, section.milled_nm, paint, image)
