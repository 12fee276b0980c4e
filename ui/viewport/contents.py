"""What lies on the map beside sections, as it was shown last: kept where only the run has news."""

from __future__ import annotations

from dataclasses import replace

from ui.presenters.edits import Document
from ui.presenters.landmarks import MarksShown, marks_of
from ui.presenters.map_items import MapItems, Overlay
from ui.presenters.wafer_map import WaferMap
from ui.viewport.canvas import WaferCanvas


class Contents:
    """Shows it on ``canvas``. Landmarks are judged only where they have changed."""

    def __init__(self, canvas: WaferCanvas) -> None:
        self._canvas = canvas
        self.items, self.marks = MapItems(), MarksShown()
        self._judged: object = None

    def show(self, shown: WaferMap, document: Document | None) -> None:
        """Of a plan that is only looked at: what was shown last, with the fiducials of the run."""
        if document is None:
            self.items = replace(self.items, fiducials=shown.fiducials)
        else:
            self.items = self.items.of(document.wafer, document.candidates)
            self._judge(document)
        self._canvas.show_items(self.items, self.marks)

    def show_overlay(self, overlay: Overlay, shown: bool) -> None:
        """Show or leave out what lies over the map."""
        self.items = self.items.showing(overlay, shown)
        self._canvas.show_items(self.items, self.marks)

    def _judge(self, document: Document) -> None:
        now = document.wafer.landmarks, document.wafer.fiducials
        if now != self._judged:
            self._judged = now
            self.marks = marks_of(document.wafer, document.project.registration.max_shift_um)
