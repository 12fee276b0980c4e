"""The start page: go on with an interrupted run, open, new, simulate, recent runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.presenters.start import ProjectCard, ResumeCard
from ui.presenters.tone import Sign
from ui.start.start_cards import ActionCard, RecentCard, ResumeFrame, label
from ui.start.template_cards import TemplateCards

WIDTH_PX = 880
NOTHING = "Runs that you open are listed here, with how far they are."
BEGINNINGS = (
    (Sign.FOLDER, "Open a run", "Choose its folder, or drop it onto this window", "Ctrl+O"),
    (Sign.PLUS, "New from template", "A demo, a real plan, or a copy of an earlier run", "Ctrl+N"),
    (Sign.WAFER, "Simulate", "A prepared wafer on the physical twin, to try everything", "Ctrl+T"),
    (
        Sign.SLIDERS,
        "Connect an instrument",
        "Find its devices, put them together, try them",
        "Ctrl+Shift+I",
    ),
)


class StartPage(QScrollArea):
    """Emits what the operator wants; the window does it."""

    open_wanted = pyqtSignal(object)  # Path, or None for one that is to be chosen
    new_wanted = pyqtSignal()
    simulation_wanted = pyqtSignal()
    connection_wanted = pyqtSignal()
    forget_wanted = pyqtSignal(object)  # Path
    template_wanted = pyqtSignal(str)  # its key

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.templates = TemplateCards()
        self.templates.hide()
        self.templates.chosen.connect(self.template_wanted)
        self._resume, self._recent = _column(theme.Space.M), _column(theme.Space.S)
        self.setWidget(self._page())
        self.show_cards(())

    def show_cards(self, cards: Iterable[ProjectCard]) -> None:
        """Show the recent runs, newest first; those that were interrupted also as resume cards."""
        cards = tuple(cards)
        _replace(self._resume, [self._resume_row(c, c.resume) for c in cards if c.resume is not None])
        rows: list[QWidget] = [self._recent_row(c) for c in cards]
        _replace(
            self._recent,
            rows or [label(NOTHING, "muted")],
        )

    def _page(self) -> QWidget:
        page, middle = QWidget(), QWidget()
        middle.setMaximumWidth(WIDTH_PX)
        column = QVBoxLayout(middle)
        column.setContentsMargins(theme.Space.L, theme.Space.XL, theme.Space.L, theme.Space.XL)
        column.setSpacing(theme.Space.L)
        column.addWidget(label("scopeacq", "display"))
        column.addWidget(label("Wafers of thick sections, imaged and milled by themselves.", "muted"))
        column.addLayout(self._resume)
        column.addLayout(self._actions())
        column.addWidget(self.templates)
        column.addWidget(label("Recent runs", "lead"))
        column.addLayout(self._recent)
        column.addStretch(1)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(middle, 100)
        row.addStretch(1)
        return page

    def _actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.Space.M)
        wishes: tuple[Callable[[], None], ...] = (
            lambda: self.open_wanted.emit(None),
            self.new_wanted.emit,
            self.simulation_wanted.emit,
            self.connection_wanted.emit,
        )
        for about, wish in zip(BEGINNINGS, wishes, strict=True):
            card = ActionCard(*about)
            card.pressed.connect(wish)
            row.addWidget(card, 1)
        return row

    def _resume_row(self, card: ProjectCard, resume: ResumeCard) -> QWidget:
        frame = ResumeFrame(card, resume)
        frame.go_on.clicked.connect(lambda: self.open_wanted.emit(card.root))
        return frame

    def _recent_row(self, card: ProjectCard) -> QWidget:
        row = RecentCard(card)
        if not card.gone:
            row.pressed.connect(lambda: self.open_wanted.emit(card.root))
        row.forget.clicked.connect(lambda: self.forget_wanted.emit(card.root))
        return row


def _column(spacing_px: int) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(spacing_px)
    return column


def _replace(column: QVBoxLayout, widgets: Iterable[QWidget]) -> None:
    while (item := column.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
    for widget in widgets:
        column.addWidget(widget)
