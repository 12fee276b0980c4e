"""Judging what was found with keys, on the map as in the list: one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QAction, QWidget

from scopeacq.sections.candidates import Candidates
from ui.presenters import review_edits
from ui.presenters.edits import Edit
from ui.presenters.found import next_doubtful
from ui.presenters.map_items import Item, ItemKind, Overlay
from ui.presenters.wafer_map import Selection
from ui.viewport.actions import action
from ui.viewport.canvas import WaferCanvas


class Review(QObject):
    """What is chosen on ``canvas`` is judged.

    ``propose`` takes edits, ``told`` why nothing can be done; ``reveal`` shows what is to be judged.
    """

    def __init__(
        self,
        canvas: WaferCanvas,
        propose: Callable[[Edit], None],
        told: Callable[[str], None],
        reveal: Callable[[Overlay], None],
    ) -> None:
        super().__init__(canvas)
        self._canvas, self._propose, self._told, self._reveal = canvas, propose, told, reveal
        self._walked_to: str | None = None

    def keys(self, owner: QWidget) -> list[QAction]:
        """Give a widget the keys of the review, to be enabled by :meth:`enable`."""
        ways: Iterable[tuple[str, str, str, Callable[[], None]]] = (
            ("Accept", "A", "What is chosen is a section; it joins the plan", self.accept),
            ("Reject", "R", "What is chosen is no section, and is not found again", self.reject),
            ("Reopen", "U", "Take back what was said of what is chosen", self.reopen),
            ("Merge", "M", "Make one of those that are chosen", self.merge),
            ("Next", "N", "Go to the next doubtful one", self.go_on),
            ("Previous", "Shift+N", "Go back to the doubtful one before", self.go_back),
        )
        made = list[QAction]()
        for text, key, tip, done in ways:
            each = action(owner, text, key, done)
            each.setToolTip(f"{tip} ({key})")
            made.append(each)
        return made

    def accept(self) -> None:
        self._judge(review_edits.accept)

    def reject(self) -> None:
        self._judge(review_edits.reject)

    def reopen(self) -> None:
        self._propose(review_edits.reopen(self._chosen))

    def merge(self) -> None:
        self._propose(review_edits.merge(self._chosen))

    def go_on(self) -> None:
        """Choose the next one to look at, and bring it into the window."""
        self._walk(back=False)

    def go_back(self) -> None:
        self._walk(back=True)

    @property
    def _chosen(self) -> frozenset[str]:
        """Found sections, and those of the plan that were found."""
        selection = self._canvas.selection
        known = {c.id for c in self._candidates.sections}
        return selection.found | (selection.sections & known)

    @property
    def _candidates(self) -> Candidates:
        return self._canvas.items.candidates

    def _judge(self, edit: Callable[[Iterable[str]], Edit]) -> None:
        """Whoever goes from one to the next is taken on to the one after."""
        chosen = self._chosen
        walks = chosen == {self._walked_to}
        self._propose(edit(chosen))
        if walks:
            self._walk(back=False, quiet=True)

    def _walk(self, *, back: bool, quiet: bool = False) -> None:
        chosen = next(iter(self._chosen), None)
        self._walked_to = next_doubtful(self._candidates, chosen, back=back)
        if self._walked_to is None:
            if not quiet:
                self._told("Nothing that was found is left to look at.")
            return
        self._reveal(Overlay.FOUND)
        item = Item(ItemKind.FOUND, self._walked_to)
        self._canvas.select(Selection(items=frozenset({item})))
        self._canvas.look_at_item(item)
