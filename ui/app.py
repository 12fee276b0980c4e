"""The program with a window: Qt's application, and what the first window opens."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, QStandardPaths, Qt, QTimer
from PyQt5.QtWidgets import QApplication

from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import Explained, explaining
from ui.mailbox import Mailbox
from ui.memory import MemoryFile
from ui.parts.copying import CopyMenus
from ui.presenters.messages import Message, problem
from ui.run.interpreter import window_first
from ui.window import MainWindow

SIGNALS_MS = 300
LEAVING_S = 10.0


@dataclass(frozen=True, slots=True)
class Opening:
    """What the window begins with: a run, a simulated one, or the start page."""

    project: Path | None = None
    simulate: bool = False


def run(opening: Opening) -> int:
    """Show the window until the operator closes it; the process's exit code.

    Raises ``Explained`` where there is no screen.
    """
    if not has_screen(sys.platform, os.environ):
        raise Explained(
            ExitCode.BAD_INPUT,
            "There is no screen to open a window on. Over ssh, connect with `ssh -X`, or use the command "
            "line: `scopeacq --help` names the commands.",
        )
    app = make_application()
    window = make_window(opening)
    unexpected = watch_unexpected(window.banner.say, window)
    awake = _close_on_signals(window)
    window.show()
    code = int(app.exec())
    awake.stop()
    _await_others(LEAVING_S)
    unexpected.close()
    return code


def _await_others(patience_s: float) -> None:
    """Let other threads come to their end: one that still loads a library would crash the process."""
    until_s = time.monotonic() + patience_s
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, until_s - time.monotonic()))


def _close_on_signals(window: MainWindow) -> QTimer:
    """Ctrl-C and a request to end close the window as a click does: not while a run goes on."""
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda *_: window.close())
    # Python looks for signals only when it runs
    awake = QTimer()
    awake.timeout.connect(lambda: None)
    awake.start(SIGNALS_MS)
    return awake


def has_screen(platform: str, environment: Mapping[str, str]) -> bool:
    """Whether Qt finds a screen; where it does not, it ends the process without a sentence."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not platform.startswith("linux") or any(environment.get(name) for name in named)


def watch_unexpected(say: Callable[[Message], None], owner: QObject) -> Mailbox:
    """From now on have :func:`tell_unexpected` say what nobody expected on any thread.

    It is said on the window's, where alone a message can be shown. Close the mailbox before ``owner`` goes.
    """
    mailbox = Mailbox(owner)

    def tell(message: Message) -> None:
        mailbox.tell(partial(say, message))

    sys.excepthook = partial(tell_unexpected, tell)
    threading.excepthook = partial(_tell_of_thread, tell)
    return mailbox


def _tell_of_thread(say: Callable[[Message], None], ended: threading.ExceptHookArgs) -> None:
    if isinstance(ended.exc_value, Exception):
        tell_unexpected(say, ended.exc_type, ended.exc_value, ended.exc_traceback)


def tell_unexpected(
    say: Callable[[Message], None], kind: type[BaseException], error: BaseException, trace: object
) -> None:
    """Log what nobody expected and say so; the window stays. Takes the place of ``sys.excepthook``."""
    if not isinstance(error, Exception):
        QApplication.quit()
        return
    try:
        with explaining():
            raise error
    except Explained as explained:
        say(problem(explained))


def make_application() -> QApplication:
    """Qt's application, sharp on every screen, with values that can be copied, before all other threads."""
    window_first()
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("scopeacq")
    app.setApplicationDisplayName("")
    CopyMenus(app)
    return app


def make_window(opening: Opening) -> MainWindow:
    """The window, which opens what it is told to as soon as it is shown."""
    window = MainWindow(MemoryFile(settings_file()), simulations_folder())
    if opening.project is not None:
        QTimer.singleShot(0, lambda: window.open_run(opening.project, opening.simulate))
    elif opening.simulate:
        QTimer.singleShot(0, window.simulate)
    else:
        QTimer.singleShot(0, window.show_start)
    return window


def settings_file() -> Path:
    """Where the window's settings lie on this system."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(folder) / "scopeacq" / "window.toml"


def simulations_folder() -> Path:
    """Where simulated runs are made: here, or in the home folder where nothing can be written here."""
    here = Path.cwd()
    return here if os.access(here, os.W_OK) else Path.home()
