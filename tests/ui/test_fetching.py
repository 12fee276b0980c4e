"""Reading on a thread of its own: what is wanted last counts, errors are told, after the end nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from scopeacq.storage.storage import StorageError
from ui.after.fetching import Fetch, Fetcher, Unread

SOON_MS = 20_000
LONG_S = 20.0


class Reading:
    """Reads by name; ``slow`` waits until it is let go."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.told: dict[str, object] = {}
        self.begun, self.let_go = threading.Event(), threading.Event()

    def fetch(self, name: str) -> Fetch[str]:
        return Fetch(name, lambda: self._read(name), lambda result: self.told.__setitem__(name, result))

    def _read(self, name: str) -> str:
        self.read.append(name)
        if name == "slow":
            self.begun.set()
            self.let_go.wait(LONG_S)
        if name == "bad":
            raise StorageError("It is gone.")
        return name.upper()


@pytest.fixture
def fetcher(qtbot: QtBot) -> Iterator[Fetcher]:
    made = Fetcher()
    yield made
    made.close()


def test_all_is_read_in_the_order_that_was_wanted(qtbot: QtBot, fetcher: Fetcher) -> None:
    reading = Reading()
    fetcher.want([reading.fetch(name) for name in "abc"])
    qtbot.waitUntil(lambda: len(reading.told) == 3, timeout=SOON_MS)
    assert reading.read == ["a", "b", "c"]
    assert reading.told == {"a": "A", "b": "B", "c": "C"}


def test_what_is_no_longer_wanted_is_never_read(qtbot: QtBot, fetcher: Fetcher) -> None:
    reading = Reading()
    fetcher.want([reading.fetch(name) for name in ("slow", "a", "b")])
    assert reading.begun.wait(LONG_S)
    fetcher.want([reading.fetch(name) for name in ("slow", "c")])
    reading.let_go.set()
    qtbot.waitUntil(lambda: "c" in reading.told, timeout=SOON_MS)
    # what was under way is not read again
    assert reading.read == ["slow", "c"]
    assert reading.told["slow"] == "SLOW"


def test_an_error_is_told_and_the_next_is_read(qtbot: QtBot, fetcher: Fetcher) -> None:
    reading = Reading()
    fetcher.want([reading.fetch("bad"), reading.fetch("a")])
    qtbot.waitUntil(lambda: len(reading.told) == 2, timeout=SOON_MS)
    assert reading.told["bad"] == Unread("It is gone.")


def test_nothing_is_told_after_the_end(qtbot: QtBot) -> None:
    reading, fetcher = Reading(), Fetcher()
    fetcher.want([reading.fetch("slow"), reading.fetch("a")])
    assert reading.begun.wait(LONG_S)
    reading.let_go.set()
    fetcher.close()
    qtbot.wait(20)
    assert reading.told == {}
    assert "a" not in reading.read


def test_a_drive_that_does_not_answer_does_not_hold_the_end(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.after.fetching.FAREWELL_S", 0.1)
    fetcher, begun, go_on = Fetcher(), threading.Event(), threading.Event()
    told: list[object] = []

    def hang() -> int:
        begun.set()
        go_on.wait(20)
        return 1

    fetcher.want([Fetch("hangs", hang, told.append)])
    assert begun.wait(5)
    began_s = time.monotonic()
    fetcher.close()
    assert time.monotonic() - began_s < 5
    go_on.set()
    qtbot.wait(50)
    assert told == []
