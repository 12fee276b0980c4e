"""The panel of sections: a list to filter, sort and drag, and a form for what is chosen."""

from __future__ import annotations

from PyQt5.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QAction,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QMenu,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from scopeacq.telling.wording import counted
from ui.panels.arrange_form import ArrangeForm
from ui.panels.section_table import COLUMNS, SectionTable
from ui.parts.combo_box import CalmComboBox
from ui.parts.copying import copy_text
from ui.presenters import edits
from ui.presenters.section_list import Column, SectionRow, SectionRows, SectionState, chosen_rows
from ui.presenters.wafer_map import Hit, Selection, WaferMap
from ui.theme import Space
from ui.viewport.actions import action
from ui.viewport.menu import menu_of, ways_from, wish_entries

ROW_PX = 28
LEAST_ROWS = 4
WIDTHS_PX = {Column.PLACE: 44, Column.NAME: 64, Column.TILES: 52, Column.SCORE: 70}


class SectionsPanel(QWidget):
    """Signals: chosen (Selection), sought (id), proposed (Edit), undo_asked, redo_asked.

    slices_wanted, plots_wanted (Hit): show what is known of a section.
    wished (Wish): something is asked of the cycle under way.
    """

    chosen = pyqtSignal(object)
    sought = pyqtSignal(str)
    proposed = pyqtSignal(object)
    undo_asked = pyqtSignal()
    redo_asked = pyqtSignal()
    slices_wanted = pyqtSignal(object)
    plots_wanted = pyqtSignal(object)
    wished = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._kept, self._rows = SectionRows(), list[SectionRow]()
        self._shown = WaferMap()
        self._sort, self._downwards = Column.PLACE, False
        self._showing = False
        self.words, self.state = QLineEdit(), CalmComboBox()
        self.table, self.form = QTableView(), ArrangeForm()
        self.model = SectionTable(self.table)
        self._prepare_filter()
        self._prepare_table()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.S, Space.M, Space.S, Space.S)
        column.setSpacing(Space.S)
        column.addLayout(self._filter_row())
        column.addWidget(self.table, 1)
        column.addWidget(self.form)
        self.form.proposed.connect(self.proposed)
        action(self, "Undo", "Ctrl+Z", self.undo_asked.emit)
        action(self, "Redo", "Ctrl+Shift+Z", self.redo_asked.emit, "Ctrl+Y")

    def show_map(self, shown: WaferMap, *, may_edit: bool) -> None:
        """List the sections of this map."""
        self._shown, self._rows = shown, self._kept.of(shown)
        self.model.may_move = may_edit and self._in_route_order
        self._list()
        self.form.show_map(shown, may_edit=may_edit)

    def show_selection(self, selection: Selection) -> None:
        """Mark what is chosen on the map."""
        self.form.show_selection(selection)
        if self._selected_ids() == selection.sections:
            return
        marked = QItemSelection()
        last = len(COLUMNS) - 1
        for n, row in enumerate(self.model.rows):
            if row.name in selection.sections:
                marked.select(self.model.index(n, 0), self.model.index(n, last))
        self._showing = True
        selecting = self._selecting()
        selecting.select(marked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._showing = False
        if len(selection.sections) == 1 and marked.indexes():
            self.table.scrollTo(marked.indexes()[0])

    # -- the list -------------------------------------------------------------------------

    @property
    def _in_route_order(self) -> bool:
        """Whether rows stand as they are imaged, so that dragging one means something."""
        whole = self.state.currentData() is None and not self.words.text().strip()
        return whole and self._sort is Column.PLACE and not self._downwards

    def _list(self) -> None:
        state = self.state.currentData()
        rows = chosen_rows(self._rows, state, self.words.text(), self._sort, downwards=self._downwards)
        before = self._selected_ids()
        self._showing = True
        self.model.show_rows(rows)
        self._showing = False
        if before != self._selected_ids():
            self.show_selection(Selection(before))
        self.words.setPlaceholderText(f"Find among {counted(len(self._rows), 'section')}")

    def _refilter(self) -> None:
        self.model.may_move = self.form.may_edit and self._in_route_order
        self._list()

    def _sort_by(self, column: Column, downwards: bool) -> None:
        self._sort, self._downwards = column, downwards
        self._refilter()

    def _selected_ids(self) -> frozenset[str]:
        return frozenset(self.model.ids(self._selecting().selectedRows()))

    def _selecting(self) -> QItemSelectionModel:
        model = self.table.selectionModel()
        assert model is not None
        return model

    def _choose(self) -> None:
        if not self._showing:
            self.chosen.emit(Selection(self._selected_ids()))

    def _seek(self, index: QModelIndex) -> None:
        self.sought.emit(self.model.rows[index.row()].name)

    # -- the parts ------------------------------------------------------------------------

    def _filter_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.words, 1)
        row.addWidget(self.state)
        return row

    def _prepare_filter(self) -> None:
        self.words.setClearButtonEnabled(True)
        self.words.setToolTip("Show only sections whose names hold this")
        self.words.textChanged.connect(lambda _: self._refilter())
        self.state.addItem("All states", None)
        for state in SectionState:
            self.state.addItem(state.value.word, state)
        self.state.setToolTip("Show only sections that are in this state in this cycle")
        self.state.currentIndexChanged.connect(lambda _: self._refilter())

    def _prepare_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName("Sections")
        table.setShowGrid(False)
        table.setSortingEnabled(True)
        table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        table.setDragDropOverwriteMode(False)
        table.setMinimumHeight(LEAST_ROWS * ROW_PX)
        across, down = table.horizontalHeader(), table.verticalHeader()
        assert across is not None
        assert down is not None
        down.setDefaultSectionSize(ROW_PX)
        down.hide()
        across.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        across.setSectionResizeMode(COLUMNS.index(Column.STATE), QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS_PX.items():
            table.setColumnWidth(COLUMNS.index(column), width)
        self._selecting().selectionChanged.connect(lambda *_: self._choose())
        table.clicked.connect(self._seek)
        self.model.sort_asked.connect(self._sort_by)
        self.model.moved.connect(lambda ids, before: self.proposed.emit(edits.reorder(ids, before)))
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)
        self._copy_action = QAction("Copy rows", table)
        self._copy_action.setShortcut("Ctrl+C")
        self._copy_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._copy_action.triggered.connect(lambda: self._copy())
        table.addAction(self._copy_action)

    def menu_of(self, section: str) -> QMenu:
        """What can be done with a section of the list."""
        ways = ways_from(Hit(section), self.slices_wanted.emit, self.plots_wanted.emit)
        wishes = wish_entries(self._shown, Hit(section), self.wished.emit)
        return menu_of(self, ways, wishes, [self._copy_action])

    def _show_menu(self, at: QPoint) -> None:
        index = self.table.indexAt(at)
        if index.isValid():
            menu = self.menu_of(self.model.rows[index.row()].name)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            viewport = self.table.viewport()
            assert viewport is not None
            menu.popup(viewport.mapToGlobal(at))

    def _copy(self) -> None:
        chosen = self._selected_ids()
        lines = ["\t".join(column.value for column in COLUMNS)]
        lines += [
            "\t".join(row.text(column) for column in COLUMNS)
            for row in self.model.rows
            if row.name in chosen
        ]
        copy_text("\n".join(lines))
