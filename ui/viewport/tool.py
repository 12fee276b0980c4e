"""What a drag over the map does."""

from __future__ import annotations

from enum import Enum


class Tool(Enum):
    """Taken up by buttons and keys."""

    LOOK = "Look"
    EDIT = "Edit"
    ADD = "Add"


HINTS = {
    Tool.LOOK: "Drag to pan, wheel to zoom, click to choose, Shift and drag to choose many, "
    "double-click to go there.",
    Tool.EDIT: "Drag a chosen section to move it, with Alt only its grid; its corners to resize, its ring "
    "to turn; Shift snaps.",
    Tool.ADD: "Drag a rectangle over the new section.",
}
TOOL_TIPS = {
    Tool.LOOK: "Look around without changing anything",
    Tool.EDIT: "Move, turn, resize and delete sections; every step can be undone",
    Tool.ADD: "Draw the outline of a new section",
}
