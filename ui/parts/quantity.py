"""A field for a number with a unit."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PyQt5.QtWidgets import QWidget

from hardware.types import Range
from ui import theme
from ui.parts.unit_edit import UnitEdit
from ui.presenters.quantities import Unreadable, parse, shown, stepped

NOTCH = 120
"""What Qt counts for one notch of a wheel."""
FAST = 10
_STEPS: dict[int, int] = {
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: FAST,
    Qt.Key.Key_PageDown: -FAST,
}


class QuantityField(UnitEdit):
    """A number with its unit; German and English decimals, other units of the same kind are converted.

    Arrow keys and the wheel (where the field has the focus) step by the second digit, with Ctrl or by
    Page Up and Down ten times as far.

    Signals:
        edited (float): a valid number stands there, at each change by hand.
        committed (float): Enter was pressed, or the field was left after an edit, with a valid number.
    """

    edited = pyqtSignal(float)
    committed = pyqtSignal(float)

    def __init__(
        self,
        unit: str = "",
        limits: Range | None = None,
        digits: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """``digits``: decimals shown at most, 0 for whole numbers only; by default all there are."""
        super().__init__(unit, parent)
        self.limits, self.digits = limits, digits
        self._value: float | None = None
        self._typing_problem = self._problem = ""
        self._hint = ""
        self._touched = False
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        room_px = 8 * self.fontMetrics().averageCharWidth() + 2 * theme.Space.L
        self.setMinimumWidth(self.unit_px + room_px)
        self.textEdited.connect(lambda _: self._read())
        self.returnPressed.connect(lambda: self._commit(always=True))

    # -- the number -----------------------------------------------------------------------

    @property
    def value(self) -> float | None:
        """The number in the field's unit, None while what stands there is wrong."""
        return self._value

    @property
    def problem(self) -> str:
        """Why the number is wrong, empty where it is not."""
        return self._typing_problem or self._problem

    def show_value(self, value: float | None) -> None:
        """Show this number; None empties the field. Nothing is emitted; the exact value is kept."""
        self._value, self._typing_problem, self._touched = value, "", False
        self.setText("" if value is None else shown(value, self.digits))
        self.setCursorPosition(0)
        self._mark()

    def set_limits(self, limits: Range | None) -> None:
        """Hold the number to other limits from now on."""
        self.limits = limits
        if self.text():
            self._parse()

    def complain(self, problem: str) -> None:
        """Mark the number as wrong for a reason that the field cannot know; empty withdraws it."""
        self._problem = problem
        self._mark()

    def setToolTip(self, text: str | None) -> None:  # noqa: N802 (Qt's name)
        """What the number means; a problem is told before it."""
        self._hint = text or ""
        self._mark()

    def step(self, steps: int) -> None:
        """Step up or down as by the keys; at a limit it stays."""
        if self._value is None or self.isReadOnly() or not self.isEnabled():
            return
        value = stepped(self._value, steps, self.digits)
        if self.limits is not None:
            value = min(max(value, self.limits.low), self.limits.high)
        if value != self._value:
            self.setText(shown(value, self.digits))
            self._read()

    # -- what Qt calls ---------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        steps = _STEPS.get(event.key(), 0) if event is not None else 0
        if event is None or not steps:
            super().keyPressEvent(event)
            return
        fast = abs(steps) == 1 and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self.step(steps * (FAST if fast else 1))

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802
        if event is None:
            return
        if not self.hasFocus():  # a page that is scrolled under the mouse must not change numbers
            event.ignore()
            return
        fast = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self.step(round(event.angleDelta().y() / NOTCH) * (FAST if fast else 1))
        event.accept()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._commit(always=False)

    # -- within ----------------------------------------------------------------------------

    def _read(self) -> None:
        self._touched = True
        self._problem = ""
        if self._parse():
            self.edited.emit(self._value)

    def _parse(self) -> bool:
        try:
            self._value = parse(self.text(), self.unit, self.limits, whole=self.digits == 0)
            self._typing_problem = ""
        except Unreadable as error:
            self._value, self._typing_problem = None, str(error)
        self._mark()
        return self._value is not None

    def _commit(self, always: bool) -> None:
        if self._value is None or not (always or self._touched):
            return
        if self._touched:  # what was typed with a unit or a comma is shown as all numbers are
            self.setText(shown(self._value, self.digits))
        self._touched = False
        self.committed.emit(self._value)

    def _mark(self) -> None:
        theme.set_wrong(self, bool(self.problem))
        super().setToolTip("\n\n".join(part for part in (self.problem, self._hint) if part))
