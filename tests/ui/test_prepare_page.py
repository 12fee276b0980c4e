"""The guided page in the window: when it shows, what it says where something is missing, undo and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.journal.records import DoseBooked
from tests.scopeacq.drawn_wafers import greys, overview_in, placed
from tests.ui.story import AT_LEISURE_MS, at_work, run_on_disk
from tests.ui.test_prepare_way import OVERVIEW, Page, bare_run
from ui.prepare.fiducials_step import FiducialsStep
from ui.prepare.grids_step import GridsStep
from ui.prepare.landmarks_step import LandmarksStep
from ui.prepare.overview_step import OverviewStep
from ui.prepare.sections_step import SectionsStep
from ui.presenters.prepare import State, Step
from ui.presenters.prepare_settings import Way
from ui.viewport.choice_bar import ChoiceBar
from ui.viewport.tool import Tool

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def bare(qtbot: QtBot, tmp_path: Path) -> Iterator[Page]:
    with at_work(qtbot, tmp_path, bare_run(tmp_path)) as operator:
        operator.open()
        page = Page(operator)
        qtbot.waitUntil(lambda: page.panel.opened is Step.OVERVIEW, timeout=AT_LEISURE_MS)
        yield page


@pytest.fixture
def prepared(qtbot: QtBot, tmp_path: Path) -> Iterator[Page]:
    """A wafer that has sections."""
    with at_work(qtbot, tmp_path, run_on_disk(tmp_path, sections=2)) as operator:
        operator.open()
        yield Page(operator)


def test_it_shows_on_a_bare_wafer_in_the_room_of_what_has_not_happened_yet(bare: Page) -> None:
    workspace = bare.operator.workspace
    assert bare.panel.isVisible() and not workspace.panel("log").isVisible()
    workspace.show_view("plan")
    assert not bare.panel.isVisible()
    workspace.show_view("live")
    workspace.show_view("wafer")
    assert bare.panel.isVisible()
    workspace.panel("prepare").hide()
    QApplication.processEvents()
    assert workspace.panel("log").isVisible()


def test_it_leaves_its_room_to_the_map_of_a_wafer_with_sections(prepared: Page) -> None:
    workspace = prepared.operator.workspace
    assert not prepared.panel.isVisible() and workspace.panel("log").isVisible()
    workspace.rooms.offer("prepare")
    assert prepared.panel.isVisible()


def test_each_step_says_what_it_lacks(bare: Page) -> None:
    sections = bare.body(Step.SECTIONS, SectionsStep)
    for button in (sections.seek, sections.train):
        bare.operator.click(button)
        assert "acquire an overview first" in bare.panel.cards[Step.SECTIONS].trouble.text()
    bare.operator.click(bare.body(Step.FIDUCIALS, FiducialsStep).propose)
    assert "no picture" in bare.panel.cards[Step.FIDUCIALS].trouble.text()
    bare.operator.click(bare.body(Step.LANDMARKS, LandmarksStep).measure)
    assert "No landmark is set" in bare.panel.cards[Step.LANDMARKS].trouble.text()
    bare.operator.click(bare.body(Step.GRIDS, GridsStep).propagate)
    trouble = bare.panel.cards[Step.GRIDS].trouble
    bare.operator.qtbot.waitUntil(lambda: "no section" in trouble.text(), timeout=AT_LEISURE_MS)
    bare.reads(Step.GRIDS, State.LOOK)


def test_landmarks_are_set_by_clicks_on_the_map(bare: Page) -> None:
    bare.operator.click(bare.body(Step.LANDMARKS, LandmarksStep).set)
    assert bare.operator.viewport.canvas.tool is Tool.DRAW


def test_grids_are_taken_back_by_the_keys_of_the_page(prepared: Page) -> None:
    operator = prepared.operator
    operator.qtbot.waitUntil(lambda: operator.viewport.editor is not None, timeout=AT_LEISURE_MS)
    operator.workspace.rooms.offer("prepare")
    editor = operator.viewport.editor
    assert editor is not None
    before = editor.document
    body = prepared.body(Step.GRIDS, GridsStep)
    operator.click(body.form.fields.rows["imaging", "grid_rows"].input)
    operator.press(Qt.Key.Key_Up)
    assert editor.document.project.imaging.grid_rows == before.project.imaging.grid_rows + 1
    operator.press(Qt.Key.Key_Z, CTRL)
    assert editor.document == before


def test_choices_fold_where_the_map_is_narrow(prepared: Page) -> None:
    bars = prepared.operator.viewport.findChildren(ChoiceBar)
    prepared.operator.window.resize(1920, 1080)
    prepared.operator.qtbot.waitUntil(lambda: all(bar.spread.isVisible() for bar in bars))
    prepared.operator.workspace.rooms.offer("prepare")
    prepared.operator.window.resize(1100, 680)
    prepared.operator.qtbot.waitUntil(lambda: all(bar.folded.isVisible() for bar in bars))
    menu = bars[-1].folded.menu()
    assert menu is not None
    menu.actions()[-1].trigger()
    assert bars[-1].folded.text().startswith(menu.actions()[-1].text())


def test_the_network_is_taught_from_the_page(qtbot: QtBot, tmp_path: Path) -> None:
    run = bare_run(tmp_path)
    overview_in(run.plan.folder.overviews, greys(), placed())
    with at_work(qtbot, tmp_path, run) as operator:
        operator.open()
        page = Page(operator)
        body = page.body(Step.SECTIONS, SectionsStep)
        page.reads(Step.OVERVIEW, State.DONE)
        operator.click(body.seek)
        page.reads(Step.SECTIONS, State.LOOK)
        body.accept.slider.setValue(0)
        operator.click(body.accept.button)
        page.reads(Step.SECTIONS, State.DONE)
        body.learning.choose("limit_s", 2.0)
        operator.click(body.train)
        note = page.panel.cards[Step.SECTIONS].note
        qtbot.waitUntil(lambda: "Taught in" in note.text(), timeout=AT_LEISURE_MS)
        assert body.how.chosen.way is Way.NETWORK
        operator.press(Qt.Key.Key_S, CTRL)
        qtbot.waitUntil(lambda: operator.workspace.objection() is None, timeout=AT_LEISURE_MS)
    assert run.plan.folder.section_weights.is_file()


def test_an_overview_that_was_stopped_goes_on_where_it_was(bare: Page) -> None:
    operator, card = bare.operator, bare.panel.cards[Step.OVERVIEW]
    body = bare.body(Step.OVERVIEW, OverviewStep)
    growing = operator.viewport.canvas.growing
    operator.click(body.acquire)
    operator.qtbot.waitUntil(lambda: len(growing) > 1, timeout=AT_LEISURE_MS)
    operator.click(card.work.stop)
    operator.qtbot.waitUntil(lambda: "Stopped" in card.note.text(), timeout=AT_LEISURE_MS)
    bare.reads(Step.OVERVIEW, State.TO_DO)
    operator.click(body.acquire)
    bare.reads(Step.OVERVIEW, State.DONE)
    scanned = [record for record in operator.run.records() if isinstance(record, DoseBooked)]
    assert len(scanned) <= OVERVIEW.columns * OVERVIEW.rows + 1
