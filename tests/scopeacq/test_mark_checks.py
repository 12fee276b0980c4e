"""Pre-flight of landmarks and fiducials: each bad choice is named in a sentence."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.plan.findings import Finding, Severity
from scopeacq.plan.geometry import Point, Rigid, turn
from scopeacq.plan.mark_checks import fiducial_findings, landmark_findings, turns_onto_itself
from scopeacq.plan.marks import Fiducial, Landmark
from scopeacq.plan.preflight import check_stage
from scopeacq.plan.project import Project
from scopeacq.plan.run_templates import template_named
from scopeacq.plan.runfolder import Plan
from tests.scopeacq.test_preflight import plan as plan  # the demo's, a fixture

SPREAD: tuple[Point, ...] = ((-3000.0, -2500.0), (3000.0, -2600.0), (2500.0, 3000.0))


def with_marks(plan: Plan, *places: Point) -> Plan:
    fiducials = tuple(Fiducial(f"F{n}", place) for n, place in enumerate(places))
    return replace(plan, wafer=replace(plan.wafer, fiducials=fiducials))


def with_landmarks(plan: Plan, *landmarks: Landmark) -> Plan:
    return replace(plan, wafer=replace(plan.wafer, landmarks=landmarks))


def with_depth(plan: Plan, depth_nm: float, cycles: int) -> Plan:
    data = plan.project.model_dump(mode="json") | {"cycles": cycles}
    data["registration"] = {**data["registration"], "fiducial_depth_nm": depth_nm}
    return replace(plan, project=Project.model_validate(data))


def of(findings: list[Finding], severity: Severity) -> list[str]:
    return [f.text for f in findings if f.severity is severity]


def test_spread_marks_of_a_known_depth_pass(plan: Plan) -> None:
    assert list(fiducial_findings(with_depth(with_marks(plan, *SPREAD), 4000.0, 5))) == []


def test_marks_that_fall_onto_each_other_when_turned_are_warned_of(plan: Plan) -> None:
    square = with_marks(plan, *(turn((4000.0, 0.0), angle) for angle in (10.0, 100.0, 190.0, 280.0)))
    (text,) = of(list(fiducial_findings(square)), Severity.WARNING)
    assert "90 degrees" in text


def test_marks_on_sections_are_named(plan: Plan) -> None:
    on_tissue = plan.wafer.sections[0].roi_centre_um
    found = of(list(fiducial_findings(with_marks(plan, *SPREAD, on_tissue))), Severity.WARNING)
    assert any("F3" in text and "F0" not in text for text in found)


def test_marks_that_are_milled_away_before_the_end_are_an_error(plan: Plan) -> None:
    marks = with_marks(plan, *SPREAD)
    (text,) = of(list(fiducial_findings(with_depth(marks, 95.0, 20))), Severity.ERROR)
    assert "95 nm deep" in text and "after 9 of 20 cycles" in text
    assert not of(list(fiducial_findings(with_depth(marks, 95.0, 9))), Severity.ERROR)


def test_marks_of_unknown_depth_are_asked_for(plan: Plan) -> None:
    (text,) = of(list(fiducial_findings(with_depth(with_marks(plan, *SPREAD), 0.0, 5))), Severity.NOTE)
    assert "fiducial_depth_nm" in text


@given(st.integers(2, 6), st.floats(0, 360), st.floats(500, 9000))
def test_regular_patterns_are_turned_onto_themselves(
    count: int, first_deg: float, radius_um: float
) -> None:
    places = [turn((radius_um, 0.0), first_deg + 360 * n / count) for n in range(count)]
    turns = {round(abs(t)) for t in turns_onto_itself([(x + 50, y - 70) for x, y in places], 1.0)}
    assert round(360 / count) in turns


def test_an_uneven_pattern_is_itself_only_once() -> None:
    assert list(turns_onto_itself([*SPREAD, (100.0, 3500.0)], 15.0)) == []


def test_landmarks_that_fit_are_no_finding_and_others_a_sentence(plan: Plan) -> None:
    mount = Rigid(300.0, -50.0, 30.0)
    good = [Landmark(f"L{n}", p, mount.apply(p)) for n, p in enumerate(SPREAD)]
    assert list(landmark_findings(with_landmarks(plan))) == []
    assert list(landmark_findings(with_landmarks(plan, *good))) == []
    two = list(landmark_findings(with_landmarks(plan, *good[:2])))
    assert len(of(two, Severity.NOTE)) == 1
    mirrored = [replace(m, wafer_um=(-m.wafer_um[0], m.wafer_um[1])) for m in good]
    (text,) = of(list(landmark_findings(with_landmarks(plan, *mirrored))), Severity.ERROR)
    assert "mirror" in text
    unmeasured = [replace(m, stage_um=None) for m in good]
    (text,) = of(list(landmark_findings(with_landmarks(plan, *unmeasured))), Severity.ERROR)
    assert "measure" in text


class _Noting:
    """A stage that notes where it is asked to go."""

    def __init__(self) -> None:
        self.asked: list[Point] = []

    def check(self, target: object) -> None:
        self.asked.append((target.x_um, target.y_um))  # type: ignore[attr-defined]


def test_the_stage_is_asked_about_places_as_the_wafer_is_mounted(plan: Plan) -> None:
    mount = Rigid(300.0, -50.0, 90.0)
    landmarks = (Landmark(f"L{n}", p, mount.apply(p)) for n, p in enumerate(SPREAD))
    stage = _Noting()
    check_stage(with_landmarks(plan, *landmarks), stage)  # type: ignore[arg-type]
    for fiducial in plan.wafer.fiducials:
        wanted = mount.apply(fiducial.centre_um)
        assert min(math.dist(wanted, asked) for asked in stage.asked) < 1e-3


@pytest.mark.parametrize("name", ["demo", "rehearsal", "published"])
def test_templates_have_marks_that_pass(name: str, plan: Plan) -> None:
    project, wafer, _ = template_named(name).make(name)
    findings = list(fiducial_findings(replace(plan, project=project, wafer=wafer)))
    assert of(findings, Severity.ERROR) == []
