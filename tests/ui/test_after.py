"""Looking back on a run from its window: from a plot to its slice, to the wafer, and to the report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hardware.types import Optics
from scopeacq.journal.records import FocusDone, PlaneKey
from scopeacq.plan.runfolder import Plan
from tests.ui.past_run import make_past_run
from ui.after.after import mount_after
from ui.after.report_writing import ReportWriting
from ui.hand.manual import ManualControl
from ui.links import Links, link_views
from ui.live.control import LiveControl
from ui.live.feed import Past
from ui.live.page import LivePage
from ui.messages.banner import Banner
from ui.plots.view import PlotsView
from ui.presenters.curves import GROUPS
from ui.presenters.tone import Sign, Tone
from ui.presenters.wafer_map import Hit, Selection
from ui.presenters.wafer_presenter import WaferPresenter
from ui.slices.view import SlicesView
from ui.viewport.widget import WaferViewport
from ui.workspace import Workspace

SOON_MS = 20_000


class Opened:
    """A workspace with the views that look back, and the wafer."""

    def __init__(self, plan: Plan) -> None:
        self.workspace, self.banner, self.viewport = Workspace(plan), Banner(), WaferViewport()
        self.viewport.show_map(WaferPresenter(plan).shown())
        self.workspace.mount_view("wafer", "Wafer", Sign.WAFER, "", self.viewport)
        self.manual = ManualControl(plan, parent=self.workspace)
        self.live = LivePage(plan, LiveControl(self.manual, self.workspace))
        self.workspace.mount_view("live", "Live", Sign.EYE, "", self.live)
        views = mount_after(self.workspace, self.banner)
        link_views(Links(self.workspace, self.viewport, self.live, *views, lambda _: None))
        self.workspace.resize(1200, 800)
        self.workspace.show()

    @property
    def slices(self) -> SlicesView:
        view = self.workspace.view("slices")
        assert isinstance(view, SlicesView)
        return view

    @property
    def plots(self) -> PlotsView:
        view = self.workspace.view("plots")
        assert isinstance(view, PlotsView)
        return view

    def told(self, words: str) -> bool:
        return any(words in message.text for message in self.banner.messages)

    def close(self) -> None:
        self.viewport.close_pictures()
        self.workspace.leave()
        for widget in (self.workspace, self.banner):
            widget.deleteLater()
        QApplication.sendPostedEvents(None, 52)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_past_run(tmp_path_factory.mktemp("past"))


@pytest.fixture
def plan(made: Plan, tmp_path: Path) -> Plan:
    root = tmp_path / "past.scopeacq"
    shutil.copytree(made.folder.root, root)
    return replace(made, folder=replace(made.folder, root=root))


@pytest.fixture
def opened(qtbot: QtBot, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    monkeypatch.setattr("ui.after.report_writing.QDesktopServices.openUrl", lambda _: True)
    found = Opened(plan)
    yield found
    found.close()


def test_nothing_is_read_before_a_view_is_looked_at(qtbot: QtBot, opened: Opened) -> None:
    qtbot.wait(50)
    assert opened.plots.series.version == 0
    opened.workspace.show_view("plots")
    qtbot.waitUntil(lambda: opened.plots.series.version > 0, timeout=SOON_MS)


def test_from_a_plot_to_its_slice_to_the_wafer_and_to_its_focus(qtbot: QtBot, opened: Opened) -> None:
    opened.workspace.show_view("plots")
    qtbot.waitUntil(lambda: opened.plots.series.version > 0, timeout=SOON_MS)
    opened.plots.plane_wanted.emit(PlaneKey(1, "S002", 1))
    assert opened.workspace.shown_view == "slices"
    looked = opened.slices.looked
    assert (looked.section, looked.cycle, looked.tile) == ("S002", 1, 1)
    opened.slices.card.wafer.click()
    assert opened.workspace.shown_view == "wafer"
    assert opened.viewport.selection.sections == {"S002"}
    opened.workspace.show_view("slices")
    opened.slices.card.plots.click()
    assert opened.workspace.shown_view == "plots"
    assert opened.plots.group is GROUPS[0]
    assert opened.plots.section == "S002"


def corrections(*cycles: int) -> Past:
    """Corrections on tile 2 of S002 in some cycles, the newest first, after one of another tile."""
    optics = Optics(4500.0, 0.0, 0.0)
    keys = [PlaneKey(2, "S001", 0), *(PlaneKey(cycle, "S002", 1) for cycle in cycles)]
    return Past(tuple(FocusDone(key, True, "", optics, optics, (), 9.0, "", 0.0) for key in keys), None)


def test_from_a_slice_to_the_correction_before_it(opened: Opened) -> None:
    opened.workspace.show_view("slices")
    opened.slices.look_at(PlaneKey(1, "S002", 1))
    opened.slices.card.trace.click()
    assert opened.workspace.shown_view == "live"
    run = opened.live.run
    assert opened.live.tabs.currentWidget() is run
    opened.live.show_past(corrections(3, 1, 0))  # it is read when the view is seen
    assert [run.list.item(n, 0).text() for n in range(3)][run.list.currentRow()] == "S002, tile 2, cycle 2"
    opened.live.show_correction(PlaneKey(2, "S002", 1))
    assert run.list.currentRow() == 1, "where there was none in its cycle, the one before it"
    opened.live.show_correction(PlaneKey(0, "S001", 1))
    assert run.verdict.word.text() == "No correction"


def test_the_wafer_and_the_events_lead_to_slices_plots_and_back(opened: Opened) -> None:
    opened.viewport.slices_wanted.emit(Hit("S002"))
    assert opened.workspace.shown_view == "slices"
    assert (opened.slices.looked.section, opened.slices.looked.tile) == ("S002", None)
    opened.viewport.plots_wanted.emit(Hit("S002", 1))
    assert (opened.workspace.shown_view, opened.plots.section) == ("plots", "S002")
    opened.workspace.place_wanted.emit(Hit("S001", 1))
    assert opened.workspace.shown_view == "wafer"
    assert opened.viewport.selection.tiles == {("S001", 1)}
    opened.workspace.place_wanted.emit(Hit("S002"))
    assert opened.viewport.selection == Selection(frozenset({"S002"}))


def test_pictures_and_numbers_are_kept_beside_the_report(qtbot: QtBot, opened: Opened, plan: Plan) -> None:
    opened.workspace.show_view("slices")
    qtbot.waitUntil(lambda: opened.slices.desk.shown.looked.cycle == 2, timeout=SOON_MS)
    folder = plan.folder.reports / "exports"
    for _ in range(2):
        opened.slices.export_wanted.emit()
    qtbot.waitUntil(lambda: (folder / "S001-cycle3-2.tif").exists(), timeout=SOON_MS)
    assert (folder / "S001-cycle3.png").exists()
    opened.workspace.show_view("plots")
    opened.plots.csv_wanted.emit()
    opened.plots.png_wanted.emit()
    qtbot.waitUntil(lambda: opened.told("focus-all-sections.png"), timeout=SOON_MS)
    assert (folder / "focus-all-sections.csv").read_text().startswith("quantity,unit,cycle")


def test_a_full_disk_is_said_in_the_banner(qtbot: QtBot, opened: Opened, plan: Plan) -> None:
    opened.workspace.show_view("slices")
    plan.folder.reports.mkdir(exist_ok=True)
    (plan.folder.reports / "exports").write_text("a file where the folder should be")
    opened.slices.export_wanted.emit()
    qtbot.waitUntil(lambda: bool(opened.banner.messages), timeout=SOON_MS)
    assert opened.banner.messages[0].tone is Tone.ALARM


def test_the_report_is_written_and_found(qtbot: QtBot, opened: Opened, plan: Plan) -> None:
    opened.plots.report_wanted.emit()
    opened.workspace.report_wanted.emit()
    assert opened.told("The report is being made")
    qtbot.waitUntil(lambda: opened.told("The report is /"), timeout=SOON_MS)
    assert len(opened.banner.messages) == 1
    assert (plan.folder.reports / "report.html").exists()


def test_a_report_that_nobody_can_open_is_still_found(qtbot: QtBot, plan: Plan) -> None:
    banner = Banner()
    report = ReportWriting(plan, banner, show=lambda _: False)
    with qtbot.waitSignal(report.written, timeout=SOON_MS):
        report.write()
    assert "Open it with a browser" in banner.messages[0].text
    report.stop()
    banner.deleteLater()


def test_a_report_of_a_folder_that_vanished_is_refused_in_words(qtbot: QtBot, plan: Plan) -> None:
    banner = Banner()
    report = ReportWriting(plan, banner, show=lambda _: True)
    plan.folder.journal_file.write_bytes(b"not a journal")
    report.write()
    qtbot.waitUntil(lambda: banner.messages and banner.messages[0].tone is Tone.ALARM, timeout=SOON_MS)
    assert "journal" in banner.messages[0].text
    report.write()
    report.stop()
    banner.deleteLater()
