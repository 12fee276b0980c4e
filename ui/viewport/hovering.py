"""What happens where the cursor rests: a card with words at once, its curve when it was read."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QPoint, QPointF, pyqtSignal

from ui.parts.copying import copy_text
from ui.presenters.hover import History, card_of
from ui.presenters.layers import Layer
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
        shown = self._canvas.shown
        self._hit = None if at is None else shown.hit(self._canvas.stage_um(QPointF(at)))
        card = card_of(shown, self._hit, self.layer, None) if self._hit is not None else None
        if at is None or card is None:
            self.card.hide()
            return
        self.card.show_card(card, at)
        self.history_wanted.emit(self._hit)
