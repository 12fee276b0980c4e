"""The event log of a past run: searched, listed by kind, explained and copied."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.journal import records as r
from scopeacq.journal.journal import Row
from scopeacq.journal.records import PlaneKey, Verdict
from ui.panels.log_panel import ALL_KINDS, LogPanel
from ui.presenters.event_log import EventLog
from ui.presenters.past import past_entries
from ui.presenters.wafer_map import Hit

SOON_MS = 20_000
RECORDS: tuple[r.Record, ...] = (
    r.RunOpened("0", "microscope", 1),
    r.Incident(
        r.ErrorKind.BAD_FRAME, "scanner", "The frame is black.", "", "imaging tile 2", r.Policy.RETRY
    ),
    r.PlaneJudged(PlaneKey(2, "S017", 3), 0, Verdict.UNSHARP, 2.5, 100.0, 20.0, 0.0),
    r.Incident(r.ErrorKind.STAGE, "stage", "It did not arrive.", "", "going to S017", r.Policy.PAUSE),
    r.RunClosed(r.RunEnd.PAUSED, "The stage did not arrive."),
)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[LogPanel]:
    log = EventLog()
    rows = [Row(n, 1.7e9 + n, record) for n, record in enumerate(RECORDS, 1)]
    log.recall(past_entries(rows, date(2026, 1, 1)))
    made = LogPanel(log)
    made.resize(700, 400)
    made.show()
    made.refresh()
    qtbot.waitUntil(lambda: len(made.listed) == len(RECORDS), timeout=SOON_MS)
    yield made
    made.close()
    made.deleteLater()


def test_a_past_run_is_searched(qtbot: QtBot, panel: LogPanel) -> None:
    panel.search.setText("s017 SHARP")
    qtbot.waitUntil(lambda: len(panel.listed) == 1, timeout=SOON_MS)
    assert "S017" in panel.listed[0].text


def test_one_kind_is_listed_alone_and_all_again(panel: LogPanel) -> None:
    kinds = [panel.kind.itemText(n) for n in range(panel.kind.count())]
    assert kinds[0] == ALL_KINDS
    assert kinds[1:] == sorted({entry.badge.word for entry in panel.listed})
    panel.kind.setCurrentText("Stage")
    panel.kind.activated.emit(panel.kind.currentIndex())
    assert [entry.badge.word for entry in panel.listed] == ["Stage"]
    panel.kind.setCurrentIndex(0)
    panel.kind.activated.emit(0)
    assert len(panel.listed) == len(RECORDS)


def test_each_trouble_says_what_it_means_and_what_to_do_and_can_be_copied(panel: LogPanel) -> None:
    row = [entry.badge.word for entry in panel.listed].index("Bad frame")
    panel.list.setCurrentIndex(panel.model.index(row))
    assert "What it means" in panel.detail.text()
    assert "What to do" in panel.detail.text()
    panel.copy.click()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert "The frame is black" in clipboard.text()
    assert "What to do: " in clipboard.text()
    assert "S017" not in clipboard.text()


def test_an_event_that_names_a_tile_leads_to_it(panel: LogPanel) -> None:
    wanted: list[Hit] = []
    panel.place_wanted.connect(wanted.append)
    assert not panel.show_place.isEnabled()
    for n, entry in enumerate(panel.listed):
        panel.list.setCurrentIndex(panel.model.index(n))
        assert panel.show_place.isEnabled() == (entry.place is not None)
        panel.show_place.click()
    assert wanted == [Hit("S017", 3)]
