"""Mounts what looks back on a run: the views of slices and of plots, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QBuffer, QByteArray, QIODevice

from scopeacq.storage.files import DiskFiles
from ui.after.after_feed import AfterFeed
from ui.after.report_writing import ReportWriting
from ui.messages.banner import Banner
from ui.parts.copying import offer_command
from ui.plots.view import PlotsView
from ui.presenters.command_lines import command_line
from ui.presenters.curves import csv_of
from ui.presenters.messages import Message, problem
from ui.presenters.tone import Sign, Tone
from ui.run.run_docks import BELOW
from ui.slices.export import seen
from ui.slices.view import SlicesView
from ui.tasks import Tasks
from ui.workspace import Workspace


def mount_after(workspace: Workspace, banner: Banner) -> tuple[SlicesView, PlotsView]:
    """Give a workspace its views of what has been done. Nothing is read before one of them is seen."""
    plan, tasks = workspace.plan, Tasks(workspace)
    feed = AfterFeed(plan, tasks, workspace)
    slices = mount_slices(workspace, feed)
    plots = mount_plots(workspace, feed)
    report, keeper = ReportWriting(plan, banner, workspace), Keeper(plan.folder.reports, banner, tasks)
    workspace.report_wanted.connect(report.write)
    plots.report_wanted.connect(report.write)
    offer_command(plots.report, command_line("report", plan.folder.root))
    slices.export_wanted.connect(partial(_keep_slice, slices, keeper))
    plots.csv_wanted.connect(partial(_keep_numbers, plots, keeper))
    plots.png_wanted.connect(partial(_keep_plots, plots, keeper))
    for follow in (slices.take_plan, report.take_plan, feed.take_plan):  # the feed has the views refreshed
        workspace.plan_changed.connect(follow)
    for farewell in (feed.stop, slices.close_files, report.stop, tasks.close):
        workspace.before_closing(farewell)
    return slices, plots


def mount_slices(workspace: Workspace, feed: AfterFeed) -> SlicesView:
    """The view of slices, kept in step by ``feed``, which begins when it is seen."""
    view = SlicesView(workspace.plan, feed.book)
    hint = "Every slice of a tile or a section, through all cycles"
    workspace.mount_view("slices", "Slices", Sign.SLICES, hint, view, BELOW)
    feed.changed.connect(view.refresh)
    feed.failed.connect(view.show_trouble)
    workspace.view_shown.connect(partial(_begin, feed, "slices"))
    return view


def mount_plots(workspace: Workspace, feed: AfterFeed) -> PlotsView:
    """The view of plots, kept in step by ``feed``, which begins when it is seen."""
    view = PlotsView(feed.series)
    hint = "Focus, images, ions, drift and time over cycles or hours"
    workspace.mount_view("plots", "Plots", Sign.CURVE, hint, view, BELOW)
    feed.changed.connect(view.refresh)
    feed.failed.connect(view.show_trouble)
    workspace.view_shown.connect(partial(_begin, feed, "plots"))
    return view


class Keeper:
    """Writes pictures and numbers beside the report, under names that are not taken, and says where."""

    def __init__(self, folder: Path, banner: Banner, tasks: Tasks) -> None:
        self._folder, self._banner, self._tasks = folder, banner, tasks

    def keep(self, name: str, contents: Mapping[str, bytes]) -> None:
        """Write files that differ in their suffixes. Errors go to the banner."""
        self._tasks.run(
            partial(self._write, name, contents), self._tell, lambda e: self._banner.say(problem(e))
        )

    def _write(self, name: str, contents: Mapping[str, bytes]) -> list[Path]:
        files, folder = DiskFiles(), self._folder / "exports"
        files.make_folder(folder)
        free = name
        number = 1
        while any((folder / f"{free}{suffix}").exists() for suffix in contents):
            number += 1
            free = f"{name}-{number}"
        paths = [folder / f"{free}{suffix}" for suffix in contents]
        for path, content in zip(paths, contents.values(), strict=True):
            files.write_durable(path, content)
        return paths

    def _tell(self, paths: list[Path]) -> None:
        others = "".join(f" and {path.name}" for path in paths[1:])
        self._banner.say(Message(Tone.GOOD, f"Kept as {paths[0]}{others}"))


def _begin(feed: AfterFeed, key: str, shown: str) -> None:
    if shown == key:
        feed.start()


def _keep_slice(slices: SlicesView, keeper: Keeper) -> None:
    now = seen(slices.canvas)
    keeper.keep(now.name, {".png": now.as_png(), ".tif": now.as_tiff()})


def _keep_numbers(plots: PlotsView, keeper: Keeper) -> None:
    keeper.keep(_name(plots), {".csv": csv_of(plots.series, plots.curves).encode()})


def _keep_plots(plots: PlotsView, keeper: Keeper) -> None:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    plots.picture().save(buffer, "PNG")
    keeper.keep(_name(plots), {".png": bytes(data)})


def _name(plots: PlotsView) -> str:
    return f"{plots.group.name.lower()}-{plots.section or 'all-sections'}"
