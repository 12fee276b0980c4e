"""Paints what was seen of a section: its tiles from stamps down to each pixel, or a low-dose look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QImage, QPainter, QTransform

from scopeacq.journal.records import PlaneKey
from scopeacq.storage.ome_zarr import chunk_shape, level_shapes
from scopeacq.storage.pyramid_tiff import Level
from ui.presenters.sections import SectionShown
from ui.viewport.look import Look
from ui.viewport.parts import draw_parts, level_for
from ui.viewport.pictures import Pictures, PlanePart, SectionLook, WholePlane
from ui.viewport.underlay import pixel_edges_to_wafer, seen_from

PICTURES_FROM_PX = 44.0
"""Tiles of this edge get their pictures."""
EDGES_PX = (64, 256, 1024)
"""Sizes of whole pictures: the next that is not smaller than what the screen shows. Then come parts."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The latest slice of a tile and where the tile lies in the section's own frame (um, y down)."""

    plane: PlaneKey
    area: QRectF
    tile_px: tuple[int, int]
    seen: object

    @property
    def longer_px(self) -> int:
        return max(self.tile_px)


class TilePictures:
    """Pictures of tiles; the painter stands in the section's own frame."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def draw(self, painter: QPainter, look: Look, taken: Slice) -> bool:
        """As fine as the screen shows; whether there was anything to paint."""
        device = painter.device()
        shorter, longer = sorted((taken.area.width(), taken.area.height()))
        if shorter / look.camera.um_per_px < PICTURES_FROM_PX or device is None:
            return False
        needed_px = longer / look.camera.um_per_px * device.devicePixelRatioF()
        smooth = not look.moving and needed_px < 2 * (taken.longer_px or EDGES_PX[-1])
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        deep = min(needed_px, taken.longer_px) > EDGES_PX[-1]
        if deep and self._draw_parts(painter, look, taken, needed_px / taken.longer_px):
            return True
        whole = self._whole(taken, needed_px)
        if whole is not None:
            painter.drawImage(taken.area, whole)
            if deep:
                self._draw_parts(painter, look, taken, needed_px / taken.longer_px)
        return whole is not None

    def _whole(self, taken: Slice, needed_px: float) -> QImage | None:
        """The best picture of the whole tile at hand; a better one is asked for."""
        edge = next((e for e in EDGES_PX if e >= needed_px), EDGES_PX[-1])
        best = self._pictures.of(WholePlane(taken.plane, edge, taken.seen))
        for other in reversed(EDGES_PX):
            best = best or self._pictures.at_hand(WholePlane(taken.plane, other, taken.seen))
        return best.image if best is not None else None

    def _draw_parts(self, painter: QPainter, look: Look, taken: Slice, screen_per_px: float) -> bool:
        """The parts in sight, from the level that has a pixel for each of the screen's; whether all."""
        height, width = taken.tile_px
        levels = _levels(height, width)
        painter.save()
        painter.translate(taken.area.topLeft())
        painter.scale(taken.area.width() / width, taken.area.height() / height)

        def fetch(level: int, row: int, column: int) -> QImage | None:
            part = self._pictures.of(PlanePart(taken.plane, level, row, column, taken.seen))
            return part.image if part is not None else None

        window = seen_from(painter.worldTransform(), look)
        complete = draw_parts(painter, levels, level_for(levels, screen_per_px), window, fetch)
        painter.restore()
        return complete

    def draw_look(self, painter: QPainter, shown: SectionShown) -> bool:
        """The low-dose look at a section of which a tile has no picture yet; whether there is one."""
        if all(tile.cycle is not None for tile in shown.tiles):
            return False
        # another look adds to the dose
        found = self._pictures.of(SectionLook(shown.id, shown.looks_per_nm2))
        if found is None or found.placement is None:
            return False
        painter.save()
        to_local = pixel_edges_to_wafer(found.placement) * _wafer_to_local(shown)
        painter.setWorldTransform(to_local * painter.worldTransform())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(found.image.rect()), found.image)
        painter.restore()
        return True


@lru_cache(maxsize=8)
def _levels(height: int, width: int) -> Sequence[Level]:
    """Of a plane in the run's images."""
    return tuple(Level(shape, chunk_shape(shape)) for shape in level_shapes((height, width)))


def _wafer_to_local(shown: SectionShown) -> QTransform:
    """From the wafer into the section's own frame, y down."""
    placed = QTransform()
    placed.translate(*shown.section.roi_centre_um)
    placed.rotate(shown.section.rotation_deg)
    placed.scale(1, -1)
    return placed.inverted()[0]
