"""What the mouse does on the map: looking around, choosing, and the drags that edit.

A hand, which draws or takes hold of something, is asked first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QMouseEvent, QTransform

from scopeacq.plan.geometry import Point
from scopeacq.plan.wafer import Section
from ui.presenters.camera import Camera
from ui.presenters.edits import Edit
from ui.presenters.map_items import MapItems
from ui.presenters.wafer_map import Hit, Selection, WaferMap
from ui.viewport.corners import REACH_PX
from ui.viewport.drags import Drag, GridDrag, MoveDrag, SizeDrag, TurnDrag
from ui.viewport.hand import Hand
from ui.viewport.overlays import Handle, Handles
from ui.viewport.placing import PlacingHand
from ui.viewport.tool import Tool

CLICK_PX = 4.0
"""A press that moves less is a click."""
TILE_FROM_PX = 12.0
"""Tiles of this edge can be chosen by themselves."""


class Board(Protocol):
    """The map under the mouse."""

    camera: Camera
    selection: Selection
    tool: Tool
    placing: PlacingHand | None
    items: MapItems

    @property
    def shown(self) -> WaferMap: ...

    @property
    def hand(self) -> Hand | None: ...

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
        self._held: Hand | None = None
        self._drag: Drag | None = None
        self.band: QRectF | None = None
        self.moved: Mapping[str, Section] = {}

    @property
    def under_way(self) -> bool:
        """Whether a button is held."""
        return self._press is not None

    def give_up(self) -> bool:
        """End a drag without its edit, and whatever a hand has begun; whether there was anything."""
        dragged = self._press is not None
        hand = self._board.hand
        begun = hand is not None and hand.give_up()
        self._end()
        return dragged or begun

    def press(self, event: QMouseEvent) -> None:
        self._press = self._last = at = event.localPos()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panning = True
        elif event.button() == Qt.MouseButton.LeftButton:
            hand = self._board.hand
            if hand is not None and hand.press(*self._place(at)):
                self._held = hand
                return
            self._drag = self._begun_drag(event)
            chooses = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if self._drag is None and chooses and self._board.placing is None:
                self.band = QRectF(at, at)
            self._panning = self._drag is None and self.band is None

    def move(self, event: QMouseEvent) -> None:
        at = event.localPos()
        if self._press is None:
            if self._board.hand is not None:
                self._board.hand.hover(*self._place(at))
        elif not self._is_click(at):
            snap = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if self._held is not None:
                self._held.move(self._board.wafer_um(at), snap=snap)
            elif self._drag is not None:
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
        press, at, band, drag, held = self._press, event.localPos(), self.band, self._drag, self._held
        clicked = self._is_click(at)
        self._end()
        if held is not None and not clicked:
            held.release(self._board.wafer_um(at))
        elif drag is not None and not clicked:
            return drag.edit()
        elif event.button() == Qt.MouseButton.LeftButton and clicked:
            self._click(event)
        elif band is not None:
            self._choose_within(press, at)
        return None

    def _end(self) -> None:
        self._drag, self.moved, self.band = None, {}, None
        self._panning, self._held = False, None
        self._press = None
        self._board.refresh()

    def _place(self, at: QPointF) -> tuple[Point, Point, QTransform]:
        """A point of the widget as a hand wants it."""
        return self._board.wafer_um(at), (at.x(), at.y()), self._board.to_px()

    def _begun_drag(self, event: QMouseEvent) -> Drag | None:
        """What a press takes hold of while editing, None of nothing."""
        board, at = self._board, self._board.wafer_um(event.localPos())
        if board.tool is not Tool.EDIT or board.placing is not None:
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
        board, at = self._board, event.localPos()
        added = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if board.hand is not None and board.hand.click(*self._place(at), ctrl=added):
            return
        wafer_um = board.wafer_um(at)
        item = board.items.at(wafer_um, REACH_PX * board.camera.um_per_px)
        hit = board.shown.hit(board.stage_um(at)) if item is None else None
        if item is None and hit is None:
            item = board.items.label_at(wafer_um)
        if hit is not None:
            self._choose_section(hit, added=added)
        elif item is not None:
            others = board.selection if added else Selection()
            board.select(replace(others, items=others.items ^ {item}))
        elif not added:
            board.select(Selection())

    def _choose_section(self, hit: Hit, *, added: bool) -> None:
        before = self._board.selection
        one_tile = frozenset({(hit.section, hit.tile)}) if hit.tile is not None and self._near() else None
        if added and one_tile is not None and before.tiles:
            self._board.select(Selection.of_tiles(before.tiles ^ one_tile))
        elif added:
            self._board.select(Selection(before.sections ^ {hit.section}, items=before.items))
        else:
            self._board.select(Selection(frozenset({hit.section}), one_tile or frozenset()))

    def _choose_within(self, press: QPointF, at: QPointF) -> None:
        """What is to be reviewed; where there is nothing, tiles from near, sections from afar."""
        board, corners = self._board, (self._board.stage_um(press), self._board.stage_um(at))
        found = board.items.within(*corners, board.shown.wafer_to_stage)
        if found:
            board.select(Selection(items=found))
        elif self._near():
            board.select(Selection.of_tiles(board.shown.tiles_within(*corners)))
        else:
            board.select(Selection(board.shown.within(*corners)))

    def _near(self) -> bool:
        """Whether tiles are large enough to be chosen by themselves."""
        edges = [min(s.grid.tile_um) for s in self._board.shown.sections[:1]]
        return bool(edges) and edges[0] / self._board.camera.um_per_px >= TILE_FROM_PX

    def _is_click(self, at: QPointF) -> bool:
        return self._press is not None and (at - self._press).manhattanLength() < CLICK_PX
