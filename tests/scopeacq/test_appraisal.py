"""Plans under edit are counted and checked, and networks are asked only when it matters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scopeacq.journal.history import History
from scopeacq.plan.appraisal import Briefer, Checker, appraise
from scopeacq.plan.demo import make_demo
from scopeacq.plan.findings import Severity
from scopeacq.plan.focus_checks import NetworkMemory
from scopeacq.plan.project import MillingSettings
from scopeacq.plan.runfolder import Plan, RunFolder


def edited(plan: Plan, table: str, **values: object) -> Plan:
    changed = getattr(plan.project, table).model_copy(update=values)
    return replace(plan, project=plan.project.model_copy(update={table: changed}))


def test_networks_are_asked_again_only_when_they_would_see_something_else(tmp_path: Path) -> None:
    plan, asked = make_demo(tmp_path), []

    def problems(of: Plan) -> list[str]:
        asked.append(of)
        return ["The network cannot judge these."]

    checker = Checker(problems)
    for each in (
        plan,
        edited(plan, "imaging", dwell_ns=400.0),
        edited(plan, "gate", accept_tiles_per_cycle=2),
    ):
        found = checker.findings(each, History())
        assert any("network cannot judge" in f.text for f in found if f.severity is Severity.ERROR)
    assert len(asked) == 1
    checker.findings(edited(plan, "focus", dwell_ns=100.0), History())
    checker.findings(edited(plan, "imaging", tile_width_px=2048), History())
    assert len(asked) == 3


def test_a_briefing_asks_networks_again_only_for_another_plan_or_after_a_refusal(tmp_path: Path) -> None:
    plan, asked, answers = make_demo(tmp_path), [], [["The network cannot judge these."], [], []]

    def problems(of: Plan) -> list[str]:
        asked.append(of)
        return answers[len(asked) - 1]

    briefer = Briefer(NetworkMemory(problems))
    assert any("cannot judge" in f.text for f in briefer(plan).findings)
    assert not any("cannot judge" in f.text for f in briefer(plan).findings)
    briefer(edited(plan, "gate", accept_tiles_per_cycle=2))
    assert len(asked) == 2
    briefer(edited(plan, "focus", dwell_ns=100.0))
    assert len(asked) == 3


def test_the_rest_of_pre_flight_sees_every_edit(tmp_path: Path) -> None:
    plan, checker = make_demo(tmp_path), Checker(lambda _: [])
    assert all(f.severity is not Severity.ERROR for f in checker.findings(plan, History()))
    deep = edited(plan, "milling", depth_nm=500.0)
    assert any("more than section" in f.text for f in checker.findings(deep, History()))


def test_a_plan_is_counted_wherever_its_images_shall_lie(tmp_path: Path) -> None:
    plan = make_demo(tmp_path)
    there = appraise(plan, History(cycles_done=2))
    assert (there.cycles_done, there.mills_through) == (2, False)
    assert there.free_bytes
    deep = replace(
        plan, project=plan.project.model_copy(update={"milling": MillingSettings(depth_nm=90.0)})
    )
    assert appraise(deep, History()).mills_through
    nowhere = replace(plan, folder=RunFolder(Path("/proc/no/such/place")))
    assert appraise(nowhere, History()).cost == appraise(plan, History()).cost
