"""The view Calibrate: the list of all calibrations, and the wizard of the one that is chosen."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QResizeEvent, QShowEvent
from PyQt5.QtWidgets import QSplitter, QVBoxLayout, QWidget

from calibration.figures import Figure
from scopeacq.plan.settings import Settings
from ui.calibrate.entries import WIDTH_PX, EntryList
from ui.calibrate.left_bar import LeftBar
from ui.calibrate.wizard import Wizard
from ui.parts.label import label
from ui.presenters.calibration import NOTHING_CHOSEN
from ui.presenters.calibration_page import PageView

BESIDE_PX = WIDTH_PX, 2 * WIDTH_PX
ABOVE_PX = 180, 400
"""Sizes of list and wizard as they begin, beside and above each other."""
NARROW_PX = 700
"""In a narrower view, as beside the help, the list stands above the wizard."""


class CalibrateView(QWidget):
    """Shows a ``PageView``; ``shown``: it is looked at, and may have to be read anew."""

    shown = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.entries, self.wizard = EntryList(), Wizard()
        self.left = LeftBar()
        self.nothing = label(NOTHING_CHOSEN, "muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        right = QWidget()
        for part in (self.nothing, self.wizard):
            _column(right).addWidget(part)
        self._split = QSplitter()
        self._split.addWidget(self.entries)
        self._split.addWidget(right)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes(BESIDE_PX)
        self._split.setChildrenCollapsible(False)
        _column(self).addWidget(self.left)
        _column(self).addWidget(self._split, 1)
        self.wizard.hide()

    def show_view(self, view: PageView) -> None:
        """Show how all calibrations stand, and the wizard."""
        self.left.show_view(view.left)
        chosen = view.wizard.kind if view.wizard is not None else None
        self.entries.show_groups(view.groups, chosen)
        self.nothing.setVisible(view.wizard is None)
        self.wizard.setVisible(view.wizard is not None)
        if view.wizard is not None:
            self.wizard.show_view(view.wizard)

    def show_settings(self, settings: Settings | None) -> None:
        """Let the settings of the chosen calibration be edited."""
        self.wizard.prepare.show_settings(settings)

    def show_figures(self, seen: Mapping[str, Figure], residuals: Mapping[str, Figure]) -> None:
        """What the chosen calibration has seen so far, and how well its result fits."""
        self.wizard.measure.figures.show_figures(seen)
        self.wizard.result.figures.show_figures(residuals)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        narrow = self.width() < NARROW_PX
        along = Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
        if along != self._split.orientation():
            self._split.setOrientation(along)
            self._split.setSizes(ABOVE_PX if narrow else BESIDE_PX)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.shown.emit()


def _column(widget: QWidget) -> QVBoxLayout:
    layout = widget.layout()
    if isinstance(layout, QVBoxLayout):
        return layout
    made = QVBoxLayout(widget)
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(0)
    return made
