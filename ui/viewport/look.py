"""What of a map is shown and how, and the pens that all painters share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PyQt5.QtGui import QColor, QPen

from scopeacq.wafer import Section
from ui.presenters.camera import Camera
from ui.theme import Shades
from ui.viewport.grid_images import Paint


@dataclass(frozen=True, slots=True)
class Look:
    """``moved``: sections as they would lie after the drag that is under way."""

    camera: Camera
    paint: Paint
    selected: frozenset[str] = frozenset()
    selected_tile: tuple[str, int] | None = None
    moved: Mapping[str, Section] = field(default_factory=dict)

    @property
    def shades(self) -> Shades:
        return self.paint.shades


def cosmetic(colour: QColor, width_px: float) -> QPen:
    """A pen that is as wide on the screen whatever the zoom."""
    pen = QPen(colour, width_px)
    pen.setCosmetic(True)
    return pen
