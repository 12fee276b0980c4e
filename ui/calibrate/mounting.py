"""Puts the view Calibrate into a workspace, and what it does behind it."""

from __future__ import annotations

from pathlib import Path

from ui.after.report_writing import open_outside
from ui.calibrate.desk import CalibrateDesk
from ui.calibrate.services import Calibrations
from ui.calibrate.view import CalibrateView
from ui.hand.manual import ManualControl
from ui.messages.banner import Banner
from ui.plan.plan_editing import PlanEditing
from ui.presenters.messages import Message
from ui.presenters.tone import Sign, Tone
from ui.run.acquisition import Acquisition
from ui.run.run_docks import BELOW
from ui.workspace import Workspace

KEY = "calibrate"
HINT = "Measure the instrument: focus, scan, stage, stigmators, ion gun, dose"


def mount_calibrate(
    workspace: Workspace,
    banner: Banner,
    manual: ManualControl,
    acquisition: Acquisition,
    editing: PlanEditing,
    core: Calibrations,
) -> CalibrateDesk:
    """Give a workspace the view. Nothing is read before it is seen."""
    view, desk = CalibrateView(), CalibrateDesk(workspace.plan, manual, core, workspace)
    wire(view, desk)
    view.shown.connect(desk.look)
    desk.told.connect(banner.say)
    desk.report_asked.connect(lambda path: _show_report(path, banner))
    desk.changed.connect(editing.take_files)
    workspace.plan_changed.connect(desk.take_plan)
    acquisition.listed.connect(lambda checklist: desk.note_edits(checklist.edited))
    acquisition.viewed.connect(lambda _: desk.note_run(acquisition.active))
    workspace.before_closing(desk.close)
    workspace.mount_view(KEY, "Calibrate", Sign.GAUGE, HINT, view, BELOW)
    return desk


def _show_report(path: Path, banner: Banner) -> None:
    if not open_outside(path):
        banner.say(Message(Tone.QUIET, f"The report is {path}", advice="Open it with a browser."))


def wire(view: CalibrateView, desk: CalibrateDesk) -> None:
    """Have the desk do what its operator wants, and show what it says."""
    prepare, measure, result = view.wizard.prepare, view.wizard.measure, view.wizard.result
    view.entries.chosen.connect(desk.choose)
    view.entries.undo_asked.connect(desk.undo)
    view.entries.adopt_asked.connect(desk.adopt)
    view.left.restore_asked.connect(desk.restore)
    view.left.leave_asked.connect(desk.leave_as_it_is)
    prepare.edited.connect(desk.edit)
    prepare.begin_asked.connect(desk.begin)
    measure.pause_asked.connect(desk.pause)
    measure.stop_asked.connect(desk.stop)
    measure.go_on_asked.connect(desk.begin)
    measure.end_asked.connect(desk.end)
    measure.left.connect(desk.leave)
    result.accept_asked.connect(desk.accept)
    result.keep_asked.connect(desk.keep)
    result.report_asked.connect(desk.show_report)
    result.again_asked.connect(desk.leave)
    desk.opened.connect(view.show_settings)
    desk.viewed.connect(view.show_view)
    desk.figures.connect(view.show_figures)
