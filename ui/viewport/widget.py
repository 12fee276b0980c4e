"""The wafer viewport: the map with its tools, layers, legend and coordinates."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PyQt5.QtCore import QPoint, QPointF, Qt, pyqtSignal
from PyQt5.QtWidgets import QActionGroup, QMenu, QVBoxLayout, QWidget

from scopeacq.plan.geometry import Point
from scopeacq.plan.placement import Placement
from scopeacq.storage.pyramid_tiff import Picture
from ui.parts.copying import copy_text
from ui.presenters.drawing import Drawn
from ui.presenters.editing import Editor
from ui.presenters.edits import Edit, Refused
from ui.presenters.hover import History
from ui.presenters.landmarks import MarksShown
from ui.presenters.layers import EXPLAINED, Layer, legend_of
from ui.presenters.map_items import Item, MapItems
from ui.presenters.overviews import Underlay
from ui.presenters.route import RouteView
from ui.presenters.wafer_map import Hit, Selection, WaferMap, edited
from ui.viewport.actions import action, choice
from ui.viewport.canvas import WaferCanvas
from ui.viewport.choice_bar import ChoiceBar
from ui.viewport.contents import Contents
from ui.viewport.edit_actions import EditActions
from ui.viewport.foot import Foot
from ui.viewport.hovering import Hovering
from ui.viewport.look_actions import LookActions
from ui.viewport.menu import (
    Entry,
    found_entries,
    mark_entries,
    menu_of,
    section_entries,
    ways_from,
    wish_entries,
)
from ui.viewport.overlays import LegendCard
from ui.viewport.overview_menu import OverviewButton
from ui.viewport.pictures import Source
from ui.viewport.placing_bar import PlacingBar
from ui.viewport.review import Review
from ui.viewport.tool import Tool
from ui.viewport.tools import MapTools


class WaferViewport(QWidget):
    """The whole wafer in stage coordinates.

    Signals:
        go_to_requested (Target): an operator asks the stage to go there; nothing was confirmed or checked.
        selection_changed (Selection)
        shown_anew (WaferMap): the map has changed, by the run or by an edit.
        slices_wanted, plots_wanted (Hit): show what is known of a section, or of a tile of it.
        wished (Wish): something is asked of the cycle under way.
        history_wanted (Hit): the card wants the curves of what lies there; see :meth:`show_history`.
        document_changed (Document): an edit was made, undone or done again.
        save_requested: the edited plan is to be written.
        told (str): why an edit was refused, or what pre-flight will say of it.
    """

    go_to_requested = pyqtSignal(object)
    selection_changed = pyqtSignal(object)
    shown_anew = pyqtSignal(object)
    slices_wanted = pyqtSignal(object)
    plots_wanted = pyqtSignal(object)
    wished = pyqtSignal(object)
    history_wanted = pyqtSignal(object)
    document_changed = pyqtSignal(object)
    save_requested = pyqtSignal()
    told = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = WaferCanvas(self)
        self.legend, self._hovering = LegendCard(self.canvas), Hovering(self.canvas)
        self.overview_button, self.placing_bar = OverviewButton(), PlacingBar()
        self._foot = Foot()
        self._map = WaferMap()
        self._stage: tuple[Point | None, Point | None] = None, None
        self._editor: Editor | None = None
        self._layer = Layer.STATE
        self._contents = Contents(self.canvas)
        reveal = self.overview_button.reveal
        self.tools = MapTools(self, self.canvas, self.propose, self.told.emit, self._foot.hint, reveal)
        self.review = Review(self.canvas, self.propose, self.told.emit, reveal)
        self._make_actions()
        self._lay_out()
        self._connect()
        self.show_map(self._map)

    # -- what is shown ------------------------------------------------------------------

    @property
    def layer(self) -> Layer:
        return self._layer

    @property
    def selection(self) -> Selection:
        return self.canvas.selection

    @property
    def editor(self) -> Editor | None:
        """What is edited here, None while the map is only looked at."""
        return self._editor

    def show_map(self, shown: WaferMap) -> None:
        """Show how the run stands now; what is being edited stays as it was edited."""
        self._map = shown
        document = self._editor.document if self._editor is not None else None
        if document is not None:
            shown = edited(shown, document.wafer, document.project.imaging)
        stage_um, field_um = self._stage
        if stage_um is not None:
            shown = replace(shown, stage_um=stage_um, field_um=field_um)
        self.canvas.show_map(shown)
        self._contents.show(shown, document)
        self.tools.refresh(document)
        self._refresh()
        self.shown_anew.emit(shown)

    def show_stage(self, x_um: float | None, y_um: float | None, field_um: Point | None = None) -> None:
        """Show where the beam looks (stage frame), None when nobody can say.

        ``field_um``: width and height of what is scanned there, by default those of a tile.
        """
        stage_um = None if x_um is None or y_um is None else (x_um, y_um)
        if field_um is None and self.canvas.shown.sections:
            field_um = self.canvas.shown.sections[0].grid.tile_um
        self._stage = stage_um, field_um
        self.canvas.show_map(replace(self.canvas.shown, stage_um=stage_um, field_um=field_um))

    def show_layer(self, layer: Layer) -> None:
        """Colour the tiles by this."""
        self._layer = layer
        self.canvas.show_layer(layer)
        self._hovering.layer = layer
        self._layers[layer].setChecked(True)
        self._refresh()

    def show_underlay(self, underlay: Underlay) -> None:
        """Show these pictures under the map; what was growing is one of them, or was given up."""
        if underlay.overviews != self.canvas.underlay.overviews:
            self.canvas.growing.clear()
        self.canvas.show_underlay(underlay)

    def show_route(self, found: RouteView | None) -> None:
        """Show a way that was found over the one of before, and what it saves."""
        self.canvas.show_route(found)

    def grow(self, pixels: Picture, placement: Placement, *, first: bool = False) -> None:
        """Show a tile of the overview that is being taken; its first one begins a new picture."""
        if first:
            self.canvas.growing.clear()
        self.canvas.growing.add(pixels, placement)
        self.canvas.update()

    def set_editor(self, editor: Editor | None) -> None:
        """Let this plan be edited here; without one the map is only looked at."""
        self._editor = editor
        self.show_map(self._map)

    def set_pictures(self, source: Source | None) -> None:
        """Where pictures come from; asked on a thread of its own."""
        self.canvas.pictures.set_source(source)
        self.canvas.update()

    def use(self, tool: Tool) -> None:
        """Take up a tool."""
        self.tools.use(tool)

    def draw(self, kind: Drawn) -> None:
        """Have clicks on the map draw this, until another tool is taken up."""
        self.tools.draw(kind)

    @property
    def items(self) -> MapItems:
        """What lies on the map beside sections."""
        return self._contents.items

    @property
    def marks(self) -> MarksShown:
        """Landmarks and fiducials, and how well they fit."""
        return self._contents.marks

    def choose(self, item: Item) -> None:
        """Choose something on the map, and bring it into the window."""
        self.canvas.select(Selection(items=frozenset({item})))
        self.canvas.look_at_item(item)

    def show_history(self, hit: Hit, history: History) -> None:
        """The curves that ``history_wanted`` asked for; too late for another place they are left out."""
        self._hovering.show_history(hit, history)

    def close_pictures(self) -> None:
        """Stop reading pictures; before the run's files are let go."""
        self.canvas.pictures.close()

    # -- editing ------------------------------------------------------------------------

    def propose(self, edit: Edit) -> None:
        """Make an edit, or say why not."""
        if self._editor is None or not self.isEnabled():
            self.told.emit("This plan is only looked at now: a run is active, or it is being saved.")
            return
        try:
            notes = self._editor.do(edit)
        except Refused as refusal:
            self.told.emit(str(refusal))
            self.canvas.update()
            return
        self._changed()
        for note in notes:
            self.told.emit(note)

    def undo(self) -> None:
        """Take the last step back; nothing when there is none."""
        if self._editor is not None:
            self._editor.undo()
            self._changed()

    def redo(self) -> None:
        """Do again what was undone last."""
        if self._editor is not None:
            self._editor.redo()
            self._changed()

    def delete(self) -> None:
        """Take away what is chosen."""
        self._steps.delete.trigger()

    def _changed(self) -> None:
        assert self._editor is not None
        self.show_map(self._map)
        self.document_changed.emit(self._editor.document)

    # -- the parts ----------------------------------------------------------------------

    def _make_actions(self) -> None:
        layers = QActionGroup(self)
        self._layers = {
            layer: choice(
                self, layers, layer.value, str(n), EXPLAINED[layer], partial(self.show_layer, layer)
            )
            for n, layer in enumerate(Layer, 1)
        }
        self._layers[Layer.STATE].setChecked(True)
        self._steps = EditActions(self, self.canvas, self.propose)
        self._steps.undo.triggered.connect(lambda: self.undo())
        self._steps.redo.triggered.connect(lambda: self.redo())
        self._steps.save.triggered.connect(lambda: self.save_requested.emit())
        self._looking = LookActions(self, self.canvas)
        self.addActions([self.overview_button.show_action, *self.overview_button.overlays])
        self._judging = self.review.keys(self)
        action(self, "Choose none", "Esc", self._let_go)

    def _lay_out(self) -> None:
        self._editing = ChoiceBar([*self.tools.actions.values()], self._steps.in_order)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(ChoiceBar([*self._layers.values()], self._looking.in_order, self.overview_button))
        for part in (self._editing, self.placing_bar):
            whole.addWidget(part)
        whole.addWidget(self.canvas, 1)
        whole.addWidget(self._foot)

    def _connect(self) -> None:
        canvas = self.canvas
        canvas.hovered.connect(self._hovered)
        self._hovering.history_wanted.connect(self.history_wanted)
        canvas.selected.connect(self._selected)
        canvas.proposed.connect(self.propose)
        self.overview_button.overlaid.connect(self._contents.show_overlay)
        canvas.go_to_requested.connect(self.go_to_requested)
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(self._show_menu)

    def _refresh(self) -> None:
        """Bring legend and buttons up to what is shown."""
        self.legend.show_legend(legend_of(self._layer, self.canvas.shown))
        self.legend.setVisible(bool(self.canvas.shown.sections))
        may_edit = self._editor is not None
        self._editing.setVisible(may_edit)
        for each in self._judging:
            each.setEnabled(may_edit and bool(self.items.candidates.sections))
        self._steps.refresh(self._editor)

    def _selected(self, selection: Selection) -> None:
        self._refresh()
        self.selection_changed.emit(selection)

    def _hovered(self, stage_um: Point | None) -> None:
        self._foot.coordinates(self.canvas.shown.coordinates(stage_um) if stage_um else "")

    def _let_go(self) -> None:
        """Give up what is under way; with nothing, the tool that draws; at last the selection."""
        if not (self.canvas.give_up() or self.tools.leave()):
            self.canvas.select(Selection())

    # -- the menu at a point ------------------------------------------------------------

    def _show_menu(self, at: QPoint) -> None:
        menu = self.menu_at(self.canvas.stage_um(QPointF(at)))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.canvas.mapToGlobal(at))

    def menu_at(self, stage_um: Point) -> QMenu:
        """What can be done at a point of the stage frame."""
        shown = self.canvas.shown
        target, hit = shown.target(stage_um), shown.hit(stage_um)
        go = f"Go to {target.text} \N{HORIZONTAL ELLIPSIS}", lambda: self.go_to_requested.emit(target)
        copies: list[Entry] = [("Copy coordinates", lambda: copy_text(shown.coordinates(stage_um)))]
        ways, wishes, own = list[Entry](), list[Entry](), list[Entry]()
        if hit is not None:
            copies.append((f"Copy the numbers of {hit.section}", partial(self._hovering.copy_numbers, hit)))
            ways = ways_from(hit, self.slices_wanted.emit, self.plots_wanted.emit)
            wishes = wish_entries(shown, hit, self.wished.emit)
            own = section_entries(shown, hit.section, self.propose)
        looks = [go, *copies], ways, wishes, [self._looking.fit]
        if self._editor is None:
            return menu_of(self, *looks)
        item = self.items.at(target.wafer_um, 0.0)
        judged = found_entries(item, self.propose) if item is not None else []
        marks = mark_entries(target.wafer_um, self.propose)
        return menu_of(self, *looks, judged, own, marks, [self._steps.active, self._steps.delete])
