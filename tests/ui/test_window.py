"""The main window: opens quickly, opens runs, tells trouble without dialogs, remembers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QDragEnterEvent, QDropEvent
from PyQt5.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from scopeacq.cli import run_command
from scopeacq.plan.demo import make_demo
from scopeacq.plan.run_templates import TEMPLATES
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import Explained
from ui.app import Opening, has_screen, run, tell_unexpected
from ui.memory import Memory, MemoryFile
from ui.parts.pressable import Pressable
from ui.presenters.messages import Message
from ui.presenters.tone import Sign, Tone
from ui.theme import Mode
from ui.window import MainWindow

OPENING_MS = 20_000


@pytest.fixture
def demo(tmp_path: Path) -> Plan:
    return make_demo(tmp_path / "made")


def opened(qtbot: QtBot, window: MainWindow, how: Callable[[], None]) -> None:
    with qtbot.waitSignal(window.opened, timeout=OPENING_MS):
        how()


def told(qtbot: QtBot, window: MainWindow) -> Message:
    qtbot.waitUntil(lambda: bool(window.banner.messages), timeout=OPENING_MS)
    return window.banner.messages[0]


def texts(window: MainWindow) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def test_nothing_heavy_is_loaded_before_the_window_shows(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from ui.app import Opening, make_application, make_window\n"
        "app = make_application(); window = make_window(Opening()); window.show()\n"
        "from PyQt5.QtTest import QTest; QTest.qWaitForWindowExposed(window)\n"
        "print(*sys.modules); window.close()"
    )
    environment = {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert {"torch", "cv2", "scipy", "pyqtgraph", "hardware.simulator"} & set(done.stdout.split()) == set()


def test_importing_the_package_imports_no_qt() -> None:
    script = "import ui, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "PyQt5" not in done.stdout


def test_a_run_is_opened_and_listed_the_next_time(
    qtbot: QtBot, window: MainWindow, memory_file: MemoryFile, chosen: list[Path], demo: Plan
) -> None:
    chosen.append(demo.folder.root)
    opened(qtbot, window, lambda: window.open_run(None))
    assert window.workspace is not None
    assert "SIMULATION" in window.windowTitle()
    assert window.workspace.strip.view.simulated
    assert window.workspace.strip.isVisible()
    window.show_start()
    assert window.workspace is None
    qtbot.waitUntil(lambda: "Not begun: 5 cycles of 4 sections." in texts(window), timeout=OPENING_MS)
    window.close()
    assert memory_file.read()[0].recent == (str(demo.folder.root),)


def test_a_new_run_is_made_from_the_template(
    qtbot: QtBot, window: MainWindow, chosen: list[Path], tmp_path: Path
) -> None:
    chosen.append(tmp_path / "mine.scopeacq")
    window.choose_template()
    cards = window.start_page.templates
    qtbot.waitUntil(lambda: len(cards.findChildren(Pressable)) == len(TEMPLATES), timeout=OPENING_MS)
    rehearsal = cards.findChildren(Pressable)[1]
    opened(qtbot, window, rehearsal.pressed.emit)
    assert Plan.read(tmp_path / "mine.scopeacq").project.cycles == 2
    assert Plan.read(tmp_path / "mine.scopeacq").project.name == "mine"
    assert "fails_closed_confirmed" in told(qtbot, window).advice


def test_a_simulation_that_was_not_begun_is_used_again(qtbot: QtBot, window: MainWindow) -> None:
    roots = []
    for _ in range(2):
        opened(qtbot, window, window.simulate)
        assert window.workspace is not None
        roots.append(window.workspace.plan.folder.root)
    assert roots[0] == roots[1]
    RunFolder(roots[0]).journal_file.write_bytes(b"")
    opened(qtbot, window, window.simulate)
    assert window.workspace.plan.folder.root != roots[0]


def test_a_bad_folder_is_told_and_the_window_lives_on(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    window.open_run(tmp_path / "nothing")
    message = told(qtbot, window)
    assert message.tone is Tone.ALARM
    assert "not a run folder" in message.what
    assert window.start_page.isEnabled()


def test_simulate_refuses_a_real_instrument(qtbot: QtBot, window: MainWindow, demo: Plan) -> None:
    text = demo.folder.instrument_file.read_text()
    demo.folder.instrument_file.write_text(text.replace('name = "twin"', 'name = "vendor"'))
    window.open_run(demo.folder.root, simulated_only=True)
    assert "--simulate" in told(qtbot, window).what
    assert window.workspace is None


def test_a_run_that_must_not_be_left_keeps_the_window(qtbot: QtBot, window: MainWindow, demo: Plan) -> None:
    opened(qtbot, window, lambda: window.open_run(demo.folder.root))
    assert window.workspace is not None
    busy = [Message(Tone.CAUTION, "A run goes on.")]
    window.workspace.ask_before_leaving(lambda: busy[0] if busy else None)
    window.close()
    assert window.isVisible()
    for leave in (window.show_start, window.choose_template):
        leave()
        assert window.workspace is not None
    assert window.banner.messages == tuple(busy)
    busy.clear()
    window.show_start()
    assert window.workspace is None


def test_panels_stay_where_they_were_put(
    qtbot: QtBot, window: MainWindow, memory_file: MemoryFile, demo: Plan
) -> None:
    def furnish(workspace: object, *_: object) -> Iterator[None]:
        from ui.workspace import Workspace

        assert isinstance(workspace, Workspace)
        workspace.mount_view("wafer", "Wafer", Sign.WAFER, "The wafer", QLabel("wafer"))
        for key in ("run", "log"):
            yield
            workspace.mount_panel(key, key, QLabel(key))

    window._furnish = furnish
    opened(qtbot, window, lambda: window.open_run(demo.folder.root))
    assert window.workspace is not None
    window.workspace.panel("log").hide()
    window.show_start()
    opened(qtbot, window, lambda: window.open_run(demo.folder.root))
    assert window.workspace.panel("log").isHidden()
    assert not window.workspace.panel("run").isHidden()


def test_a_run_is_remembered_from_its_opening_on_since_the_window_may_crash(
    qtbot: QtBot, window: MainWindow, memory_file: MemoryFile, demo: Plan
) -> None:
    opened(qtbot, window, lambda: window.open_run(demo.folder.root))
    qtbot.waitUntil(memory_file.path.exists, timeout=20_000)
    qtbot.waitUntil(lambda: memory_file.read()[0].recent == (str(demo.folder.root),), timeout=20_000)


def test_a_panel_behind_others_has_its_name_in_its_tab_alone(
    qtbot: QtBot, window: MainWindow, demo: Plan
) -> None:
    opened(qtbot, window, lambda: window.open_run(demo.folder.root))
    assert window.workspace is not None
    first = window.workspace.mount_panel("first", "First", QLabel("first"))
    second = window.workspace.mount_panel("second", "Second", QLabel("second"), tab_with="first")
    names = [dock.titleBarWidget().name for dock in (first, second)]
    qtbot.waitUntil(lambda: all(name.isHidden() for name in names), timeout=20_000)
    second.hide()
    qtbot.waitUntil(names[0].isVisible, timeout=20_000)


def test_a_view_is_seen_with_the_panels_it_was_left_with(
    qtbot: QtBot, window: MainWindow, demo: Plan
) -> None:
    def furnish(workspace: object, *_: object) -> Iterator[None]:
        from ui.workspace import Workspace

        assert isinstance(workspace, Workspace)
        workspace.mount_view("wafer", "Wafer", Sign.WAFER, "The wafer", QLabel("wafer"))
        workspace.mount_view("plan", "Plan", Sign.SLIDERS, "The plan", QLabel("plan"), without=("log",))
        for key in ("run", "log"):
            yield
            workspace.mount_panel(key, key, QLabel(key))

    def hidden() -> list[str]:
        assert window.workspace is not None
        return [key for key in window.workspace.panels if window.workspace.panel(key).isHidden()]

    window._furnish = furnish
    opened(qtbot, window, lambda: window.open_run(demo.folder.root))
    assert window.workspace is not None
    assert hidden() == []
    window.workspace.show_view("plan")
    assert hidden() == ["log"]
    window.workspace.panel("log").show()
    window.workspace.show_view("wafer")
    window.workspace.panel("run").hide()
    opened(qtbot, window, lambda: window.open_run(demo.folder.root))
    assert hidden() == ["run"]
    window.workspace.show_view("plan")
    assert hidden() == []


def test_a_damaged_layout_is_one_message_and_the_defaults(
    qtbot: QtBot, memory_file: MemoryFile, tmp_path: Path
) -> None:
    memory_file.path.parent.mkdir(parents=True)
    memory_file.path.write_bytes(b"\x00garbage")
    window = MainWindow(memory_file, tmp_path)
    qtbot.addWidget(window)
    window.show()
    (message,) = window.banner.messages
    assert "settings cannot be read" in message.what
    closing = next(b for b in window.banner.findChildren(QPushButton) if b.text() == "Close")
    qtbot.mouseClick(closing, Qt.MouseButton.LeftButton)
    assert not window.banner.isVisible()
    window.close()


def test_the_mode_is_remembered(window: MainWindow, memory_file: MemoryFile) -> None:
    window.toggle_mode()
    window.close()
    assert memory_file.read()[0].mode is Mode.LIGHT


def test_a_run_that_has_vanished_says_so_and_can_be_forgotten(
    qtbot: QtBot, memory_file: MemoryFile, tmp_path: Path
) -> None:
    memory_file.write(Memory(recent=(str(tmp_path / "gone.scopeacq"),)))
    window = MainWindow(memory_file, tmp_path)
    qtbot.addWidget(window)
    window.show()
    window.show_start()
    qtbot.waitUntil(lambda: "Not there" in texts(window), timeout=OPENING_MS)
    forget = next(b for b in window.start_page.findChildren(QPushButton) if b.text() == "Forget")
    qtbot.mouseClick(forget, Qt.MouseButton.LeftButton)
    window.close()
    assert memory_file.read()[0].recent == ()


def test_without_a_screen_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_screen("win32", {})
    assert has_screen("linux", {"DISPLAY": ":0"})
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(Explained, match="no screen"):
        run(Opening())
    assert run_command([]) == run_command(["gui"]) == ExitCode.BAD_INPUT


SAYS_WHEN_OPENED = """
import sys, ui.app
from scopeacq.cli import run_command
make = ui.app.make_window
def made(opening):
    window = make(opening)
    window.opened.connect(lambda _: print("opened", flush=True))
    return window
ui.app.make_window = made
sys.exit(run_command(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_the_command_opens_a_window_that_a_signal_closes(demo: Plan, tmp_path: Path) -> None:
    root, config = demo.folder.root, tmp_path / "config"
    window = subprocess.Popen(
        [sys.executable, "-c", SAYS_WHEN_OPENED, "gui", str(root), "--simulate"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(config)},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    assert window.stdout is not None
    assert window.stdout.readline() == b"opened\n"
    window.send_signal(signal.SIGINT)
    window.communicate(timeout=60)
    assert window.returncode == 0
    memory, trouble = MemoryFile(config / "scopeacq" / "window.toml").read()
    assert trouble is None
    assert memory.recent == (str(root),)


def test_what_nobody_expected_is_told_and_logged() -> None:
    said: list[Message] = []
    error = RuntimeError("the unforeseen")
    tell_unexpected(said.append, RuntimeError, error, None)
    (message,) = said
    assert "the unforeseen" in message.what
    assert "error-" in message.what


def test_a_folder_that_is_dropped_onto_the_window_is_opened(
    qtbot: QtBot, window: MainWindow, demo: Plan
) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(demo.folder.project_file))])
    copying, left = Qt.DropAction.CopyAction, Qt.MouseButtons(Qt.MouseButton.LeftButton)
    where, no_keys = QPoint(200, 200), Qt.KeyboardModifiers(Qt.KeyboardModifier.NoModifier)

    def drop() -> None:
        QApplication.sendEvent(window, QDragEnterEvent(where, copying, data, left, no_keys))
        QApplication.sendEvent(window, QDropEvent(QPointF(where), copying, data, left, no_keys))

    opened(qtbot, window, drop)
    assert window.workspace is not None
    assert window.workspace.plan.folder.root == demo.folder.root
