"""The page on which an operator decides, before the night, what the run does about errors by itself."""

from __future__ import annotations

from functools import partial

from PyQt5.QtCore import QObject, Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from scopeacq.plan.project import PolicySettings, Project
from ui import theme
from ui.forms.row import FieldRow
from ui.parts.combo_box import CalmComboBox
from ui.presenters.form_rows import Row
from ui.presenters.forms import Path, fields_of
from ui.presenters.policies import NightView, Option, PolicyRow
from ui.presenters.tone import Tone

TITLE_PX, CHOICE_PX = 120, 196
NUMBERS: tuple[Path, ...] = (
    ("imaging", "retakes"),
    ("policies", "retries"),
    ("policies", "interlock_wait_s"),
    ("gate", "accept_sections"),
    ("gate", "accept_tiles_per_cycle"),
)
"""What belongs to the night beside the policies."""


class PolicyPage(QScrollArea):
    """Shows a ``NightView``; says what is to be changed.

    Signals:
        entered (path, value), spoiled (path, why), given_up (path): as of any form.
        committed: the operator is done with a value for now.
    """

    entered = pyqtSignal(tuple, object)
    spoiled = pyqtSignal(tuple, str)
    given_up = pyqtSignal(tuple)
    committed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sentences = QLabel()
        self._presets, self._preset_buttons = QHBoxLayout(), QButtonGroup(self)
        self._table = QGridLayout()
        self._lines: dict[str, _Line] = {}
        self.numbers = {path: self._number(path) for path in NUMBERS}
        self._lay_out()

    def show_night(self, view: NightView, numbers: dict[Path, Row], editable: bool) -> None:
        """Show policies and numbers as they are now."""
        self._sentences.setText("\n".join(view.sentences))
        if not self._preset_buttons.buttons():
            self._offer_presets(view)
        for button in self._preset_buttons.buttons():
            button.setChecked(view.preset is not None and button.text() == view.preset.name)
            button.setEnabled(editable)
        for n, row in enumerate(view.rows):
            self._line(n, row).show_row(row, editable)
        for path, number in numbers.items():
            self.numbers[path].show_row(number, editable)

    def choice(self, row: PolicyRow) -> CalmComboBox:
        """The list of a kind of error. Raises ``KeyError``."""
        return self._lines[row.kind.name].choice

    def _line(self, n: int, row: PolicyRow) -> _Line:
        if row.kind.name not in self._lines:
            line = self._lines[row.kind.name] = _Line(row)
            line.chosen.connect(partial(self._choose, row.path))
            for column, widget in enumerate((line.title, line.choice, line.words)):
                self._table.addWidget(widget, n, column, Qt.AlignmentFlag.AlignTop)
        return self._lines[row.kind.name]

    def _choose(self, path: Path, value: object) -> None:
        self.entered.emit(path, value)
        self.committed.emit()

    def _offer_presets(self, view: NightView) -> None:
        self._preset_buttons.setExclusive(False)
        for preset in view.presets:
            button = QToolButton()
            button.setText(preset.name)
            button.setCheckable(True)
            button.setToolTip(preset.description)
            button.clicked.connect(partial(self._take, preset.policies))
            self._preset_buttons.addButton(button)
            self._presets.addWidget(button)
        self._presets.addStretch(1)

    def _take(self, policies: PolicySettings, _checked: bool) -> None:
        self._choose(("policies",), policies.model_dump())

    def _number(self, path: Path) -> FieldRow:
        made = FieldRow(fields_of(Project)[path])
        made.entered.connect(partial(self.entered.emit, path))
        made.spoiled.connect(partial(self.spoiled.emit, path))
        made.given_up.connect(partial(self.given_up.emit, path))
        made.committed.connect(self.committed)
        return made

    def _lay_out(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.XL)
        column.setSpacing(theme.Space.M)
        theme.set_role(self._sentences, "lead")
        self._sentences.setWordWrap(True)
        self._sentences.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._sentences.setToolTip("The night in a few sentences, made of what is set below.")
        column.addWidget(self._sentences)
        column.addSpacing(theme.Space.S)
        column.addLayout(self._presets)
        column.addSpacing(theme.Space.S)
        self._table.setHorizontalSpacing(theme.Space.L)
        self._table.setVerticalSpacing(theme.Space.M)
        self._table.setColumnStretch(2, 1)
        column.addLayout(self._table)
        column.addSpacing(theme.Space.L)
        for number in self.numbers.values():
            column.addWidget(number)
        column.addStretch(1)
        self.setWidget(page)


class _Line(QObject):
    """A kind of error: its name, a list of what can be done, and what that means."""

    chosen = pyqtSignal(object)

    def __init__(self, row: PolicyRow) -> None:
        super().__init__()
        self.title, self.choice, self.words = QLabel(row.title), CalmComboBox(), QLabel()
        self._options: tuple[Option, ...] = ()
        self.title.setFixedWidth(TITLE_PX)
        self.title.setMinimumHeight(self.choice.sizeHint().height())
        self.title.setToolTip(row.happens)
        self.choice.setFixedWidth(CHOICE_PX)
        self.choice.setAccessibleName(row.title)
        self.choice.setToolTip(row.happens)
        self.choice.activated.connect(lambda index: self.chosen.emit(self._options[index].policy))
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_tone(self.words, Tone.QUIET)

    def show_row(self, row: PolicyRow, editable: bool) -> None:
        """Show what is chosen and what that means."""
        if row.options != self._options:
            self._options = row.options
            self.choice.clear()
            self.choice.addItems([option.text for option in row.options])
        self.choice.setCurrentIndex([option.policy for option in row.options].index(row.chosen))
        self.choice.setEnabled(editable)
        self.words.setText(row.consequence)
