"""Paints the overviews under the map, level by level as the zoom asks for."""

from __future__ import annotations

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QImage, QPainter, QTransform

from scopeacq.plan.overviews import Overview
from scopeacq.plan.placement import Placement
from ui.presenters.overviews import Underlay
from ui.viewport.look import Look
from ui.viewport.parts import draw_parts, level_for
from ui.viewport.pictures import OverviewPart, Pictures

SOFTER = 1.4
"""An overview's pixels may be so many of the screen's wide: enlarging is painted faster than reducing."""


def draw_underlay(
    painter: QPainter, look: Look, to_px: QTransform, underlay: Underlay, pictures: Pictures
) -> None:
    """All overviews, the last by name on top. ``to_px``: from the wafer to the widget."""
    if not underlay.visible or underlay.opacity <= 0:
        return
    painter.save()
    painter.setOpacity(underlay.opacity)
    for overview in underlay.overviews:
        _draw(painter, look, to_px, overview, pictures)
    painter.restore()


def _draw(painter: QPainter, look: Look, to_px: QTransform, overview: Overview, pictures: Pictures) -> None:
    placed = pixel_edges_to_wafer(overview.placement) * to_px
    window = seen_from(placed, look)
    device = painter.device()
    ratio = device.devicePixelRatioF() if device is not None else 1.0
    screen_per_px = ratio * overview.placement.pixel_um / look.camera.um_per_px
    painter.setWorldTransform(placed)
    smooth = not look.moving and screen_per_px < 2
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)

    def fetch(level: int, row: int, column: int) -> QImage | None:
        shown = pictures.of(OverviewPart(overview.path, level, row, column))
        return shown.image if shown is not None else None

    level = level_for(overview.levels, screen_per_px / SOFTER)
    draw_parts(painter, overview.levels, level, window, fetch)


def pixel_edges_to_wafer(placement: Placement) -> QTransform:
    """From pixels, the first of which reaches from 0 to 1, to the wafer [um]."""
    (a, b, x), (c, d, y) = placement.to_wafer
    return QTransform(a, c, b, d, x - (a + b) / 2, y - (c + d) / 2)


def seen_from(local: QTransform, look: Look) -> QRectF:
    """The widget's window in the frame that ``local`` maps to it."""
    back, _ = local.inverted()
    return back.mapRect(QRectF(0, 0, look.camera.width_px, look.camera.height_px))
