"""The tools of the map: their keys, the hand that each of them brings, and the card that explains them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QAction, QActionGroup, QWidget

from scopeacq.plan.geometry import Point
from scopeacq.sections.candidates import Ring, Verdict
from ui.presenters import mark_edits, review_edits
from ui.presenters.drawing import Drawn
from ui.presenters.drawn_edits import outline_edit, point_edit
from ui.presenters.edits import Document, Edit
from ui.presenters.map_items import ItemKind, Overlay, found_items
from ui.presenters.wafer_map import Selection
from ui.viewport.actions import action, choice
from ui.viewport.canvas import WaferCanvas
from ui.viewport.corners import CornersHand, Mark, MarksHand, Shape
from ui.viewport.drawing import LineHand, OutlineHand, PointHand
from ui.viewport.hand import Hand
from ui.viewport.tool import HINTS, TOOL_TIPS, Tool
from ui.viewport.tool_card import ToolCard

SHOWN_BY = {
    Drawn.FOUND: Overlay.FOUND,
    Drawn.TISSUE: Overlay.LABELS,
    Drawn.BACKGROUND: Overlay.LABELS,
    Drawn.IGNORE: Overlay.LABELS,
    Drawn.LANDMARK: Overlay.MARKS,
    Drawn.FIDUCIAL: Overlay.MARKS,
}


class MapTools(QObject):
    """One tool is in use.

    ``propose`` takes edits, ``told`` why something is not possible, ``hint`` what the tool does; ``reveal``
    shows what is drawn.
    """

    def __init__(
        self,
        owner: QWidget,
        canvas: WaferCanvas,
        propose: Callable[[Edit], None],
        told: Callable[[str], None],
        hint: Callable[[str], None],
        reveal: Callable[[Overlay], None],
    ) -> None:
        super().__init__(owner)
        self._canvas, self._propose, self._told = canvas, propose, told
        self._hint, self._reveal = hint, reveal
        self.card, self.kind = ToolCard(canvas), Drawn.SECTION
        self._document: Document | None = None
        self._shaped: tuple[Document | None, Selection] = None, Selection()
        group = QActionGroup(owner)
        self.actions: dict[Tool, QAction] = {
            tool: choice(
                owner, group, tool.value, tool.value[0], TOOL_TIPS[tool], partial(self._press, tool)
            )
            for tool in Tool
        }
        self._finish = action(owner, "Close the outline", "Return", self._close_outline, "Enter")
        self._back = action(owner, "Take a corner back", "Backspace", self._take_back)
        self.card.kind_chosen.connect(self.draw)
        canvas.selected.connect(lambda _: self._shape())
        self.use(Tool.LOOK)

    def use(self, tool: Tool) -> None:
        """Take up a tool."""
        self.actions[tool].setChecked(True)
        self._shaped = None, Selection()
        self._canvas.use(tool, self._hand(tool))
        self.card.show_tool(tool, self.kind)
        if tool is Tool.DRAW and self.kind in SHOWN_BY:
            self._reveal(SHOWN_BY[self.kind])
        self._hint(HINTS[tool] if self.card.isHidden() else "")
        for each in (self._finish, self._back):
            each.setEnabled(tool in (Tool.DRAW, Tool.CORNERS))

    def draw(self, kind: Drawn) -> None:
        """Have clicks draw this."""
        self.kind = kind
        self.use(Tool.DRAW)

    def refresh(self, document: Document | None) -> None:
        """Work on this from now on; without a document the map is only looked at."""
        self._document = document
        for tool, each in self.actions.items():
            each.setEnabled(document is not None or tool is Tool.LOOK)
        if document is None and self._canvas.tool is not Tool.LOOK:
            self.use(Tool.LOOK)
        self._shape()

    def leave(self) -> bool:
        """Go back to looking around from what draws or cuts; whether that was in use."""
        if self._canvas.tool in (Tool.LOOK, Tool.EDIT):
            return False
        self.use(Tool.LOOK)
        return True

    def _press(self, tool: Tool) -> None:
        """Its key or button; that of drawing, once more, goes on to the next kind."""
        if tool is Tool.DRAW and self._canvas.tool is Tool.DRAW:
            kinds = list(Drawn)
            self.draw(kinds[(kinds.index(self.kind) + 1) % len(kinds)])
        else:
            self.use(tool)

    def _close_outline(self) -> None:
        if self._canvas.hand is not None:
            self._canvas.hand.finish()

    def _take_back(self) -> None:
        if self._canvas.hand is not None:
            self._canvas.hand.back()

    # -- hands ----------------------------------------------------------------------------

    def _shape(self) -> None:
        """Have the handles where they belong, after something was edited or chosen."""
        now = self._document, self._canvas.selection
        same = self._shaped[0] is now[0] and self._shaped[1] == now[1]
        if self._canvas.tool in (Tool.EDIT, Tool.CORNERS) and not same and not self._canvas.dragging:
            self._shaped = now
            self._canvas.bring(self._hand(self._canvas.tool))

    def _hand(self, tool: Tool) -> Hand | None:
        match tool:
            case Tool.LOOK:
                return None
            case Tool.EDIT:
                return MarksHand(list(self._marks()), self._propose)
            case Tool.CORNERS:
                return CornersHand(list(self._shapes()), self._propose, self._told)
            case Tool.SPLIT:
                return LineHand(self._cut)
            case Tool.DRAW if self.kind.is_point:
                return PointHand(lambda at_um: self._propose(point_edit(self.kind, at_um)))
            case Tool.DRAW:
                return OutlineHand(self._drawn, self._told, self._canvas.refresh)

    def _drawn(self, outline_um: Ring) -> None:
        """Make the edit; what is new is chosen, so that it can be judged or given an ROI at once."""
        before = self._drawable()
        self._propose(outline_edit(self.kind, outline_um, self._canvas.selection.sections))
        new = self._drawable().items - before.items, self._drawable().sections - before.sections
        if any(new):
            self._canvas.select(Selection(new[1], items=new[0]))

    def _drawable(self) -> Selection:
        """Everything that an outline may become."""
        if self._document is None:
            return Selection()
        found = found_items(c.id for c in self._document.candidates.sections)
        return Selection(frozenset(s.id for s in self._document.wafer.sections), items=found)

    def _cut(self, start_um: Point, end_um: Point) -> None:
        self._propose(review_edits.split(start_um, end_um, self._canvas.selection.found))

    def _marks(self) -> Iterable[Mark]:
        if self._document is not None:
            wafer = self._document.wafer
            for landmark in wafer.landmarks:
                yield Mark(landmark.wafer_um, partial(mark_edits.move_landmark, landmark.id))
            for fiducial in wafer.fiducials:
                yield Mark(fiducial.centre_um, partial(mark_edits.move_fiducial, fiducial.id))

    def _shapes(self) -> Iterable[Shape]:
        """The outlines of what is chosen; of sections their ROIs, too."""
        if self._document is None:
            return
        chosen, candidates = self._canvas.selection, self._document.candidates
        for candidate in candidates.sections:
            if candidate.id in chosen.found and candidate.verdict is not Verdict.ACCEPTED:
                yield Shape(candidate.outline_um, partial(review_edits.reshape, candidate.id))
        for place, label in enumerate(candidates.labels):
            if str(place) in chosen.named(ItemKind.LABEL):
                yield Shape(label.outline_um, partial(review_edits.reshape_label, place))
        for section in self._document.wafer.sections:
            if section.id in chosen.sections | chosen.found:
                if section.roi_um is not None:
                    yield Shape(section.roi_um, partial(mark_edits.set_roi, section.id))
                yield Shape(section.outline_um, partial(mark_edits.reshape_section, section.id))
