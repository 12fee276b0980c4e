"""The event log: searchable, each event with what it means and what to do, to be copied."""

from __future__ import annotations

from html import escape

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from ui import theme
from ui.panels.log_delegate import ENTRY, EntryDelegate
from ui.parts.combo_box import CalmComboBox
from ui.parts.copying import copy_text
from ui.parts.tick_box import TickBox
from ui.presenters.event_log import Entry, EventLog

SEARCH_DELAY_MS = 150
ALL_KINDS = "All kinds"
NOTHING = "What happens in the run is listed here, with what it means and what to do."
NOTHING_FOUND = "No such event. 'Every step' searches all of them."


class LogPanel(QWidget):
    """Shows an ``EventLog``; tell it by ``refresh`` that there is more.

    ``place_wanted`` (Hit): the section or tile that an event names is to be shown.
    """

    place_wanted = pyqtSignal(object)

    def __init__(self, log: EventLog) -> None:
        super().__init__()
        self._log = log
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.kind = CalmComboBox()
        self.kind.addItem(ALL_KINDS)
        self.kind.setToolTip("List events of one kind alone")
        self.routine = TickBox("Every step")
        self.routine.setToolTip("Also list each step and each tile that is sharp.")
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the selected events, or all that are listed, with meaning and advice.")
        self.model, self.list = _Entries(self), QListView()
        self.detail, self.nothing = QLabel(), QLabel(NOTHING)
        self.show_place = QPushButton("On the wafer")
        self.show_place.setToolTip("Show the section or tile that the selected event names (double-click)")
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(SEARCH_DELAY_MS)
        self._delay.timeout.connect(self._search)
        self._prepare_list()
        self._lay_out()
        self.search.textChanged.connect(lambda: self._delay.start())
        self.routine.toggled.connect(lambda: self._search())
        self.kind.activated.connect(lambda _: self._search())
        self.copy.clicked.connect(lambda: self.copy_entries())
        self.show_place.clicked.connect(lambda: self._seek())
        self.list.doubleClicked.connect(lambda _: self._seek())

    def refresh(self) -> None:
        """There is more; many entries in a moment are shown together."""
        if not self._delay.isActive():
            self._delay.start()

    @property
    def listed(self) -> list[Entry]:
        """The entries that are listed, oldest first."""
        return self.model.entries

    def copy_entries(self) -> None:
        """Put the selected entries, or else all that are listed, on the clipboard."""
        rows = sorted(index.row() for index in self._selection())
        chosen = [self.listed[row] for row in rows] or self.listed
        copy_text("\n".join(entry.as_text() for entry in chosen))

    def _selection(self) -> list[QModelIndex]:
        selected = self.list.selectionModel()
        return selected.selectedIndexes() if selected is not None else []

    @property
    def _selected(self) -> Entry | None:
        """The entry that is explained."""
        rows = [index.row() for index in self._selection()]
        return self.listed[rows[-1]] if rows else None

    def _seek(self) -> None:
        if (entry := self._selected) is not None and entry.place is not None:
            self.place_wanted.emit(entry.place)

    def _search(self) -> None:
        bar = self.list.verticalScrollBar()
        at_end = bar is None or bar.value() >= bar.maximum() - 4
        self._offer_kinds()
        kind = self.kind.currentText() if self.kind.currentIndex() > 0 else ""
        self.model.show_entries(self._log.matching(self.search.text(), self.routine.isChecked(), kind))
        self._say_whether_empty()
        if at_end:
            self.list.scrollToBottom()

    def _offer_kinds(self) -> None:
        """All kinds that there are, and the one that is listed for as long as it is wanted."""
        offered = [self.kind.itemText(n) for n in range(1, self.kind.count())]
        kept = {self.kind.currentText()} if self.kind.currentIndex() > 0 else set()
        kinds = sorted(kept.union(self._log.kinds(self.routine.isChecked())))
        if kinds != offered:
            wanted = self.kind.currentText()
            self.kind.clear()
            self.kind.addItems([ALL_KINDS, *kinds])
            self.kind.setCurrentText(wanted)

    def _say_whether_empty(self) -> None:
        self.list.setVisible(bool(self.listed))
        self.nothing.setVisible(not self.listed)
        sought = bool(self.search.text()) or self.kind.currentIndex() > 0
        self.nothing.setText(NOTHING_FOUND if sought else NOTHING)

    def _show_detail(self) -> None:
        entry = self._selected
        self.detail.setVisible(entry is not None)
        self._offer_place(entry)
        if entry is not None:
            self.detail.setText(_explained(entry))

    def _offer_place(self, entry: Entry | None) -> None:
        """Few events name a place, and the bar is narrow."""
        named = entry is not None and entry.place is not None
        self.show_place.setEnabled(named)
        self.show_place.setVisible(named)

    def _prepare_list(self) -> None:
        self.list.setModel(self.model)
        self.list.setItemDelegate(EntryDelegate(self.list))
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        selected = self.list.selectionModel()
        assert selected is not None
        selected.selectionChanged.connect(lambda *_: self._show_detail())
        copying = QShortcut(
            QKeySequence.StandardKey.Copy, self.list, context=Qt.ShortcutContext.WidgetShortcut
        )
        copying.activated.connect(lambda: self.copy_entries())

    def _lay_out(self) -> None:
        self.detail.setWordWrap(True)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.detail.setVisible(False)
        theme.set_role(self.nothing, "muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignTop)
        top = QHBoxLayout()
        top.setSpacing(theme.Space.M)
        top.addWidget(self.search, 1)
        top.addWidget(self.kind)
        top.addWidget(self.routine)
        top.addWidget(self.show_place)
        top.addWidget(self.copy)
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        box.setSpacing(theme.Space.M)
        box.addLayout(top)
        box.addWidget(self.list, 1)
        box.addWidget(self.nothing, 1)
        box.addWidget(self.detail)
        self._offer_place(None)
        self._say_whether_empty()


def _explained(entry: Entry) -> str:
    """An entry as rich text."""
    parts = {"": entry.text, "What it means": entry.means, "What to do": entry.advice}
    lines = (
        f"<b>{name}.</b> {escape(text)}" if name else escape(text) for name, text in parts.items() if text
    )
    return "".join(f"<p>{line}</p>" for line in lines)


class _Entries(QAbstractListModel):
    """The listed entries. What only grew is inserted, so that selection and scrolling stay."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []

    def show_entries(self, entries: list[Entry]) -> None:
        before = len(self.entries)
        if len(entries) > before and entries[:before] == self.entries:
            self.beginInsertRows(QModelIndex(), before, len(entries) - 1)
            self.entries = entries
            self.endInsertRows()
        elif entries != self.entries:
            self.beginResetModel()
            self.entries = entries
            self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self.entries[index.row()]
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.as_text()
        return entry.text if role == Qt.ItemDataRole.DisplayRole else None
