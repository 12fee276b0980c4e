"""The actions of the view of slices, with their keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QAction

from ui.parts.copying import copy_text
from ui.viewport.actions import action

if TYPE_CHECKING:
    from ui.slices.view import SlicesView

ZOOM_STEP = 1.6


@dataclass(frozen=True, slots=True)
class SliceActions:
    """Those that are seen as buttons; the others have keys alone."""

    play: QAction
    follow: QAction
    difference: QAction
    cuts: QAction
    tools: tuple[QAction, ...]

    @classmethod
    def made_for(cls, view: SlicesView) -> SliceActions:
        """The actions of a view."""

        def one(text: str, key: str, tip: str, do: Callable[[], None], checkable: bool = False) -> QAction:
            made = action(view, text, key, do)
            made.setCheckable(checkable)
            made.setToolTip(f"{tip} ({key})")
            return made

        _add_keys(view)
        play = one("Play", "Space", "Show the slices one after another, as a film", view.play_or_stop, True)
        follow = one("Follow", "L", "Go to each new slice as it comes", view.refresh, True)
        compared = (
            "How this slice differs from the one before, or a take from the accepted one; grey: equal"
        )
        difference = one("Difference", "D", compared, view.compare, True)
        cut = "Cut the stack along a row and a column; Shift and drag to move them"
        cuts = one("Cut", "R", cut, view.toggle_cuts, True)
        kept = "Keep what is seen as PNG and as TIFF, in the reports of the run"
        tools = (
            difference,
            cuts,
            one("Fit", "F", "Show all of the slice", view.canvas.fit),
            one("1:1", "1", "One pixel of the image for each of the screen", view.look_closely),
            one("Export", "Ctrl+E", kept, view.export_wanted.emit),
        )
        return cls(play, follow, difference, cuts, tools)


def _add_keys(view: SlicesView) -> None:
    action(view, "Next slice", "PgDown", partial(view.step, 1), "Right")
    action(view, "Slice before", "PgUp", partial(view.step, -1), "Left")
    action(view, "First slice", "Home", partial(view.go_to, 0))
    action(view, "Last slice", "End", view.go_to_last)
    action(view, "Nearer", "+", partial(view.zoom, ZOOM_STEP), "=")
    action(view, "Farther", "-", partial(view.zoom, 1 / ZOOM_STEP))
    action(view, "Fit contrast", "A", partial(view.desk.set_contrast, None))
    action(view, "Next take", "T", view.next_take)
    action(view, "Copy all", "Ctrl+C", lambda: copy_text(view.card.text))
