"""Puts the view Live into a workspace."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scopeacq.telling.explain import Explained
from ui.hand.manual import ManualControl
from ui.live.control import LiveControl
from ui.live.feed import RunFeed
from ui.live.page import LivePage
from ui.messages.banner import Banner
from ui.presenters.messages import Message, problem
from ui.presenters.tone import Sign, Tone
from ui.run.acquisition import Acquisition
from ui.run.run_docks import BELOW
from ui.tasks import Tasks
from ui.workspace import Workspace

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Shot

KEY = "live"
HINT = "What the microscope sees: live image, autofocus, series through focus"


def mount_live(
    workspace: Workspace,
    manual: ManualControl,
    acquisition: Acquisition,
    tasks: Tasks,
    banner: Banner,
) -> LivePage:
    """Mount the view."""
    control = LiveControl(manual, workspace)
    page = LivePage(workspace.plan, control)
    feed = RunFeed(workspace.plan, tasks, page)
    feed.past.connect(page.show_past)
    feed.tile.connect(page.show_run_tile)
    control.told.connect(banner.say)
    acquisition.viewed.connect(lambda _: control.note_run(acquisition.active))
    page.save_asked.connect(partial(_save, workspace, tasks, banner))
    workspace.view_shown.connect(lambda key: feed.wake(key == KEY))
    for follower in (page.take_plan, feed.take_plan):
        workspace.plan_changed.connect(follower)
    workspace.before_closing(control.stop)
    workspace.before_closing(feed.stop)
    workspace.mount_view(KEY, "Live", Sign.EYE, HINT, page, BELOW)
    return page


def _save(workspace: Workspace, tasks: Tasks, banner: Banner, shot: Shot) -> None:
    """Keep a frame in the run's folder; files are written on a thread of their own."""

    def keep() -> str:
        from scopeacq.storage.kept_frames import keep_frame

        return keep_frame(workspace.plan, shot)

    def kept(name: str) -> None:
        banner.say(Message(Tone.GOOD, f"The frame is kept as {name} in the run's folder."))

    def failed(error: Explained) -> None:
        banner.say(problem(error))

    tasks.run(keep, kept, failed)
