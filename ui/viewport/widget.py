"""The wafer viewport: the map with its tools, layers, legend and coordinates."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PyQt5.QtCore import QPoint, QPointF, Qt, pyqtSignal
from PyQt5.QtWidgets import QActionGroup, QFrame, QMenu, QVBoxLayout, QWidget

from scopeacq.plan.geometry import Point
from ui.parts.copying import copy_text
from ui.presenters import edits
from ui.presenters.editing import Editor
from ui.presenters.edits import Edit, Refused
from ui.presenters.hover import History
from ui.presenters.layers import EXPLAINED, Layer, legend_of
from ui.presenters.overviews import Underlay
from ui.presenters.wafer_map import Hit, Selection, WaferMap, edited
from ui.viewport.actions import action, bar, choice, name_step
from ui.viewport.canvas import WaferCanvas
from ui.viewport.foot import Foot
from ui.viewport.hovering import Hovering
from ui.viewport.menu import Entry, menu_of, section_entries, ways_from, wish_entries
from ui.viewport.overlays import LegendCard
from ui.viewport.overview_menu import OverviewButton
from ui.viewport.pictures import Source
from ui.viewport.placing_bar import PlacingBar
from ui.viewport.tool import HINTS, TOOL_TIPS, Tool

ZOOM_STEP = 1.6
PAN_STEP_PX = 80


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
        self._make_actions()
        self._lay_out()
        self._connect()
        self.use(Tool.LOOK)
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
        if self._editor is not None:
            document = self._editor.document
            shown = edited(shown, document.wafer, document.project.imaging)
        stage_um, field_um = self._stage
        if stage_um is not None:
            shown = replace(shown, stage_um=stage_um, field_um=field_um)
        self.canvas.show_map(shown)
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
        """Show these pictures under the map."""
        self.canvas.show_underlay(underlay)

    def set_editor(self, editor: Editor | None) -> None:
        """Let this plan be edited here; without one the map is only looked at."""
        self._editor = editor
        if editor is None:
            self.use(Tool.LOOK)
        self.show_map(self._map)

    def set_pictures(self, source: Source | None) -> None:
        """Where pictures come from; asked on a thread of its own."""
        self.canvas.pictures.set_source(source)
        self.canvas.update()

    def use(self, tool: Tool) -> None:
        """Take up a tool."""
        self._tools[tool].setChecked(True)
        self._foot.hint(HINTS[tool])
        self.canvas.use(tool)

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

    def _delete(self) -> None:
        self.propose(edits.delete(self.selection.sections))

    def _toggle_active(self) -> None:
        """Leave out the chosen tiles or sections, or activate them where they are left out."""
        active = not self.canvas.shown.images(self.selection)
        if self.selection.tiles:
            self.propose(edits.activate_tiles(self.selection.tiles, active))
        else:
            self.propose(edits.activate(self.selection.sections, active))

    def _changed(self) -> None:
        assert self._editor is not None
        self.show_map(self._map)
        self.document_changed.emit(self._editor.document)

    # -- the parts ----------------------------------------------------------------------

    def _make_actions(self) -> None:
        layers, tools = QActionGroup(self), QActionGroup(self)
        self._layers = {
            layer: choice(
                self, layers, layer.value, str(n), EXPLAINED[layer], partial(self.show_layer, layer)
            )
            for n, layer in enumerate(Layer, 1)
        }
        self._tools = {
            tool: choice(self, tools, tool.value, tool.value[0], TOOL_TIPS[tool], partial(self.use, tool))
            for tool in Tool
        }
        self._layers[Layer.STATE].setChecked(True)
        self._undo_action = action(self, "Undo", "Ctrl+Z", self.undo)
        self._redo_action = action(self, "Redo", "Ctrl+Shift+Z", self.redo, "Ctrl+Y")
        self._delete_action = action(self, "Delete", "Del", self._delete)
        self._active_action = action(self, "Leave out", "X", self._toggle_active)
        self._save_action = action(self, "Save", "Ctrl+S", self.save_requested.emit)
        self._fit_action = action(self, "Fit", "F", self._fit, "Home")
        self._fit_action.setToolTip("Show what is chosen, then all sections, then the whole wafer (F)")
        self._in_action = action(self, "+", "+", partial(self.canvas.zoom, ZOOM_STEP), "=")
        self._in_action.setToolTip("Come nearer (+)")
        self._out_action = action(self, "\N{MINUS SIGN}", "-", partial(self.canvas.zoom, 1 / ZOOM_STEP))
        self._out_action.setToolTip("Go farther away (-)")
        self.addAction(self.overview_button.show_action)
        action(self, "Choose all", "Ctrl+A", self._select_all)
        action(self, "Choose none", "Esc", self._let_go)
        for key, dx, dy in (("Left", 1, 0), ("Right", -1, 0), ("Up", 0, 1), ("Down", 0, -1)):
            action(
                self,
                f"Pan {key.lower()}",
                key,
                partial(self.canvas.pan, dx * PAN_STEP_PX, dy * PAN_STEP_PX),
            )

    def _lay_out(self) -> None:
        views = [self._out_action, self._in_action, self._fit_action]
        steps = [self._undo_action, self._redo_action, self._active_action, self._delete_action]
        self._editing: QFrame = bar([*self._tools.values()], [*steps, self._save_action])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(bar([*self._layers.values()], views, self.overview_button))
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
        canvas.go_to_requested.connect(self.go_to_requested)
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(self._show_menu)

    def _refresh(self) -> None:
        """Bring legend and buttons up to what is shown."""
        self.legend.show_legend(legend_of(self._layer, self.canvas.shown))
        editor, may_edit = self._editor, self._editor is not None
        self._editing.setVisible(may_edit)
        for tool in (Tool.EDIT, Tool.ADD):
            self._tools[tool].setEnabled(may_edit)
        for each in (self._delete_action, self._active_action):
            each.setEnabled(may_edit and bool(self.selection.sections))
        leave = self.canvas.shown.images(self.selection) or not self.selection.sections
        self._active_action.setText("Leave out" if leave else "Activate")
        what = "Do not image what is chosen" if leave else "Image what is chosen again"
        self._active_action.setToolTip(f"{what} (X)")
        self._save_action.setEnabled(editor is not None and editor.unsaved)
        name_step(self._undo_action, editor.to_undo if editor else "")
        name_step(self._redo_action, editor.to_redo if editor else "")

    def _selected(self, selection: Selection) -> None:
        self._refresh()
        self.selection_changed.emit(selection)

    def _hovered(self, stage_um: Point | None) -> None:
        self._foot.coordinates(self.canvas.shown.coordinates(stage_um) if stage_um else "")

    def _fit(self) -> None:
        self.canvas.fit(self.selection.sections)

    def _select_all(self) -> None:
        self.canvas.select(Selection(frozenset(s.id for s in self.canvas.shown.sections)))

    def _let_go(self) -> None:
        """Give up a drag; with none under way, the selection."""
        if not self.canvas.give_up():
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
        ways, wishes = list[Entry](), list[Entry]()
        if hit is not None:
            copies.append((f"Copy the numbers of {hit.section}", partial(self._hovering.copy_numbers, hit)))
            ways = ways_from(hit, self.slices_wanted.emit, self.plots_wanted.emit)
            wishes = wish_entries(shown, hit, self.wished.emit)
        if self._editor is None:
            return menu_of(self, [go, *copies], ways, wishes, [self._fit_action])
        own = section_entries(shown, hit.section, self.propose) if hit is not None else []
        return menu_of(
            self,
            [go, *copies],
            ways,
            wishes,
            [self._fit_action],
            own,
            [self._active_action, self._delete_action],
        )
