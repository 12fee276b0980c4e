"""What is looked at: a frame, a pair side by side, the wafer's plane of focus, or what will be there."""

from __future__ import annotations

from enum import Enum

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hardware.types import Image
from models.estimate import PairCondition
from scopeacq.vision.looking import Levels, auto_levels
from ui import theme
from ui.icons import SignLabel
from ui.live.canvas import FrameCanvas
from ui.live.charts import WaferChart
from ui.live.parts import button
from ui.live.picture import Hover, Picture
from ui.parts.label import LineLabel, label
from ui.presenters.focusing import PatchShown
from ui.presenters.frame_shown import FrameShown
from ui.presenters.live import LiveView
from ui.presenters.tone import Sign, Tone

MICRO = "\N{MICRO SIGN}"
HINT = "Wheel to zoom, drag to pan, double-click for the whole frame"
EMPTY_TITLE = "See through the microscope"
EMPTY_TEXT = (
    "Once the instrument is connected, frames and live scans are shown here, with sharpness and dose. "
    "While a run holds it, the tile taken last is shown instead."
)
READY_TEXT = "Grab a frame (G) or scan live (V). Without an image, look at EHT, column valve and detector."
CARD_PX = 420


class Page(Enum):
    """What the stage can show."""

    EMPTY = 0
    FRAME = 1
    PAIR = 2
    WAFER = 3


class Stage(QFrame):
    """Signals: ``connect_asked``; ``turned`` (Page); ``tile_chosen`` (section, tile) on the wafer."""

    connect_asked = pyqtSignal()
    turned = pyqtSignal(object)
    tile_chosen = pyqtSignal(str, int)

    def __init__(self) -> None:
        super().__init__()
        self.canvas, self.pair, self.wafer = FrameCanvas(), PairView(), WaferChart()
        self._pages = QStackedWidget()
        for page in (self._empty(), self.canvas, self.pair, self.wafer):
            self._pages.addWidget(page)
        self.under = label(role="small", tip="Grey value and place under the cursor", wrap=False)
        self.under.setMinimumHeight(theme.Space.L)
        for canvas in (self.canvas, *self.pair.canvases):
            canvas.hovered.connect(self._hovered)
        self.wafer.chosen.connect(self.tile_chosen)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._pages, 1)
        box.addWidget(self._foot())

    @property
    def page(self) -> Page:
        return Page(self._pages.currentIndex())

    def turn_to(self, page: Page) -> None:
        """Show a page; one without anything on it says what will be there."""
        empty = (page is Page.FRAME and self.canvas.picture is None) or (
            page is Page.PAIR and self.pair.canvases[0].picture is None
        )
        if empty and page is Page.PAIR and self.canvas.picture is not None:
            page, empty = Page.FRAME, False
        self._pages.setCurrentIndex((Page.EMPTY if empty else page).value)
        self._hint.setVisible(self.page is not Page.EMPTY)
        self.turned.emit(self.page)

    def show_frame(self, shown: FrameShown, levels: Levels) -> None:
        """Show a frame."""
        picture = Picture(shown.image, shown.overview, shown.pixel_size_nm)
        self.canvas.show_picture(picture, levels, shown.caption)

    def show_view(self, view: LiveView) -> None:
        """Say on the empty page what to do next."""
        self._empty_text.setText(READY_TEXT if view.connected else EMPTY_TEXT)
        self.connect_button.setVisible(not view.connected)
        self.connect_button.setEnabled(view.may_connect)

    def _hovered(self, hover: Hover | None) -> None:
        self.under.setText(hover_text(hover) if hover is not None else "")

    def _foot(self) -> QWidget:
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(theme.Space.M, 2, theme.Space.M, 2)
        self._hint = LineLabel(HINT, "small")
        self._hint.setVisible(False)
        row.addWidget(self._hint, 1)
        row.addWidget(self.under)
        return foot

    def _empty(self) -> QWidget:
        page = QWidget()
        title, text = label(EMPTY_TITLE, "title"), label(EMPTY_TEXT, "muted")
        self._empty_text = text
        self.connect_button = button("Connect", "Take the instrument in hand", self.connect_asked.emit)
        card = QVBoxLayout()
        card.setSpacing(theme.Space.M)
        for part in (SignLabel(Sign.EYE, Tone.ACTIVE, 40), title, text, self.connect_button):
            if part in (title, text):
                part.setFixedWidth(CARD_PX)
                part.setMinimumHeight(part.heightForWidth(CARD_PX))
                part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            card.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        box = QVBoxLayout(page)
        box.addStretch(1)
        box.addLayout(card)
        box.addStretch(1)
        return page


class PairView(QWidget):
    """Two images of one place side by side, looked at together."""

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        self.canvases[0].fit()

    def __init__(self) -> None:
        super().__init__()
        self.canvases = FrameCanvas(), FrameCanvas()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for one, other in (self.canvases, self.canvases[::-1]):
            one.looked.connect(other.look)
            row.addWidget(one)

    def show_pair(
        self, pair: tuple[Image, Image], condition: PairCondition, patches: tuple[PatchShown, ...]
    ) -> None:
        """Show the images above and below the focus, with what their patches said."""
        levels = auto_levels(pair[0])
        for canvas, image, sign in zip(self.canvases, pair, ("+", "\N{MINUS SIGN}"), strict=True):
            caption = f"wd {sign} {condition.perturbation_um:g} {MICRO}m"
            canvas.show_picture(Picture(image, image, condition.pixel_size_nm), levels, caption)
            canvas.show_patches(patches)
        self.canvases[0].fit()


def hover_text(hover: Hover) -> str:
    """What lies under the cursor."""
    at = f"{hover.x_um:+.3f}, {hover.y_um:+.3f} {MICRO}m from the middle"
    return f"grey {hover.value}    px {hover.column}, {hover.row}    {at}"
