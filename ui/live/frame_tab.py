"""What a frame shows, in numbers: verdict and score, grey values, levels, spectrum."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QImage, QPainter, QPaintEvent
from PyQt5.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from scopeacq.vision.looking import Levels
from ui import theme
from ui.live.histogram import HistogramView
from ui.live.parts import Verdict, padded
from ui.parts.label import label
from ui.presenters.frame_shown import LEVEL_HINTS, FrameShown, LevelMode

FIGURES = {
    "score": ("Score", "The blur that DeepScore sees, as an equivalent defocus: 0 is perfectly sharp."),
    "mean_sd": ("Grey", "Mean and standard deviation of the grey values: brightness and contrast."),
    "dose": ("Dose", "Electrons per area laid down: by this frame, and at this place since connecting."),
    "taken": ("Frame", "Size, pixel size and dwell time."),
}
EMPTY = "Verdict, score, grey values and spectrum of the frame will stand here."


class FrameTab(QWidget):
    """Shows a frame's figures; ``levels_changed`` (Levels) says how it is to be shown."""

    levels_changed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._shown: FrameShown | None = None
        self._mode = LevelMode.AUTO
        self._manual: Levels | None = None
        self.verdict, self.histogram, self.spectrum = Verdict(EMPTY), HistogramView(), SpectrumView()
        self.figures: dict[str, QLabel] = {}
        self.modes: dict[LevelMode, QToolButton] = {}
        self._levels = label(role="small", tip="The grey values shown as black and as white")
        box = padded(QVBoxLayout(self))
        box.addWidget(self.verdict)
        box.addLayout(self._figure_rows())
        box.addLayout(self._level_row())
        box.addWidget(self.histogram)
        box.addWidget(self.spectrum, 1)
        self.histogram.chosen.connect(self._dragged)

    @property
    def levels(self) -> Levels:
        """Between which grey values the frame is shown."""
        return self._shown.levels(self._mode, self._manual) if self._shown is not None else Levels(0, 255)

    def show_frame(self, shown: FrameShown) -> None:
        """Show another frame's figures."""
        self._shown = shown
        self.verdict.show_badge(shown.view.badge, shown.view.sentence)
        for name, figure in self.figures.items():
            figure.setText(getattr(shown.view, name) or "\N{EN DASH}")
        self.histogram.show_histogram(shown.histogram, self.levels)
        self.spectrum.show_spectrum(shown)
        self._show_levels()

    def use(self, mode: LevelMode) -> None:
        """Choose levels another way."""
        if mode is LevelMode.MANUAL and self._manual is None:
            self._manual = self.levels
        self._mode = mode
        self.modes[mode].setChecked(True)
        self._show_levels()

    def _dragged(self, levels: Levels) -> None:
        self._manual = levels
        self.use(LevelMode.MANUAL)

    def _show_levels(self) -> None:
        self.histogram.show_levels(self.levels)
        self._levels.setText(f"{self.levels.low:.0f} to {self.levels.high:.0f}" if self._shown else "")
        self.levels_changed.emit(self.levels)

    def _figure_rows(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.Space.M)
        grid.setVerticalSpacing(theme.Space.XS)
        grid.setColumnStretch(1, 1)
        for row, (name, (title, tip)) in enumerate(FIGURES.items()):
            figure = label("\N{EN DASH}", tip=tip)
            figure.setAccessibleName(title)
            figure.setMinimumHeight(figure.fontMetrics().lineSpacing())
            grid.addWidget(label(title, "muted", tip, wrap=False), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(figure, row, 1)
            self.figures[name] = figure
        return grid

    def _level_row(self) -> QHBoxLayout:
        row, group = QHBoxLayout(), QButtonGroup(self)
        row.setSpacing(theme.Space.XS)
        row.addWidget(label("Levels", "muted", wrap=False))
        for mode in LevelMode:
            made = QToolButton()
            made.setText(mode.value)
            made.setToolTip(LEVEL_HINTS[mode])
            made.setCheckable(True)
            theme.set_role(made, "quiet")
            made.clicked.connect(lambda _=False, wanted=mode: self.use(wanted))
            group.addButton(made)
            row.addWidget(made)
            self.modes[mode] = made
        self.modes[LevelMode.AUTO].setChecked(True)
        row.addStretch(1)
        row.addWidget(self._levels)
        return row


class SpectrumView(QWidget):
    """The power spectrum of the middle of a frame, with the period at its edge."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(48)
        self._image: QImage | None = None
        self._edge = ""
        self.setToolTip(
            "Power by frequency (FFT) of the middle of the frame. Sharp frames reach far out evenly; an "
            "ellipse means astigmatism or drift, a bright cross charging, single dots interference."
        )

    def show_spectrum(self, shown: FrameShown) -> None:
        """Show another frame's."""
        edge = len(shown.spectrum)
        data = shown.spectrum.tobytes()
        self._image = QImage(data, edge, edge, edge, QImage.Format.Format_Grayscale8).copy()
        self._edge = f"edge: {2 * shown.pixel_size_nm:g} nm per line pair"
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(220, 220)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        painter, colours = QPainter(self), theme.shades(self)
        words = 20.0
        edge = min(self.width(), self.height() - words)
        area = QRectF((self.width() - edge) / 2, 0, edge, edge)
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(area, self._image)
            painter.setPen(QColor(colours.muted))
            painter.setFont(theme.font(theme.FontPt.SMALL))
            line = QRectF(0, area.bottom(), self.width(), words)
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, f"FFT, {self._edge}")
        painter.end()
