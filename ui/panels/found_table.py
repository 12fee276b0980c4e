"""The table of what was found: thousands of rows, sorted by their headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PyQt5.QtCore import QAbstractTableModel, QModelIndex, Qt, pyqtSignal
from PyQt5.QtWidgets import QWidget

from ui import theme
from ui.icons import icon
from ui.presenters.found import TIPS, Column, FoundRow, card_of

COLUMNS = tuple(Column)
NOWHERE = QModelIndex()
_NUMBERS = (Column.CONFIDENCE, Column.AREA)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class FoundTable(QAbstractTableModel):
    """Rows as they are shown. ``sort_asked`` (Column, bool): a header was pressed; downwards or not."""

    sort_asked = pyqtSignal(object, bool)

    def __init__(self, look: QWidget) -> None:
        """``look``: whose colours hold."""
        super().__init__(look)
        self._look = look
        self._rows: Sequence[FoundRow] = ()

    @property
    def rows(self) -> Sequence[FoundRow]:
        return self._rows

    def show_rows(self, rows: Sequence[FoundRow]) -> None:
        """Show these; where only their contents changed, selection and place in the list stay."""
        same = [row.name for row in rows] == [row.name for row in self._rows]
        if same:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def names(self, indexes: Iterable[QModelIndex]) -> list[str]:
        """What stands in some cells, in the order of the rows."""
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
            case Qt.ItemDataRole.DecorationRole if column is Column.STANDING:
                badge = row.standing.value
                return icon(badge.sign, theme.shades(self._look).of(badge.tone))
            case Qt.ItemDataRole.ToolTipRole:
                return card_of(row.candidate).text
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
