"""Status is a fold over the journal: each figure is what the journal says, also in the middle of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.types import FrameSettings, Optics
from scopeacq.engine.events import RunState
from scopeacq.journal import records as r
from scopeacq.journal.records import ErrorKind, MillKey, PlaneKey, Policy, RunEnd, Verdict, WaitReason
from scopeacq.journal.tallies import WAS_KILLED
from scopeacq.plan.instrument import DriverSettings, Instrument
from scopeacq.plan.project import ImagingSettings, MillingSettings, Project
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.wafer import Section, Wafer
from scopeacq.telling.status import SectionPhase, Status, status_of

SECTIONS = ("a", "b")
TILES = 2
FRAME = FrameSettings(64, 64, 10.0, 200.0)
OPTICS = Optics(4500.0, 0.0, 0.0)
OPENED = r.RunOpened("0", "host", 1)


@pytest.fixture
def plan() -> Plan:
    outline = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0))
    return Plan(
        RunFolder(Path("run.scopeacq")),
        Project(
            name="run",
            cycles=3,
            imaging=ImagingSettings(tile_width_px=64, tile_height_px=64, overlap_px=8, grid_columns=TILES),
            milling=MillingSettings(charge_uc_per_azimuth=6.0, rounds=2),
        ),
        Wafer(tuple(Section(s, outline, (5.0, 5.0), 0.0, 200.0) for s in SECTIONS), ()),
        Instrument(name="i", driver=DriverSettings(name="twin")),
    )


def plane(cycle: int, section: str, tile: int, *verdicts: Verdict) -> Iterator[r.Record]:
    """The life of a plane: each verdict is one take, the last one is chosen."""
    key = PlaneKey(cycle, section, tile)
    for take, verdict in enumerate(verdicts):
        yield r.PlaneExposing(key, take, FRAME, 20.0)
        yield r.PlaneJudged(key, take, verdict, 0.4, 100.0, 30.0, 0.0)
    yield r.PlaneChosen(key, len(verdicts) - 1)


def whole_slice(cycle: int, sections: tuple[str, ...] = SECTIONS) -> Iterator[r.Record]:
    for section in sections:
        for tile in range(TILES):
            yield from plane(cycle, section, tile, Verdict.SHARP)


def mill(cycle: int, charge_uc: float = 3.0) -> Iterator[r.Record]:
    """Two rounds of three azimuths."""
    for key in (MillKey(cycle, round_, azimuth) for round_ in range(2) for azimuth in range(3)):
        opening = f"{key}"
        yield r.MillBegin(key, opening, charge_uc, charge_uc, 38.0, 0.5, 1.0, 0.0)
        yield r.MillHeartbeat(opening, charge_uc / 2)
        yield r.MillEnd(key, opening, charge_uc, 0.0, "done")
        yield r.MillDone(key, charge_uc, charge_uc, 0.0)
    yield r.CycleDone(cycle)


def after(plan: Plan, *records: r.Record, alive: bool = True) -> Status:
    return status_of(plan, [OPENED, *records], lambda: alive)


def test_a_fresh_run_has_done_nothing(plan: Plan) -> None:
    status = status_of(plan, [], lambda: False)
    assert (status.state, status.cycles_done, status.planes) == (RunState.PAUSED, 0, 0)
    assert [s.id for s in status.sections] == list(SECTIONS)


def test_planes_and_retakes_are_counted_once(plan: Plan) -> None:
    status = after(
        plan,
        *plane(0, "a", 0, Verdict.SHARP),
        *plane(0, "a", 1, Verdict.UNSHARP, Verdict.UNSHARP, Verdict.SHARP),
        *plane(0, "b", 0, Verdict.SHARP),
        *plane(0, "b", 1, Verdict.BLANK),
        *mill(0),
    )
    assert (status.planes, status.planes_sharp, status.planes_retaken, status.planes_lost) == (4, 2, 1, 0)
    assert [s.cycles for s in status.sections] == [1, 1]
    assert status.cycles_done == 1


def test_a_plane_that_a_kill_interrupted_is_judged_by_the_scan_that_came_through(plan: Plan) -> None:
    key = PlaneKey(0, "a", 0)
    status = after(
        plan,
        r.PlaneExposing(key, 0, FRAME, 20.0),
        OPENED,
        r.PlaneExposing(key, 1, FRAME, 20.0),
        r.PlaneJudged(key, 1, Verdict.SHARP, 0.4, 100.0, 30.0, 0.0),
        r.PlaneChosen(key, 1),
    )
    assert (status.planes, status.planes_sharp, status.planes_retaken) == (1, 1, 1)


def test_planes_missing_when_milling_began_are_lost(plan: Plan) -> None:
    waived = r.PlaneWaived(PlaneKey(0, "b", 1), "policy")
    imaged = [*whole_slice(0, ("a",)), *plane(0, "b", 0, Verdict.SHARP), waived]
    assert after(plan, *imaged).planes_lost == 0
    status = after(plan, *imaged, *mill(0))
    assert (status.planes_lost, status.planes_waived) == (1, 1)
    assert [s.cycles for s in status.sections] == [1, 0]


def test_a_dropped_section_loses_nothing_and_is_milled_no_deeper(plan: Plan) -> None:
    status = after(
        plan,
        *whole_slice(0),
        *mill(0),
        *whole_slice(1),
        r.SectionDropped(1, "b", ("dark",)),
        *mill(1),
        *whole_slice(2, ("a",)),
        *mill(2),
    )
    a, b = status.sections
    assert (a.state, b.state) == (SectionPhase.ACTIVE, SectionPhase.DROPPED)
    assert status.planes_lost == 0
    assert a.milled_nm == pytest.approx(3 * b.milled_nm)


def test_milled_depth_is_charge_times_rate_over_the_scanned_square(plan: Plan) -> None:
    status = after(plan, *whole_slice(0), *mill(0))
    # 18 uC at 1.948e-8 m^3/C over 7885 x 7885 um
    expected_nm = 18e-6 * 1.948e-8 / 7885e-6**2 * 1e9
    assert status.sections[0].milled_nm == pytest.approx(expected_nm, rel=1e-4)


def test_charges_are_summed_over_rounds_and_openings(plan: Plan) -> None:
    key = MillKey(0, 0, 0)
    status = after(
        plan,
        r.MillBegin(key, "1", 3.0, 3.0, 38.0, 0.5, 1.0, 0.0),
        r.MillEnd(key, "1", 1.2, 0.2, "the operator paused"),
        r.MillBegin(key, "2", 3.0, 1.8, 38.0, 0.5, 1.0, 0.0),
        r.MillEnd(key, "2", 1.8, 0.0, "done"),
    )
    (first,) = status.mill
    assert (first.requested_uc, first.delivered_uc, first.uncertain_uc) == pytest.approx((3.0, 3.0, 0.2))
    both_rounds = after(plan, *whole_slice(0), *mill(0)).mill
    assert [(m.azimuth_deg, m.requested_uc, m.delivered_uc) for m in both_rounds] == [
        (0.0, 6.0, 6.0),
        (120.0, 6.0, 6.0),
        (240.0, 6.0, 6.0),
    ]


def test_a_cycle_is_told_by_the_azimuths_that_it_was_milled_from(plan: Plan) -> None:
    before = r.GatePassed(0, 4, 0, r.MillPlan((30.0, 150.0, 270.0), 2, 6.0, 15.77, 1.0))
    fewer = MillingSettings(charge_uc_per_azimuth=6.0, azimuths_deg=(0.0,))
    shortened = replace(plan, project=plan.project.model_copy(update={"milling": fewer}))
    status = after(shortened, *whole_slice(0), before, *mill(0))
    assert [m.azimuth_deg for m in status.mill] == [30.0, 150.0, 270.0]
    assert status.sections[0].milled_nm == pytest.approx(18.0)


def test_an_opening_without_an_end_counts_as_far_as_it_may_have_come(plan: Plan) -> None:
    begin = r.MillBegin(MillKey(0, 0, 0), "1", 6.0, 6.0, 40.0, 0.5, 1.0, 0.0)
    (open_now,) = after(plan, begin, r.MillHeartbeat("1", 2.0), alive=False).mill
    # 40 nA until the next heartbeat was due, was missed, and the guard had blanked: 0.5 + 1 + 0.25 s
    assert open_now.uncertain_uc == pytest.approx(0.07)
    assert open_now.delivered_uc == pytest.approx(2.07)


def test_focus_means_are_over_applied_corrections(plan: Plan) -> None:
    step = r.FocusIteration("deepfocus", OPTICS, 1.0, 0.0, 0.0, 0.1, 0.1, 0.1)

    def focus(applied: bool, iterations: int, dose: float) -> r.FocusDone:
        key = PlaneKey(0, "a", 0)
        return r.FocusDone(key, applied, "", OPTICS, OPTICS, (step,) * iterations, dose, "", 0.0)

    status = after(plan, focus(True, 2, 20.0), focus(True, 3, 30.0), focus(False, 5, 50.0))
    assert status.autofocus.corrections == 2
    assert status.autofocus.refused == 1
    assert status.autofocus.iterations_mean == pytest.approx(2.5)
    assert status.autofocus.dose == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("records", "alive", "state"),
    [
        ((), True, RunState.RUNNING),
        ((), False, RunState.PAUSED),
        ((r.Waiting(WaitReason.MILL_GATE, "w"),), True, RunState.WAITING),
        ((r.Waiting(WaitReason.INTERLOCK, "w"),), True, RunState.SUSPENDED),
        ((r.Waiting(WaitReason.DISK, "w"), r.WaitOver(WaitReason.DISK)), True, RunState.RUNNING),
        ((r.Waiting(WaitReason.MILL_GATE, "w"), r.RunClosed(RunEnd.WAITING, "")), False, RunState.WAITING),
        ((r.RunClosed(RunEnd.STOPPED, ""),), False, RunState.PAUSED),
        ((r.RunClosed(RunEnd.FAILED, ""),), False, RunState.FAILED),
        ((r.CycleDone(2), r.RunClosed(RunEnd.FINISHED, "")), False, RunState.FINISHED),
        ((r.CycleDone(0), r.RunClosed(RunEnd.FINISHED, "")), False, RunState.PAUSED),
        ((r.RunClosed(RunEnd.PAUSED, ""), OPENED), True, RunState.RUNNING),
    ],
)
def test_the_state_is_what_happened_last(
    plan: Plan, records: tuple[r.Record, ...], alive: bool, state: RunState
) -> None:
    assert after(plan, *records, alive=alive).state is state


def test_a_killed_run_says_how_to_go_on(plan: Plan) -> None:
    assert after(plan, alive=False).reason == WAS_KILLED


def test_the_document_has_the_documented_keys(plan: Plan) -> None:
    incident = r.Incident(ErrorKind.STAGE, "stage", "t", "a", "s", Policy.RETRY)
    document = json.loads(after(plan, *whole_slice(0), incident, *mill(0)).to_json())
    assert document["state"] == "running"
    assert document["incidents"] == 1
    assert set(document["sections"][0]) == {"id", "cycles", "milled_nm", "state"}
    assert set(document["autofocus"]) == {"corrections", "refused", "iterations_mean", "dose"}
    assert {"requested_uc", "delivered_uc", "uncertain_uc"} < set(document["mill"][0])
