"""What takes the mouse over the map while a tool is in use."""

from __future__ import annotations

from PyQt5.QtGui import QPainter, QTransform

from scopeacq.plan.geometry import Point
from ui.theme import Shades


class Hand:
    """Points come on the wafer [um] and in the widget [px]; ``to_px`` leads from one to the other.

    What a hand does not care about it inherits: the mouse then looks around and chooses as always.
    """

    def press(self, at_um: Point, at_px: Point, to_px: QTransform) -> bool:
        """Take hold of what lies there; False where a drag is not for this hand."""
        return False

    def move(self, at_um: Point, *, snap: bool) -> None:
        """The drag goes on."""

    def release(self, at_um: Point) -> None:
        """The drag ends."""

    def click(self, at_um: Point, at_px: Point, to_px: QTransform, *, ctrl: bool) -> bool:
        """A press without a drag; False where it is not for this hand."""
        return False

    def hover(self, at_um: Point, at_px: Point, to_px: QTransform) -> None:
        """The cursor moves, no button is held."""

    def finish(self) -> bool:
        """Enter, or a double click; whether there was something to finish."""
        return False

    def back(self) -> bool:
        """Backspace; whether there was something to take back."""
        return False

    def give_up(self) -> bool:
        """Leave everything as it was; whether something was under way."""
        return False

    def draw(self, painter: QPainter, colours: Shades, to_px: QTransform) -> None:
        """Paint what is under way, over the map."""
