"""What clicks and drags on the map do."""

from __future__ import annotations

from enum import Enum

from ui.presenters.drawing import EXPLAINED, Drawn


class Tool(Enum):
    """Taken up by buttons and keys."""

    LOOK = "Look"
    EDIT = "Edit"
    DRAW = "Draw"
    CORNERS = "Corners"
    SPLIT = "Split"


HINTS = {
    Tool.LOOK: "Drag to pan, wheel to zoom, click to choose, Shift and drag to choose many, "
    "double-click to go there.",
    Tool.EDIT: "Drag a chosen section to move it, with Alt only its grid; its corners to resize, its ring "
    "to turn; drag a landmark or fiducial; Shift snaps.",
    Tool.DRAW: "Click corners, or drag a rectangle.",
    Tool.CORNERS: "Click an outline, then drag its corners. The dot on a side makes a new corner; Ctrl and "
    "click, or Backspace, takes one away.",
    Tool.SPLIT: "Drag a line across a found section to cut it in two.",
}
TOOL_TIPS = {
    Tool.LOOK: "Look around without changing anything",
    Tool.EDIT: "Move, turn, resize and delete sections; every step can be undone",
    Tool.DRAW: "Draw sections, labels and ROIs, set landmarks and fiducials; once more: the next kind",
    Tool.CORNERS: "Move, add and take away the corners of what is chosen",
    Tool.SPLIT: "Cut a found section in two",
}
CLICKS = "Click corners or drag a rectangle. Enter or a double click closes, Backspace takes a corner back."
SETS = "Click to set one; Esc ends."


def drawing_hint(kind: Drawn) -> str:
    """What a click does while this is drawn."""
    return f"{EXPLAINED[kind]} {SETS if kind.is_point else CLICKS}"
