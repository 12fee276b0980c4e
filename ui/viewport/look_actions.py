"""The actions with which one looks around on the map."""

from __future__ import annotations

from functools import partial

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QAction, QWidget

from ui.presenters.wafer_map import Selection
from ui.viewport.actions import action
from ui.viewport.canvas import WaferCanvas

ZOOM_STEP = 1.6
PAN_STEP_PX = 80


class LookActions(QObject):
    """Nearer, farther, along the map, to what is chosen; and choosing all."""

    def __init__(self, owner: QWidget, canvas: WaferCanvas) -> None:
        super().__init__(owner)
        self._canvas = canvas
        self.fit = action(owner, "Fit", "F", self._fit, "Home")
        self.fit.setToolTip("Show what is chosen, then all sections, then the whole wafer (F)")
        self._in = action(owner, "+", "+", partial(canvas.zoom, ZOOM_STEP), "=")
        self._in.setToolTip("Come nearer (+)")
        self._out = action(owner, "\N{MINUS SIGN}", "-", partial(canvas.zoom, 1 / ZOOM_STEP))
        self._out.setToolTip("Go farther away (-)")
        action(owner, "Choose all", "Ctrl+A", self._select_all)
        for key, dx, dy in (("Left", 1, 0), ("Right", -1, 0), ("Up", 0, 1), ("Down", 0, -1)):
            along = partial(canvas.pan, dx * PAN_STEP_PX, dy * PAN_STEP_PX)
            action(owner, f"Pan {key.lower()}", key, along)

    @property
    def in_order(self) -> list[QAction]:
        """As they stand in a bar."""
        return [self._out, self._in, self.fit]

    def _fit(self) -> None:
        self._canvas.fit(self._canvas.selection.sections)

    def _select_all(self) -> None:
        self._canvas.select(Selection(frozenset(s.id for s in self._canvas.shown.sections)))
