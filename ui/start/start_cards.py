"""The cards of the start page: ways to begin, recent runs, and where an interrupted one goes on."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from ui import theme
from ui.icons import SignLabel
from ui.parts.pressable import Pressable
from ui.presenters.start import ProjectCard, ResumeCard, told
from ui.presenters.tone import Sign, Tone


class ActionCard(Pressable):
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
        column.addWidget(label(title, "lead"))
        column.addWidget(label(text, "small"))
        column.addStretch(1)


class RecentCard(Pressable):
    """One recent run; one whose folder is gone cannot be pressed, only forgotten."""

    def __init__(self, card: ProjectCard) -> None:
        super().__init__()
        where = told(card.root, Path.home())
        self.setToolTip(where if card.gone else f"Open {where}")
        self.setAccessibleName(f"{card.name}. {card.badge.word}. {card.sentence}")
        self.forget = QPushButton("Forget")
        self.forget.setToolTip("Take it off this list; the run itself stays as it is.")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.M, theme.Space.M)
        row.setSpacing(theme.Space.M)
        row.addWidget(SignLabel(card.badge.sign, card.badge.tone, 22), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(_about(card), 1)
        if card.cycles_done:
            row.addWidget(_progress(card), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.forget, 0, Qt.AlignmentFlag.AlignVCenter)
        if card.gone:
            self.setProperty("live", "false")
            self.setCursor(Qt.CursorShape.ArrowCursor)
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        else:
            theme.set_role(self.forget, "quiet")


class ResumeFrame(QFrame):
    """A run that was interrupted: where it stands in large letters, what proves it, and how to go on."""

    STRIPE_PX = 4

    def __init__(self, card: ProjectCard, resume: ResumeCard) -> None:
        super().__init__()
        self.setObjectName("resume")
        theme.set_role(self, "card")
        self._tone = card.badge.tone
        self.go_on = QPushButton("Open to go on")
        self.go_on.setToolTip("Opens the run. Nothing moves and no beam opens before you start it there.")
        theme.set_role(self.go_on, "primary")
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.XL, theme.Space.L, theme.Space.L, theme.Space.L)
        box.setSpacing(theme.Space.M)
        box.addLayout(_heading(card))
        box.addLayout(_facts(resume))
        box.addWidget(label(resume.sentence, "body"))
        box.addLayout(_evidence(resume))
        box.addWidget(self.go_on, 0, Qt.AlignmentFlag.AlignLeft)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.shades(self).of(self._tone))
        inside = theme.Space.M
        painter.drawRoundedRect(inside, inside + 4, self.STRIPE_PX, self.height() - 2 * inside - 8, 2, 2)
        painter.end()


def _heading(card: ProjectCard) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.Space.M)
    row.addWidget(SignLabel(card.badge.sign, card.badge.tone, 22))
    title = label(f"{card.name} was interrupted", "title")
    theme.set_tone(title, card.badge.tone)
    row.addWidget(title, 1)
    return row


def _facts(resume: ResumeCard) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.Space.XL)
    for name, value in resume.facts:
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(label(name, "small", wrap=False))
        column.addWidget(label(value, "title", wrap=False))
        row.addLayout(column)
    row.addStretch(1)
    return row


def _evidence(resume: ResumeCard) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(theme.Space.XS)
    for sentence in resume.evidence:
        row = QHBoxLayout()
        row.setSpacing(theme.Space.S)
        row.addWidget(SignLabel(Sign.INFO, Tone.QUIET, 14))
        row.addWidget(label(sentence, "small"), 1)
        column.addLayout(row)
    return column


def _about(card: ProjectCard) -> QVBoxLayout:
    column, first = QVBoxLayout(), QHBoxLayout()
    column.setSpacing(2)
    first.setSpacing(theme.Space.S)
    first.addWidget(label(card.name, "strong", wrap=False))
    word = label(card.badge.word, "body", wrap=False)
    theme.set_tone(word, card.badge.tone)
    first.addWidget(word)
    if card.simulated:
        mark = label("Simulation", "body", wrap=False)
        theme.set_tone(mark, Tone.SIMULATION)
        first.addWidget(mark)
    first.addStretch(1)
    column.addLayout(first)
    if card.sentence:
        column.addWidget(label(card.sentence, "body"))
    column.addWidget(label(told(card.root, Path.home()), "small"))
    return column


def _progress(card: ProjectCard) -> QProgressBar:
    bar = QProgressBar()
    bar.setRange(0, card.cycles)
    bar.setValue(card.cycles_done)
    bar.setTextVisible(False)
    bar.setFixedSize(110, theme.Space.S)
    bar.setToolTip(f"{card.cycles_done} of {card.cycles} cycles are done")
    return bar


def label(text: str, role: str, wrap: bool = True) -> QLabel:
    """A text in one of the theme's roles; not to be selected, since it leaves clicks to its card."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    theme.set_role(made, role)
    return made
