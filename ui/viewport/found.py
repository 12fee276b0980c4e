"""Paints what was found and is not in the plan yet: outlines, with a sign and a confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF, QTransform

from scopeacq.sections.candidates import Candidate
from ui.presenters.found import GLYPHS, Standing, standing_of, sure
from ui.presenters.map_items import ItemKind, MapItems, centre_of
from ui.theme import FontPt, Space, font
from ui.viewport.look import CASING, Look, cosmetic
from ui.viewport.marks import NAME_PX, all_mapped, draw_pill

SIGNS_FROM_PX, WORDS_FROM_PX = 8.0, 34.0
"""Outlines with a smaller radius have no sign, or none with a number."""
MOST_SIGNS, MOST_FINE = 150, 250
"""Of what is in the window: more have no signs, and are painted without smoothing and casing."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """Outlines made ready to be painted again and again. Places and radii on the wafer [um]."""

    candidates: tuple[Candidate, ...]
    standings: tuple[Standing, ...]
    polygons: tuple[QPolygonF, ...]
    centres: NDArray[np.float64]
    radii: NDArray[np.float64]


class FoundPainter:
    """Keeps what it has made ready as long as nothing was judged or edited."""

    def __init__(self) -> None:
        self._of: MapItems | None = None
        self._ready = _prepared(())

    def draw(self, painter: QPainter, look: Look, to_px: QTransform) -> None:
        """All that are not accepted."""
        ready = self._made_ready(look.items)
        if not ready.candidates:
            return
        places = all_mapped(to_px, ready.centres)
        reach = ready.radii[:, None] / look.camera.um_per_px
        size = look.camera.width_px, look.camera.height_px
        seen = np.flatnonzero(((places > -reach) & (places < size + reach)).all(1))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, len(seen) <= MOST_FINE)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        _draw_outlines(painter, look, to_px, ready, seen)
        if not look.moving and len(seen) <= MOST_SIGNS:
            _draw_signs(painter, look, places, ready, seen)
        painter.restore()

    def _made_ready(self, items: MapItems) -> _Ready:
        known = self._of
        if known is None or known.candidates is not items.candidates or known.overlays != items.overlays:
            self._of, self._ready = items, _prepared(items.reviewed)
        return self._ready


def draw_chosen(painter: QPainter, look: Look, to_px: QTransform) -> None:
    """Found sections and labels that are chosen stand out from everything."""
    outlines = [
        look.items.outline_of(item) for item in look.chosen if item.kind in (ItemKind.FOUND, ItemKind.LABEL)
    ]
    if not outlines:
        return
    fill = QColor(look.line_shades.accent)
    fill.setAlphaF(0.2)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setWorldTransform(to_px)
    painter.setBrush(fill)
    painter.setPen(cosmetic(QColor(look.line_shades.accent), 3.5))
    for outline in outlines:
        painter.drawPolygon(_polygon(outline))
    painter.restore()


def _prepared(candidates: tuple[Candidate, ...]) -> _Ready:
    standings = tuple(map(standing_of, candidates))
    polygons = tuple(_polygon(candidate.outline_um) for candidate in candidates)
    centres = np.array([centre_of(c.outline_um) for c in candidates], np.float64).reshape(-1, 2)
    radii = [
        float(np.linalg.norm(np.array(c.outline_um) - centre, axis=1).max())
        for c, centre in zip(candidates, centres, strict=True)
    ]
    return _Ready(candidates, standings, polygons, centres, np.array(radii, np.float64))


def _polygon(outline: Sequence[tuple[float, float]]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in outline])


def _pens(look: Look, standing: Standing, *, plain: bool) -> tuple[QPen, ...]:
    """Over a picture a dark casing below; what is rejected is dashed and thin."""
    rejected = standing is Standing.REJECTED
    pen = cosmetic(look.line_shades.of(standing.value.tone), 1.0 if rejected or plain else 2.0)
    if rejected and not plain:
        pen.setStyle(Qt.PenStyle.DashLine)
    if rejected or plain or look.moving or not look.over_pictures:
        return (pen,)
    return cosmetic(CASING, 4.0), pen


def _draw_outlines(
    painter: QPainter, look: Look, to_px: QTransform, ready: _Ready, seen: NDArray[np.intp]
) -> None:
    """Those in the window; very many of them plainly, since each is small then."""
    painter.setWorldTransform(to_px)
    plain = len(seen) > MOST_FINE
    for standing in Standing:
        polygons = [ready.polygons[n] for n in seen if ready.standings[n] is standing]
        for pen in _pens(look, standing, plain=plain) if polygons else ():
            painter.setPen(pen)
            for polygon in polygons:
                painter.drawPolygon(polygon)
    painter.resetTransform()


def _draw_signs(
    painter: QPainter,
    look: Look,
    places: NDArray[np.float64],
    ready: _Ready,
    seen: NDArray[np.intp],
) -> None:
    """In the middle of each outline that is large enough."""
    painter.setFont(font(FontPt.SMALL, 63))
    metrics = QFontMetricsF(painter.font())
    for n in seen:
        standing, (x, y) = ready.standings[n], places[n]
        radius_px = ready.radii[n] / look.camera.um_per_px
        if radius_px < SIGNS_FROM_PX:
            continue
        with_words = radius_px >= WORDS_FROM_PX
        text = _sign_of(ready.candidates[n], standing, with_words=with_words)
        width = metrics.horizontalAdvance(text) + Space.M
        area = QRectF(x - width / 2, y - NAME_PX / 2, width, NAME_PX)
        if with_words and text:
            draw_pill(painter, area, QColor(look.shades.panel))
        elif standing is Standing.DOUBTFUL:
            area.moveLeft(x + radius_px)
        painter.setPen(look.shades.of(standing.value.tone))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)


def _sign_of(candidate: Candidate, standing: Standing, *, with_words: bool) -> str:
    if standing is Standing.REJECTED or not with_words:
        return GLYPHS[standing]
    return f"{GLYPHS[standing]} {sure(candidate)}".strip()
