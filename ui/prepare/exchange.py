"""Sections brought from files of other programs and written for them: the menu, and the one question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QAction, QComboBox, QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from scopeacq.plan.overviews import Overview
from scopeacq.sections.imports.reading import READABLE
from ui import theme
from ui.parts.combo_box import CalmComboBox
from ui.parts.label import label
from ui.prepare.step_card import column_of, main_button, side_button
from ui.presenters.exchange import Frame, FrameQuestion

ENDING = "geojson"


@dataclass(frozen=True, slots=True)
class Choosers:
    """How the operator names a file; ``None`` when nothing was chosen. Only used while nothing runs."""

    source: Callable[[QWidget], Path | None]
    target: Callable[[QWidget], Path | None]


def _choose_source(parent: QWidget) -> Path | None:
    kinds = f"Sections ({' '.join(f'*{ending}' for ending in READABLE)})"
    chosen, _ = QFileDialog.getOpenFileName(parent, "Import sections", "", kinds)
    return Path(chosen) if chosen else None


def _choose_target(parent: QWidget) -> Path | None:
    """It asks by itself before a file is replaced."""
    dialog = QFileDialog(parent, "Export sections", "", f"GeoJSON (*.{ENDING} *.json)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(ENDING)
    dialog.selectFile(f"sections.{ENDING}")
    chosen = dialog.selectedFiles() if dialog.exec() else []
    dialog.deleteLater()
    return Path(chosen[0]) if chosen else None


BY_DIALOG = Choosers(_choose_source, _choose_target)


class Exchange(QWidget):
    """Signals: import_asked; export_asked (Frame): what the places are to be in."""

    import_asked = pyqtSignal()
    export_asked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.button, self.question = QToolButton(), FrameCard()
        self.button.setText("Import or export")
        self.button.setToolTip(
            "Sections from MagC, SBEMimage, QuPath or a table, and GeoJSON for other programs"
        )
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        theme.set_role(self.button, "quiet")
        self._menu = QMenu(self.button)
        self.button.setMenu(self._menu)
        column_of(self.button, self.question, within=self)
        self.show_overviews(())

    def show_overviews(self, overviews: Sequence[Overview]) -> None:
        """Offer to write sections in pixels of these."""
        self._menu.clear()
        self._offer("Import", self.import_asked.emit)
        self._menu.addSeparator()
        for frame in (Frame(), *map(Frame, overviews)):
            self._offer(f"Export in {frame.in_words}", partial(self.export_asked.emit, frame))

    def _offer(self, what: str, ask: Callable[[], None]) -> None:
        action = cast(QAction, self._menu.addAction(f"{what} \N{HORIZONTAL ELLIPSIS}"))
        action.triggered.connect(lambda _: ask())


class FrameCard(QWidget):
    """Asks what the places of a file are in; hidden while nothing is to be asked.

    ``answered`` (SectionsFile, Frame): so they are.
    """

    answered = pyqtSignal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._question: FrameQuestion | None = None
        self.asks, self.frames = label(), CalmComboBox()
        self.frames.setAccessibleName("What the places of the file are in")
        self.frames.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.go_on = main_button("Import", "Put the sections on the wafer like this")
        self.give_up = side_button("Cancel", "Leave the file where it is")
        self.go_on.clicked.connect(lambda: self._answer())
        self.give_up.clicked.connect(lambda: self.ask(None))
        buttons, row = QWidget(), QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.S)
        row.addWidget(self.go_on, 1)
        row.addWidget(self.give_up)
        buttons.setLayout(row)
        column_of(self.asks, self.frames, buttons, within=self)
        self.hide()

    @property
    def question(self) -> FrameQuestion | None:
        """What is asked now."""
        return self._question

    def ask(self, question: FrameQuestion | None) -> None:
        """Ask this, instead of what was asked before; None: nothing any more."""
        self._question = question
        self.frames.clear()
        if question is not None:
            self.asks.setText(question.asks)
            for frame in question.frames:
                words = frame.in_words
                self.frames.addItem(f"{words[0].upper()}{words[1:]}", frame)
            self.show()
            self.frames.setFocus()
        else:
            self.hide()

    def _answer(self) -> None:
        question, frame = self._question, self.frames.currentData()
        self.ask(None)
        if question is not None:
            self.answered.emit(question.file, frame)
