"""Keys: none collides with another, all stand in the manual; commands are found by typing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import held_now, in_each_view, keyboard_page
from tests.ui.story import Operator, at_work, run_on_disk
from ui import theme
from ui.presenters.commands import ANYWHERE, Command, keys_page, matching
from ui.presenters.help import manual_folder
from ui.window import MainWindow

RENEW = "written anew by `python -m tests.screenshots keyboard`"


@pytest.fixture
def operator(qtbot: QtBot, tmp_path: Path) -> Iterator[Operator]:
    with at_work(qtbot, tmp_path, run_on_disk(tmp_path)) as made:
        made.open()
        yield made


def test_no_two_keys_collide(operator: Operator) -> None:
    collisions: set[str] = set()

    def look() -> None:
        pairs = combinations(held_now(operator.window), 2)
        collisions.update(f"{a.keys}: {a.name}, {b.name}" for a, b in pairs if a.collides_with(b))

    in_each_view(operator.window, look)
    assert not collisions


def test_the_manual_lists_the_keys_of_the_window(operator: Operator) -> None:
    page = (manual_folder() / "keyboard.md").read_text(encoding="utf-8")
    assert page == keyboard_page(operator.window), RENEW


def test_a_command_is_found_by_typing(qtbot: QtBot, window: MainWindow) -> None:
    palette = window.assistance.palette
    palette.open()
    before = theme.shades(window)
    qtbot.keyClicks(palette.line, "dark")
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert theme.shades(window) is not before


def test_escape_closes_the_palette(qtbot: QtBot, window: MainWindow) -> None:
    palette = window.assistance.palette
    palette.open()
    qtbot.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.list.currentRow() == 1
    qtbot.keyClick(palette.line, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_help_opens_the_page_of_what_has_the_focus(qtbot: QtBot, operator: Operator) -> None:
    qtbot.waitUntil(operator.preflight.again.isEnabled, timeout=20_000)
    operator.preflight.again.setFocus()
    operator.press(Qt.Key.Key_F1)
    panel = operator.window.assistance.panel
    assert panel.page is not None
    assert panel.page.key == "preflight"
    operator.viewport.canvas.setFocus()
    operator.press(Qt.Key.Key_F1)
    assert panel.page.key == "wafer"
    panel.go_back()
    assert panel.page.key == "preflight"


def test_each_panel_has_a_question_mark(operator: Operator) -> None:
    for key in operator.workspace.panels:
        operator.workspace.panel(key).show()
        title = operator.workspace.panel(key).titleBarWidget()
        assert title is not None
        operator.workspace.panel(key).raise_()
        QApplication.processEvents()
        operator.click(title.help)
        assert operator.window.assistance.panel.page.key == key


def test_the_manual_is_searched_while_typing(qtbot: QtBot, window: MainWindow) -> None:
    window.assistance.show_page("index")
    panel = window.assistance.panel
    qtbot.keyClicks(panel.search, "gun off")
    assert "When something goes wrong" in panel.view.toPlainText()
    panel.search.clear()
    assert panel.page is not None
    assert panel.page.key == "index"


def test_pictures_of_a_page_are_as_wide_as_there_is_room(window: MainWindow) -> None:
    window.assistance.show_page("index")
    view = window.assistance.panel.view
    for width_px in (900, 1400):
        window.resize(width_px, 800)
        QApplication.processEvents()
        assert view.horizontalScrollBar().maximum() == 0
        assert view.document().size().width() <= view.viewport().width()


def test_keys_that_hold_now_are_listed(window: MainWindow) -> None:
    window.assistance.show_keys()
    text = window.assistance.panel.view.toPlainText()
    assert "Ctrl+O" in text
    assert "Find a command" in text


def test_commands_are_ranked_and_listed() -> None:
    done: list[str] = []
    commands = [
        Command("Start", ("Ctrl+Return",), "Run", False, lambda: done.append("start")),
        Command("Go to the start page", (), ANYWHERE, True, lambda: done.append("page")),
        Command("Restart", ("R",), "Live", True, lambda: done.append("again")),
        Command("Start it", (), "Live", True, lambda: done.append("it")),
    ]
    assert [c.text for c in matching(commands, "start")] == [
        "Start it",
        "Go to the start page",
        "Restart",
        "Start",
    ]
    assert [c.text for c in matching(commands, "live re")] == ["Restart"]
    page = keys_page(commands, "All of them.")
    assert "| `Ctrl+Return` | Start |" in page.text
    assert "Go to" not in page.text


def test_a_palette_without_a_match_says_so(qtbot: QtBot, window: MainWindow) -> None:
    palette = window.assistance.palette
    palette.open()
    assert not palette.nothing.isVisible()
    qtbot.keyClicks(palette.line, "xqzw")
    assert palette.nothing.isVisible()
    assert palette.list.count() == 0
