"""The widgets in which single values of a form are entered: one for each kind.

All have ``entered(value)`` for what can be read, ``spoiled(reason)`` for what cannot, ``committed`` when
the operator is done with it, ``show_value`` and ``complain``.
"""

from __future__ import annotations

from typing import Any, Protocol

from PyQt5.QtCore import QEvent, QObject, QSignalBlocker, Qt, pyqtBoundSignal, pyqtSignal
from PyQt5.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PyQt5.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from ui import theme
from ui.parts.combo_box import CalmComboBox
from ui.parts.quantity import QuantityField
from ui.parts.tick_box import TickBox
from ui.parts.unit_edit import UnitEdit
from ui.presenters.form_text import NOT_GIVEN, Choice, Codec, Many
from ui.presenters.forms import Field, Kind
from ui.presenters.quantities import Unreadable

NUMBER_PX, WIDE_PX, LINES_PX = 180, 240, 108


class ValueField(Protocol):
    """What a form knows of any of its widgets."""

    entered: pyqtBoundSignal
    spoiled: pyqtBoundSignal
    committed: pyqtBoundSignal

    def show_value(self, value: Any) -> None:
        """Show a value; nothing is emitted."""

    def complain(self, problem: str) -> None:
        """Mark the value as wrong; empty withdraws it."""


def widget_for(field: Field) -> QWidget:
    """The widget for a field; a :class:`ValueField`."""
    made = _make(field)
    made.setAccessibleName(field.label)
    return made


def _make(field: Field) -> QWidget:
    match field.kind:
        case Kind.NUMBER:
            return NumberField(field.unit, field.whole)
        case Kind.SWITCH:
            return SwitchField()
        case Kind.CHOICE if isinstance(field.codec, Choice):
            return ChoiceField(field.codec)
        case Kind.CHAIN if isinstance(field.codec, Many) and isinstance(field.codec.each, Choice):
            return ChainField(field.codec.each)
        case Kind.LINES:
            return LinesField(field.codec)
    return LineField(field.codec, field.unit)


class NumberField(QuantityField):
    """A number with its unit."""

    entered = pyqtSignal(object)
    spoiled = pyqtSignal(str)

    def __init__(self, unit: str, whole: bool) -> None:
        super().__init__(unit, digits=0 if whole else None)
        self._whole = whole
        self.setFixedWidth(NUMBER_PX)
        self.edited.connect(lambda value: self.entered.emit(round(value) if self._whole else value))
        self.textEdited.connect(lambda _: self.spoiled.emit(self.problem) if self.value is None else None)
        _leave_undo_to_the_plan(self)


class LineField(UnitEdit):
    """A line of text that a codec reads, with the unit of its numbers."""

    entered = pyqtSignal(object)
    spoiled = pyqtSignal(str)
    committed = pyqtSignal()

    def __init__(self, codec: Codec, unit: str) -> None:
        super().__init__(unit)
        self._codec = codec
        self.setPlaceholderText(NOT_GIVEN)
        if unit:  # beside it, as in a number's field
            self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFixedWidth(NUMBER_PX)
        self.textEdited.connect(self._read)
        self.editingFinished.connect(self.committed)
        _leave_undo_to_the_plan(self)

    def show_value(self, value: Any) -> None:
        text = self._codec.text(value)
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(0)

    def complain(self, problem: str) -> None:
        theme.set_wrong(self, bool(problem))

    def _read(self, text: str) -> None:
        try:
            value = self._codec.value(text)
        except Unreadable as error:
            self.spoiled.emit(str(error))
        else:
            self.entered.emit(value)


class LinesField(QPlainTextEdit):
    """Several lines that a codec reads."""

    entered = pyqtSignal(object)
    spoiled = pyqtSignal(str)
    committed = pyqtSignal()

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self._codec = codec
        self.setFixedSize(WIDE_PX, LINES_PX)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.textChanged.connect(self._read)
        _leave_undo_to_the_plan(self)

    def show_value(self, value: Any) -> None:
        text = self._codec.text(value)
        if text != self.toPlainText():
            with QSignalBlocker(self):
                self.setPlainText(text)

    def complain(self, problem: str) -> None:
        theme.set_wrong(self, bool(problem))

    def focusOutEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().focusOutEvent(event)
        self.committed.emit()

    def _read(self) -> None:
        try:
            value = self._codec.value(self.toPlainText())
        except Unreadable as error:
            self.spoiled.emit(str(error))
        else:
            self.entered.emit(value)


class ChoiceField(CalmComboBox):
    """One of several."""

    entered = pyqtSignal(object)
    spoiled = pyqtSignal(str)
    committed = pyqtSignal()

    def __init__(self, codec: Choice) -> None:
        super().__init__()
        self._codec = codec
        self.addItems(codec.names)
        self.setMinimumWidth(NUMBER_PX)
        self.activated.connect(self._choose)

    def show_value(self, value: Any) -> None:
        self.setCurrentText(self._codec.text(value))

    def complain(self, problem: str) -> None:
        theme.set_wrong(self, bool(problem))

    def _choose(self, index: int) -> None:
        self.entered.emit(self._codec.members[index])
        self.committed.emit()


class ChainField(QWidget):
    """Several of a kind in order, each at most once: a list for each place, the rest of them empty."""

    entered = pyqtSignal(object)
    spoiled = pyqtSignal(str)
    committed = pyqtSignal()

    def __init__(self, codec: Choice) -> None:
        super().__init__()
        self._codec, self._places = codec, [CalmComboBox() for _ in codec.members]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.XS)
        for place in self._places:
            place.addItems(("\N{EN DASH}", *codec.names))
            place.activated.connect(self._choose)
            row.addWidget(place)
        row.addStretch(1)

    def show_value(self, value: Any) -> None:
        chosen = [self._codec.text(member) for member in value]
        for n, place in enumerate(self._places):
            place.setCurrentText(chosen[n] if n < len(chosen) else "\N{EN DASH}")
            place.setVisible(n <= len(chosen))

    def complain(self, problem: str) -> None:
        for place in self._places:
            theme.set_wrong(place, bool(problem))

    def _choose(self, _: int) -> None:
        indices = [place.currentIndex() for place in self._places if place.currentIndex() > 0]
        self.entered.emit(tuple(self._codec.members[index - 1] for index in indices))
        self.committed.emit()


class SwitchField(TickBox):
    """Yes or no."""

    entered = pyqtSignal(object)
    spoiled = pyqtSignal(str)
    committed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__("")
        self.clicked.connect(self._switch)
        self._say()

    def show_value(self, value: Any) -> None:
        self.setChecked(bool(value))
        self._say()

    def complain(self, problem: str) -> None:
        theme.set_wrong(self, bool(problem))

    def _switch(self, on: bool) -> None:
        self._say()
        self.entered.emit(on)
        self.committed.emit()

    def _say(self) -> None:
        self.setText("Yes" if self.isChecked() else "No")


class _UndoOfThePlan(QObject):
    """Lets the keys for undo and redo through to the plan's own, which know of all fields."""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        if event is None or event.type() != QEvent.Type.ShortcutOverride:
            return False
        assert isinstance(event, QKeyEvent)
        if event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo):
            event.ignore()
            return True
        return False


def _leave_undo_to_the_plan(field: QWidget) -> None:
    field.installEventFilter(_UndoOfThePlan(field))
