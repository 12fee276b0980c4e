"""A table of rows that say themselves what stands in their columns: thousands of them, to be sorted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from PyQt5.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    Qt,
    pyqtSignal,
)
from PyQt5.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from ui import theme
from ui.icons import icon
from ui.presenters.tone import Badge

ROW_PX, LEAST_ROWS = 28, 3
NOWHERE = QModelIndex()
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

ColumnT = TypeVar("ColumnT", bound=Enum)
AskedT = TypeVar("AskedT", bound=Enum, contravariant=True)


class Row(Protocol[AskedT]):
    """One row. ``badge`` gives the sign of the column that has one; ``tip`` explains the row."""

    @property
    def name(self) -> str: ...

    @property
    def badge(self) -> Badge: ...

    @property
    def tip(self) -> str: ...

    def text(self, column: AskedT, /) -> str: ...


RowT = TypeVar("RowT", bound=Row[Any])


@dataclass(frozen=True)
class Columns(Generic[ColumnT]):
    """What columns there are: their tips, which of them hold numbers, the one with a sign, their widths."""

    tips: Mapping[ColumnT, str]
    numbers: frozenset[ColumnT]
    signed: ColumnT
    widths_px: Mapping[ColumnT, int]

    @property
    def all(self) -> tuple[ColumnT, ...]:
        return tuple(self.tips)


class RowTable(QAbstractTableModel, Generic[RowT]):
    """Rows as they are shown. ``sort_asked`` (column, bool): a header was pressed; downwards or not."""

    sort_asked = pyqtSignal(object, bool)

    def __init__(self, columns: Columns[Any], view: QTableView) -> None:
        super().__init__(view)
        self._columns, self._view = columns, view
        self._rows: Sequence[RowT] = ()

    @property
    def rows(self) -> Sequence[RowT]:
        return self._rows

    def show_rows(self, rows: Sequence[RowT]) -> None:
        """Show these; where only their contents changed, selection and place in the list stay."""
        if [row.name for row in rows] != [row.name for row in self._rows]:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        self._rows = rows
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, self.columnCount() - 1))

    def chosen(self) -> list[RowT]:
        """The rows that are chosen in the view, as they stand."""
        selecting = self._view.selectionModel()
        assert selecting is not None
        return [self._rows[n] for n in sorted({index.row() for index in selecting.selectedRows()})]

    # -- what Qt asks ---------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._columns.all)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], self._columns.all[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return row.text(column)
            case Qt.ItemDataRole.DecorationRole if column is self._columns.signed:
                return icon(row.badge.sign, theme.shades(self._view).of(row.badge.tone))
            case Qt.ItemDataRole.ToolTipRole:
                return row.tip
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._alignment(column)
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self._columns.all[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.value
            case Qt.ItemDataRole.ToolTipRole:
                return self._columns.tips[column]
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._alignment(column)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.sort_asked.emit(self._columns.all[column], order == Qt.SortOrder.DescendingOrder)

    def _alignment(self, column: Enum) -> int:
        return _RIGHT if column in self._columns.numbers else _LEFT


def prepared(view: QTableView, name: str, columns: Columns[Any]) -> RowTable[Any]:
    """Make a view one of whole rows, and give it its model."""
    model: RowTable[Any] = RowTable(columns, view)
    view.setModel(model)
    view.setAccessibleName(name)
    view.setShowGrid(False)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setMinimumHeight(LEAST_ROWS * ROW_PX)
    across, down = view.horizontalHeader(), view.verticalHeader()
    assert across is not None
    assert down is not None
    down.setDefaultSectionSize(ROW_PX)
    down.hide()
    across.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    across.setSectionResizeMode(columns.all.index(columns.signed), QHeaderView.ResizeMode.Stretch)
    for column, width in columns.widths_px.items():
        view.setColumnWidth(columns.all.index(column), width)
    return model


def mark(view: QTableView, names: Iterable[str], model: RowTable[Any]) -> None:
    """Choose the rows of these names, and scroll to one that is alone."""
    wanted, marked = frozenset(names), QItemSelection()
    for n, row in enumerate(model.rows):
        if row.name in wanted:
            marked.select(model.index(n, 0), model.index(n, model.columnCount() - 1))
    selecting = view.selectionModel()
    assert selecting is not None
    selecting.select(marked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    if len(wanted) == 1 and marked.indexes():
        view.scrollTo(marked.indexes()[0])
