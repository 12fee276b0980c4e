"""The recent runs of the start page: shown at once with what is known, read elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from scopeacq.telling.explain import Explained
from ui.presenters.start import ProjectCard, read_card, unread_card
from ui.start.start_page import StartPage
from ui.tasks import Tasks


class RecentRuns:
    """Reads cards on the thread of ``tasks``, since journals of weeks take a while, and shows them."""

    def __init__(self, page: StartPage, tasks: Tasks, tell: Callable[[Explained], None]) -> None:
        self._page, self._tasks, self._tell = page, tasks, tell
        self._paths: Sequence[str] = ()
        self._cards: dict[str, ProjectCard] = {}

    def read(self, paths: Sequence[str]) -> None:
        """Show these runs, newest first, and read anew how they stand."""
        self.show(paths)
        for path in paths:
            self._tasks.run(partial(read_card, Path(path)), self._take, self._tell)

    def show(self, paths: Sequence[str]) -> None:
        """Show these runs with what is known of them."""
        self._paths = paths
        self._page.show_cards(self._cards.get(path, unread_card(Path(path))) for path in paths)

    def _take(self, card: ProjectCard) -> None:
        self._cards[str(card.root)] = card
        self.show(self._paths)
