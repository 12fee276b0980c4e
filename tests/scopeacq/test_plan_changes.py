"""A run that has begun is not gone on with when its plan no longer agrees with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hardware.types import FrameSettings, Optics, StagePose
from scopeacq.cli import run_command
from scopeacq.engine.planner import mill_plan
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import MillKey, PlaneKey, Record
from scopeacq.plan.demo import make_demo
from scopeacq.plan.geometry import Rigid, pixel_to_wafer
from scopeacq.plan.plan_changes import Begun, changes, gun_changes, refuse_changes
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Section, SectionGrid
from scopeacq.telling.exit_codes import ExitCode

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


def with_first(plan: Plan, section: Section) -> Plan:
    return replace(plan, wafer=replace(plan.wafer, sections=(section, *plan.wafer.sections[1:])))


def test_another_frame_of_one_section_is_named_as_its_own(plan: Plan) -> None:
    first = plan.wafer.sections[0]
    (sentence,) = said(with_first(plan, replace(first, grid=SectionGrid(pixel_size_nm=5.0))), plan)
    assert "grid.pixel_size_nm of section S001 is 5 now and was 10 when this run began" in sentence
    slower = with_first(plan, replace(first, grid=SectionGrid(dwell_ns=400.0)))
    assert said(slower, plan) == []
    # sections that were not imaged yet may still get settings of their own
    second = replace(plan.wafer.sections[1], grid=SectionGrid(pixel_size_nm=5.0, rows=7))
    others = (first, second, *plan.wafer.sections[2:])
    assert said(replace(plan, wafer=replace(plan.wafer, sections=others)), plan) == []


def said_of_places(plan: Plan, before: Plan) -> list[str]:
    begun = Begun()
    for tile in before.wafer.sections[0].tiles(before.project.imaging):
        frame = before.project.imaging.frame(tile.rotation_deg)
        key, pose = PlaneKey(0, "S001", tile.index), StagePose(*tile.centre_um, 0.0, 0.0, 0.0)
        to_wafer = tuple(pixel_to_wafer(frame, pose, Rigid()).ravel().tolist())
        begun.apply(r.PlaneExposing(key, 0, frame, 1.0))
        begun.apply(r.PlaneExposed(key, 0, Optics(4_500.0, 0.0, 0.0), pose, to_wafer, 1.0))
    return list(changes(plan, begun))


def test_a_grid_that_would_put_images_elsewhere_is_named(plan: Plan) -> None:
    first = plan.wafer.sections[0]
    assert said_of_places(plan, plan) == []
    x, y = first.roi_centre_um
    nudged = with_first(plan, replace(first, roi_centre_um=(x + 1.0, y)))
    assert said_of_places(nudged, plan) == []
    for other in (
        replace(first, roi_centre_um=(x + 30.0, y)),
        replace(first, grid=SectionGrid(columns=3)),
        replace(first, rotation_deg=first.rotation_deg + 180.0),
    ):
        (sentence,) = said_of_places(with_first(plan, other), plan)
        assert "of section S001 lies" in sentence and "the grid of a section stays" in sentence


def test_images_that_would_be_turned_are_named(plan: Plan) -> None:
    first = replace(plan.wafer.sections[0], grid=SectionGrid(rows=1, columns=1))
    single = with_first(plan, first)
    nudged = replace(first, rotation_deg=first.rotation_deg + 2.0)
    assert said_of_places(with_first(single, nudged), single) == []
    turned = replace(first, rotation_deg=first.rotation_deg + 180.0)
    (sentence,) = said_of_places(with_first(single, turned), single)
    assert "tile 1 of section S001 is turned by 180 degrees" in sentence


def test_images_that_are_elsewhere_are_asked_for(plan: Plan, tmp_path: Path) -> None:
    unmounted = with_project(plan, "storage", images=str(tmp_path / "mnt"))
    assert "mount its disk" in said(unmounted, plan)[0]
    (tmp_path / "mnt").mkdir()
    assert "does not hold the images" in said(unmounted, plan)[0]


def shorten_azimuths_of_a_milled_run(plan: Plan) -> None:
    """A cycle milled from three azimuths, then two of them in the file."""
    journal = Journal.create(plan.folder.journal_file)
    journal.append(*records(plan), r.GatePassed(0, 16, 0, mill_plan(plan)))
    for key in (MillKey(0, 0, azimuth) for azimuth in range(3)):
        journal.append(r.MillBegin(key, f"{key}", 3.0, 3.0, 38.0, 0.5, 1.0, 0.0))
        journal.append(r.MillEnd(key, f"{key}", 3.0, 0.0, "done"))
    journal.close()
    text = plan.folder.project_file.read_text(encoding="utf-8")
    three, two = "azimuths_deg = [0.0, 120.0, 240.0]", "azimuths_deg = [0.0, 180.0]"
    assert three in text
    plan.folder.project_file.write_text(text.replace(three, two), encoding="utf-8")


def test_a_run_whose_azimuths_were_shortened_is_shown_with_what_is_wrong(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    shorten_azimuths_of_a_milled_run(plan)
    root, said = str(plan.folder.root), "milling.azimuths_deg lists 2 now, and this run has milled from 3"
    assert run_command(["status", root]) == 0
    assert "milled from 3" in capsys.readouterr().out
    assert run_command(["status", root, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["plan_changes"] == [said]
    assert [m["azimuth_deg"] for m in document["mill"]] == [0.0, 120.0, 240.0]
    assert run_command(["report", root]) == 0
    assert said in (plan.folder.reports / "report.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert run_command(["run", root]) == ExitCode.BAD_INPUT
    assert said in capsys.readouterr().err


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


def test_the_gun_stays_as_it_is_while_a_cycle_is_milled(plan: Plan) -> None:
    mill, cycle = mill_plan(plan), 0
    passes = [key for key, _ in mill.passes(cycle)]
    before = plan.instrument.mill
    turned = before.model_copy(update={"gun_elevation_deg": 1.0})
    looser = before.model_copy(update={"heartbeat_timeout_s": 2.0})
    begun = Begun()
    assert not list(gun_changes(before, turned, begun))
    begun.apply(r.GatePassed(cycle, 1, 0, mill))
    for key in passes:
        (refusal,) = gun_changes(before, turned, begun)
        assert "mill.gun_elevation_deg" in refusal and not list(gun_changes(before, looser, begun))
        begun.apply(r.MillDone(key, 1.0, 1.0, 0.0))
    assert not list(gun_changes(before, turned, begun))
