"""The wafer viewport: the map with its tools, layers, legend and coordinates."""

from __future__ import annotations

from functools import partial

from PyQt5.QtCore import QEvent, QObject, QPoint, QPointF, Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QAction,
    QActionGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from scopeacq.geometry import Point
from ui.presenters import edits
from ui.presenters.editing import Editor
from ui.presenters.edits import Edit, Refused
from ui.presenters.layers import EXPLAINED, Layer, legend_of
from ui.presenters.wafer_map import Selection, WaferMap, edited
from ui.theme import Space, set_role
from ui.viewport.actions import action, bar, choice, copy_text
from ui.viewport.canvas import Tool, WaferCanvas
from ui.viewport.overlays import LegendCard
from ui.viewport.pictures import Source

ZOOM_STEP = 1.6
PAN_STEP_PX = 80
HINTS = {
    Tool.LOOK: "Drag to pan, wheel to zoom, click to choose, double-click to go there.",
    Tool.EDIT: "Drag a chosen section to move it, its corners to resize, its ring to turn; Shift snaps.",
    Tool.ADD: "Drag a rectangle over the new section.",
}
TOOL_TIPS = {
    Tool.LOOK: "Look around without changing anything (L)",
    Tool.EDIT: "Move, turn, resize and delete sections; every step can be undone (E)",
    Tool.ADD: "Draw the outline of a new section (A)",
}


class WaferViewport(QWidget):
    """The whole wafer in stage coordinates.

    Signals:
        go_to_requested (Target): an operator asks the stage to go there; nothing was confirmed or checked.
        selection_changed (Selection)
        document_changed (Document): an edit was made, undone or done again.
        save_requested: the edited plan is to be written.
        told (str): why an edit was refused, or what pre-flight will say of it.
    """

    go_to_requested = pyqtSignal(object)
    selection_changed = pyqtSignal(object)
    document_changed = pyqtSignal(object)
    save_requested = pyqtSignal()
    told = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = WaferCanvas(self)
        self.legend = LegendCard(self.canvas)
        self._map = WaferMap()
        self._editor: Editor | None = None
        self._layer = Layer.STATE
        self._coordinates, self._hint = QLabel(), QLabel(HINTS[Tool.LOOK])
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

    def show_map(self, shown: WaferMap) -> None:
        """Show how the run stands now; what is being edited stays as it was edited."""
        self._map = shown
        if self._editor is not None:
            document = self._editor.document
            shown = edited(shown, document.wafer, document.project.imaging)
        self.canvas.show_map(shown)
        self._refresh()

    def show_layer(self, layer: Layer) -> None:
        """Colour the tiles by this."""
        self._layer = layer
        self.canvas.show_layer(layer)
        self._layers[layer].setChecked(True)
        self._refresh()

    def set_editor(self, editor: Editor | None) -> None:
        """Let this plan be edited here; without one the map is only looked at."""
        self._editor = editor
        if editor is None:
            self.use(Tool.LOOK)
        self.show_map(self._map)

    def set_pictures(self, source: Source | None) -> None:
        """Where pictures of tiles come from; asked on a thread of its own."""
        self.canvas.pictures.set_source(source)
        self.canvas.update()

    def use(self, tool: Tool) -> None:
        """Take up a tool."""
        self._tools[tool].setChecked(True)
        self._hint.setText(HINTS[tool])
        self.canvas.use(tool)

    def close_pictures(self) -> None:
        """Stop reading pictures; before the run's files are let go."""
        self.canvas.pictures.close()

    # -- editing ------------------------------------------------------------------------

    def propose(self, edit: Edit) -> None:
        """Make an edit, or say why not."""
        if self._editor is None:
            self.told.emit("This plan is only looked at; open it for editing first.")
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

    def _undo(self) -> None:
        if self._editor is not None:
            self._editor.undo()
            self._changed()

    def _redo(self) -> None:
        if self._editor is not None:
            self._editor.redo()
            self._changed()

    def _delete(self) -> None:
        self.propose(edits.delete(self.selection.sections))

    def _toggle_active(self) -> None:
        """Leave out the chosen tile or sections, or activate them where they are left out."""
        active = not self._chosen_active()
        if self.selection.tile is not None:
            self.propose(edits.activate_tile(*self.selection.tile, active))
        else:
            self.propose(edits.activate(self.selection.sections, active))

    def _chosen_active(self) -> bool:
        """Whether some of what is chosen is imaged."""
        shown = [s.section for s in self.canvas.shown.sections if s.id in self.selection.sections]
        tile = self.selection.tile
        return any(s.active if tile is None else s.images(tile[1]) for s in shown)

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
        self._tools[Tool.LOOK].setChecked(True)
        self._undo_action = action(self, "Undo", "Ctrl+Z", self._undo)
        self._redo_action = action(self, "Redo", "Ctrl+Shift+Z", self._redo, "Ctrl+Y")
        self._delete_action = action(self, "Delete", "Del", self._delete)
        self._active_action = action(self, "Leave out", "X", self._toggle_active)
        self._save_action = action(self, "Save", "Ctrl+S", self.save_requested.emit)
        self._fit_action = action(self, "Fit", "F", self._fit, "Home")
        self._fit_action.setToolTip(
            "Show the chosen sections, or the whole wafer; twice for the grid of one (F)"
        )
        self._in_action = action(self, "+", "+", partial(self.canvas.zoom, ZOOM_STEP), "=")
        self._in_action.setToolTip("Come nearer (+)")
        self._out_action = action(self, "\N{MINUS SIGN}", "-", partial(self.canvas.zoom, 1 / ZOOM_STEP))
        self._out_action.setToolTip("Go farther away (-)")
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
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        views = [self._out_action, self._in_action, self._fit_action]
        whole.addWidget(bar([*self._layers.values()], views))
        steps = [self._undo_action, self._redo_action, self._active_action, self._delete_action]
        steps.append(self._save_action)
        self._editing = bar([*self._tools.values()], steps)
        whole.addWidget(self._editing)
        whole.addWidget(self.canvas, 1)
        whole.addWidget(self._foot())

    def _foot(self) -> QFrame:
        foot = QFrame()
        row = QHBoxLayout(foot)
        row.setContentsMargins(Space.M, Space.XS, Space.M, Space.XS)
        self._coordinates.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._coordinates.setToolTip("Where the cursor is, in the frame of the stage; right-click to copy")
        for label in (self._hint, self._coordinates):
            set_role(label, "small")
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self._hint, 1)
        row.addWidget(self._coordinates)
        return foot

    def _connect(self) -> None:
        canvas = self.canvas
        canvas.hovered.connect(self._hovered)
        canvas.selected.connect(self._selected)
        canvas.proposed.connect(self.propose)
        canvas.go_to_requested.connect(self.go_to_requested)
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(self._show_menu)
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        if watched is self.canvas and event is not None and event.type() == QEvent.Type.Resize:
            self._place_legend()
        return super().eventFilter(watched, event)

    def _place_legend(self) -> None:
        legend, canvas = self.legend, self.canvas
        legend.move(canvas.width() - legend.width() - Space.M, canvas.height() - legend.height() - Space.M)

    def _refresh(self) -> None:
        """Bring legend and buttons up to what is shown."""
        self.legend.show_legend(legend_of(self._layer, self.canvas.shown))
        self._place_legend()
        editor, may_edit = self._editor, self._editor is not None
        self._editing.setVisible(may_edit)
        for tool in (Tool.EDIT, Tool.ADD):
            self._tools[tool].setEnabled(may_edit)
        self._delete_action.setEnabled(may_edit and bool(self.selection.sections))
        self._active_action.setEnabled(may_edit and bool(self.selection.sections))
        leave = self._chosen_active() or not self.selection.sections
        self._active_action.setText("Leave out" if leave else "Activate")
        what = "Do not image what is chosen" if leave else "Image what is chosen again"
        self._active_action.setToolTip(f"{what} (X)")
        self._save_action.setEnabled(editor is not None and editor.unsaved)
        for button, step in (
            (self._undo_action, editor.to_undo if editor else ""),
            (self._redo_action, editor.to_redo if editor else ""),
        ):
            button.setEnabled(bool(step))
            keys = button.shortcut().toString()
            button.setToolTip(f"{button.text()}: {step} ({keys})" if step else f"{button.text()} ({keys})")

    def _selected(self, selection: Selection) -> None:
        self._refresh()
        self.selection_changed.emit(selection)

    def _hovered(self, stage_um: Point | None) -> None:
        self._coordinates.setText(self.canvas.shown.coordinates(stage_um) if stage_um else "")

    def _fit(self) -> None:
        self.canvas.fit(self.selection.sections)

    def _select_all(self) -> None:
        self.canvas.select(Selection(frozenset(s.id for s in self.canvas.shown.sections)))

    def _let_go(self) -> None:
        """Give up a drag; with none under way, the selection."""
        if not self.canvas.give_up():
            self.canvas.select(Selection())

    def _show_menu(self, at: QPoint) -> None:
        menu = self.menu_at(self.canvas.stage_um(QPointF(at)))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.canvas.mapToGlobal(at))

    def menu_at(self, stage_um: Point) -> QMenu:
        """What can be done at a point of the stage frame."""
        shown = self.canvas.shown
        target, text = shown.target(stage_um), shown.coordinates(stage_um)
        menu = QMenu(self)
        for name, done in (
            (f"Go to {target.text} \N{HORIZONTAL ELLIPSIS}", lambda: self.go_to_requested.emit(target)),
            ("Copy coordinates", lambda: copy_text(text)),
        ):
            entry = QAction(name, menu)
            entry.triggered.connect(lambda _, done=done: done())
            menu.addAction(entry)
        menu.addSeparator()
        menu.addAction(self._fit_action)
        if self._editor is not None:
            menu.addActions([self._active_action, self._delete_action])
        return menu
