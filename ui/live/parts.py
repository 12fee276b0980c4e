"""Small parts that the tabs of the live view share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QAction,
    QBoxLayout,
    QComboBox,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui import theme
from ui.icons import SignLabel
from ui.parts.combo_box import CalmComboBox
from ui.parts.copying import copy_text
from ui.parts.label import label
from ui.presenters.focusing import Ending
from ui.presenters.tone import Badge, Sign, Tone

ROW_PX = 24


def chooser(tip: str) -> QComboBox:
    """A box to choose from, no wider than it must be."""
    made = CalmComboBox()
    made.setToolTip(tip)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(3)
    return made


def button(text: str, tip: str, done: Callable[[], None], role: str = "", key: str = "") -> QPushButton:
    """A button; its key works wherever the focus is in its window's view."""
    made = QPushButton(text)
    made.setToolTip(f"{tip} ({key})" if key else tip)
    made.clicked.connect(lambda: done())
    if role:
        theme.set_role(made, role)
    return made


def padded(layout: QBoxLayout) -> QBoxLayout:
    """With the distances of a tab."""
    layout.setContentsMargins(theme.Space.M, theme.Space.M, theme.Space.M, theme.Space.M)
    layout.setSpacing(theme.Space.M)
    return layout


class Verdict(QWidget):
    """A state in a word with its sign, and sentences below."""

    def __init__(self, empty: str) -> None:
        super().__init__()
        self._empty = empty
        self.sign = SignLabel(Sign.INFO, Tone.QUIET, 22)
        self.word, self.sentence, self.advice = label(role="lead"), label(), label(role="muted")
        self.word.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        texts = QVBoxLayout()
        texts.setSpacing(theme.Space.XS)
        for part in (self.word, self.sentence, self.advice):
            texts.addWidget(part)
        row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.M)
        row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say what will stand here."""
        self._show(Badge(Tone.QUIET, Sign.INFO, ""), self._empty, "")

    def show_badge(self, badge: Badge, sentence: str, advice: str = "") -> None:
        """Show a state."""
        self._show(badge, sentence, advice)

    def show_ending(self, ending: Ending) -> None:
        """Show what a correction came to."""
        self._show(ending.badge, ending.what, ending.advice)

    def _show(self, badge: Badge, sentence: str, advice: str) -> None:
        self.sign.show_sign(badge.sign, badge.tone)
        self.word.setText(badge.word)
        theme.set_tone(self.word, badge.tone)
        for part, text in ((self.word, badge.word), (self.sentence, sentence), (self.advice, advice)):
            part.setText(text)
            part.setVisible(bool(text))


class Table(QTableWidget):
    """Rows of texts to look at; Ctrl+C and the context menu copy what is chosen."""

    def __init__(self, head: Sequence[str], tip: str = "") -> None:
        super().__init__(0, len(head))
        self.setHorizontalHeaderLabels(list(head))
        self.setToolTip(tip)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        theme.set_role(self, "plain")
        self.setWordWrap(False)
        if (rows := self.verticalHeader()) is not None:
            rows.setVisible(False)
            rows.setDefaultSectionSize(ROW_PX)
        if (columns := self.horizontalHeader()) is not None:
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setStretchLastSection(True)
            columns.setHighlightSections(False)
            columns.setMinimumSectionSize(theme.Space.L)
            columns.setDefaultAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignLeft)
        copy = QAction("Copy", self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(lambda: copy_text(self.text()))
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Show these instead of those before."""
        self.setRowCount(len(rows))
        for n, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setFont(theme.font(theme.FontPt.SMALL))
                self.setItem(n, column, item)

    def text(self) -> str:
        """The chosen row, or without one all of them, with tabs between cells."""
        chosen = sorted({index.row() for index in self.selectedIndexes()}) or range(self.rowCount())
        return "\n".join("\t".join(self._cell(row, n) for n in range(self.columnCount())) for row in chosen)

    def _cell(self, row: int, column: int) -> str:
        item = self.item(row, column)
        return item.text() if item is not None else ""
