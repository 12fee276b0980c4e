"""The panel of what was found: a list to sort and filter, and the verdicts."""

from __future__ import annotations

from PyQt5.QtCore import QModelIndex, Qt, pyqtSignal
from PyQt5.QtWidgets import QAction, QHBoxLayout, QLabel, QTableView, QToolButton, QVBoxLayout, QWidget

from scopeacq.sections.candidates import Candidates
from ui.panels.accept_row import AcceptRow
from ui.parts.combo_box import CalmComboBox
from ui.parts.row_table import Columns, RowTable, mark, prepared
from ui.presenters import review_edits
from ui.presenters.found import TIPS, Column, FoundRow, Standing, chosen_rows, in_words, rows_of
from ui.presenters.map_items import found_items
from ui.presenters.wafer_map import Selection
from ui.theme import Space, set_role
from ui.viewport.actions import action
from ui.viewport.review import Review

COLUMNS = Columns(
    TIPS,
    frozenset({Column.CONFIDENCE, Column.AREA}),
    Column.STANDING,
    {Column.NAME: 64, Column.CONFIDENCE: 54, Column.AREA: 54, Column.FLAGS: 62},
)

AT_HAND = ("Accept", "Reject", "Merge", "Next")
"""Verdicts that have a button; all stand in the menu of the right mouse button, too."""


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
        self.model: RowTable[FoundRow] = prepared(self.table, "Found sections", COLUMNS)
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
        self._showing = True
        mark(self.table, selection.found, self.model)
        self._showing = False

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
        return frozenset(row.name for row in self.model.chosen())

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
        column.addLayout(_row_of([each for each in self._judging if each.text() in AT_HAND]))
        column.addWidget(self.sure)

    def _prepare_filter(self) -> None:
        self.standing.addItem("All", None)
        for standing in Standing:
            self.standing.addItem(standing.value.word, standing)
        self.standing.setAccessibleName("Show only")
        self.standing.setToolTip("Show only those that stand like this")
        self.standing.currentIndexChanged.connect(lambda _: self._list())

    def _prepare_table(self) -> None:
        self.model.sort_asked.connect(self._sort_by)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(COLUMNS.all.index(Column.STANDING), Qt.SortOrder.AscendingOrder)
        selecting = self.table.selectionModel()
        assert selecting is not None
        selecting.selectionChanged.connect(lambda *_: self._choose())
        self.table.clicked.connect(self._seek)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.table.addActions(self._judging)


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
