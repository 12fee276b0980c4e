"""The fourth step: all that is safe is tried, and reported."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.parts.label import label
from ui.parts.tick_box import TickBox
from ui.parts.wizard_page import WizardPage
from ui.prepare.step_card import main_button, side_button
from ui.presenters.connection import CheckRow, ConnectionView
from ui.presenters.connection_state import Doing
from ui.presenters.tone import Tone

WITH_BEAM = "Scan one small frame, where EHT is on and the column valve open already"


class TestPage(WizardPage):
    """Signals:

    test_asked (bool): try what is safe, with electrons where True.
    stop_asked, report_asked: end it after the check under way; show the report.
    """

    __test__ = False
    test_asked = pyqtSignal(bool)
    stop_asked = pyqtSignal()
    report_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.sentence, self.with_beam = label(role="lead"), TickBox(WITH_BEAM)
        self.test = main_button("Test", "Connects all devices, tries them one after the other, lets go")
        self.stop = side_button("Stop", "Ends after the check under way, and lets the devices go")
        self.report = side_button("Report", "Opens the file with what was tried, to be handed on")
        self.test.clicked.connect(lambda: self.test_asked.emit(self.with_beam.isChecked()))
        self.stop.clicked.connect(lambda: self.stop_asked.emit())
        self.report.clicked.connect(lambda: self.report_asked.emit())
        self._rows: tuple[CheckRow, ...] = ()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.Space.M)
        self._grid.setVerticalSpacing(theme.Space.XS)
        self._grid.setColumnStretch(3, 1)
        holder = QWidget()
        holder.setLayout(self._grid)
        self.put((self.sentence, holder), (self.with_beam,), (self.report,), (self.stop, self.test))

    def show_view(self, view: ConnectionView) -> None:
        """Show what was tried so far."""
        testing = view.doing is Doing.TESTING
        self.sentence.setText(view.sentence)
        self.test.setVisible(not testing)
        self.test.setEnabled(view.may_test)
        theme.set_role(self.test, "" if view.checks else "primary")
        self.with_beam.setEnabled(not testing)
        self.stop.setVisible(testing)
        self.stop.setEnabled(view.stops)
        self.report.setVisible(view.report)
        self._show_rows(view.checks)

    def _show_rows(self, rows: Sequence[CheckRow]) -> None:
        """Rows are only added, but when all is tried anew."""
        if tuple(rows[: len(self._rows)]) != self._rows:
            self._clear()
        for row in rows[len(self._rows) :]:
            self._add(row)
        self._rows = tuple(rows)

    def _add(self, row: CheckRow) -> None:
        sign = SignLabel(row.badge.sign, row.badge.tone)
        sign.setToolTip(row.badge.word)
        said = label(row.said)
        if row.badge.tone is not Tone.GOOD:
            theme.set_tone(said, row.badge.tone)
        n = self._grid.rowCount()
        cells = (sign, label(row.part, "strong", wrap=False), label(row.title, wrap=False), said)
        for column, cell in enumerate(cells):
            self._grid.addWidget(cell, n, column, Qt.AlignmentFlag.AlignTop)

    def _clear(self) -> None:
        self._rows = ()
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
