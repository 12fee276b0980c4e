"""The panel of what was found: a list to sort and filter, and the verdicts."""

from __future__ import annotations

from PyQt5.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QAction,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from scopeacq.sections.candidates import Candidates
from ui.panels.accept_row import AcceptRow
from ui.panels.found_table import COLUMNS, FoundTable
from ui.parts.combo_box import CalmComboBox
from ui.presenters import review_edits
from ui.presenters.found import Column, FoundRow, Standing, chosen_rows, in_words, rows_of
from ui.presenters.map_items import found_items
from ui.presenters.wafer_map import Selection
from ui.theme import Space, set_role
from ui.viewport.actions import action
from ui.viewport.review import Review

ROW_PX, LEAST_ROWS = 28, 4
WIDTHS_PX = {Column.NAME: 60, Column.CONFIDENCE: 60, Column.AREA: 84, Column.FLAGS: 70}


class FoundPanel(QWidget):
    """Signals: chosen (frozenset of ids), sought (id), proposed (Edit).

    undo_asked, redo_asked, delete_asked: as on the map.
    """

    chosen = pyqtSignal(object)
    sought = pyqtSignal(str)
    proposed = pyqtSignal(object)
    undo_asked = pyqtSignal()
    redo_asked = pyqtSignal()
    delete_asked = pyqtSignal()

    def __init__(self, review: Review) -> None:
        super().__init__()
        self._candidates, self._rows = Candidates(), list[FoundRow]()
        self._sort, self._downwards = Column.STANDING, False
        self._showing = self._may_edit = False
        self.counts, self.standing, self.sure = QLabel(), CalmComboBox(), AcceptRow()
        self.table = QTableView()
        self.model = FoundTable(self.table)
        self._judging = [
            *review.keys(self),
            action(self, "Remove", "Del", self.delete_asked.emit),
        ]
        action(self, "Undo", "Ctrl+Z", self.undo_asked.emit)
        action(self, "Redo", "Ctrl+Shift+Z", self.redo_asked.emit, "Ctrl+Y")
        self._prepare_filter()
        self._prepare_table()
        self._lay_out()
        self.sure.asked.connect(lambda above: self.proposed.emit(review_edits.accept_above(above)))
        self.show_candidates(Candidates(), may_edit=False)

    def show_candidates(self, candidates: Candidates, *, may_edit: bool) -> None:
        """List these; nothing is made anew where nothing has changed."""
        if candidates is not self._candidates:
            self._candidates, self._rows = candidates, rows_of(candidates)
            self._list()
        elif may_edit == self._may_edit and self.counts.text():
            return
        self._may_edit = may_edit
        self.counts.setText(in_words(self._rows))
        self.sure.show_candidates(candidates, may_edit=may_edit)
        for each in self._judging:
            each.setEnabled(may_edit and bool(self._rows))

    def show_selection(self, selection: Selection) -> None:
        """Mark what is chosen on the map."""
        if self._chosen() == selection.found:
            return
        marked = QItemSelection()
        for n, row in enumerate(self.model.rows):
            if row.name in selection.found:
                marked.select(self.model.index(n, 0), self.model.index(n, len(COLUMNS) - 1))
        self._showing = True
        self._selecting().select(marked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._showing = False
        if len(selection.found) == 1 and marked.indexes():
            self.table.scrollTo(marked.indexes()[0])

    # -- the list -------------------------------------------------------------------------

    def _list(self) -> None:
        standing = self.standing.currentData()
        before = self._chosen()
        self._showing = True
        self.model.show_rows(chosen_rows(self._rows, standing, self._sort, downwards=self._downwards))
        self._showing = False
        if before != self._chosen():
            self.show_selection(Selection(items=found_items(before)))

    def _sort_by(self, column: Column, downwards: bool) -> None:
        self._sort, self._downwards = column, downwards
        self._list()

    def _chosen(self) -> frozenset[str]:
        return frozenset(self.model.names(self._selecting().selectedRows()))

    def _selecting(self) -> QItemSelectionModel:
        model = self.table.selectionModel()
        assert model is not None
        return model

    def _choose(self) -> None:
        if not self._showing:
            self.chosen.emit(self._chosen())

    def _seek(self, index: QModelIndex) -> None:
        self.sought.emit(self.model.rows[index.row()].name)

    # -- the parts ------------------------------------------------------------------------

    def _lay_out(self) -> None:
        set_role(self.counts, "remark")
        self.counts.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.S, Space.M, Space.S, Space.S)
        column.setSpacing(Space.S)
        column.addWidget(self.counts)
        column.addWidget(self.standing)
        column.addWidget(self.table, 1)
        column.addLayout(_row_of(self._judging[:4]))
        column.addLayout(_row_of(self._judging[4:]))
        column.addWidget(self.sure)

    def _prepare_filter(self) -> None:
        self.standing.addItem("All", None)
        for standing in Standing:
            self.standing.addItem(standing.value.word, standing)
        self.standing.setAccessibleName("Show only")
        self.standing.setToolTip("Show only those that stand like this")
        self.standing.currentIndexChanged.connect(lambda _: self._list())

    def _prepare_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName("Found sections")
        table.setShowGrid(False)
        table.setSortingEnabled(True)
        table.sortByColumn(COLUMNS.index(self._sort), Qt.SortOrder.AscendingOrder)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setMinimumHeight(LEAST_ROWS * ROW_PX)
        across, down = table.horizontalHeader(), table.verticalHeader()
        assert across is not None
        assert down is not None
        down.setDefaultSectionSize(ROW_PX)
        down.hide()
        across.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        across.setSectionResizeMode(COLUMNS.index(Column.STANDING), QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS_PX.items():
            table.setColumnWidth(COLUMNS.index(column), width)
        self._selecting().selectionChanged.connect(lambda *_: self._choose())
        table.clicked.connect(self._seek)
        self.model.sort_asked.connect(self._sort_by)


def _row_of(actions: list[QAction]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(Space.XS)
    for each in actions:
        button = QToolButton()
        button.setDefaultAction(each)
        set_role(button, "quiet")
        row.addWidget(button)
    row.addStretch(1)
    return row
