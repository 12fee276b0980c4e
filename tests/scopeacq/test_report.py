"""The report: one self-contained file, bounded at any length of run, with everything escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from hardware.types import FrameSettings, Optics
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal, Row
from scopeacq.journal.records import ErrorKind, MillKey, PlaneKey, Policy, Verdict
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan
from scopeacq.session import open_store
from scopeacq.storage.files import DiskFiles
from scopeacq.telling.report import decisions, render, write_report
from scopeacq.telling.report_data import INCIDENTS, POINTS, WORST, gather
from scopeacq.telling.report_figures import milled_depths_nm
from scopeacq.telling.status import status_of

FRAME = FrameSettings(1024, 1024, 10.0, 200.0)
HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_demo(tmp_path)


class _Checker(HTMLParser):
    """Collects what a page would load or run, and whether its tags close."""

    VOID = frozenset({"meta", "img", "br", "link", "line", "circle", "path", "polyline", "polygon"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []
        self.tags: set[str] = set()
        self.pictures = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.pictures += tag == "img"
        self.outside += [
            value or ""
            for name, value in attrs
            if name in ("src", "href") and not (value or "").startswith("data:")
        ]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(html: str) -> _Checker:
    checker = _Checker()
    checker.feed(html)
    assert checker.open == []
    assert checker.outside == []
    assert "script" not in checker.tags
    assert "http" not in html.replace("http-equiv", "")
    return checker


def cycle_of(plan: Plan, cycle: int, score_um: float = 0.5) -> Iterator[r.Record]:
    """A cycle as the journal tells it."""
    optics = Optics(4500.0 + cycle, 0.1, 0.2)
    yield r.WaferRegistered(cycle, 1.0 * cycle, 2.0, 0.01, 0.1, 5, 0.8)
    for section in plan.wafer.sections:
        yield r.SectionRegistered(cycle, section.id, 0.1, -0.2, 0.0, 0.9, 1.4)
        for tile in section.tiles(plan.project.imaging):
            key = PlaneKey(cycle, section.id, tile.index)
            yield r.FocusDone(key, True, "", optics, optics, (), 14.0, "", 0.0)
            yield r.PlaneExposing(key, 0, FRAME, 22.5)
            yield r.PlaneJudged(key, 0, Verdict.SHARP, score_um, 100.0, 30.0, 0.0)
            yield r.PlaneChosen(key, 0)
    for azimuth in range(3):
        mill = MillKey(cycle, 0, azimuth)
        yield r.MillBegin(mill, f"{mill}", 10.0, 10.0, 38.0, 0.5, 1.0, 0.0)
        yield r.MillEnd(mill, f"{mill}", 10.0, 0.0, "done")
    yield r.CycleDone(cycle)


def rows(records: Iterator[r.Record]) -> Iterator[Row]:
    return (Row(n, 1.7e9 + n, record) for n, record in enumerate(records, 1))


def rendered(plan: Plan, records: list[r.Record]) -> str:
    return render(plan, status_of(plan, records, lambda: True), gather(rows(iter(records)), 16), [], [])


def test_a_run_that_has_not_begun_has_a_report(plan: Plan) -> None:
    path = write_report(plan)
    assert path == plan.folder.reports / "report.html"
    text = path.read_text()
    assert checked(text).pictures == 0
    assert "Nothing to plot yet." in text


def test_a_run_with_images_shows_them(plan: Plan) -> None:
    journal, store = Journal.create(plan.folder.journal_file), open_store(plan, DiskFiles())
    texture = np.random.default_rng(1).integers(0, 255, (1024, 1024), dtype=np.uint8)
    for record in [r.RunOpened("0", "host", 1), *cycle_of(plan, 0)]:
        journal.append(record)
    key = PlaneKey(0, "S004", 0)
    store.write(key, 0, texture)
    store.choose(key, 0)
    journal.close()
    text = write_report(plan).read_text()
    # once through the cycles, and once among the worst scans
    assert checked(text).pictures == 2
    assert "whole thickness milled" in text


def test_hostile_texts_are_escaped(plan: Plan) -> None:
    hostile = replace(plan, project=plan.project.model_copy(update={"name": HOSTILE}))
    key = PlaneKey(0, "S001", 0)
    text = rendered(
        hostile,
        [
            r.RunOpened("0", "host", 1),
            r.Incident(ErrorKind.STAGE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, Policy.RETRY),
            r.PlaneWaived(key, HOSTILE),
            r.SectionSkipped(0, "S001", HOSTILE),
            r.SectionDropped(0, "S001", (HOSTILE,)),
            r.Waiting(r.WaitReason.OPERATOR, HOSTILE),
        ],
    )
    checked(text)
    assert "<script>" not in text
    assert text.count("&lt;script&gt;") >= 8


def test_what_was_decided_alone_is_said(plan: Plan) -> None:
    incident = r.Incident(ErrorKind.FOCUS_REFUSED, "focus", "t", "a", "s", Policy.REQUEUE_TILE)
    records: list[r.Record] = [
        incident,
        incident,
        r.PlaneWaived(PlaneKey(2, "S003", 1), "the operator's policy"),
        r.SectionDropped(2, "S001", ("95 % dark.",)),
    ]
    data = gather(rows(iter(records)), 16)
    assert list(decisions(status_of(plan, records, lambda: False), data)) == [
        "Focus refused: requeue tile, 2 times.",
        "Section S003, tile 2 of cycle 3 was accepted as it is: the operator's policy.",
        "Section S001 was dropped in cycle 3, milled through: 95 % dark.",
    ]


def test_a_long_run_is_thinned_and_its_report_stays_small(plan: Plan) -> None:
    cycles = 400
    long = replace(plan, project=plan.project.model_copy(update={"cycles": cycles}))

    def records() -> Iterator[r.Record]:
        for cycle in range(cycles):
            yield from cycle_of(long, cycle, score_um=cycle / 100)
            yield r.Incident(ErrorKind.STAGE, "stage", f"trouble {cycle}", "", "", Policy.RETRY)

    data = gather(rows(records()), 16)
    assert len(data.traces.focus.items) <= POINTS
    assert data.traces.focus.seen == 16 * cycles
    assert len(data.incidents) == INCIDENTS
    assert len(data.traces.worst) == WORST
    assert min(p.score_um for p in data.traces.worst) == pytest.approx(3.99)
    text = render(long, status_of(long, records(), lambda: False), data, [], [])
    checked(text)
    assert len(text) < 3_000_000
    # plots reach from the first cycle to the last
    assert re.search(rf">{cycles}</text>", text)


def test_depth_counts_only_azimuths_that_reach_the_section(plan: Plan) -> None:
    status = status_of(plan, [*cycle_of(plan, 0)], lambda: False)
    inside = milled_depths_nm(plan, status)
    assert inside["S001"] == pytest.approx(status.sections[0].milled_nm)
    # a raster of 5.5 x 11 mm: 4 mm to the side only the length of the footprint reaches
    moved = replace(
        plan.wafer.sections[0],
        outline_um=tuple((x + 4000, y) for x, y in plan.wafer.sections[0].outline_um),
    )
    wafer = replace(plan.wafer, sections=(moved, *plan.wafer.sections[1:]))
    assert milled_depths_nm(replace(plan, wafer=wafer), status)["S001"] < 0.9 * inside["S001"]
