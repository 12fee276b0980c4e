"""The map itself: paints the scene and turns mouse and wheel into looking, choosing and editing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum

from PyQt5.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QHelpEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PyQt5.QtWidgets import QSizePolicy, QToolTip, QWidget

from scopeacq.geometry import Point
from scopeacq.wafer import Section, Wafer
from ui.presenters.camera import Camera
from ui.presenters.layers import Layer, Scale, described, scale_of
from ui.presenters.wafer_map import Selection, WaferMap
from ui.theme import mixed, shades
from ui.viewport.drags import AddDrag, Drag, MoveDrag, SizeDrag, TurnDrag
from ui.viewport.grid_images import Paint
from ui.viewport.look import Look
from ui.viewport.overlays import Handle, Handles, draw_scale_bar
from ui.viewport.pictures import Pictures
from ui.viewport.scene import Scene, corners_px

CLICK_PX = 4.0
"""A press that moves less is a click."""
ADD_LEAST_PX = 6.0
TILE_FROM_PX = 12.0
"""Tiles of this edge can be chosen by themselves."""
WHEEL_DOUBLES = 360.0
"""So many units of the wheel (an eighth of a degree each) double the scale."""


class Tool(Enum):
    """What a drag over the map does."""

    LOOK = "Look"
    EDIT = "Edit"
    ADD = "Add"


class WaferCanvas(QWidget):
    """Shows one :class:`WaferMap`. Points in signals are in the stage frame [um]."""

    hovered = pyqtSignal(object)
    selected = pyqtSignal(object)
    proposed = pyqtSignal(object)
    go_to_requested = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setAccessibleName("Wafer map")
        self.pictures = Pictures(self)
        self.pictures.loaded.connect(self.update)
        self.camera = Camera()
        self.selection = Selection()
        self.tool = Tool.LOOK
        self._scene = Scene(self.pictures)
        self._layer = Layer.STATE
        self._scale: Scale | None = None
        self._press: QPointF | None = None
        self._last = QPointF()
        self._panning = False
        self._band: QRectF | None = None
        self._drag: Drag | None = None
        self._moved: Mapping[str, Section] = {}
        self._fitted = False

    # -- what is shown ------------------------------------------------------------------

    @property
    def shown(self) -> WaferMap:
        return self._scene.shown

    @property
    def scale(self) -> Scale | None:
        """The range of the layer's numbers."""
        return self._scale

    def show_map(self, shown: WaferMap) -> None:
        """Show this map; the whole wafer at first, later from where the operator looks."""
        self._scene.show(shown)
        self._scale = scale_of(self._layer, shown)
        ids = {s.id for s in shown.sections}
        if not self.selection.sections <= ids:
            self.select(Selection(self.selection.sections & ids))
        if not self._fitted and shown.sections:
            self._fitted = True
            self.fit()
        self.update()

    def show_layer(self, layer: Layer) -> None:
        self._layer, self._scale = layer, scale_of(layer, self.shown)
        self.update()

    def select(self, selection: Selection) -> None:
        if selection != self.selection:
            self.selection = selection
            self.selected.emit(selection)
            self.update()

    def use(self, tool: Tool) -> None:
        """Take up a tool; a drag under way is given up."""
        self.tool = tool
        self.setCursor(Qt.CursorShape.CrossCursor if tool is Tool.ADD else Qt.CursorShape.ArrowCursor)
        self.give_up()

    def give_up(self) -> bool:
        """End a drag without its edit; whether one was under way."""
        dragged = self._press is not None
        self._drag, self._moved, self._band, self._panning = None, {}, None, False
        self._press = None
        self.update()
        return dragged

    # -- where one looks ----------------------------------------------------------------

    def fit(self, ids: frozenset[str] = frozenset()) -> None:
        """Show some sections, or the whole wafer; once more, the grid of the single one."""
        bounds = self.shown.bounds_um(ids)
        if bounds is not None and self.camera == self.camera.fitted(*bounds):
            bounds = self.shown.grid_bounds_um(ids) or bounds
        if bounds is None:
            place = self.shown.wafer_to_stage
            edge_um = 2 * self.shown.radius_um
            bounds = (place.x_um, place.y_um), edge_um, edge_um
        self.look_from(self.camera.fitted(*bounds))

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        self.look_from(self.camera.zoomed(factor, (at.x(), at.y()) if at is not None else None))

    def pan(self, dx_px: float, dy_px: float) -> None:
        self.look_from(self.camera.panned(dx_px, dy_px))

    def look_from(self, camera: Camera) -> None:
        self.camera = camera
        self.update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's names from here on)
        before = self.camera
        self.camera = before.resized(self.width(), self.height())
        at_wafer = math.isclose(before.um_per_px, self._whole(before), rel_tol=1e-6)
        if self._fitted and at_wafer:
            self.fit()

    def _whole(self, camera: Camera) -> float:
        edge_um = 2 * self.shown.radius_um
        return camera.fitted((0.0, 0.0), edge_um, edge_um).um_per_px

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        painter, colours = QPainter(self), shades(self)
        painter.fillRect(self.rect(), QColor(colours.window))
        paint = Paint(self._layer, self._scale, colours)
        self._scene.draw(
            painter, Look(self.camera, paint, self.selection.sections, self.selection.tile, self._moved)
        )
        if self._band is not None:
            painter.setPen(QPen(QColor(colours.accent), 1.0, Qt.PenStyle.DashLine))
            painter.drawRect(self._band)
        if (handles := self._handles()) is not None:
            handles.draw(painter, colours)
        draw_scale_bar(painter, self.camera, colours)
        if self.hasFocus():
            painter.setPen(QPen(mixed(QColor(colours.window), QColor(colours.accent), 0.45), 1.0))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _handles(self) -> Handles | None:
        """Of the one section that is selected while editing."""
        if self.tool is not Tool.EDIT or len(self.selection.sections) != 1:
            return None
        (name,) = self.selection.sections
        shown = self.shown.section(name)
        if shown is None:
            return None
        section = self._moved.get(name, shown.section)
        middle = self.camera.to_px(self.shown.wafer_to_stage.apply(section.roi_centre_um))
        return Handles.of(tuple(corners_px(self._scene, self.camera, section)), middle)

    # -- mouse and wheel ----------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802
        assert event is not None
        self.zoom(2 ** (event.angleDelta().y() / WHEEL_DOUBLES), event.position())
        event.accept()

    def event(self, event: QEvent | None) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom(1 + event.value(), QPointF(event.pos()))
            return True
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tip(event)
            return True
        return super().event(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        hit = self.shown.hit(self.stage_um(QPointF(event.pos())))
        lines = described(self.shown, hit) if hit is not None else ()
        QToolTip.showText(event.globalPos(), "\n".join(lines), self)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        assert event is not None
        self._press = self._last = event.localPos()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panning = True
        elif event.button() == Qt.MouseButton.LeftButton:
            self._drag = self._begun_drag(event)
            if self._drag is None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._band = QRectF(self._press, self._press)
            self._panning = self._drag is None and self._band is None

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        assert event is not None
        at = event.localPos()
        self.hovered.emit(self.stage_um(at))
        if self._press is not None and not self._is_click(at):
            if self._drag is not None:
                snap = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                self._moved = self._drag.moved(self._wafer_um(at), snap=snap)
                self.update()
            elif self._band is not None:
                self._band = QRectF(self._press, at).normalized()
                self.update()
            elif self._panning:
                self.pan(at.x() - self._last.x(), at.y() - self._last.y())
        self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        assert event is not None
        if self._press is None:
            return
        press, band, drag = self._press, self._band, self._drag
        clicked = self._is_click(event.localPos())
        edit = drag.edit() if drag is not None and not clicked else None
        self.give_up()
        if event.button() == Qt.MouseButton.LeftButton and clicked:
            self._click(event)
        elif edit is not None:
            self.proposed.emit(edit)
        elif band is not None:
            self.select(Selection(self.shown.within(self.stage_um(press), self.stage_um(event.localPos()))))

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        assert event is not None
        if event.button() == Qt.MouseButton.LeftButton and self.tool is Tool.LOOK:
            self.go_to_requested.emit(self.shown.target(self.stage_um(event.localPos())))

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802
        self.hovered.emit(None)

    def _begun_drag(self, event: QMouseEvent) -> Drag | None:
        """What a press takes hold of while editing, None of nothing."""
        at = self._wafer_um(event.localPos())
        if self.tool is Tool.ADD:
            wafer = Wafer(tuple(s.section for s in self.shown.sections), self.shown.fiducials)
            return AddDrag(wafer, at, ADD_LEAST_PX * self.camera.um_per_px)
        if self.tool is not Tool.EDIT:
            return None
        chosen = tuple(s.section for s in self.shown.sections if s.id in self.selection.sections)
        handles = self._handles()
        match handles.at((event.localPos().x(), event.localPos().y())) if handles else None:
            case Handle.TURN:
                return TurnDrag(chosen[0], at)
            case Handle.SIZE:
                return SizeDrag(chosen[0], at)
        hit = self.shown.hit(self.stage_um(event.localPos()))
        return MoveDrag(chosen, at) if hit and hit.section in self.selection.sections else None

    def _click(self, event: QMouseEvent) -> None:
        """Choose what lies there; with Ctrl add it to, or take it from, what is chosen."""
        hit = self.shown.hit(self.stage_um(event.localPos()))
        added = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if hit is None:
            self.select(self.selection if added else Selection())
        elif added:
            self.select(Selection(self.selection.sections ^ {hit.section}))
        else:
            shown = self.shown.section(hit.section)
            near = shown is not None and min(shown.grid.tile_um) / self.camera.um_per_px >= TILE_FROM_PX
            tile = (hit.section, hit.tile) if near and hit.tile is not None else None
            self.select(Selection(frozenset({hit.section}), tile))

    def _is_click(self, at: QPointF) -> bool:
        return self._press is not None and (at - self._press).manhattanLength() < CLICK_PX

    def stage_um(self, at: QPointF) -> Point:
        """The point of the stage frame under a point of the widget."""
        return self.camera.to_um((at.x(), at.y()))

    def _wafer_um(self, at: QPointF) -> Point:
        return self.shown.wafer_to_stage.inverse().apply(self.stage_um(at))
