"""Puts the widgets of a run into its workspace: the one place that knows them all."""

from __future__ import annotations

import time

from PyQt5.QtCore import QTimer

from ui.acquisition import Acquisition
from ui.banner import Banner
from ui.plan_editing import PlanEditing
from ui.presenters.messages import Message
from ui.presenters.notices import Attended, Ended, Notice
from ui.presenters.strip import RunWatch
from ui.presenters.tone import Sign, Tone
from ui.presenters.wafer_map import Target
from ui.run_docks import mount_run
from ui.tasks import Tasks
from ui.viewport.widget import WaferViewport
from ui.wafer_feed import WaferFeed
from ui.workspace import Workspace

STRIP_MS = 500
BELOW_PX = 200

RUN_GOES_ON = Message(
    Tone.CAUTION,
    "A run goes on in this window.",
    "Leaving it would end the run in the middle.",
    "Pause or stop it, then close.",
)


def furnish(workspace: Workspace, banner: Banner, tasks: Tasks) -> None:
    """Mount what belongs to the workspace's run; ``banner`` takes what is to be told."""
    acquisition = mount_run(workspace, banner)
    workspace.ask_before_leaving(lambda: RUN_GOES_ON if acquisition.active else None)
    viewport = WaferViewport()
    viewport.told.connect(lambda text: banner.say(Message(Tone.CAUTION, text)))
    viewport.go_to_requested.connect(lambda target: banner.say(_no_stage(target)))
    feed = WaferFeed(viewport, workspace.plan, tasks)
    workspace.mount_view("wafer", "Wafer", Sign.WAFER, "The whole wafer, down to single tiles", viewport)
    workspace.set_height("log", BELOW_PX)
    workspace.before_closing(feed.stop)
    feed.refresh()
    editing = PlanEditing(viewport, workspace.plan, tasks, banner)
    editing.saved.connect(workspace.reopening_wanted)
    workspace.ask_before_leaving(editing.objection)
    workspace.before_closing(editing.stop)
    editing.allow()
    _watch(workspace, acquisition)
    acquisition.noticed.connect(lambda notice: _hold_still(editing, notice))


def _hold_still(editing: PlanEditing, notice: Notice) -> None:
    match notice:
        case Attended():
            editing.forbid()
        case Ended():
            editing.allow()


def _no_stage(target: Target) -> Message:
    return Message(
        Tone.QUIET,
        f"The stage was not sent to {target.text}.",
        "Only a run is connected to the instrument, and it steers the stage itself.",
    )


def _watch(workspace: Workspace, acquisition: Acquisition) -> None:
    """Show in the strip what the run tells, and that it tells nothing any more."""
    watch, timer = RunWatch(), QTimer(workspace)

    def take(notice: Notice) -> None:
        watch.take(notice, time.monotonic())

    def show() -> None:
        workspace.show_situation(watch.situation(time.monotonic()))

    acquisition.noticed.connect(take)
    acquisition.noticed.connect(lambda _: show())
    timer.timeout.connect(show)
    timer.start(STRIP_MS)
