"""Landmarks and fiducials in the workspace: their panel, and measuring one where the beam looks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt

from scopeacq.plan.geometry import Point
from ui.hand.manual import ManualControl
from ui.panels.marks_panel import MarksPanel
from ui.presenters import mark_edits
from ui.presenters.landmarks import MarkRow
from ui.presenters.wafer_map import Selection
from ui.viewport.widget import WaferViewport
from ui.workspace import Workspace

if TYPE_CHECKING:  # brings drivers, which the window does without until an instrument is taken in hand
    from scopeacq.manual import Manual

KEY = "marks"


def mount_marks(workspace: Workspace, viewport: WaferViewport, manual: ManualControl) -> MarksPanel:
    """Give a workspace the panel of landmarks and fiducials, beside the steps that need it."""
    panel = marks_panel(viewport)
    panel.measure_asked.connect(partial(_measure, viewport, manual))
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    workspace.mount_panel(KEY, "Landmarks", panel, left, tab_with="prepare", home="wafer")
    return panel


def marks_panel(viewport: WaferViewport) -> MarksPanel:
    """The list of landmarks and fiducials, in step with the map."""
    panel = MarksPanel()

    def show(_: object = None) -> None:
        panel.show_marks(viewport.marks, may_edit=viewport.editor is not None)

    def go(row: MarkRow) -> None:
        shown = viewport.canvas.shown
        stage_um = row.stage_um or shown.wafer_to_stage.apply(row.wafer_um)
        viewport.go_to_requested.emit(shown.target(stage_um))

    viewport.shown_anew.connect(show)
    viewport.selection_changed.connect(panel.show_selection)
    panel.chosen.connect(lambda items: viewport.canvas.select(Selection(items=items)))
    panel.sought.connect(viewport.canvas.look_at_item)
    panel.go_asked.connect(go)
    panel.proposed.connect(viewport.propose)
    panel.delete_asked.connect(viewport.delete)
    panel.undo_asked.connect(viewport.undo)
    panel.redo_asked.connect(viewport.redo)
    show()
    return panel


def _measure(viewport: WaferViewport, manual: ManualControl, name: str) -> None:
    """Take the middle of what the beam sees for the place of a landmark; nothing is scanned."""

    def note(stage_um: Point) -> None:
        viewport.propose(mark_edits.measure_landmark(name, stage_um))

    manual.submit(_seen_um, note, f"Measuring {name}")


def _seen_um(manual: Manual) -> Point:
    """The point of the stage frame in the middle of what is seen."""
    return manual.place.apply(manual.looks_at_um())
