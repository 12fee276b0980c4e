"""Puts the panel Prepare into a workspace, and what its steps do behind it."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtCore import Qt

from ui.hand.manual import ManualControl
from ui.messages.banner import Banner
from ui.plan.plan_editing import PlanEditing
from ui.prepare.desk import PrepareDesk
from ui.prepare.fiducials_step import FiducialsStep
from ui.prepare.grids_step import GridsStep
from ui.prepare.landmarks_step import LandmarksStep
from ui.prepare.overview_step import OverviewStep
from ui.prepare.panel import WIDTH_PX, PreparePanel
from ui.prepare.route_step import RouteStep
from ui.prepare.sections_step import SectionsStep
from ui.prepare.works import Works
from ui.presenters.prepare import Step
from ui.run.run_docks import BELOW
from ui.viewport.widget import WaferViewport
from ui.workspace import Workspace

KEY = "prepare"


@dataclass(frozen=True)
class Bodies:
    """The widgets of the steps."""

    overview: OverviewStep
    landmarks: LandmarksStep
    sections: SectionsStep
    grids: GridsStep
    fiducials: FiducialsStep
    route: RouteStep


def mount_prepare(
    workspace: Workspace,
    banner: Banner,
    editing: PlanEditing,
    viewport: WaferViewport,
    manual: ManualControl,
) -> PreparePanel:
    """Give a workspace the panel, left of the map; it is offered where the wafer has no section yet."""
    plan = workspace.plan
    bodies = Bodies(
        OverviewStep(plan), LandmarksStep(), SectionsStep(), GridsStep(plan), FiducialsStep(), RouteStep()
    )
    panel = PreparePanel({step: getattr(bodies, step.name.lower()) for step in Step})
    desk = PrepareDesk(editing, Works(manual, workspace), workspace)
    desk.viewed.connect(panel.show_view)
    desk.told.connect(banner.say)
    panel.stop_asked.connect(desk.works.stop)
    for form in (bodies.overview.form, bodies.grids.form):
        desk.edited.connect(lambda form=form: form.show_editor(desk.editor))
        form.edited.connect(desk.typed)
    editing.edit_in(desk)
    workspace.before_closing(desk.stop)
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    workspace.mount_panel(KEY, "Prepare", panel, left, home="wafer", in_place_of=BELOW)
    workspace.set_width(KEY, WIDTH_PX)
    if not plan.wafer.sections:
        workspace.offer(KEY)
    return panel
