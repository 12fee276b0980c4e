"""From a bare wafer to a run that is done, with the mouse alone: the guided page on a tiny twin."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from hardware.simulator.scattered import scattered_wafer
from scopeacq.plan.geometry import inside
from scopeacq.plan.new_run import write_run
from scopeacq.plan.overview_settings import OverviewSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Wafer
from tests.scenarios.harness import TinyRun, Waves, tiny_project
from tests.ui.cut_texts import cut_texts
from tests.ui.story import AT_LEISURE_MS, Operator, at_work
from ui.prepare.fiducials_step import FiducialsStep
from ui.prepare.grids_step import GridsStep
from ui.prepare.overview_step import OverviewStep
from ui.prepare.panel import PreparePanel
from ui.prepare.route_step import RouteStep
from ui.prepare.sections_step import SectionsStep
from ui.presenters.prepare import State, Step

SECTIONS = 8
OVERVIEW = OverviewSettings(
    columns=4, rows=4, tile_width_px=512, tile_height_px=512, pixel_size_nm=2000.0, overlap_px=32
)
LONGEST_MS = 90_000
W = TypeVar("W", bound=QWidget)


def bare_run(folder: Path) -> TinyRun:
    """A tiny twin with some sections and marks of which the run's files know nothing."""
    specimen = scattered_wafer(1, SECTIONS, Waves())
    run = TinyRun.make(folder, tiny_project(cycles=1, overview=OVERVIEW), specimen=specimen)
    run.plan = write_run(folder / "bare.scopeacq", run.plan.project, Wafer(), run.plan.instrument)
    return run


class Page:
    """The panel Prepare before an operator."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        panel = operator.workspace.findChild(PreparePanel)
        assert isinstance(panel, PreparePanel)
        self.panel = panel

    def body(self, step: Step, kind: type[W]) -> W:
        """The widget of a step, which is opened with the mouse where it is closed."""
        card = self.panel.cards[step]
        if not card.opened:
            self.operator.click(card.head)
        assert isinstance(card.body, kind)
        return card.body

    def reads(self, step: Step, *states: State) -> None:
        """Wait until a step is in one of some states."""
        head = self.panel.cards[step].head
        words = {state.value.word for state in states}
        self.operator.qtbot.waitUntil(lambda: head.word.text() in words, timeout=LONGEST_MS)

    def sentence(self, step: Step) -> str:
        return self.panel.cards[step].head.sentence.text()


def test_from_the_bare_wafer_to_the_finished_run_with_the_mouse(qtbot: QtBot, tmp_path: Path) -> None:
    run = bare_run(tmp_path)
    with at_work(qtbot, tmp_path, run) as operator:
        operator.open()
        page = Page(operator)
        assert page.panel.isVisible()
        acquires(page)
        finds_and_accepts(page)
        lays_grids(page)
        proposes_fiducials(page)
        orders(page)
        operator.click(page.panel.finish)
        qtbot.waitUntil(lambda: operator.workspace.objection() is None, timeout=AT_LEISURE_MS)
        operator.confirm()
        operator.start()
        operator.reads("Finished")
    all_found(run)


def acquires(page: Page) -> None:
    """The instrument is connected by that, and the picture grows on the map."""
    page.operator.click(page.body(Step.OVERVIEW, OverviewStep).acquire)
    growing = page.operator.viewport.canvas.growing
    page.operator.qtbot.waitUntil(lambda: len(growing) > 1, timeout=LONGEST_MS)
    page.reads(Step.OVERVIEW, State.DONE)


def finds_and_accepts(page: Page) -> None:
    body = page.body(Step.SECTIONS, SectionsStep)
    page.operator.click(body.seek)
    page.reads(Step.SECTIONS, State.LOOK)
    page.operator.click(body.accept.button)
    page.reads(Step.SECTIONS, State.DONE)
    assert page.sentence(Step.SECTIONS) == f"{SECTIONS} sections in the plan."


def lays_grids(page: Page) -> None:
    page.operator.click(page.body(Step.GRIDS, GridsStep).propagate)
    page.reads(Step.GRIDS, State.DONE)
    assert page.sentence(Step.GRIDS) == f"{SECTIONS} sections, {SECTIONS} tiles."


def proposes_fiducials(page: Page) -> None:
    page.operator.click(page.body(Step.FIDUCIALS, FiducialsStep).propose)
    page.reads(Step.FIDUCIALS, State.DONE)


def orders(page: Page) -> None:
    page.operator.click(page.body(Step.ROUTE, RouteStep).order)
    page.reads(Step.ROUTE, State.DONE)


def all_found(run: TinyRun) -> None:
    """Each section of the plan is one of the twin's, each once, and was imaged."""
    plan = Plan.read(run.plan.folder.root)
    specs = run.nature.specimen.sections
    hits = [
        spec.id
        for section in plan.wafer.sections
        for spec in specs
        if inside((spec.x_um, spec.y_um), section.outline_um)
    ]
    assert sorted(hits) == sorted(spec.id for spec in specs)


def test_no_text_of_any_step_is_cut(qtbot: QtBot, tmp_path: Path) -> None:
    with at_work(qtbot, tmp_path, bare_run(tmp_path)) as operator:
        operator.open()
        page = Page(operator)
        operator.window.resize(1366, 768)
        for step in Step:
            page.panel.open_step(step)
            qtbot.waitUntil(lambda: not cut_texts(page.panel), timeout=2000)
