"""Paints a slice: its planes at their places, its holes with their reasons; pan and zoom."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import (
    QBrush,
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PyQt5.QtWidgets import QSizePolicy, QWidget

from scopeacq.plan.geometry import Point
from ui import theme
from ui.icons import draw
from ui.presenters.camera import length_text, scale_bar_um
from ui.presenters.slice_scene import Block, Eye, Frame, Placed, blocks_in_view, coarse
from ui.presenters.slices import Looked, SliceScene
from ui.presenters.tone import Sign, Tone

Pictures = Callable[[Block], QImage | None]
CLICK_PX = 4
SCALE_BAR_PX = 140
ROOM_FOR_TEXT_PX = 90


class SliceCanvas(QWidget):
    """The picture of a slice.

    Signals:
        eye_changed: it looks elsewhere; other blocks are needed.
        picked (int | None): the tile that was clicked.
        opened (int): the tile that was double-clicked.
        hovered (Point | None): the point of the scene under the cursor.
        crossed (Point): Shift and the left button: cut the stack here.
    """

    eye_changed = pyqtSignal()
    picked = pyqtSignal(object)
    opened = pyqtSignal(int)
    hovered = pyqtSignal(object)
    crossed = pyqtSignal(object)

    def __init__(self, pictures: Pictures) -> None:
        super().__init__()
        self._pictures = pictures
        self.eye, self.scene = Eye(), SliceScene(Looked(""))
        self.pixel_um = 0.01
        self.cross: Point | None = None
        self.selected: int | None = None
        self._pressed: QPointF | None = None
        self._dragged, self._fitted = False, False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(640, 480)

    def show_scene(self, scene: SliceScene) -> None:
        self.scene = scene
        self.update()

    def look_from(self, eye: Eye) -> None:
        """Look elsewhere."""
        self.eye, self._fitted = eye, False
        self.update()
        self.eye_changed.emit()

    def fit(self) -> None:
        """Show all of the slice, also when the window changes, until somebody looks elsewhere."""
        self.look_from(self.eye.fitted(self.scene.box))
        self._fitted = True

    def show_at(self, cross: Point | None) -> None:
        """Mark where the stack is cut."""
        self.cross = cross
        self.update()

    # -- painting -------------------------------------------------------------------------

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        self.paint(painter)
        painter.end()

    def paint(self, painter: QPainter, with_signs: bool = True) -> None:
        """Paint the slice, with or without scale bar, selection and cross."""
        shades = theme.shades(self)
        painter.fillRect(self.rect(), QColor(shades.window))
        for plane in self.scene.planes:
            self._paint_plane(painter, plane, shades)
        for hole in self.scene.holes:
            corners = QPolygonF([QPointF(*self.eye.to_screen(corner)) for corner in hole.corners])
            self._paint_hole(painter, corners, hole.title, hole.why, shades)
        if self.scene.empty:
            painter.setPen(QColor(shades.muted))
            painter.setFont(theme.font(theme.FontPt.LEAD))
            words = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()), words, self.scene.empty)
        if with_signs:
            self._paint_selection(painter, shades)
            self._paint_cross(painter, shades)
            self._paint_scale(painter)

    def _paint_plane(self, painter: QPainter, plane: Placed, shades: theme.Shades) -> None:
        height, width = plane.shape.shape_yx
        if not plane.frame.box(plane.shape.shape_yx).meets(self.eye.seen):
            return
        painter.setTransform(transform(self.eye, plane.frame))
        blocks = list(blocks_in_view(self.eye, plane))
        pictures = [(block, picture) for block in blocks if (picture := self._pictures(block)) is not None]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.eye.zoom < 2)
        if len(pictures) < len(blocks):
            whole = self._pictures(coarse(plane))
            if whole is None:
                painter.fillRect(QRectF(0, 0, width, height), QColor(shades.panel))
            else:
                painter.drawImage(QRectF(0, 0, width, height), whole)
        for block, picture in pictures:
            window, factor = block.window(plane.shape), 2**block.level
            place = (window.left, window.top, picture.width(), picture.height())
            painter.drawImage(QRectF(*(n * factor for n in place)), picture)
        painter.resetTransform()

    def _paint_hole(
        self, painter: QPainter, corners: QPolygonF, title: str, why: str, shades: theme.Shades
    ) -> None:
        area = corners.boundingRect()
        if not area.intersects(QRectF(self.rect())):
            return
        painter.setPen(QPen(QColor(shades.line), 1))
        painter.setBrush(QColor(shades.panel))
        painter.drawPolygon(corners)
        painter.setBrush(hatching(shades))
        painter.drawPolygon(corners)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        visible = area.intersected(QRectF(self.rect()))
        if visible.width() < ROOM_FOR_TEXT_PX or visible.height() < ROOM_FOR_TEXT_PX / 2:
            side = min(visible.width(), visible.height(), theme.Space.ICON)
            icon = QRectF(0, 0, side, side)
            icon.moveCenter(visible.center())
            draw(painter, Sign.CROSS, icon, shades.of(Tone.QUIET))
            return
        painter.setPen(QColor(shades.text))
        painter.setFont(theme.font(theme.FontPt.LEAD))
        words = visible.adjusted(theme.Space.S, theme.Space.S, -theme.Space.S, -theme.Space.S)
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(words, flags, f"{title}\n{why}" if why else title)

    def _paint_selection(self, painter: QPainter, shades: theme.Shades) -> None:
        if self.selected is None or len(self.scene.planes) + len(self.scene.holes) < 2:
            return
        outlines: dict[int, tuple[Point, ...]] = {hole.key.tile: hole.corners for hole in self.scene.holes}
        for plane in self.scene.planes:
            outlines[plane.take.key.tile] = plane.frame.box(plane.shape.shape_yx).corners()
        if self.selected in outlines:
            painter.setPen(QPen(QColor(shades.accent), 2))
            corners = (self.eye.to_screen(corner) for corner in outlines[self.selected])
            painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))

    def _paint_cross(self, painter: QPainter, shades: theme.Shades) -> None:
        if self.cross is None:
            return
        x, y = self.eye.to_screen(self.cross)
        painter.setPen(QPen(QColor(shades.accent), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(0, y), QPointF(self.width(), y))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))

    def _paint_scale(self, painter: QPainter) -> None:
        if not self.scene.planes:
            return
        um_per_px = self.pixel_um / self.eye.zoom
        length_um = scale_bar_um(um_per_px, SCALE_BAR_PX)
        width = length_um / um_per_px
        card = QRectF(theme.Space.M, self.height() - theme.Space.M - 34, width + 2 * theme.Space.M, 34)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(card, 6, 6)
        painter.setPen(QPen(QColor("white"), 2))
        y = card.bottom() - 8
        painter.drawLine(QPointF(card.left() + theme.Space.M, y), QPointF(card.right() - theme.Space.M, y))
        painter.setFont(theme.font(theme.FontPt.SMALL))
        painter.drawText(
            card.adjusted(0, 2, 0, -10), int(Qt.AlignmentFlag.AlignCenter), length_text(length_um)
        )

    # -- hands ----------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        fitted = self._fitted
        self.look_from(self.eye.resized(self.width(), self.height()))
        if fitted:
            self.fit()

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is None:
            return
        at = event.position()
        self.look_from(self.eye.zoomed(1.0015 ** event.angleDelta().y(), (at.x(), at.y())))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed, self._dragged = event.localPos(), False
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._cut(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is None:
            return
        at = event.localPos()
        self.hovered.emit(self.eye.to_scene((at.x(), at.y())))
        if self._pressed is None:
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._cut(event)
            return
        moved = at - self._pressed
        if self._dragged or moved.manhattanLength() > CLICK_PX:
            self._dragged, self._pressed = True, at
            self.look_from(self.eye.panned(moved.x(), moved.y()))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        pressed, self._pressed = self._pressed, None
        if event is None or pressed is None or self._dragged:
            return
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.picked.emit(self._tile_under(event))

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is not None and (tile := self._tile_under(event)) is not None:
            self.opened.emit(tile)

    def leaveEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        self.hovered.emit(None)

    def _tile_under(self, event: QMouseEvent) -> int | None:
        at = event.localPos()
        return self.scene.tile_at(self.eye.to_scene((at.x(), at.y())))

    def _cut(self, event: QMouseEvent) -> None:
        at = event.localPos()
        self._dragged = True
        self.crossed.emit(self.eye.to_scene((at.x(), at.y())))


def transform(eye: Eye, frame: Frame) -> QTransform:
    """From pixels of a plane to the screen."""
    x, y = eye.to_screen((frame.dx, frame.dy))
    z = eye.zoom
    return QTransform(z * frame.xx, z * frame.yx, z * frame.xy, z * frame.yy, x, y)


def hatching(shades: theme.Shades) -> QBrush:
    """What lies where nothing is: never black, which a picture may be."""
    return QBrush(QColor(shades.line), Qt.BrushStyle.BDiagPattern)
