"""What of a map is shown and how, and the pens that all painters share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PyQt5.QtGui import QColor, QPen

from scopeacq.plan.wafer import Section
from ui.presenters.camera import Camera
from ui.presenters.landmarks import MarksShown
from ui.presenters.map_items import Item, MapItems
from ui.presenters.overviews import Underlay
from ui.theme import DARK, Shades
from ui.viewport.grid_images import Paint

INK, CASING = QColor("#f4f6f8"), QColor(16, 20, 26, 170)
"""Of lines over pictures, which may be light or dark whatever the mode."""


@dataclass(frozen=True, slots=True)
class Look:
    """``moved``: sections as they would lie after the drag that is under way.

    ``moving``: the view moves just now, and pictures are painted coarsely, which is three times as fast.
    ``items``: what lies on the map beside sections; ``chosen``: those of them that are.
    """

    camera: Camera
    paint: Paint
    selected: frozenset[str] = frozenset()
    selected_tiles: frozenset[tuple[str, int]] = frozenset()
    moved: Mapping[str, Section] = field(default_factory=dict)
    underlay: Underlay = field(default_factory=Underlay)
    moving: bool = False
    items: MapItems = field(default_factory=MapItems)
    chosen: frozenset[Item] = frozenset()
    marks: MarksShown = field(default_factory=MarksShown)

    @property
    def shades(self) -> Shades:
        return self.paint.shades

    @property
    def line_shades(self) -> Shades:
        """The colours of lines: over pictures the light ones, which stand in a dark casing there."""
        return DARK if self.over_pictures else self.shades

    @property
    def over_pictures(self) -> bool:
        """Whether a picture lies under the map, on which thin lines and small type are hard to see."""
        return self.underlay.visible and bool(self.underlay.overviews) and self.underlay.opacity > 0.2


def line_pens(look: Look, width_px: float, colour: QColor | None = None) -> tuple[QPen, ...]:
    """Pens for a line, to be drawn one after the other: over pictures a light one in a dark casing."""
    if not look.over_pictures:
        return (QPen(colour or QColor(look.shades.muted), width_px),)
    return QPen(CASING, width_px + 2.0), QPen(colour or INK, width_px)


def cosmetic(colour: QColor, width_px: float) -> QPen:
    """A pen that is as wide on the screen whatever the zoom."""
    pen = QPen(colour, width_px)
    pen.setCosmetic(True)
    return pen
