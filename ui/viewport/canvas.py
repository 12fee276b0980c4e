"""The map itself: paints the scene and turns mouse and wheel into looking, choosing and editing."""

from __future__ import annotations

from dataclasses import replace

from PyQt5.QtCore import QEvent, QPointF, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PyQt5.QtWidgets import QSizePolicy, QWidget

from scopeacq.plan.geometry import Point
from ui.presenters.camera import Camera
from ui.presenters.landmarks import MarksShown
from ui.presenters.layers import Layer, Scale, scale_of
from ui.presenters.map_items import Item, MapItems
from ui.presenters.map_notes import Note, advice, notes_of, residual_note, route_note
from ui.presenters.overviews import Underlay
from ui.presenters.route import RouteView
from ui.presenters.wafer_map import Selection, WaferMap
from ui.theme import Shades, mixed, shades
from ui.viewport.fitting import Bounds, Fitting, beside_sections, bounds_of
from ui.viewport.gestures import Gestures
from ui.viewport.grid_images import Paint
from ui.viewport.growing import Growing
from ui.viewport.hand import Hand
from ui.viewport.look import Look
from ui.viewport.marks import mapped
from ui.viewport.over_map import draw_advice, draw_notes
from ui.viewport.overlays import Handles, draw_scale_bar
from ui.viewport.pictures import Pictures
from ui.viewport.placing import PlacingHand
from ui.viewport.resting import Resting
from ui.viewport.scene import Scene
from ui.viewport.tool import Tool
from ui.viewport.way import draw_way

WHEEL_DOUBLES = 360.0
"""So many units of the wheel (an eighth of a degree each) double the scale."""
SETTLED_MS = 120
"""Pictures are painted finely when the view has not moved for so long."""
NEAR, NEARER = 8.0, 4.0
"""What one looks for fills this part of the window at least."""
LEAST_SEEN_UM = 50.0


class WaferCanvas(QWidget):
    """Shows one :class:`WaferMap`. Points in signals are in the stage frame [um].

    ``rested``: the cursor lies still over this point of the widget (QPoint), or None: it moves again.
    """

    hovered = pyqtSignal(object)
    rested = pyqtSignal(object)
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
        self.way_end_um: Point | None = None
        self.selection = Selection()
        self.tool = Tool.LOOK
        self.placing: PlacingHand | None = None
        self.underlay, self.items, self.marks = Underlay(), MapItems(), MarksShown()
        self._scene = Scene(self.pictures)
        self._notes: tuple[Note, ...] = ()
        self._layer = Layer.STATE
        self._scale: Scale | None = None
        self._gestures = Gestures(self)
        self._fitting = Fitting()
        self._tool_hand: Hand | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLED_MS)
        self._settle.timeout.connect(self.update)
        self._resting = Resting(self)
        self._resting.rested.connect(self.rested)

    # -- what is shown ------------------------------------------------------------------

    @property
    def shown(self) -> WaferMap:
        return self._scene.shown

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the signs over the map mean, and how many there are."""
        residuals = residual_note(self.marks, self.items, self.camera.um_per_px)
        return (*self._notes, *route_note(self._scene.route_in_words, self.items), *residuals)

    @property
    def advice(self) -> str:
        """What to do where the map is empty."""
        return advice(self.shown, self.items, self.underlay)

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
            self.select(Selection(self.selection.sections & ids, items=self.selection.items))
        self._fit_first()
        self.update()

    def show_items(self, items: MapItems, marks: MarksShown) -> None:
        """Show what lies on the map beside sections, and how well landmarks fit."""
        if items.candidates is not self.items.candidates or items.overlays != self.items.overlays:
            self._notes = notes_of(items)
        self.items, self.marks = items, marks
        if self.selection.items and not self.selection.items <= items.all:
            self.select(replace(self.selection, items=self.selection.items & items.all))
        self.update()

    def show_route(self, found: RouteView | None) -> None:
        """Show a way that was found over the one of before, until sections are edited otherwise."""
        self._scene.show_route(found)
        self._scene.show(self.shown)
        self.update()

    def show_layer(self, layer: Layer) -> None:
        self._layer, self._scale = layer, scale_of(layer, self.shown)
        self.update()

    def show_way(self, end_um: Point | None) -> None:
        """Show where the stage is to go (stage frame), or that it goes nowhere."""
        if end_um != self.way_end_um:
            self.way_end_um = end_um
            self.update()

    def select(self, selection: Selection) -> None:
        if selection != self.selection:
            self.selection = selection
            self.selected.emit(selection)
            self.update()

    def use(self, tool: Tool, hand: Hand | None = None) -> None:
        """Take up a tool with its hand; a drag under way is given up."""
        self.give_up()
        self.tool, self._tool_hand = tool, hand
        precise = tool in (Tool.DRAW, Tool.SPLIT)
        self.setCursor(Qt.CursorShape.CrossCursor if precise else Qt.CursorShape.ArrowCursor)
        self.update()

    def bring(self, hand: Hand | None) -> None:
        """Go on with the same tool and another hand, as when something else is chosen."""
        self._tool_hand = hand
        self.update()

    @property
    def hand(self) -> Hand | None:
        """What takes the mouse first: a picture that is placed, or what the tool has brought."""
        return self.placing or self._tool_hand

    @property
    def dragging(self) -> bool:
        """Whether a button is held."""
        return self._gestures.under_way

    def give_up(self) -> bool:
        """End a drag without its edit; whether one was under way."""
        return self._gestures.give_up()

    def show_underlay(self, underlay: Underlay) -> None:
        """Show these pictures under the map."""
        self.underlay = underlay
        self._fit_first()
        self.update()

    @property
    def growing(self) -> Growing:
        """The overview that is being taken."""
        return self._scene.growing

    def place(self, placing: PlacingHand | None) -> None:
        """Have the mouse place a picture, or nothing any more."""
        self.placing = placing
        self.update()

    def refresh(self) -> None:
        """Paint anew."""
        self.update()

    # -- where one looks ----------------------------------------------------------------

    def fit(self, ids: frozenset[str] = frozenset()) -> None:
        """Show some sections, or all of them; once more the next view of the way out and in."""
        self.look_from(self._fitting.next(self.shown, ids, self.camera, self._beside))

    @property
    def _beside(self) -> Bounds | None:
        return beside_sections(self.shown, self.items, self.underlay)

    def _fit_first(self) -> None:
        """Show all that there is, until somebody looks elsewhere."""
        if self._fitting.due(self.shown, self.camera):
            self.look_from(self._fitting.first(self.shown, self.camera, self._beside))

    def look_at(self, section_id: str) -> None:
        """Bring a section into the window: near enough to be seen, no nearer than one looks now."""
        bounds = self.shown.bounds_um({section_id})
        if bounds is not None:
            self._come_to(bounds, NEAR)

    def look_at_item(self, item: Item) -> None:
        """Bring something else into the window, likewise; what is to be judged comes nearer."""
        bounds = bounds_of(self.items.outline_of(item), self.shown.wafer_to_stage)
        if bounds is not None:
            centre, *size_um = bounds
            edge_um = max(*size_um, LEAST_SEEN_UM)
            self._come_to((centre, edge_um, edge_um), NEARER)

    def _come_to(self, bounds: Bounds, times: float) -> None:
        fitted = self.camera.fitted(*bounds)
        um_per_px = min(self.camera.um_per_px, times * fitted.um_per_px)
        self.look_from(self.camera.at(fitted.centre_um, um_per_px))

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        self.look_from(self.camera.zoomed(factor, (at.x(), at.y()) if at is not None else None))

    def pan(self, dx_px: float, dy_px: float) -> None:
        self.look_from(self.camera.panned(dx_px, dy_px))

    def look_from(self, camera: Camera) -> None:
        self.camera = camera
        self._settle.start()
        self.update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's names from here on)
        size = self.camera.resized(self.width(), self.height())
        self.camera = self._fitting.resized(self.shown, self.camera, size)

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        painter, colours = QPainter(self), shades(self)
        look = self._look(colours)
        self._scene.draw(painter, look)
        if self._gestures.band is not None:
            painter.setPen(QPen(QColor(colours.accent), 1.0, Qt.PenStyle.DashLine))
            painter.drawRect(self._gestures.band)
        handles = self.handles() if self.placing is None else None
        if handles is not None:
            handles.draw(painter, colours)
        if self.hand is not None:
            self.hand.draw(painter, look.line_shades, self.to_px())
        if self.way_end_um is not None and self.shown.stage_um is not None:
            draw_way(painter, self.camera, colours, self.shown.stage_um, self.way_end_um)
        draw_scale_bar(painter, self.camera, colours)
        draw_notes(painter, self.camera, colours, self.notes)
        if self.tool in (Tool.LOOK, Tool.EDIT):
            aside = bool(self.underlay.overviews or self.items.candidates.sections or len(self.growing))
            draw_advice(painter, self.camera, colours, self.advice, aside=aside)
        if self.hasFocus():
            painter.setPen(QPen(mixed(QColor(colours.window), QColor(colours.accent), 0.45), 1.0))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _look(self, colours: Shades) -> Look:
        return Look(
            self.camera,
            Paint(self._layer, self._scale, colours),
            self.selection.sections,
            self.selection.tiles,
            self._gestures.moved,
            self.underlay,
            self._settle.isActive(),
            self.items,
            self.selection.items,
            self.marks,
        )

    def handles(self) -> Handles | None:
        """Of the one section that is selected while editing."""
        if self.tool is not Tool.EDIT or len(self.selection.sections) != 1:
            return None
        shown = self.shown.section(*self.selection.sections)
        if shown is None:
            return None
        section = self._gestures.moved.get(shown.id, shown.section)
        corners = [mapped(self.to_px(), corner) for corner in section.outline_um]
        return Handles.of(tuple(corners), mapped(self.to_px(), section.roi_centre_um))

    # -- mouse and wheel ----------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802
        assert event is not None
        self._resting.stir()
        self.zoom(2 ** (event.angleDelta().y() / WHEEL_DOUBLES), event.position())
        event.accept()

    def event(self, event: QEvent | None) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom(1 + event.value(), QPointF(event.pos()))
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        assert event is not None
        self._resting.stir()
        self._gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        assert event is not None
        self._resting.stir()
        if not self._gestures.under_way:
            self._resting.watch(event.pos())
        self.hovered.emit(self.stage_um(event.localPos()))
        self._gestures.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        assert event is not None
        edit = self._gestures.release(event)
        if edit is not None:
            self.proposed.emit(edit)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        assert event is not None
        if event.button() != Qt.MouseButton.LeftButton or (self.hand is not None and self.hand.finish()):
            return
        if self.tool is Tool.LOOK and self.placing is None:
            self.go_to_requested.emit(self.shown.target(self.stage_um(event.localPos())))

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802
        self._resting.stir()
        self.hovered.emit(None)

    # -- frames of reference ------------------------------------------------------------

    def to_px(self) -> QTransform:
        """From the wafer to the widget."""
        return self._scene.to_px(self.camera)

    def stage_um(self, at: QPointF) -> Point:
        """The point of the stage frame under a point of the widget."""
        return self.camera.to_um((at.x(), at.y()))

    def wafer_um(self, at: QPointF) -> Point:
        """The point of the wafer under a point of the widget."""
        return self.shown.wafer_to_stage.inverse().apply(self.stage_um(at))
