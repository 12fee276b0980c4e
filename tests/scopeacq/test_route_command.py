"""``scopeacq wafer route``: what it says, what it writes, and when it leaves the wafer alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scopeacq.cli import run_command
from scopeacq.plan.run_templates import template_named
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.locks import OwnerLock
from scopeacq.telling.exit_codes import ExitCode


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Twelve sections of the published plan, in an order that nobody would choose."""
    folder = tmp_path / "run.scopeacq"
    plan = template_named("published").write(folder)
    sections = plan.wafer.sections[:12]
    wafer = replace(plan.wafer, sections=(*sections[::2], replace(sections[0], id="out", active=False)))
    wafer = replace(wafer, sections=(*wafer.sections, *sections[1::2]))
    plan.folder.wafer_file.write_text(wafer.to_geojson(), encoding="utf-8")
    return folder


def _order(run: Path) -> list[str]:
    return [s.id for s in Plan.read(run).wafer.sections]


def test_the_wafer_is_ordered_by_the_shortest_way(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["wafer", "route", str(run), "--limit-s", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["written"] and report["saved_s"] > 1.0
    assert report["saved_s"] == pytest.approx(report["before_s"] - report["after_s"])
    assert report["run_saved_s"] == pytest.approx(report["saved_s"] * Plan.read(run).project.cycles)
    assert _order(run) == [*report["order"], "out"]
    assert run_command(["wafer", "route", str(run), "--limit-s", "2", "--seed", "3"]) == 0
    assert "no shorter way" in capsys.readouterr().out
    assert _order(run) == [*report["order"], "out"]


def test_a_dry_run_only_says_it(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "wafer.geojson").read_bytes()
    assert run_command(["wafer", "route", str(run), "--dry-run", "--limit-s", "2"]) == 0
    said = capsys.readouterr().out
    assert "12 sections" in said and "instead of" in said and "as it was" in said
    assert (run / "wafer.geojson").read_bytes() == before


def test_a_run_that_is_worked_on_keeps_its_order(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _order(run)
    with OwnerLock.of_run(run, DiskFiles()):
        assert run_command(["wafer", "route", str(run)]) == ExitCode.BUSY
    assert "in use" in capsys.readouterr().err
    assert _order(run) == before
