"""No text of the window is cut, in both modes, on screens of 100 % and 200 %."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from hardware import discovery
from hardware.addresses import Address, Wire
from hardware.discovery import Listed
from tests.ui.cut_texts import cut_texts
from tests.ui.story import at_work, run_on_disk
from ui.connect.mounting import Connect
from ui.presenters.connection_state import Step
from ui.theme import Mode
from ui.window import MainWindow

SIZES_PX = (1920, 1080), (1440, 900), (1280, 800), (1280, 680)
"""The last one is what a screen of 1920 x 1080 has at 150 %, less a task bar."""
TURNS, TURN_S = 10, 0.02
ROOT = Path(__file__).parents[2]
THIS_SCALE = "test_no_text_is_cut_in_this_scale"


def cut_in(window: MainWindow, mode: Mode, size_px: tuple[int, int]) -> Iterator[str]:
    """What is cut in any view and panel."""
    workspace = window.workspace
    assert workspace is not None
    window.use_mode(mode)
    window.resize(*size_px)
    for key in workspace.rooms.homes:  # as where a wafer has no section yet: there is the least room
        workspace.rooms.offer(key)
    for key in workspace.views:
        workspace.show_view(key)
        yield from (f"{key}: {text}" for text in still_cut(workspace.view(key)))
    for key in workspace.panels:
        workspace.panel(key).show()
        workspace.panel(key).raise_()
        yield from (f"{key}: {text}" for text in still_cut(workspace.panel(key)))


def still_cut(widget: QWidget) -> list[str]:
    """What is cut once the layout is done, which takes a few turns after a text has changed."""
    for _ in range(TURNS):
        QApplication.processEvents()
        if not (cut := cut_texts(widget)):
            return []
        time.sleep(TURN_S)
    return cut


def test_a_text_that_is_cut_is_found(qtbot: QtBot) -> None:
    for widget in (QLabel("much too long for its label"), QPushButton("much too long for its button")):
        qtbot.addWidget(widget)
        holder = QLabel()
        qtbot.addWidget(holder)
        widget.setParent(holder)
        widget.resize(40, 20)
        holder.show()
        assert len(cut_texts(holder)) == 1
        widget.resize(400, 40)
        assert cut_texts(holder) == []


def test_no_text_is_cut_in_this_scale(qtbot: QtBot, tmp_path: Path) -> None:
    with at_work(qtbot, tmp_path, run_on_disk(tmp_path)) as operator:
        operator.open()
        qtbot.waitUntil(operator.preflight.again.isEnabled, timeout=60_000)
        cut = [
            f"{mode.value}, {size_px}: {text}"
            for mode, size_px in zip(cycle(Mode), SIZES_PX, strict=False)  # colours take no room
            for text in cut_in(operator.window, mode, size_px)
        ]
    assert not cut, "\n".join(cut)


def test_no_text_is_cut_in_this_scale_where_an_instrument_is_connected(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ports = (Address("COM3", Wire.SERIAL, "FTDI USB serial port"), Address("192.168.0.5:8300", Wire.TCP))
    monkeypatch.setattr(discovery, "list_addresses", lambda _: Listed(ports))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    window.connect_instrument()
    wizard = window.findChild(Connect)
    assert isinstance(wizard, Connect)
    qtbot.waitUntil(lambda: wizard.desk.now.doing is None, timeout=60_000)
    for driver in wizard.desk.now.drivers:
        wizard.desk.add_device(driver)
    window.resize(*min(SIZES_PX))
    cut = []
    for step in Step:
        wizard.desk.go(step)
        cut += [f"{step.value}: {text}" for text in still_cut(wizard)]
    for _ in range(2):  # what was not written is given up at the second try only
        window.show_start()
    assert not cut, "\n".join(cut)


@pytest.mark.parametrize("scale", ["1.5", "2"])
def test_no_text_is_cut_on_a_finer_screen(scale: str) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": scale}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", THIS_SCALE]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout
