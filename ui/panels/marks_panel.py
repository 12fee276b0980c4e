"""The panel of landmarks and fiducials: where they lie, how well they fit, and measuring them by hand."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QModelIndex, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from ui.parts.row_table import Columns, RowTable, mark, prepared
from ui.presenters import mark_edits
from ui.presenters.landmarks import TIPS, Column, MarkRow, MarksShown
from ui.presenters.map_items import ItemKind
from ui.presenters.wafer_map import Selection
from ui.theme import Space, set_role, set_tone
from ui.viewport.actions import action

COLUMNS = Columns(
    TIPS,
    frozenset({Column.WAFER, Column.STAGE, Column.RESIDUAL}),
    Column.NAME,
    {Column.WAFER: 84, Column.STAGE: 84, Column.RESIDUAL: 44},
)


class MarksPanel(QWidget):
    """Signals: chosen (frozenset of items), sought (Item), proposed (Edit).

    go_asked (MarkRow): send the stage there. measure_asked (id): the landmark is in the middle of what the
    beam sees now. undo_asked, redo_asked, delete_asked: as on the map.
    """

    chosen = pyqtSignal(object)
    sought = pyqtSignal(object)
    proposed = pyqtSignal(object)
    go_asked = pyqtSignal(object)
    measure_asked = pyqtSignal(str)
    undo_asked = pyqtSignal()
    redo_asked = pyqtSignal()
    delete_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._marks, self._may_edit, self._showing = MarksShown(), False, False
        self.verdict, self.table = QLabel(), QTableView()
        self.model: RowTable[MarkRow] = prepared(self.table, "Landmarks and fiducials", COLUMNS)
        self.go = _button("Go there \N{HORIZONTAL ELLIPSIS}", "Plan the stage's way to it; you confirm it")
        self.measure = _button("Measure here", "It lies in the middle of what the beam sees now")
        self.forget = _button("Forget place", "Nobody knows any more where the stage shows it")
        self._remove = action(self, "Remove", "Del", self.delete_asked.emit)
        action(self, "Undo", "Ctrl+Z", self.undo_asked.emit)
        action(self, "Redo", "Ctrl+Shift+Z", self.redo_asked.emit, "Ctrl+Y")
        self._lay_out()
        self._connect()
        self._refresh()

    def show_marks(self, marks: MarksShown, *, may_edit: bool) -> None:
        """List these; nothing is made anew where nothing has changed."""
        if marks is self._marks and may_edit == self._may_edit:
            return
        self._marks, self._may_edit = marks, may_edit
        before = [row.name for row in self.model.chosen()]
        self._showing = True
        self.model.show_rows(marks.rows)
        mark(self.table, before, self.model)
        self._showing = False
        self.verdict.setText(marks.verdict)
        set_tone(self.verdict, marks.tone)
        self._refresh()

    def show_selection(self, selection: Selection) -> None:
        """Mark what is chosen on the map."""
        names = selection.named(ItemKind.LANDMARK) | selection.named(ItemKind.FIDUCIAL)
        if names != {row.name for row in self.model.chosen()}:
            self._showing = True
            mark(self.table, names, self.model)
            self._showing = False
        self._refresh()

    def _alone(self) -> MarkRow | None:
        """The one mark that is chosen."""
        chosen = self.model.chosen()
        return chosen[0] if len(chosen) == 1 else None

    def _refresh(self) -> None:
        row = self._alone()
        landmark = row is not None and row.item.kind is ItemKind.LANDMARK and self._may_edit
        self.go.setEnabled(row is not None)
        self.measure.setEnabled(landmark)
        self.forget.setEnabled(landmark and row is not None and row.stage_um is not None)
        self._remove.setEnabled(self._may_edit and bool(self.model.chosen()))

    def _choose(self) -> None:
        if not self._showing:
            self.chosen.emit(frozenset(row.item for row in self.model.chosen()))
        self._refresh()

    def _seek(self, index: QModelIndex) -> None:
        self.sought.emit(self.model.rows[index.row()].item)

    def _connect(self) -> None:
        selecting = self.table.selectionModel()
        assert selecting is not None
        selecting.selectionChanged.connect(lambda *_: self._choose())
        self.table.clicked.connect(self._seek)
        self.go.clicked.connect(lambda: self._with_alone(self.go_asked.emit))
        self.measure.clicked.connect(lambda: self._with_alone(self._measure))
        self.forget.clicked.connect(lambda: self._with_alone(self._forget))

    def _with_alone(self, do: Callable[[MarkRow], None]) -> None:
        row = self._alone()
        if row is not None:
            do(row)

    def _measure(self, row: MarkRow) -> None:
        self.measure_asked.emit(row.name)

    def _forget(self, row: MarkRow) -> None:
        self.proposed.emit(mark_edits.measure_landmark(row.name, None))

    def _lay_out(self) -> None:
        set_role(self.verdict, "remark")
        self.verdict.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.S, Space.M, Space.S, Space.S)
        column.setSpacing(Space.S)
        column.addWidget(self.verdict)
        column.addWidget(self.table, 1)
        for buttons in ((self.go, self.measure), (self.forget,)):
            row = QHBoxLayout()
            row.setSpacing(Space.XS)
            for button in buttons:
                row.addWidget(button)
            row.addStretch(1)
            column.addLayout(row)


def _button(text: str, tip: str) -> QPushButton:
    made = QPushButton(text)
    made.setToolTip(tip)
    set_role(made, "quiet")
    return made
