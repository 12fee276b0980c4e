"""The lines of the Instrument panel: what is read at the right, and where an operator sets it."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui import theme
from ui.parts.label import label
from ui.parts.quantity import QuantityField
from ui.presenters.instrument import Group, Line
from ui.presenters.instrument_lines import Number, Switch
from ui.presenters.tone import Tone

CONTROL_PX, ROW_PX = 112, 28
_WORDS = {Switch.VALVE: ("Open", "Shut")}


class GroupView(QWidget):
    """One device: its title, why it is silent, its lines.

    Signals:
        number_asked (Number, float), switch_asked (Switch, bool): what the operator wants.
    """

    number_asked = pyqtSignal(object, float)
    switch_asked = pyqtSignal(object, bool)

    def __init__(self, group: Group) -> None:
        super().__init__()
        title = QLabel(group.title)
        theme.set_role(title, "strong")
        self.silent = label()
        theme.set_tone(self.silent, Tone.UNKNOWN)
        self.rows = tuple(_row(line, self) for line in group.lines)
        self.below = QVBoxLayout()
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.Space.S)
        grid.setVerticalSpacing(theme.Space.XS)
        grid.setColumnStretch(1, 1)
        for n, row in enumerate(self.rows):
            grid.setRowMinimumHeight(n, ROW_PX)
            row.place(grid, n)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, theme.Space.M)
        box.setSpacing(theme.Space.S)
        box.addWidget(title)
        box.addWidget(self.silent)
        box.addLayout(grid)
        box.addLayout(self.below)
        self.show_group(group, settable=False)

    def show_group(self, group: Group, settable: bool) -> None:
        """Show the same device as it reads now."""
        self.silent.setText(group.silent)
        self.silent.setVisible(bool(group.silent))
        for row, line in zip(self.rows, group.lines, strict=True):
            row.show_line(line, settable)


class Row:
    """Name and what is read; both can be copied."""

    def __init__(self, line: Line) -> None:
        self.name, self.value = QLabel(line.reading.name), label(wrap=False)
        theme.set_role(self.name, "muted")
        self.value.setAlignment(
            Qt.Alignment() | Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )

    def place(self, grid: QGridLayout, row: int) -> None:
        """Lay out in this row."""
        grid.addWidget(self.name, row, 0)
        grid.addWidget(self.value, row, 1)

    def show_line(self, line: Line, settable: bool) -> None:
        """Show what is read now. Text that is the same stays as it is, with what is selected in it."""
        if self.value.text() != line.reading.shown:
            self.value.setText(line.reading.shown)
        if line.reading.tone is Tone.QUIET:
            theme.clear_tone(self.value)
        else:
            theme.set_tone(self.value, line.reading.tone)
        for widget in (self.name, self.value):
            widget.setToolTip(line.tip)


class NumberRow(Row):
    """A number with a field: it shows what is read until somebody types in it."""

    def __init__(self, line: Line, asked: Callable[[float], None]) -> None:
        super().__init__(line)
        self.field = QuantityField(line.reading.unit, line.reading.limits)
        self.field.setFixedWidth(CONTROL_PX)
        self.field.setAccessibleName(line.reading.name)
        self.field.committed.connect(asked)

    def place(self, grid: QGridLayout, row: int) -> None:
        super().place(grid, row)
        grid.addWidget(self.field, row, 2)

    def show_line(self, line: Line, settable: bool) -> None:
        super().show_line(line, settable)
        reading, field = line.reading, self.field
        field.setEnabled(settable and reading.value is not None)
        if field.limits != reading.limits:
            field.set_limits(reading.limits)
        field.setToolTip(f"Enter sets it.\n{line.tip}")
        if not field.hasFocus() and field.value != reading.value:
            field.show_value(reading.value)


class SwitchRow(Row):
    """Something that is on or off, with a button for the other."""

    def __init__(self, line: Line, asked: Callable[[bool], None]) -> None:
        super().__init__(line)
        self.button, self._on = QPushButton(), False
        self.button.setFixedWidth(CONTROL_PX)
        self.button.clicked.connect(lambda: asked(not self._on))

    def place(self, grid: QGridLayout, row: int) -> None:
        super().place(grid, row)
        grid.addWidget(self.button, row, 2)

    def show_line(self, line: Line, settable: bool) -> None:
        super().show_line(line, settable)
        reading = line.reading
        assert isinstance(reading.control, Switch)
        self._on = bool(reading.value)
        switch_on, switch_off = _WORDS.get(reading.control, ("Switch on", "Switch off"))
        self.button.setText(switch_off if self._on else switch_on)
        self.button.setEnabled(settable and reading.value is not None)
        self.button.setToolTip(line.tip)


def _row(line: Line, group: GroupView) -> Row:
    control = line.reading.control
    match control:
        case Number():
            return NumberRow(line, lambda value: group.number_asked.emit(control, value))
        case Switch():
            return SwitchRow(line, lambda on: group.switch_asked.emit(control, on))
        case _:
            return Row(line)
