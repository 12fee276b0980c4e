"""What the window said is kept behind the bell, and who is away is called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAction, QApplication, QLabel
from pytestqt.qtbot import QtBot

from scopeacq.engine.events import RunState, StateChanged
from ui.presenters.message_log import MOST_KEPT, MessageLog
from ui.presenters.messages import Message
from ui.presenters.tone import Tone
from ui.run.run_docks import message_of
from ui.window import MainWindow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTE, ALARM = (
    Message(Tone.QUIET, "A note."),
    Message(Tone.ALARM, "The gun tripped.", "No ions.", "Look at it."),
)


def test_messages_are_counted_until_they_are_read() -> None:
    log = MessageLog()
    log.take(NOTE, NOON)
    assert (log.unread, log.calling) == (1, False)
    log.take(ALARM, NOON)
    assert (log.unread, log.calling) == (2, True)
    log.read()
    assert (log.unread, log.calling) == (0, False)
    assert [told.message for told in log.newest_first()] == [ALARM, NOTE]
    assert "Look at it." in log.as_text()


def test_the_same_again_counts_and_the_oldest_go() -> None:
    log = MessageLog()
    for minute in range(3):
        log.take(NOTE, NOON + timedelta(minutes=minute))
    (told,) = log.told
    assert "12:02:00, 3 times" in told.heading
    for number in range(2 * MOST_KEPT):
        log.take(Message(Tone.QUIET, str(number)), NOON)
    assert len(log.told) == log.unread == MOST_KEPT


def test_closed_messages_are_found_behind_the_bell(qtbot: QtBot, window: MainWindow) -> None:
    bell = window.messages.bell
    window.banner.say(ALARM)
    window.banner.withdraw(ALARM)
    assert bell.text().strip() == "1"
    qtbot.mouseClick(bell, Qt.MouseButton.LeftButton)
    shown = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
    assert any("The gun tripped." in text for text in shown)
    assert bell.text() == ""


def test_an_operator_is_called_only_when_somebody_must_come(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []
    monkeypatch.setattr(QApplication, "alert", called.append)
    monkeypatch.setattr(QApplication, "beep", lambda: None)
    window.banner.say(NOTE)
    assert called == []
    window.banner.say(ALARM)
    assert called == [window]


def test_the_sound_is_silenced_in_the_view_menu_and_stays_so(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[None] = []
    monkeypatch.setattr(QApplication, "beep", lambda: heard.append(None))
    (sound,) = (action for action in window.findChildren(QAction) if "&Sound" in action.text())
    assert sound.isChecked()
    window.banner.say(ALARM)
    sound.trigger()
    window.banner.say(ALARM)
    assert len(heard) == 1
    window.close()
    assert not window._memory_file.read()[0].sound


def test_a_run_that_waits_calls() -> None:
    waits = message_of(StateChanged(RunState.WAITING, "tile 3 of S001 is not sharp"))
    assert waits is not None
    assert waits.calls
    assert waits.tone is Tone.CAUTION
    assert message_of(StateChanged(RunState.RUNNING, "")) is None
