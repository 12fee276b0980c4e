"""Every value can be copied and says what it is; actions are copied as command lines."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from PyQt5.QtCore import QPoint
from PyQt5.QtGui import QContextMenuEvent
from PyQt5.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ui.parts.copying import CopyMenus, menu_for, offer_command, value_of
from ui.presenters.command_lines import command_line


def entries(menu: QMenu | None) -> dict[str, object]:
    return {action.text(): action for action in menu.actions()} if menu is not None else {}


@pytest.fixture
def clipboard(qapp: QApplication) -> object:
    found = qapp.clipboard()
    assert found is not None
    found.clear()
    return found


def test_a_right_click_on_any_value_copies_it(
    qtbot: QtBot, qapp: QApplication, clipboard: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QPoint] = []
    monkeypatch.setattr(QMenu, "popup", lambda _, at: opened.append(at))  # offscreen has no popups
    watching = CopyMenus(qapp)
    label = QLabel("4500.3 um")
    label.setToolTip("The working distance, as the column reads it.")
    qtbot.addWidget(label)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(1, 1), QPoint(7, 8))
    assert QApplication.sendEvent(label, event)
    qapp.removeEventFilter(watching)
    assert opened == [QPoint(7, 8)]
    (menu,) = label.findChildren(QMenu)
    assert list(entries(menu)) == ["Copy", "What is this?"]
    entries(menu)["Copy"].trigger()
    assert clipboard.text() == "4500.3 um"


@pytest.mark.parametrize(
    ("shown", "copied"),
    [("a < b & c", "a < b & c"), ("<b>Ion beam</b> blanked", "Ion beam blanked"), ("", "")],
)
def test_values_are_copied_as_they_are_read(qtbot: QtBot, shown: str, copied: str) -> None:
    label = QLabel(shown)
    qtbot.addWidget(label)
    assert value_of(label) == copied


def test_a_bar_gives_its_words_and_fields_keep_their_own_menu(qtbot: QtBot) -> None:
    bar, field = QProgressBar(), QLineEdit("text")
    for widget in (bar, field):
        qtbot.addWidget(widget)
    bar.setRange(0, 10)
    bar.setValue(3)
    assert value_of(bar) == "30%"
    assert menu_for(field) is None


def test_an_action_is_copied_as_its_command_line(qtbot: QtBot, clipboard: object) -> None:
    button, holder = QPushButton("Start"), QWidget()
    qtbot.addWidget(holder)
    button.setParent(holder)
    offer_command(button, command_line("run", Path("/data/my run.scopeacq")))
    found = entries(menu_for(button))
    found["Copy as command line"].trigger()
    assert shlex.split(clipboard.text()) == ["scopeacq", "run", "/data/my run.scopeacq"]
