"""What happens where the cursor rests: a card with words at once, its curve when it was read."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QPoint, QPointF, pyqtSignal

from ui.parts.copying import copy_text
from ui.presenters import found
from ui.presenters.hover import Card, History, card_of
from ui.presenters.layers import Layer
from ui.presenters.map_items import ItemKind
from ui.presenters.wafer_map import Hit
from ui.viewport.canvas import WaferCanvas
from ui.viewport.hover_card import HoverCard


class Hovering(QObject):
    """``history_wanted`` (Hit): the card wants the curves of what lies there."""

    history_wanted = pyqtSignal(object)

    def __init__(self, canvas: WaferCanvas) -> None:
        super().__init__(canvas)
        self.card, self.layer = HoverCard(canvas), Layer.STATE
        self._canvas = canvas
        self._hit: Hit | None = None
        canvas.rested.connect(self._rested)

    def show_history(self, hit: Hit, history: History) -> None:
        """Add the curve; too late for another place it is left out."""
        card = card_of(self._canvas.shown, hit, self.layer, history) if hit == self._hit else None
        if card is not None:
            self.card.show_curve(card)

    def copy_numbers(self, hit: Hit) -> None:
        """The card's words; with its curve where it is the one that stands there."""
        last, card = self.card.card, card_of(self._canvas.shown, hit, self.layer, None)
        if card is not None:
            copy_text(last.text if last is not None and last.title == card.title else card.text)

    def _rested(self, at: QPoint | None) -> None:
        """Show the card of what lies under a cursor that rests; no card while it moves."""
        self._hit = None
        card = None if at is None else self._found_card(at) or self._section_card(at)
        if at is None or card is None:
            self.card.hide()
            return
        self.card.show_card(card, at)
        if self._hit is not None:
            self.history_wanted.emit(self._hit)

    def _found_card(self, at: QPoint) -> Card | None:
        """Of what was found and is not in the plan yet."""
        items = self._canvas.items
        item = items.at(self._canvas.wafer_um(QPointF(at)), 0.0)
        candidate = items.candidate(item.name) if item and item.kind is ItemKind.FOUND else None
        return found.card_of(candidate) if candidate is not None else None

    def _section_card(self, at: QPoint) -> Card | None:
        shown = self._canvas.shown
        self._hit = shown.hit(self._canvas.stage_um(QPointF(at)))
        return card_of(shown, self._hit, self.layer, None) if self._hit is not None else None
