"""What stands below a slice: the film, the slider over all cycles, the pixel under the cursor."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAction, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from scopeacq.journal.slice_book import PlaneMark
from ui import theme
from ui.slices.marks import MarksSlider
from ui.viewport.actions import bar


class SliceFoot(QWidget):
    """Shows which cycle is looked at and what became of all of them."""

    def __init__(self, play: QAction, follow: QAction) -> None:
        super().__init__()
        self.marks, self.place, self.pixel = MarksSlider(), QLabel(), QLabel()
        for label in (self.place, self.pixel):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setContentsMargins(theme.Space.S, 0, theme.Space.S, 0)
        self.place.setToolTip("Next: Page down or right; back: Page up or left; Home and End for the ends")
        self.pixel.setToolTip("Pixel under the cursor, and its grey value as it was recorded")
        self.pixel.setMinimumWidth(self.fontMetrics().horizontalAdvance("x 00000 y 00000: 00000"))
        theme.set_role(self.pixel, "small")
        line = bar([play, follow], [])
        row = line.layout()
        assert isinstance(row, QHBoxLayout)
        row.addWidget(self.marks, 100)
        row.addWidget(self.pixel)
        row.addWidget(self.place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(line)

    def show_marks(self, marks: tuple[PlaneMark, ...], cycle: int) -> None:
        """Show the state of every cycle, and which one is looked at."""
        self.marks.show_marks(marks, cycle)
        self.place.setText(f"Cycle {cycle + 1} of {len(marks)}")

    def show_pixel(self, found: tuple[int, int, int] | None) -> None:
        """Show column, row and grey value; nothing beside all tiles."""
        self.pixel.setText("" if found is None else "x {} y {}: {}".format(*found))
