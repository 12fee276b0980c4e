"""What the mouse does on the map: looking around, choosing, and the drags that edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QMouseEvent, QTransform

from scopeacq.plan.geometry import Point
from scopeacq.plan.wafer import Section, Wafer
from ui.presenters.camera import Camera
from ui.presenters.edits import Edit
from ui.presenters.wafer_map import Selection, WaferMap
from ui.viewport.drags import AddDrag, Drag, GridDrag, MoveDrag, SizeDrag, TurnDrag
from ui.viewport.overlays import Handle, Handles
from ui.viewport.placing import PlacingHand
from ui.viewport.tool import Tool

CLICK_PX = 4.0
"""A press that moves less is a click."""
ADD_LEAST_PX = 6.0
TILE_FROM_PX = 12.0
"""Tiles of this edge can be chosen by themselves."""


class Board(Protocol):
    """The map under the mouse."""

    camera: Camera
    selection: Selection
    tool: Tool
    placing: PlacingHand | None

    @property
    def shown(self) -> WaferMap: ...

    def handles(self) -> Handles | None: ...

    def to_px(self) -> QTransform: ...

    def stage_um(self, at: QPointF) -> Point: ...

    def wafer_um(self, at: QPointF) -> Point: ...

    def select(self, selection: Selection) -> None: ...

    def pan(self, dx_px: float, dy_px: float) -> None: ...

    def refresh(self) -> None: ...


class Gestures:
    """One press of the mouse after the other."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._press: QPointF | None = None
        self._last = QPointF()
        self._panning = False
        self._placing = False
        self._drag: Drag | None = None
        self.band: QRectF | None = None
        self.moved: Mapping[str, Section] = {}

    @property
    def under_way(self) -> bool:
        """Whether a button is held."""
        return self._press is not None

    def give_up(self) -> bool:
        """End a drag without its edit; whether one was under way."""
        dragged = self._press is not None
        if self._board.placing is not None:
            self._board.placing.give_up()
        self._drag, self.moved, self.band = None, {}, None
        self._panning = self._placing = False
        self._press = None
        self._board.refresh()
        return dragged

    def press(self, event: QMouseEvent) -> None:
        self._press = self._last = at = event.localPos()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panning = True
        elif event.button() == Qt.MouseButton.LeftButton:
            placing = self._board.placing
            if placing is not None:
                where = self._board.wafer_um(at), (at.x(), at.y()), self._board.to_px()
                self._placing = placing.press(*where)
                self._panning = not self._placing
                return
            self._drag = self._begun_drag(event)
            if self._drag is None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.band = QRectF(at, at)
            self._panning = self._drag is None and self.band is None

    def move(self, event: QMouseEvent) -> None:
        at = event.localPos()
        if self._press is not None and not self._is_click(at):
            if self._placing and self._board.placing is not None:
                self._board.placing.move(self._board.wafer_um(at))
            elif self._drag is not None:
                snap = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                self.moved = self._drag.moved(self._board.wafer_um(at), snap=snap)
            elif self.band is not None:
                self.band = QRectF(self._press, at).normalized()
            elif self._panning:
                self._board.pan(at.x() - self._last.x(), at.y() - self._last.y())
            self._board.refresh()
        self._last = at

    def release(self, event: QMouseEvent) -> Edit | None:
        """The edit that a drag came to; None for anything else."""
        if self._press is None:
            return None
        press, at, band, drag = self._press, event.localPos(), self.band, self._drag
        clicked = self._is_click(at)
        if self._placing and self._board.placing is not None:
            self._board.placing.release(self._board.wafer_um(at))
            self._placing = False
        edit = drag.edit() if drag is not None and not clicked else None
        self.give_up()
        if self._board.placing is not None or edit is not None:
            return edit
        if event.button() == Qt.MouseButton.LeftButton and clicked:
            self._click(event)
        elif band is not None:
            self._choose_within(press, at)
        return None

    def _begun_drag(self, event: QMouseEvent) -> Drag | None:
        """What a press takes hold of while editing, None of nothing."""
        board, at = self._board, self._board.wafer_um(event.localPos())
        if board.tool is Tool.ADD:
            wafer = Wafer(tuple(s.section for s in board.shown.sections), board.shown.fiducials)
            return AddDrag(wafer, at, ADD_LEAST_PX * board.camera.um_per_px)
        if board.tool is not Tool.EDIT:
            return None
        chosen = tuple(s.section for s in board.shown.sections if s.id in board.selection.sections)
        handles = board.handles()
        match handles.at((event.localPos().x(), event.localPos().y())) if handles else None:
            case Handle.TURN:
                return TurnDrag(chosen[0], at)
            case Handle.SIZE:
                return SizeDrag(chosen[0], at)
        hit = board.shown.hit(board.stage_um(event.localPos()))
        if hit is None or hit.section not in board.selection.sections:
            return None
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            return GridDrag(next(s for s in chosen if s.id == hit.section), at)
        return MoveDrag(chosen, at)

    def _click(self, event: QMouseEvent) -> None:
        """Choose what lies there; with Ctrl add it to, or take it from, what is chosen."""
        board = self._board
        hit = board.shown.hit(board.stage_um(event.localPos()))
        added = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if hit is None:
            board.select(board.selection if added else Selection())
            return
        one_tile = frozenset({(hit.section, hit.tile)}) if hit.tile is not None and self._near() else None
        if added and one_tile is not None and board.selection.tiles:
            board.select(Selection.of_tiles(board.selection.tiles ^ one_tile))
        elif added:
            board.select(Selection(board.selection.sections ^ {hit.section}))
        else:
            board.select(Selection(frozenset({hit.section}), one_tile or frozenset()))

    def _choose_within(self, press: QPointF, at: QPointF) -> None:
        """Tiles from near, sections from afar."""
        corners = self._board.stage_um(press), self._board.stage_um(at)
        if self._near():
            self._board.select(Selection.of_tiles(self._board.shown.tiles_within(*corners)))
        else:
            self._board.select(Selection(self._board.shown.within(*corners)))

    def _near(self) -> bool:
        """Whether tiles are large enough to be chosen by themselves."""
        edges = [min(s.grid.tile_um) for s in self._board.shown.sections[:1]]
        return bool(edges) and edges[0] / self._board.camera.um_per_px >= TILE_FROM_PX

    def _is_click(self, at: QPointF) -> bool:
        return self._press is not None and (at - self._press).manhattanLength() < CLICK_PX
