"""The step Landmarks: how the wafer lies on the stage."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QWidget

from ui.prepare.step_card import column_of, main_button, remark, side_button

ABOUT = (
    "Two or more points far apart, which are easily found by eye, tie the wafer to the stage. "
    "After the wafer was taken out, measure them again: nothing else is lost."
)


class LandmarksStep(QWidget):
    """Signals: set_asked: put a landmark on the map; measure_asked: find all of them with the instrument.

    list_asked: show the list, in which each is told where the stage shows it; remounted: the wafer was out.
    """

    set_asked = pyqtSignal()
    measure_asked = pyqtSignal()
    list_asked = pyqtSignal()
    remounted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.set = main_button(
            "Set on the map", "Each click on the map sets a landmark, until you press Esc"
        )
        self.measure = side_button(
            "Measure all again", "Drives to each landmark, takes a frame and finds it there"
        )
        self.list = side_button(
            "Say where the stage shows them",
            "Drive to each of the list, then take what is seen for it",
        )
        self.out = side_button(
            "Wafer was taken out", "Their places on the stage are to be measured anew; nothing else is lost"
        )
        self.set.clicked.connect(lambda: self.set_asked.emit())
        self.list.clicked.connect(lambda: self.list_asked.emit())
        self.out.clicked.connect(lambda: self.remounted.emit())
        self.measure.clicked.connect(lambda: self.measure_asked.emit())
        column_of(remark(ABOUT), self.set, self.list, self.measure, self.out, within=self)
