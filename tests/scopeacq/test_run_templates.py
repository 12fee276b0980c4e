"""Templates of new runs: each can be checked, estimated and written, and copies leave images alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hardware.simulator.assembly import specimen_of
from hardware.simulator.config import TwinSettings
from scopeacq.cli import app
from scopeacq.plan import preflight
from scopeacq.plan.demo import make_demo
from scopeacq.plan.findings import Severity
from scopeacq.plan.run_templates import TEMPLATES, Template, copy_of, template_named
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Wafer

DAY_S = 86_400.0


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: t.key)
def test_each_template_lacks_only_what_an_operator_must_confirm(template: Template, tmp_path: Path) -> None:
    plan = template.write(tmp_path / f"{template.key}.scopeacq")
    assert plan.project.name == template.key
    site = preflight.Site(free_bytes=lambda _: 10**15, network_problems=lambda _: [])
    found = [f.text for f in preflight.check(plan, site) if f.severity is not Severity.NOTE]
    prepared = [text for text in found if "section" not in text and "fiducials" not in text]
    assert len(prepared) == 1 and "blanks when it is unpowered" in prepared[0]
    assert len(found) == 1 or template.key == "wafer"


def test_nothing_of_an_unprepared_wafer_is_known_to_the_program(tmp_path: Path) -> None:
    plan = template_named("wafer").write(tmp_path / "w.scopeacq")
    assert plan.wafer == Wafer()
    twin = TwinSettings.model_validate(plan.instrument.driver.settings)
    sections = specimen_of(twin.specimen, twin.seed).sections
    assert len(sections) == 30
    files = "".join(path.read_text() for path in plan.folder.root.iterdir())
    assert not any(f"{place:.1f}" in files for s in sections for place in (s.x_um, s.y_um))


def test_the_published_plan_costs_what_was_published() -> None:
    cost = template_named("published").cost()
    assert (cost.sections, cost.planes_per_cycle, cost.cycles) == (500, 12_500, 25)
    assert cost.voxels == pytest.approx(7.8e12, rel=0.01)
    assert cost.milled_nm == pytest.approx(500)
    assert cost.total_s > 30 * DAY_S


def test_the_published_wafer_is_imaged_row_by_row_without_long_ways() -> None:
    _, wafer, _ = template_named("published").make("x")
    places = [s.roi_centre_um for s in wafer.sections]
    assert len(set(places)) == 500
    steps = [abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(places)]
    assert max(steps) < 4000


def test_a_copy_takes_settings_and_leaves_images_and_the_milled_twin_alone(tmp_path: Path) -> None:
    demo = make_demo(tmp_path / "made")
    storage = demo.project.storage.model_copy(update={"images": str(tmp_path / "disk")})
    source = Plan(
        demo.folder, demo.project.model_copy(update={"storage": storage}), demo.wafer, demo.instrument
    )
    again = copy_of(source).write(tmp_path / "again.scopeacq")
    assert again.project.name == "again"
    assert again.project.storage.images == ""
    assert again.project.imaging == demo.project.imaging
    assert again.wafer == demo.wafer
    assert again.instrument_folder != demo.instrument_folder
    assert again.instrument.mill == demo.instrument.mill


def test_a_copy_for_a_real_instrument_shares_its_lock_and_files(tmp_path: Path) -> None:
    demo = make_demo(tmp_path / "made")
    driver = demo.instrument.driver.model_copy(update={"name": "assembled"})
    source = replace(demo, instrument=demo.instrument.model_copy(update={"driver": driver}))
    again = copy_of(source).write(tmp_path / "again.scopeacq")
    assert again.instrument_folder == source.instrument_folder.resolve()


def test_the_command_line_makes_runs_from_templates_and_from_runs(tmp_path: Path) -> None:
    first, second = tmp_path / "one.scopeacq", tmp_path / "two.scopeacq"
    run = CliRunner().invoke
    assert run(app, ["new", str(first), "--template", "rehearsal"]).exit_code == 0
    assert Plan.read(first).project.cycles == 2
    assert run(app, ["new", str(second), "--template", str(first)]).exit_code == 0
    assert Plan.read(second).wafer == Plan.read(first).wafer
    with pytest.raises(SettingsError, match="demo, rehearsal, wafer, published"):
        template_named(str(tmp_path / "nothing"))
    assert not RunFolder(tmp_path / "nothing").root.exists()


def test_the_help_names_every_template() -> None:
    told = " ".join(CliRunner().invoke(app, ["new", "--help"], env={"COLUMNS": "200"}).output.split())
    assert all(template.key in told for template in TEMPLATES)
