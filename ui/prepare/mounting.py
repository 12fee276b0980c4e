"""Puts the panel Prepare into a workspace, and what its steps do behind it."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtCore import Qt

from scopeacq.sections.candidates import Ring
from ui.hand.manual import ManualControl
from ui.hand.works import Works
from ui.messages.banner import Banner
from ui.plan.plan_editing import PlanEditing
from ui.prepare.desk import PrepareDesk
from ui.prepare.exchange_work import ExchangeWork
from ui.prepare.fiducials_step import FiducialsStep
from ui.prepare.fiducials_work import FiducialsWork
from ui.prepare.grids_step import GridsStep
from ui.prepare.grids_work import GridsWork
from ui.prepare.landmarks_step import LandmarksStep
from ui.prepare.landmarks_work import LandmarksWork
from ui.prepare.overview_step import OverviewStep
from ui.prepare.overview_work import Area, OverviewWork
from ui.prepare.panel import WIDTH_PX, PreparePanel
from ui.prepare.route_step import RouteStep
from ui.prepare.route_work import RouteWork
from ui.prepare.sections_step import SectionsStep
from ui.prepare.sections_work import SectionsWork
from ui.prepare.teaching import TeachingWork
from ui.presenters.drawing import Drawn
from ui.presenters.prepare import Step
from ui.run.run_docks import BELOW
from ui.viewport.widget import WaferViewport
from ui.wafer.overviews import Overviews
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
    panel.undo_asked.connect(viewport.undo)
    panel.redo_asked.connect(viewport.redo)
    panel.save_asked.connect(editing.save)
    panel.finish_asked.connect(editing.save)
    panel.finish_asked.connect(lambda: _raise(workspace, "preflight"))
    for form in (bodies.overview.form, bodies.grids.form):
        desk.edited.connect(lambda form=form: form.show_editor(desk.editor))
        form.edited.connect(desk.typed)
    _set_to_work(bodies, desk, viewport, workspace)
    editing.edit_in(desk)
    workspace.before_closing(desk.stop)
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    workspace.mount_panel(KEY, "Prepare", panel, left, home="wafer", in_place_of=BELOW)
    workspace.set_width(KEY, WIDTH_PX)
    if not plan.wafer.sections:
        workspace.rooms.offer(KEY)
    return panel


def _set_to_work(bodies: Bodies, desk: PrepareDesk, viewport: WaferViewport, workspace: Workspace) -> None:
    """Have each step do what its buttons say."""
    _show_overviews(OverviewWork(bodies.overview, desk), bodies.overview, desk, viewport)
    LandmarksWork(bodies.landmarks, desk)
    bodies.landmarks.set_asked.connect(lambda: viewport.draw(Drawn.LANDMARK))
    bodies.landmarks.list_asked.connect(lambda: _raise(workspace, "marks"))
    sections = SectionsWork(bodies.sections, desk, lambda: _chosen_outline(viewport, desk))
    sections.review_wanted.connect(lambda: _raise(workspace, "found"))
    exchange = ExchangeWork(bodies.sections.exchange, desk)
    exchange.review_wanted.connect(lambda: _raise(workspace, "found"))
    TeachingWork(bodies.sections, desk)
    GridsWork(bodies.grids, desk, lambda: _chosen_section(viewport))
    FiducialsWork(bodies.fiducials, desk)
    bodies.fiducials.set_asked.connect(lambda: viewport.draw(Drawn.FIDUCIAL))
    RouteWork(bodies.route, desk).found.connect(viewport.show_route)


def _show_overviews(
    work: OverviewWork, body: OverviewStep, desk: PrepareDesk, viewport: WaferViewport
) -> None:
    """Show the picture that grows, and know which pictures there are."""
    overviews = viewport.findChild(Overviews)
    assert isinstance(overviews, Overviews)
    work.begun.connect(lambda area: _look_at(viewport, area))
    work.tile_taken.connect(lambda tile: viewport.grow(tile.image, tile.placement, first=tile.number == 1))
    work.made.connect(overviews.take)
    body.add_asked.connect(overviews.add)
    overviews.changed.connect(desk.show_underlay)
    desk.show_underlay(overviews.underlay)


def _raise(workspace: Workspace, key: str) -> None:
    """Bring a panel in front of those that share its place."""
    if key in workspace.panels:
        workspace.panel(key).show()
        workspace.panel(key).raise_()


def _look_at(viewport: WaferViewport, area: Area) -> None:
    """Have a part of the wafer in the window."""
    canvas = viewport.canvas
    centre_um = canvas.shown.wafer_to_stage.apply(area.centre_um)
    canvas.look_from(canvas.camera.fitted(centre_um, area.width_um, area.height_um))


def _chosen_outline(viewport: WaferViewport, desk: PrepareDesk) -> Ring | None:
    """Of the one section that is chosen on the map, found or planned."""
    selection = viewport.canvas.selection
    found = [c.outline_um for c in desk.candidates.sections if c.id in selection.found]
    planned = [s.outline_um for s in desk.plan.wafer.sections if s.id in selection.sections]
    outlines = found or planned
    return outlines[0] if len(outlines) == 1 else None


def _chosen_section(viewport: WaferViewport) -> str | None:
    """The one section that is chosen on the map."""
    chosen = viewport.canvas.selection.sections
    return next(iter(chosen)) if len(chosen) == 1 else None
