"""A few values of a settings model, one below the other, in a narrow place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Generic

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from scopeacq.plan.settings import S
from ui import theme
from ui.forms.entry import Entry
from ui.forms.row import NARROW, FieldRow, Widths
from ui.presenters.form_rows import Locks, row_of
from ui.presenters.form_state import SettingsForm
from ui.presenters.forms import Path, fields_of


class ShortForm(QWidget, Generic[S]):
    """Shows some values of a form and puts into it what its operator enters.

    Signals:
        changed: the form has other settings, or other problems.
        step_ended: the operator is done with a field for now.
    """

    changed = pyqtSignal()
    step_ended = pyqtSignal()

    def __init__(
        self,
        form: SettingsForm[S],
        accept: Callable[[Path, S], None],
        paths: Sequence[Path],
        widths: Widths = NARROW,
    ) -> None:
        """``accept``: takes valid settings and the value that was entered last; raises ``Unacceptable``."""
        super().__init__()
        self.form, self._entry = form, Entry(form, accept, self._changed)
        self._locks, self._editable = Locks({}), True
        fields = fields_of(type(form.settings))
        self.rows = {path: self._make_row(FieldRow(fields[path], widths)) for path in paths}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.Space.XS)
        for row in self.rows.values():
            column.addWidget(row)
        self.refresh()

    def set_editable(self, editable: bool, locks: Locks) -> None:
        """Let values be edited but for those that are locked."""
        self._editable, self._locks = editable, locks
        self.refresh()

    def refresh(self) -> None:
        """Show the form as it is now."""
        for row in self.rows.values():
            row.show_row(replace(row_of(self.form, row.field, self._locks), others=()), self._editable)

    def _make_row(self, row: FieldRow) -> FieldRow:
        self._entry.follow(row)
        row.committed.connect(self.step_ended)
        return row

    def _changed(self) -> None:
        self.refresh()
        self.changed.emit()
