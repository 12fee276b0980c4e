"""Puts the widgets of a run into its workspace: the one place that knows them all."""

from __future__ import annotations

from collections.abc import Iterator

from scopeacq.plan.runfolder import require_unchanged
from ui.after.after import mount_after
from ui.calibrate.mounting import mount_calibrate
from ui.hand.instrument import mount_instrument
from ui.links import Links, link_views
from ui.live import mount_live
from ui.messages.banner import Banner
from ui.plan.plan_editing import PlanEditing
from ui.plan.plan_mount import mount_plan
from ui.prepare.mounting import mount_prepare
from ui.presenters.messages import Message
from ui.presenters.notices import Ended
from ui.presenters.tone import Tone
from ui.run.run_docks import mount_run
from ui.run.services import SERVICES, Services
from ui.tasks import Tasks
from ui.wafer.marks_mount import mount_marks
from ui.wafer.wafer_mount import mount_wafer
from ui.workspace import Workspace

BELOW_PX, BESIDE_PX = 200, 360

RUN_GOES_ON = Message(
    Tone.CAUTION,
    "A run goes on in this window.",
    "Leaving it would end the run in the middle.",
    "Pause or stop it, then close.",
)


def furnish(
    workspace: Workspace, banner: Banner, tasks: Tasks, services: Services = SERVICES
) -> Iterator[None]:
    """Mount what belongs to the workspace's run, part by part; ``banner`` takes what is to be told."""
    acquisition = mount_run(workspace, banner, services)
    workspace.ask_before_leaving(lambda: RUN_GOES_ON if acquisition.active else None)
    yield
    viewport = mount_wafer(workspace, banner, tasks)
    viewport.wished.connect(acquisition.wish)
    workspace.set_height("log", BELOW_PX)
    yield
    manual = mount_instrument(workspace, banner, acquisition, viewport, services.opener)
    workspace.set_width("run", BESIDE_PX)
    yield
    live = mount_live(workspace, manual, acquisition, tasks, banner)
    yield
    editing = PlanEditing(workspace.plan, tasks, banner, workspace)
    editing.edit_in(viewport)
    forms = mount_plan(workspace, editing, banner)
    editing.saved.connect(workspace.take_plan)
    workspace.ask_before_leaving(editing.objection)
    workspace.before_closing(editing.stop)
    editing.allow()
    unsaved = lambda *_: acquisition.note_edits(bool(editing.objection() or forms.objection()))  # noqa: E731
    editing.edited.connect(unsaved)
    editing.saved.connect(unsaved)
    acquisition.give_way(lambda: require_unchanged(workspace.plan))
    acquisition.started.connect(editing.forbid)
    acquisition.noticed.connect(lambda notice: editing.allow() if isinstance(notice, Ended) else None)
    yield
    mount_prepare(workspace, banner, editing, viewport, manual)
    mount_marks(workspace, viewport, manual)
    yield
    slices, plots = mount_after(workspace, banner)
    calibrate = mount_calibrate(workspace, banner, manual, acquisition, editing, services.calibrations)
    banner.followed.connect(workspace.offer_followed)
    link_views(Links(workspace, viewport, live, slices, plots, calibrate.choose))
    acquisition.open(workspace.plan)
