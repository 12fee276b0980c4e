"""One row of a form: label, field, what it was, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import cast

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui import theme
from ui.forms.fields import ValueField, widget_for
from ui.presenters.form_rows import Other, Row
from ui.presenters.forms import Field
from ui.presenters.tone import Tone

_NOTHING = object()
"""Stands for text that is no value."""


@dataclass(frozen=True, slots=True)
class Widths:
    """Of a row's parts in pixels; ``input_px`` is None where the field has its own."""

    label_px: int
    input_px: int | None = None


WIDE, NARROW = Widths(236), Widths(104, 132)
"""On a page, and in a panel."""


class FieldRow(QWidget):
    """Shows a ``Row``; says what its operator enters.

    Signals:
        entered (value), spoiled (why): what stands in the field by hand.
        committed: the operator is done with it for now.
        given_up: what is wrong here is to be forgotten.
    """

    entered = pyqtSignal(object)
    spoiled = pyqtSignal(str)
    committed = pyqtSignal()
    given_up = pyqtSignal()

    def __init__(self, field: Field, widths: Widths = WIDE) -> None:
        super().__init__()
        self.field, self.input = field, widget_for(field)
        self._shown: Row | None = None
        self._standing: object = _NOTHING
        self._label, self._problem = QLabel(field.label), QLabel()
        self._others = QHBoxLayout()
        value = self._value_field
        value.entered.connect(self._stand)
        value.entered.connect(self.entered)
        value.spoiled.connect(lambda _: self._stand(_NOTHING))
        value.spoiled.connect(self.spoiled)
        value.committed.connect(lambda *_: self.committed.emit())
        self._lay_out(widths)

    @property
    def _value_field(self) -> ValueField:
        return cast(ValueField, self.input)

    def show_row(self, row: Row, editable: bool) -> None:
        """Show the row as it is now; what an operator is typing stays as typed."""
        self._let_edit(editable and not row.fixed)
        if row == self._shown:
            return
        if not row.kept and row.value != self._standing:
            self._stand(row.value)
            self._value_field.show_value(row.value)
        self._value_field.complain(row.problem)
        self._tell(row)
        self._shown = row

    @property
    def editable(self) -> bool:
        """Whether the value may be changed here now."""
        if isinstance(self.input, QLineEdit | QPlainTextEdit):
            return not self.input.isReadOnly()
        return self.input.isEnabled()

    def _let_edit(self, editable: bool) -> None:
        """What is not to be edited can still be marked and copied."""
        if editable == self.editable:
            return
        if isinstance(self.input, QLineEdit | QPlainTextEdit):
            self.input.setReadOnly(not editable)
            theme.set_locked(self.input, not editable)
        else:
            self.input.setEnabled(editable)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Escape gives up what is wrong."""
        if event is not None and event.key() == Qt.Key.Key_Escape and self._shown_problem:
            self.given_up.emit()
            return
        super().keyPressEvent(event)

    @property
    def _shown_problem(self) -> str:
        return self._shown.problem if self._shown is not None else ""

    def _stand(self, value: object) -> None:
        """Note which value stands in the field, however it was typed."""
        self._standing = value

    def _tell(self, row: Row) -> None:
        self._label.setToolTip(row.hint)
        self.input.setToolTip("\n".join(part for part in (row.problem, row.hint) if part))
        self._problem.setText(row.problem or row.fixed)
        theme.set_tone(self._problem, Tone.ALARM if row.problem else Tone.QUIET)
        self._problem.setVisible(bool(self._problem.text()))
        if self._shown is None or self._shown.others != row.others:
            self._offer(row.others)

    def _offer(self, others: tuple[Other, ...]) -> None:
        while (item := self._others.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for other in others:
            button = QPushButton(_short(other.text))
            theme.set_role(button, "note")
            button.setToolTip(f"{other.text}\n{other.hint}")
            button.clicked.connect(partial(self._take, other.value))
            self._others.addWidget(button)
        self._others.addStretch(1)

    def _take(self, value: object, _checked: bool = False) -> None:
        """Put in a value that was offered."""
        self._value_field.show_value(value)
        self._stand(value)
        self.entered.emit(value)
        self.committed.emit()

    def _lay_out(self, widths: Widths) -> None:
        self._label.setFixedWidth(widths.label_px)
        if widths.input_px is not None:
            self.input.setFixedWidth(widths.input_px)
        self._label.setWordWrap(True)
        self._problem.setWordWrap(True)
        theme.set_role(self._problem, "remark")
        self._problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._problem.hide()
        self._others.setSpacing(theme.Space.XS)
        first = QHBoxLayout()
        first.setSpacing(theme.Space.M)
        first.addWidget(self.input)
        first.addLayout(self._others, 1)
        right = QVBoxLayout()
        right.setSpacing(2)
        right.addLayout(first)
        right.addWidget(self._problem)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(theme.Space.M)
        whole.addWidget(self._label, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(right, 1)
        self._label.setMinimumHeight(theme.Space.XL)


def _short(text: str) -> str:
    first = text.splitlines()[0]
    return first if len(first) <= 28 else f"{first[:26]}\N{HORIZONTAL ELLIPSIS}"
