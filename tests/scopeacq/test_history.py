"""A run that has begun is not gone on with when its plan no longer agrees with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hardware.types import FrameSettings
from scopeacq import records as r
from scopeacq.cli import run_command
from scopeacq.demo import make_demo
from scopeacq.exit_codes import ExitCode
from scopeacq.history import Begun, changes, refuse_changes
from scopeacq.journal import Journal
from scopeacq.records import PlaneKey, Record
from scopeacq.runfolder import Plan
from scopeacq.settings import SettingsError

KEY = PlaneKey(0, "S001", 0)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    plan = make_demo(tmp_path)
    (plan.folder.images(plan.project) / "S001" / "0").mkdir(parents=True)
    return plan


def records(plan: Plan) -> list[Record]:
    frame: FrameSettings = plan.project.imaging.frame(0.0)
    return [
        r.RunOpened("0", "host", 1),
        r.PlaneExposing(KEY, 0, frame, 1.0),
        r.PlaneDurable(KEY, 0, "S001/0/0/takes/0.0", 1, "0"),
    ]


def said(plan: Plan, before: Plan) -> list[str]:
    begun = Begun()
    for record in records(before):
        begun.apply(record)
    return list(changes(plan, begun))


def with_project(plan: Plan, table: str, **values: Any) -> Plan:
    changed = getattr(plan.project, table).model_copy(update=values)
    return replace(plan, project=plan.project.model_copy(update={table: changed}))


def test_a_plan_as_it_was_goes_on(plan: Plan) -> None:
    assert said(plan, plan) == []
    refuse_changes(plan, records(plan))
    # more cycles, another dose and other sections are an operator's to choose
    more = plan.project.model_copy(update={"cycles": 50})
    assert said(replace(with_project(plan, "imaging", dwell_ns=400.0), project=more), plan) == []


def test_a_section_that_vanished_is_named(plan: Plan) -> None:
    fewer = replace(plan, wafer=replace(plan.wafer, sections=plan.wafer.sections[1:]))
    with pytest.raises(SettingsError, match="no longer holds S001"):
        refuse_changes(fewer, records(plan))


@pytest.mark.parametrize(
    ("key", "value"), [("tile_width_px", 512), ("pixel_size_nm", 8.0), ("bit_depth", 16)]
)
def test_another_frame_is_named_with_both_values(plan: Plan, key: str, value: float) -> None:
    (sentence,) = said(with_project(plan, "imaging", **{key: value}), plan)
    assert f"imaging.{key} is {value:g} now and was" in sentence


def test_images_that_are_elsewhere_are_asked_for(plan: Plan, tmp_path: Path) -> None:
    unmounted = with_project(plan, "storage", images=str(tmp_path / "mnt"))
    assert "mount its disk" in said(unmounted, plan)[0]
    (tmp_path / "mnt").mkdir()
    assert "does not hold the images" in said(unmounted, plan)[0]


def contents(plan: Plan) -> list[Path]:
    """Without what SQLite keeps beside a journal while it is read."""
    return sorted(p for p in plan.folder.root.rglob("*") if not p.name.endswith(("-wal", "-shm")))


def test_check_and_run_refuse_and_touch_nothing(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal.create(plan.folder.journal_file)
    journal.append(*records(plan))
    journal.close()
    wafer = replace(plan.wafer, sections=plan.wafer.sections[1:])
    plan.folder.wafer_file.write_text(wafer.to_geojson(), encoding="utf-8")
    before = contents(plan)
    for command in ("check", "run"):
        capsys.readouterr()
        assert run_command([command, str(plan.folder.root)]) == ExitCode.BAD_INPUT
        assert "no longer holds S001" in " ".join(capsys.readouterr().err.split())
    assert contents(plan) == before
