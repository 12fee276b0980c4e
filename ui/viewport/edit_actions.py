"""The actions that edit what is chosen on the map, and those that go through the steps of editing."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QAction, QWidget

from ui.presenters import drawn_edits, edits
from ui.presenters.editing import Editor
from ui.presenters.edits import Edit
from ui.presenters.wafer_map import Selection
from ui.viewport.actions import action, name_step
from ui.viewport.canvas import WaferCanvas


class EditActions(QObject):
    """What is chosen on ``canvas`` is edited. Undo, redo and save are wired by whoever holds the editor."""

    def __init__(self, owner: QWidget, canvas: WaferCanvas, propose: Callable[[Edit], None]) -> None:
        super().__init__(owner)
        self._canvas, self._propose = canvas, propose
        self.undo = action(owner, "Undo", "Ctrl+Z", lambda: None)
        self.redo = action(owner, "Redo", "Ctrl+Shift+Z", lambda: None, "Ctrl+Y")
        self.active = action(owner, "Leave out", "X", self._toggle_active)
        self.delete = action(owner, "Delete", "Del", self._delete)
        self.save = action(owner, "Save", "Ctrl+S", lambda: None)

    @property
    def in_order(self) -> list[QAction]:
        """As they stand in a bar."""
        return [self.undo, self.redo, self.active, self.delete, self.save]

    def refresh(self, editor: Editor | None) -> None:
        """Enable what is possible, and say what it would do."""
        selection, shown = self._canvas.selection, self._canvas.shown
        self.delete.setEnabled(editor is not None and selection != Selection())
        self.active.setEnabled(editor is not None and bool(selection.sections))
        leave = shown.images(selection) or not selection.sections
        self.active.setText("Leave out" if leave else "Activate")
        what = "Do not image what is chosen" if leave else "Image what is chosen again"
        self.active.setToolTip(f"{what} (X)")
        self.save.setEnabled(editor is not None and editor.unsaved)
        name_step(self.undo, editor.to_undo if editor else "")
        name_step(self.redo, editor.to_redo if editor else "")

    def _delete(self) -> None:
        """All that is chosen; a hand takes back its corner first."""
        if self._canvas.hand is None or not self._canvas.hand.back():
            self._propose(drawn_edits.delete(self._canvas.selection))

    def _toggle_active(self) -> None:
        """Leave out the chosen tiles or sections, or activate them where they are left out."""
        selection = self._canvas.selection
        active = not self._canvas.shown.images(selection)
        if selection.tiles:
            self._propose(edits.activate_tiles(selection.tiles, active))
        else:
            self._propose(edits.activate(selection.sections, active))
