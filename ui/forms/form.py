"""A settings model as a page of groups and rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from scopeacq.plan.settings import S
from ui import theme
from ui.forms.entry import Entry
from ui.forms.row import FieldRow
from ui.presenters.form_rows import Filter, Locks, Row, rows_of
from ui.presenters.form_state import SettingsForm
from ui.presenters.forms import Field, Group, Path, fields_of, groups_of

NOTHING_FOUND = "No setting is called so. Search for a part of its name, its unit or what it is for."


class FormPage(QScrollArea, Generic[S]):
    """Shows a form and puts into it what its operator enters.

    Signals:
        changed: the form has other settings, or other problems.
        step_ended: the operator is done with a field for now.
    """

    changed = pyqtSignal()
    step_ended = pyqtSignal()

    def __init__(
        self, form: SettingsForm[S], accept: Callable[[Path, S], None], basic: frozenset[Path]
    ) -> None:
        """``accept``: takes valid settings and the value that was entered last; raises ``Unacceptable``."""
        super().__init__()
        self.form, self._basic = form, basic
        self._entry = Entry(form, accept, self._changed)
        self._locks, self._filter, self._editable = Locks({}), Filter(), False
        self._rows: dict[Path, FieldRow] = {}
        self._groups: dict[Path, _GroupWidget] = {}
        self._nothing = QLabel(NOTHING_FOUND)
        theme.set_role(self._nothing, "muted")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._build()
        self.refresh()

    def row(self, path: Path) -> FieldRow:
        """The row of a value; rows are made when they are first asked for. Raises ``KeyError``."""
        if path not in self._rows:
            self._make_row(fields_of(type(self.form.settings))[path])
            self.refresh()
        return self._rows[path]

    def set_editable(self, editable: bool, locks: Locks) -> None:
        """Let values be edited but for those that are locked."""
        self._editable, self._locks = editable, locks
        self.refresh()

    def set_filter(self, wanted: Filter) -> None:
        """Show only what is wanted."""
        self._filter = wanted
        self.refresh()

    def refresh(self) -> None:
        """Show the form as it is now."""
        found = False
        for group, rows in rows_of(self.form, self._locks):
            some = False
            for row in rows:
                some |= self._show(group, row)
            self._groups[group.path].setVisible(some)
            found |= some
        self._nothing.setVisible(not found)

    def _show(self, group: Group, row: Row) -> bool:
        path = row.field.path
        made = self._rows.get(path)
        seen = self._filter.takes(group, row, self._basic) or (made is not None and made.input.hasFocus())
        if seen and made is None:
            made = self._make_row(row.field)
        if made is not None:
            made.show_row(row, self._editable)
            made.setVisible(seen)
        return seen

    def _changed(self) -> None:
        self.refresh()
        self.changed.emit()

    def _build(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.XL)
        column.setSpacing(theme.Space.XL)
        column.addWidget(self._nothing)
        for group in groups_of(type(self.form.settings)):
            widget = self._groups[group.path] = _GroupWidget(group)
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(page)

    def _make_row(self, field: Field) -> FieldRow:
        made = self._rows[field.path] = FieldRow(field)
        self._entry.follow(made)
        made.committed.connect(self.step_ended)
        self._groups[field.path[:-1]].insert(made)
        return made


class _GroupWidget(QWidget):
    """A heading, what it is about, and rows."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        title, about = QLabel(group.title), QLabel(group.description)
        theme.set_role(title, "lead")
        theme.set_role(about, "small")
        about.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.Space.S)
        self._column.addWidget(title)
        self._column.addWidget(about)
        self._column.addSpacing(theme.Space.XS)
        self._order, self._before = group.fields, self._column.count()
        self._made: list[FieldRow] = []

    def insert(self, row: FieldRow) -> None:
        """Put a row where its value stands among the group's."""
        self._made.append(row)
        self._made.sort(key=lambda made: self._order.index(made.field))
        self._column.insertWidget(self._before + self._made.index(row), row)
