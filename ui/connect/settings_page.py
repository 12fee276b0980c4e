"""The third step: the settings of each device, in a form made of its driver's model."""

from __future__ import annotations

from functools import partial

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.connect.device_list import DeviceList
from ui.forms.row import FieldRow, Widths
from ui.parts.label import label
from ui.parts.wizard_page import scrolled
from ui.presenters.connection import ConnectionView
from ui.presenters.forms import Path
from ui.presenters.table_form import Groups, TableForm
from ui.presenters.tone import Tone

WIDTHS = Widths(220, 300)
LIST_PX, NAME_PX = 330, 300


class SettingsPage(QWidget):
    """Signals:

    device_chosen (str), remove_asked (str): a device is to be seen, or to go.
    renamed (str): the device is to be called otherwise.
    edited (TableForm): the device has other settings.
    """

    device_chosen = pyqtSignal(str)
    remove_asked = pyqtSignal(str)
    renamed = pyqtSignal(str)
    edited = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.sentence, self.problems, self.devices = label(role="lead"), label(), DeviceList()
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the device")
        self.name.setFixedWidth(NAME_PX)
        self.rows: dict[Path, FieldRow] = {}
        self._form: TableForm | None = None
        self._device, self._named = "", QWidget()
        self._forms = QVBoxLayout()
        self._devices_area, self._form_area = self._make_devices_area(), self._make_form_area()
        theme.set_tone(self.problems, Tone.CAUTION)
        self.devices.chosen.connect(self.device_chosen)
        self.devices.remove_asked.connect(self.remove_asked)
        self.name.editingFinished.connect(self._rename)
        self._lay_out()

    def show_view(self, view: ConnectionView) -> None:
        """Show the devices, and the name of the one that is chosen."""
        self.sentence.setText(view.sentence)
        self.problems.setText("\n".join(view.problems))
        self.problems.setVisible(bool(view.problems))
        self.devices.show_rows(view.devices, view.device)
        self._named.setVisible(bool(view.device))
        if not self.name.hasFocus():
            self.name.setText(view.device)
        self._device = view.device

    def show_form(self, form: TableForm | None) -> None:
        """Let the settings of the chosen device be edited; without a form there is nothing to edit."""
        self._form = form
        self.name.setText(self._device)
        self._make_rows(())
        self._refresh()
        self._form_area.ensureWidgetVisible(self._named)
        if self._device in self.devices.cards:
            self._devices_area.ensureWidgetVisible(self.devices.cards[self._device])

    def _make_rows(self, groups: Groups) -> None:
        while (item := self._forms.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.rows = {}
        for group, rows in groups:
            self._forms.addWidget(label(group.title, "strong"))
            for row in rows:
                made = self.rows[row.field.path] = FieldRow(row.field, WIDTHS)
                made.entered.connect(partial(self._enter, row.field.path))
                made.spoiled.connect(partial(self._spoil, row.field.path))
                made.given_up.connect(partial(self._give_up, row.field.path))
                self._forms.addWidget(made)
        self._forms.addStretch(1)

    def _refresh(self) -> None:
        groups = self._form.groups if self._form is not None else ()
        shown = {row.field.path: row for _, rows in groups for row in rows}
        if shown.keys() != self.rows.keys():
            self._make_rows(groups)
        for path, row in shown.items():
            self.rows[path].show_row(row, True)

    def _enter(self, path: Path, value: object) -> None:
        assert self._form is not None, "there is a row"
        self._take(self._form.entered(path, value))

    def _spoil(self, path: Path, problem: str) -> None:
        assert self._form is not None, "there is a row"
        self._take(self._form.spoiled(path, problem))

    def _give_up(self, path: Path) -> None:
        assert self._form is not None, "there is a row"
        self._take(self._form.given_up(path))

    def _take(self, form: TableForm) -> None:
        self._form = form
        self._refresh()
        self.edited.emit(form)

    def _rename(self) -> None:
        new = self.name.text().strip()
        if self._device and new != self._device:
            self.renamed.emit(new)

    def _lay_out(self) -> None:
        """The devices stay in sight, however long the form of one of them is."""
        head, areas, column = QVBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        head.addWidget(self.sentence)
        head.addWidget(self.problems)
        head.setSpacing(theme.Space.M)
        areas.addWidget(self._devices_area)
        areas.addWidget(self._form_area, 1)
        areas.setSpacing(theme.Space.M)
        self._devices_area.setFixedWidth(LIST_PX)
        column.setContentsMargins(theme.Space.L, theme.Space.S, 0, 0)
        column.setSpacing(theme.Space.M)
        column.addLayout(head)
        column.addLayout(areas, 1)

    def _make_form_area(self) -> QScrollArea:
        whole, named, title = QWidget(), QHBoxLayout(self._named), label("Name", wrap=False)
        title.setFixedWidth(WIDTHS.label_px)
        named.setContentsMargins(0, 0, 0, 0)
        named.setSpacing(theme.Space.M)
        named.addWidget(title)
        named.addWidget(self.name)
        named.addStretch(1)
        self._forms.setSpacing(theme.Space.XS)
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, theme.Space.L, theme.Space.L)
        column.setSpacing(theme.Space.S)
        column.addWidget(self._named)
        column.addLayout(self._forms, 1)
        return scrolled(whole)

    def _make_devices_area(self) -> QScrollArea:
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, theme.Space.M, theme.Space.L)
        column.addWidget(self.devices)
        column.addStretch(1)
        return scrolled(whole)
