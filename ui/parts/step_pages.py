"""A wizard: its title, the names of its steps, and the page of the step it is at."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Generic, TypeVar

from PyQt5.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from ui import theme
from ui.parts.trail import Trail
from ui.parts.trouble_line import TroubleLine

S = TypeVar("S", bound=Enum)


class StepPages(QWidget, Generic[S]):
    """Laid out by ``put``, once."""

    def __init__(self, steps: type[S]) -> None:
        super().__init__()
        self._steps, self._stack = tuple(steps), QStackedWidget()
        self.trail, self.trouble = Trail(steps), TroubleLine()

    def put(self, title: QWidget, pages: Sequence[QWidget], *below: QWidget) -> None:
        """Put a page for each step, in their order; what stands ``below`` them is always in sight."""
        assert len(pages) == len(self._steps), "each step has its page"
        for page in pages:
            self._stack.addWidget(page)
        head = QVBoxLayout()
        head.setContentsMargins(theme.Space.L, theme.Space.M, theme.Space.L, theme.Space.S)
        head.setSpacing(theme.Space.S)
        head.addWidget(title)
        head.addWidget(self.trail)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.trouble)
        column.addWidget(self._stack, 1)
        for widget in below:
            column.addWidget(widget)

    @property
    def step(self) -> S:
        """The step whose page is seen."""
        return self._steps[self._stack.currentIndex()]

    def show_step(self, step: S, trouble: str) -> None:
        """Show the page of a step; ``trouble``: what went wrong, if anything."""
        self.trail.show_step(step)
        self.trouble.show_trouble(trouble)
        self._stack.setCurrentIndex(self._steps.index(step))
