"""A frame to look at closely: zoom, pan, levels, scale bar, crosshair, and patches over it."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PyQt5.QtWidgets import QSizePolicy, QToolTip, QWidget

from scopeacq.vision.looking import Levels
from ui import theme
from ui.live.overlay import draw_caption, draw_crosshair, draw_patches, patch_rects
from ui.live.picture import Cut, Hover, Picture, cut_out
from ui.presenters.camera import FIT_MARGIN, Camera
from ui.presenters.focusing import PatchShown
from ui.viewport.overlays import draw_scale_bar

ZOOM_PER_NOTCH = 1.25
NOTCH = 120
SHARP_PIXELS_FROM = 3.0
"""From so many screen pixels per pixel on the frame's own pixels are shown as squares."""


class FrameCanvas(QWidget):
    """Shows one picture.

    Signals:
        hovered (Hover or None): the cursor moved over the picture, or off it.
        looked (Camera): an operator zoomed or panned.
    """

    hovered = pyqtSignal(object)
    looked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.camera = Camera()
        self._picture: Picture | None = None
        self._levels = Levels(0, 255)
        self._patches: tuple[PatchShown, ...] = ()
        self._caption = ""
        self._cut: Cut | None = None
        self._fitted = True
        self._cursor: QPointF | None = None
        self._held: QPointF | None = None

    # -- what is shown ----------------------------------------------------------------------

    @property
    def picture(self) -> Picture | None:
        return self._picture

    @property
    def levels(self) -> Levels:
        return self._levels

    @property
    def patches(self) -> tuple[PatchShown, ...]:
        return self._patches

    @property
    def caption(self) -> str:
        return self._caption

    def show_picture(self, picture: Picture | None, levels: Levels, caption: str = "") -> None:
        """Show another frame; where it covers as much as the last one, the camera stays."""
        before = self._picture.size_um if self._picture is not None else None
        self._picture, self._levels, self._caption, self._cut = picture, levels, caption, None
        if picture is not None and (self._fitted or picture.size_um != before):
            self.fit()
        self._tell_hover()
        self.update()

    def show_levels(self, levels: Levels) -> None:
        """Show the same frame between other levels."""
        self._levels = levels
        self.update()

    def show_patches(self, patches: tuple[PatchShown, ...]) -> None:
        """Draw patches over the frame, the stronger the more they contributed."""
        self._patches = patches
        self.update()

    def fit(self) -> None:
        """The whole frame."""
        self._fitted = True
        if self._picture is not None:
            camera = self.camera.resized(self.width(), self.height())
            width_um, height_um = self._picture.size_um
            # a wafer wants a margin, a frame may touch the rim
            self._look(camera.fitted((0.0, 0.0), width_um / FIT_MARGIN, height_um / FIT_MARGIN))

    def actual_size(self) -> None:
        """One pixel of the frame on one of the screen."""
        if self._picture is not None:
            wanted_um = 1e-3 * self._picture.pixel_size_nm * self.devicePixelRatioF()
            self.zoom(self.camera.um_per_px / wanted_um)

    def zoom(self, factor: float) -> None:
        """Come nearer or go farther off, about the middle."""
        self._fitted = False
        self._look(self.camera.zoomed(factor))

    def look(self, camera: Camera) -> None:
        """Look where another canvas looks; nothing is emitted."""
        self._fitted = False
        self.camera = camera.resized(self.width(), self.height())
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(640, 480)

    # -- the mouse --------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        self.camera = self.camera.resized(self.width(), self.height())
        if self._fitted:
            self.fit()

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802
        if event is None or self._picture is None:
            return
        self._fitted = False
        at = event.position()
        factor = ZOOM_PER_NOTCH ** (event.angleDelta().y() / NOTCH)
        self._look(self.camera.zoomed(factor, (at.x(), at.y())))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._held = event.localPos()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is None:
            return
        self._cursor = event.localPos()
        if self._held is not None:
            moved = self._cursor - self._held
            self._held, self._fitted = self._cursor, False
            self._look(self.camera.panned(moved.x(), moved.y()))
        self._tell_hover()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        self.fit()

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802
        self._cursor = None
        self._tell_hover()
        self.update()

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._patches:
            QToolTip.showText(event.globalPos(), self._tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _look(self, camera: Camera) -> None:
        self.camera = camera
        self.looked.emit(camera)
        self._tell_hover()
        self.update()

    def _tell_hover(self) -> None:
        if self._cursor is None or self._picture is None:
            self.hovered.emit(None)
        else:
            self.hovered.emit(Hover.at(self._cursor, self._picture, self.camera))

    def _tip_at(self, at: QPointF) -> str:
        if self._picture is None:
            return ""
        rects = patch_rects(self._patches, self._picture.rect(self.camera), self._picture.image.shape)
        boxes = zip(self._patches, rects, strict=True)
        return next((patch.tip for patch, box in boxes if box.contains(at)), "")

    # -- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        painter, colours = QPainter(self), theme.shades(self)
        painter.fillRect(self.rect(), QColor(colours.window))
        if self._picture is not None:
            self._draw_picture(painter, self._picture, colours)
            if self._cursor is not None and self._held is None and not self._patches:
                draw_crosshair(painter, self._cursor, QRectF(self.rect()), colours)
            draw_scale_bar(painter, self.camera, colours)
            if self._caption:
                draw_caption(painter, self._caption, colours)
        painter.end()

    def _draw_picture(self, painter: QPainter, picture: Picture, colours: theme.Shades) -> None:
        whole, ratio = picture.rect(self.camera), self.devicePixelRatioF()
        self._cut = cut_out(picture, whole, QRectF(self.rect()), self._levels, ratio, self._cut)
        if self._cut is None:
            return
        magnified = whole.width() * ratio / picture.image.shape[1]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, magnified < SHARP_PIXELS_FROM)
        painter.drawImage(self._cut.place(whole), self._cut.image)
        draw_patches(
            painter, self._patches, patch_rects(self._patches, whole, picture.image.shape), colours
        )
