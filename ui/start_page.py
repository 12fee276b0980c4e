"""The start page: go on with an interrupted run, open, new, simulate, recent runs."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent, QMouseEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.presenters.start import ProjectCard, ResumeCard
from ui.presenters.tone import Sign, Tone

WIDTH_PX = 880


class StartPage(QScrollArea):
    """Emits what the operator wants; the window does it."""

    open_wanted = pyqtSignal(object)  # Path, or None for one that is to be chosen
    new_wanted = pyqtSignal()
    simulation_wanted = pyqtSignal()
    forget_wanted = pyqtSignal(object)  # Path

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._resume, self._recent = _column(theme.Space.M), _column(theme.Space.S)
        self.setWidget(self._page())
        self.show_cards(())

    def show_cards(self, cards: Iterable[ProjectCard]) -> None:
        """Show the recent runs, newest first; those that were interrupted also as resume cards."""
        cards = tuple(cards)
        _replace(self._resume, [self._resume_row(c, c.resume) for c in cards if c.resume is not None])
        rows: list[QWidget] = [self._recent_row(c) for c in cards]
        _replace(self._recent, rows or [_label("Runs that you open are listed here.", "muted")])

    def _page(self) -> QWidget:
        page, middle = QWidget(), QWidget()
        middle.setMaximumWidth(WIDTH_PX)
        column = QVBoxLayout(middle)
        column.setContentsMargins(theme.Space.L, theme.Space.XL, theme.Space.L, theme.Space.XL)
        column.setSpacing(theme.Space.L)
        column.addWidget(_label("scopeacq", "display"))
        column.addWidget(_label("Wafers of thick sections, imaged and milled by themselves.", "muted"))
        column.addLayout(self._resume)
        column.addLayout(self._actions())
        column.addWidget(_label("Recent runs", "lead"))
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
        opening = _Action(Sign.FOLDER, "Open a run", "A folder, by custom *.scopeacq", "Ctrl+O")
        opening.pressed.connect(lambda: self.open_wanted.emit(None))
        new = _Action(Sign.PLUS, "New from template", "A folder with example files to edit", "Ctrl+N")
        new.pressed.connect(self.new_wanted)
        simulate = _Action(Sign.WAFER, "Simulate", "A prepared wafer on the physical twin", "Ctrl+T")
        simulate.pressed.connect(self.simulation_wanted)
        for action in (opening, new, simulate):
            row.addWidget(action, 1)
        return row

    def _resume_row(self, card: ProjectCard, resume: ResumeCard) -> QWidget:
        frame, column = _card()
        frame.setObjectName("resume")
        heading = QHBoxLayout()
        heading.setSpacing(theme.Space.M)
        heading.addWidget(SignLabel(card.badge.sign, card.badge.tone, 22))
        title = _label(f"{card.name} was interrupted", "title")
        theme.set_tone(title, card.badge.tone)
        heading.addWidget(title, 1)
        column.addLayout(heading)
        column.addWidget(_label(resume.sentence, "lead"))
        column.addSpacing(theme.Space.XS)
        for sentence in resume.evidence:
            column.addWidget(_label(sentence, "small"))
        column.addSpacing(theme.Space.M)
        buttons = QHBoxLayout()
        go_on = QPushButton("Open to go on")
        go_on.setToolTip("Opens the run. Nothing moves and no beam opens before you start it there.")
        theme.set_role(go_on, "primary")
        go_on.clicked.connect(lambda: self.open_wanted.emit(card.root))
        buttons.addWidget(go_on)
        buttons.addStretch(1)
        column.addLayout(buttons)
        return frame

    def _recent_row(self, card: ProjectCard) -> QWidget:
        row = _ProjectRow(card)
        row.pressed.connect(lambda: self.open_wanted.emit(card.root))
        row.forget.clicked.connect(lambda: self.forget_wanted.emit(card.root))
        return row


class _Pressable(QFrame):
    """A card that is a button: mouse, Enter and Space press it."""

    pressed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("live", "true")
        theme.set_role(self, "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if (
            event is not None
            and event.button() == Qt.MouseButton.LeftButton
            and self.rect().contains(event.pos())
        ):
            self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)


class _Action(_Pressable):
    """One of the large ways to begin."""

    def __init__(self, sign: Sign, title: str, text: str, keys: str) -> None:
        super().__init__()
        self.setToolTip(f"{title} ({keys})")
        self.setAccessibleName(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        column.setSpacing(theme.Space.XS)
        column.addWidget(SignLabel(sign, Tone.ACTIVE, 28))
        column.addSpacing(theme.Space.S)
        column.addWidget(_label(title, "lead"))
        column.addWidget(_label(text, "small"))


class _ProjectRow(_Pressable):
    """One recent run."""

    def __init__(self, card: ProjectCard) -> None:
        super().__init__()
        self.setToolTip(str(card.root))
        self.setAccessibleName(f"{card.name}. {card.badge.word}. {card.sentence}")
        self.forget = QPushButton("Forget")
        self.forget.setToolTip("Take it off this list; the run itself stays as it is.")
        theme.set_role(self.forget, "quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.M, theme.Space.M)
        row.setSpacing(theme.Space.M)
        row.addWidget(SignLabel(card.badge.sign, card.badge.tone, 22), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(_about(card), 1)
        row.addWidget(self.forget, 0, Qt.AlignmentFlag.AlignVCenter)


def _about(card: ProjectCard) -> QVBoxLayout:
    column, first = _column(2), QHBoxLayout()
    first.setSpacing(theme.Space.S)
    first.addWidget(_label(card.name, "strong", wrap=False))
    word = _label(card.badge.word, "body", wrap=False)
    theme.set_tone(word, card.badge.tone)
    first.addWidget(word)
    if card.simulated:
        mark = _label("Simulation", "body", wrap=False)
        theme.set_tone(mark, Tone.SIMULATION)
        first.addWidget(mark)
    first.addStretch(1)
    column.addLayout(first)
    if card.sentence:
        column.addWidget(_label(card.sentence, "body"))
    column.addWidget(_label(str(card.root), "small"))
    return column


def _card() -> tuple[QFrame, QVBoxLayout]:
    frame = QFrame()
    theme.set_role(frame, "card")
    column = QVBoxLayout(frame)
    column.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
    column.setSpacing(theme.Space.XS)
    return frame, column


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


def _label(text: str, role: str, wrap: bool = True) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    theme.set_role(label, role)
    return label
