"""What a plan costs, as it is shown: figures that follow the plan and say where they come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.journal.history import History
from scopeacq.plan.appraisal import Appraisal, appraise
from scopeacq.plan.demo import example
from scopeacq.plan.estimate import estimate
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.project import MillingSettings, Project
from scopeacq.plan.run_templates import TEMPLATES
from scopeacq.plan.runfolder import Plan, RunFolder
from ui.presenters.beginnings import card_of, read_templates
from ui.presenters.costs import CostView, Figure, bytes_shown, cost_view, grouped, three
from ui.presenters.durations import spoken
from ui.presenters.forms import fields_of
from ui.presenters.plan_page import BASIC_INSTRUMENT, BASIC_PROJECT, edit_state, wrong_message
from ui.presenters.tone import Tone

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLAN = Plan(RunFolder(Path("nowhere.scopeacq")), *example("costs"))


def appraisal(plan: Plan = PLAN, cycles_done: int = 0, free_bytes: int | None = 10**12) -> Appraisal:
    return Appraisal(plan, estimate(plan.project, plan.wafer, plan.instrument), cycles_done, free_bytes)


def with_project(**update: object) -> Plan:
    return replace(PLAN, project=PLAN.project.model_copy(update=update))


def figure(view: CostView, label: str) -> Figure:
    return next(f for f in view.figures if f.label == label)


def test_the_figures_are_those_of_the_estimate() -> None:
    made = appraisal()
    view = cost_view(made, NOW)
    assert view.total.value == spoken(made.cost.total_s)
    assert figure(view, "Tiles").value == "16 per cycle, 80 in all"
    assert figure(view, "Milled").value == "10 nm per cycle, 50 nm in all"
    assert f"{three(made.cost.imaging_dose_per_nm2)} e" in figure(view, "Electron dose").value
    assert sum(share.part for share in view.shares) == pytest.approx(1.0)
    assert view.total.value in view.text


def test_every_figure_says_where_it_comes_from() -> None:
    view = cost_view(appraisal(), NOW)
    for why in (f.why for f in (view.total, view.finish, *view.figures)):
        assert why.endswith(".")
    dose = figure(view, "Electron dose").why
    assert "1.8 nA" in dose
    assert "200 ns" in dose
    assert "10 nm" in dose


def test_a_run_that_has_begun_has_only_the_rest_to_come() -> None:
    whole, rest = cost_view(appraisal(), NOW), cost_view(appraisal(cycles_done=4), NOW)
    assert rest.total.label == "Time left"
    assert rest.total.value != whole.total.value
    assert rest.finish.value < whole.finish.value
    over = cost_view(appraisal(cycles_done=5), NOW)
    assert over.sentence == "All cycles are done."


def test_a_disk_that_is_too_small_and_sections_that_are_milled_through_stand_out() -> None:
    assert figure(cost_view(appraisal(), NOW), "Disk").tone is Tone.QUIET
    assert figure(cost_view(appraisal(free_bytes=10**6), NOW), "Disk").tone is Tone.CAUTION
    assert "Nobody can say" in figure(cost_view(appraisal(free_bytes=None), NOW), "Disk").why
    deep = with_project(milling=MillingSettings(depth_nm=100.0, raster_vpp=5.0))
    assert figure(cost_view(appraisal(deep), NOW), "Milled").tone is Tone.CAUTION


@given(st.integers(1, 100_000), st.integers(0, 100_000), st.none() | st.integers(0, 2**60))
def test_whatever_the_run_it_has_its_figures(cycles: int, done: int, free: int | None) -> None:
    view = cost_view(appraisal(with_project(cycles=cycles), done, free), NOW)
    assert all(f.value for f in (view.total, view.finish, *view.figures))
    assert all(0 <= share.part <= 1 for share in view.shares)


def test_a_plan_is_appraised_where_its_disk_is(tmp_path: Path) -> None:
    there = appraise(replace(PLAN, folder=RunFolder(tmp_path)), History(cycles_done=2))
    assert there.cycles_done == 2
    assert there.free_bytes
    assert there.cost == appraisal().cost


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1234, "1.23 kB"), (1.5e13, "15 TB")],
)
def test_bytes_are_told_in_three_figures(count: float, text: str) -> None:
    assert bytes_shown(count) == text
    assert grouped(312500) == "312\N{NARROW NO-BREAK SPACE}500"


# -- beside the fields, and new runs -------------------------------------------------------


def test_what_is_basic_is_there() -> None:
    assert set(fields_of(Project)) >= BASIC_PROJECT
    assert set(fields_of(Instrument)) >= BASIC_INSTRUMENT


def test_the_state_of_the_edits_is_one_sentence() -> None:
    assert edit_state(False, False, ()).text.startswith("Only shown")
    assert edit_state(True, True, ("Overlap",)).tone is Tone.ALARM
    assert "not saved" in edit_state(True, True, ()).text
    assert edit_state(True, False, ()).tone is Tone.QUIET
    assert "Overlap, Cycles" in wrong_message(("Overlap", "Cycles")).what


def test_templates_and_copies_say_what_they_take(tmp_path: Path) -> None:
    run = TEMPLATES[1].write(tmp_path / "mine.scopeacq")
    cards = read_templates([tmp_path / "gone", run.folder.root])
    *templates, copy = cards
    assert [card.cost for card in templates if card.key == "wafer"] == [
        ("What it takes shows once there are sections.",)
    ]
    assert [card.key for card in templates] == [template.key for template in TEMPLATES]
    assert copy.title == "Copy of mine"
    assert copy.is_copy
    assert copy.cost == card_of(TEMPLATES[1]).cost
