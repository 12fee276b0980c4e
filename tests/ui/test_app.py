"""What nobody expected reaches the operator from whichever thread it happened on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import pytest
from PyQt5 import sip
from PyQt5.QtCore import QObject, QRunnable, QThreadPool
from pytestqt.qtbot import QtBot

from ui.app import watch_unexpected
from ui.presenters.messages import Message


def fail() -> None:
    raise RuntimeError("the unforeseen")


class Failing(QRunnable):
    """Fails on a thread of Qt's."""

    def run(self) -> None:
        fail()


def on_a_thread() -> None:
    threading.Thread(target=fail).start()


def in_a_pool() -> None:
    pool = QThreadPool()
    pool.start(Failing())
    pool.waitForDone()


@pytest.mark.parametrize("happen", [on_a_thread, in_a_pool])
def test_it_is_told_where_a_message_can_be_shown(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, happen: Callable[[], None]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    said: list[tuple[Message, threading.Thread]] = []
    owner = QObject()
    watch_unexpected(lambda message: said.append((message, threading.current_thread())), owner)
    happen()
    qtbot.waitUntil(lambda: bool(said), timeout=10_000)
    ((message, where),) = said
    assert "the unforeseen" in message.what
    assert where is threading.main_thread()


def test_a_thread_that_ends_itself_ends_nothing_else(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    said: list[Message] = []
    owner = QObject()
    watch_unexpected(said.append, owner)
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()
    qtbot.wait(20)
    assert said == []


def test_what_happens_after_the_window_is_told_to_nobody(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telling a window that is gone would end the program."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    said: list[Message] = []
    owner = QObject()
    watch_unexpected(said.append, owner).close()
    sip.delete(owner)
    late = threading.Thread(target=fail)
    late.start()
    late.join()
    qtbot.wait(20)
    assert said == []
