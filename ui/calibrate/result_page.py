"""The third step: how well it fits, what it changes, and whether it is to be used."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from calibration.procedure import Compared
from ui import theme
from ui.calibrate.figure_grid import FigureGrid
from ui.icons import SignLabel
from ui.parts.label import label
from ui.parts.wizard_page import WizardPage
from ui.prepare.step_card import main_button, side_button
from ui.presenters.calibration import ResultView, WizardView
from ui.presenters.tone import Sign, Tone

COLUMNS = ("", "In use", "Measured", "Change")


class ResultPage(WizardPage):
    """Signals:

    accept_asked, keep_asked: use what was measured, or keep what is in use.
    again_asked, report_asked: measure once more; show the report of what was measured.
    """

    accept_asked = pyqtSignal()
    keep_asked = pyqtSignal()
    again_asked = pyqtSignal()
    report_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.sign, self.verdict = SignLabel(Sign.CHECK, Tone.GOOD, 24), label(role="title", wrap=False)
        self.reasons, self.decision, self.held_back = label(), label(role="strong"), label(role="remark")
        self.table, self.figures = ComparisonTable(), FigureGrid()
        self.keep = side_button(
            "Keep the old", "What is in use stays in use; what was measured stays with the run"
        )
        self.accept = main_button(
            "", "Write what was measured into the instrument's file; it can be undone"
        )
        self.again = side_button("Again", "Back to the settings, to measure once more")
        self.report = side_button("Report", "Opens the file with all figures, to be handed on")
        theme.set_tone(self.held_back, Tone.CAUTION)
        self.accept.clicked.connect(lambda: self.accept_asked.emit())
        self.keep.clicked.connect(lambda: self.keep_asked.emit())
        self.report.clicked.connect(lambda: self.report_asked.emit())
        self.again.clicked.connect(lambda: self.again_asked.emit())
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.M)
        row.addWidget(self.sign)
        row.addWidget(self.verdict, 1)
        row.addWidget(self.report)
        fixed = (self.decision, self.held_back)
        self.put(
            (head, self.reasons, self.table, self.figures),
            fixed,
            (self.again,),
            (self.keep, self.accept),
        )

    def show_view(self, view: WizardView) -> None:
        """Show what came of it."""
        self.held_back.setText(view.held_back)
        self.held_back.setVisible(bool(view.held_back))
        if view.result is not None:
            self._show_result(view.result, may_act=view.may_act)

    def _show_result(self, result: ResultView, *, may_act: bool) -> None:
        self.sign.show_sign(result.badge.sign, result.badge.tone)
        self.verdict.setText(result.badge.word)
        theme.set_tone(self.verdict, result.badge.tone)
        self.reasons.setText("\n".join(result.reasons))
        self.reasons.setVisible(bool(result.reasons))
        self.table.show_rows(result.rows)
        self.decision.setText(result.decision)
        self.decision.setVisible(bool(result.decision))
        for button in (self.keep, self.accept):
            button.setVisible(bool(result.accept) and not result.decision)
        theme.set_role(self.accept, "primary" if result.prefers_new else "")
        theme.set_role(self.keep, "" if result.prefers_new else "primary")
        self.accept.setText(result.accept)
        self.accept.setEnabled(may_act)


class ComparisonTable(QWidget):
    """What was measured beside what is in use; as wide as its texts, which wrap where that is too wide."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Compared, ...] | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.Space.L)
        self._grid.setVerticalSpacing(theme.Space.XS)

    def show_rows(self, rows: Sequence[Compared]) -> None:
        """Show these rows; hidden where there are none."""
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.setVisible(bool(rows))
        texts = [COLUMNS, *((row.what, row.before, row.after, row.change) for row in rows)]
        widths_px = [max(column) for column in zip(*map(self._put, count(), texts), strict=True)]
        for column, width_px in enumerate(widths_px):
            self._grid.setColumnStretch(column, width_px)
        self.setMaximumWidth(sum(widths_px) + len(widths_px) * theme.Space.L)

    def _put(self, n: int, texts: Sequence[str]) -> list[int]:
        """Put in a row; how wide each of its texts is in one line [px]."""
        cells = [label(text, "small" if n == 0 else "") for text in texts]
        if n:
            theme.set_role(cells[COLUMNS.index("Measured")], "strong")
        for column, cell in enumerate(cells):
            self._grid.addWidget(cell, n, column, Qt.AlignmentFlag.AlignTop)
            cell.ensurePolished()
        return [cell.fontMetrics().horizontalAdvance(cell.text()) + theme.Space.XS for cell in cells]
