"""The table of sections: thousands of rows, sorted by their headers, dragged to change the route."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from PyQt5.QtCore import QAbstractTableModel, QByteArray, QMimeData, QModelIndex, Qt, pyqtSignal
from PyQt5.QtWidgets import QWidget

from ui import theme
from ui.icons import icon
from ui.presenters.section_list import TIPS, Column, SectionRow

MIME = "application/x-scopeacq-sections"
COLUMNS = tuple(Column)
NOWHERE = QModelIndex()
_NUMBERS = (Column.PLACE, Column.TILES, Column.SCORE)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class SectionTable(QAbstractTableModel):
    """Rows as they are shown.

    Signals:
        sort_asked (Column, bool): a header was pressed; downwards or not.
        moved (list of ids, id or None): rows were dragged before another one, or to the end.
    """

    sort_asked = pyqtSignal(object, bool)
    moved = pyqtSignal(object, object)

    def __init__(self, look: QWidget) -> None:
        """``look``: whose colours hold."""
        super().__init__(look)
        self._look = look
        self._rows: Sequence[SectionRow] = ()
        self.may_move = False

    @property
    def rows(self) -> Sequence[SectionRow]:
        return self._rows

    def show_rows(self, rows: Sequence[SectionRow]) -> None:
        """Show these; where only their numbers changed, selection and place in the list stay."""
        same = [row.name for row in rows] == [row.name for row in self._rows]
        if same:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def ids(self, indexes: Iterable[QModelIndex]) -> list[str]:
        """The sections of some cells, in the order of the rows."""
        return [self._rows[n].name for n in sorted({index.row() for index in indexes})]

    # -- what Qt asks ---------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return row.text(column)
            case Qt.ItemDataRole.DecorationRole if column is Column.STATE:
                badge = row.state.value
                return icon(badge.sign, theme.shades(self._look).of(badge.tone))
            case Qt.ItemDataRole.ToolTipRole:
                return f"{row.name}: {row.state.value.word}. {TIPS[column]}."
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if column in _NUMBERS else _LEFT
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section].value
            case Qt.ItemDataRole.ToolTipRole:
                return TIPS[COLUMNS[section]]
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if COLUMNS[section] in _NUMBERS else _LEFT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.sort_asked.emit(COLUMNS[column], order == Qt.SortOrder.DescendingOrder)

    def flags(self, index: QModelIndex) -> Qt.ItemFlags:
        flags = super().flags(index)
        if not self.may_move:
            return flags
        own = Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else Qt.ItemFlag.ItemIsDropEnabled
        return Qt.ItemFlags(flags | own)

    def supportedDropActions(self) -> Qt.DropActions:  # noqa: N802
        return Qt.DropActions(Qt.DropAction.MoveAction)

    def mimeTypes(self) -> list[str]:  # noqa: N802
        return [MIME]

    def mimeData(self, indexes: Iterable[QModelIndex]) -> QMimeData:  # noqa: N802
        data = QMimeData()
        data.setData(MIME, QByteArray(json.dumps(self.ids(indexes)).encode()))
        return data

    def dropMimeData(  # noqa: N802
        self,
        data: QMimeData | None,
        action: Qt.DropAction,
        row: int,
        column: int,
        parent: QModelIndex,
    ) -> bool:
        """Tell where rows were dropped. False, or the view would remove them from where they were."""
        if data is not None and data.hasFormat(MIME):
            place = row if row >= 0 else parent.row() if parent.isValid() else len(self._rows)
            ids = json.loads(bytes(data.data(MIME)))
            behind = (r.name for r in self._rows[place:] if r.name not in ids)
            self.moved.emit(ids, next(behind, None))
        return False
