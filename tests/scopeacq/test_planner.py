"""The engine's decisions: a pure function over the fold of a journal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.types import FrameSettings, Optics, StagePose
from scopeacq.engine import steps as s
from scopeacq.engine.planner import Target, focus_due, mill_plan, next_step
from scopeacq.engine.wishes import offers, refusal
from scopeacq.journal import records as r
from scopeacq.journal.progress import Progress
from scopeacq.journal.records import MillKey, PlaneKey, Record, Verdict, Wish, WishKind
from scopeacq.plan.instrument import DriverSettings, Instrument
from scopeacq.plan.project import (
    FocusPolicy,
    FocusSettings,
    GateSettings,
    ImagingSettings,
    MillingSettings,
    Project,
)
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.wafer import Section, Wafer

MILL = r.MillPlan((0.0, 120.0, 240.0), 2, 6.0, 10.0, 0.5)
OPTICS = Optics(4500.0, 0.0, 0.0)
WISHES = st.sampled_from([None] * 20 + list(WishKind))
"""Now and then one."""
SQUARE = ((-50.0, -50.0), (50.0, -50.0), (50.0, 50.0), (-50.0, 50.0))


def make_plan(sections: int = 2, tiles: int = 2, cycles: int = 2, **project: object) -> Plan:
    """A plan of sections in a row, one row of tiles on each."""
    return Plan(
        RunFolder(Path("nowhere.scopeacq")),
        Project(
            name="test",
            cycles=cycles,
            imaging=ImagingSettings(
                tile_width_px=64, tile_height_px=64, overlap_px=4, grid_columns=tiles, retakes=1
            ),
            milling=MillingSettings(charge_uc_per_azimuth=6.0, rounds=2),
        ).model_copy(update=project),
        Wafer(tuple(Section(f"S{n}", SQUARE, (n * 500.0, 0.0), 0.0, 200.0) for n in range(sections)), ()),
        Instrument(name="test", driver=DriverSettings(name="none")),
    )


def make_progress(plan: Plan) -> Progress:
    return Progress.of(plan)


def answer(step: s.Step, verdict: Verdict = Verdict.SHARP) -> list[Record]:
    """The records of a step that went well."""
    frame = FrameSettings(64, 64, 10.0, 200.0)
    match step:
        case s.RecoverImaging(cycle):
            return [r.ImagingRecovered(cycle, 1e-6, 120.0, 0.0)]
        case s.RegisterWafer(cycle):
            return [r.WaferRegistered(cycle, 0.0, 0.0, 0.0, 0.1, 3, 1.0)]
        case s.FitSurface(cycle):
            return [r.SurfaceFitted(cycle, 4500.0, 0.0, 0.0, 0.1, ("S0",))]
        case s.RegisterSection(cycle, section):
            return [r.SectionRegistered(cycle, section, 0.0, 0.0, 0.0, 0.9, 1.0)]
        case s.Focus(key):
            return [r.FocusDone(key, True, "", OPTICS, OPTICS, (), 9.4, "", 0.0)]
        case s.AcquireTile(key, take):
            return [
                r.PlaneExposing(key, take, frame, 18.7),
                r.PlaneExposed(key, take, OPTICS, StagePose(), (1, 0, 0, 0, 1, 0), 0.0),
                r.PlaneDurable(key, take, "path", 4096, "00"),
                *judged(key, take, verdict),
            ]
        case s.JudgePlane(key, take):
            return judged(key, take, verdict)
        case s.WaivePlane(key, reason):
            return [r.PlaneWaived(key, reason)]
        case s.DropSection(cycle, section):
            return [r.SectionDropped(cycle, section, ("dark",))]
        case s.PassGate(cycle):
            return [r.GatePassed(cycle, 0, 0, MILL)]
        case s.MillAzimuth(key, _, requested_uc, remaining_uc):
            return [
                *opening(key, requested_uc, remaining_uc),
                r.MillDone(key, requested_uc, requested_uc, 0.0),
            ]
        case s.SettleMill(key, opening_id):
            return [r.MillEnd(key, opening_id, 0.5, 0.5, "killed")]
        case s.EndCycle(cycle):
            return [r.CycleDone(cycle)]
        case s.Pause(cycle, section):
            return [r.Wish(WishKind.GO_ON, cycle, section)]
    raise AssertionError(f"{step} is no step to answer")


def judged(key: PlaneKey, take: int, verdict: Verdict) -> list[Record]:
    dark = 1.0 if verdict is Verdict.WAFER else 0.0
    record = r.PlaneJudged(key, take, verdict, 0.3, 120.0, 20.0, dark)
    accepted = verdict not in (Verdict.UNSHARP, Verdict.FAULTY)
    return [record, r.PlaneChosen(key, take)] if accepted else [record]


def opening(key: MillKey, requested_uc: float, remaining_uc: float, name: str = "o") -> list[Record]:
    return [
        r.MillBegin(key, name, requested_uc, remaining_uc, 38.0, 0.4, 1.0, 0.0),
        r.MillHeartbeat(name, remaining_uc / 2),
        r.MillEnd(key, name, remaining_uc, 0.0, "done"),
    ]


def ask(plan: Plan, progress: Progress, in_flight: frozenset[PlaneKey] = frozenset()) -> s.Step:
    return next_step(plan, progress, in_flight, Target(plan.project.cycles))


def run_until(plan: Plan, progress: Progress, kind: type, limit: int = 500) -> s.Step:
    """Answer steps until one of ``kind`` comes up."""
    for _ in range(limit):
        step = ask(plan, progress)
        if isinstance(step, kind):
            return step
        progress.apply_all(answer(step))
    raise AssertionError(f"no {kind.__name__} came up")


def test_a_whole_run_takes_every_plane_and_mills_every_pass_once() -> None:
    plan = make_plan()
    progress = make_progress(plan)
    taken: list[PlaneKey] = []
    milled: list[MillKey] = []
    while not isinstance(step := ask(plan, progress), s.Finish):
        if isinstance(step, s.AcquireTile):
            taken.append(step.key)
        if isinstance(step, s.MillAzimuth):
            milled.append(step.key)
        progress.apply_all(answer(step))
    assert taken == [PlaneKey(c, f"S{n}", t) for c in range(2) for n in range(2) for t in range(2)]
    assert milled == [MillKey(c, n, a) for c in range(2) for n in range(2) for a in range(3)]


def test_milling_waits_for_every_plane_in_flight() -> None:
    plan = make_plan(sections=1, tiles=1)
    progress = make_progress(plan)
    step = run_until(plan, progress, s.AcquireTile)
    assert isinstance(step, s.AcquireTile)
    assert ask(plan, progress, frozenset({step.key})) == s.AwaitPlanes()


def test_the_next_tile_is_scanned_while_the_last_is_in_flight() -> None:
    plan = make_plan()
    progress = make_progress(plan)
    first = run_until(plan, progress, s.AcquireTile)
    assert isinstance(first, s.AcquireTile)
    assert ask(plan, progress, frozenset({first.key})) == s.Focus(PlaneKey(0, "S0", 1))


def test_an_unsharp_plane_is_focused_and_retaken_then_shuts_the_gate() -> None:
    plan = make_plan(sections=1, tiles=1)
    progress = make_progress(plan)
    first = run_until(plan, progress, s.AcquireTile)
    progress.apply_all(answer(first, Verdict.UNSHARP))
    focus = ask(plan, progress)
    assert isinstance(focus, s.Focus)
    progress.apply_all(answer(focus))
    retake = ask(plan, progress)
    assert retake == s.AcquireTile(PlaneKey(0, "S0", 0), 1)
    progress.apply_all(answer(retake, Verdict.UNSHARP))
    shut = ask(plan, progress)
    assert isinstance(shut, s.Wait)
    assert shut.reason is r.WaitReason.MILL_GATE


def test_a_new_start_grants_new_takes() -> None:
    plan = make_plan(sections=1, tiles=1)
    progress = make_progress(plan)
    for _ in range(2):
        step = run_until(plan, progress, s.AcquireTile)
        progress.apply_all(answer(step, Verdict.UNSHARP))
    assert isinstance(ask(plan, progress), s.Wait)
    progress.apply(r.RunOpened("0", "host", 1))
    step = run_until(plan, progress, s.AcquireTile)
    assert step == s.AcquireTile(PlaneKey(0, "S0", 0), 2)


def test_the_gate_lets_pass_only_what_the_policy_names() -> None:
    named = make_plan(sections=2, tiles=1, gate=GateSettings(accept_sections=("S1",)))
    for plan, passes in ((named, True), (make_plan(sections=2, tiles=1), False)):
        progress = make_progress(plan)
        while not isinstance(step := ask(plan, progress), s.WaivePlane | s.Wait):
            unsharp = isinstance(step, s.AcquireTile) and step.key.section == "S1"
            progress.apply_all(answer(step, Verdict.UNSHARP if unsharp else Verdict.SHARP))
        assert isinstance(step, s.WaivePlane) is passes


def test_a_lost_beam_is_not_taken_for_a_bare_wafer() -> None:
    plan = make_plan(sections=2, tiles=1)
    progress = make_progress(plan)
    while not isinstance(step := ask(plan, progress), s.Wait | s.PassGate | s.DropSection):
        progress.apply_all(answer(step, Verdict.WAFER))
    assert isinstance(step, s.Wait)


def test_a_section_that_shows_the_wafer_in_two_cycles_is_considered_for_dropping() -> None:
    plan = make_plan(sections=2, tiles=1, cycles=3)
    progress = make_progress(plan)
    dropped_in = None
    while not isinstance(step := ask(plan, progress), s.Finish):
        dark = isinstance(step, s.AcquireTile) and step.key.section == "S0"
        if isinstance(step, s.DropSection):
            dropped_in = progress.cycle
        progress.apply_all(answer(step, Verdict.WAFER if dark else Verdict.SHARP))
    assert dropped_in == 1
    assert progress.active() == ["S1"]


def test_a_cycle_is_milled_as_it_passed_the_gate_whatever_the_project_says_since() -> None:
    plan = make_plan()
    progress = make_progress(plan)
    step = run_until(plan, progress, s.MillAzimuth)
    progress.apply_all(answer(step))
    edited = make_plan(milling=MillingSettings(charge_uc_per_azimuth=99.0, rounds=1, azimuths_deg=(0.0,)))
    following = ask(edited, progress)
    assert isinstance(following, s.MillAzimuth)
    assert (following.key.azimuth, following.requested_uc, following.azimuth_deg) == (1, 3.0, 120.0)


def test_an_interrupted_opening_is_settled_before_anything_else() -> None:
    plan = make_plan()
    progress = make_progress(plan)
    step = run_until(plan, progress, s.MillAzimuth)
    assert isinstance(step, s.MillAzimuth)
    progress.apply(opening(step.key, 3.0, 3.0)[0])
    progress.apply(r.RunOpened("0", "host", 2))
    settle = ask(plan, progress)
    assert settle == s.SettleMill(step.key, "o")
    progress.apply_all(answer(settle))
    again = ask(plan, progress)
    assert again == replace(step, remaining_uc=step.requested_uc - 0.5)


def test_a_lost_plane_opens_its_tile_again() -> None:
    plan = make_plan(sections=1, tiles=1)
    progress = make_progress(plan)
    gate = run_until(plan, progress, s.PassGate)
    assert isinstance(gate, s.PassGate)
    progress.apply(r.PlaneLost(PlaneKey(0, "S0", 0), 0, "gone"))
    assert run_until(plan, progress, s.AcquireTile) == s.AcquireTile(PlaneKey(0, "S0", 0), 1)


def test_a_plane_that_was_durable_at_the_kill_is_judged_not_scanned_again() -> None:
    plan = make_plan(sections=1, tiles=1)
    progress = make_progress(plan)
    step = run_until(plan, progress, s.AcquireTile)
    progress.apply_all(answer(step)[:3])
    progress.apply(r.RunOpened("0", "host", 2))
    assert run_until(plan, progress, s.JudgePlane) == s.JudgePlane(PlaneKey(0, "S0", 0), 0)


def test_charges_of_a_cycle_add_up_to_what_was_asked_per_azimuth() -> None:
    plan = make_plan()
    per_azimuth = dict.fromkeys(range(3), 0.0)
    for key, charge_uc in mill_plan(plan).passes(0):
        per_azimuth[key.azimuth] += charge_uc
    assert per_azimuth == pytest.approx({0: 6.0, 1: 6.0, 2: 6.0})


def wish(progress: Progress, kind: WishKind, section: str) -> None:
    """Ask for something that is granted."""
    asked = Wish(kind, progress.cycle, section)
    assert not refusal(progress, asked)
    progress.apply(asked)


def imaged_until(plan: Plan, progress: Progress, kind: type) -> list[s.Step]:
    """The steps that focus and image before one of ``kind`` comes up."""
    done = []
    while not isinstance(step := ask(plan, progress), kind):
        progress.apply_all(answer(step))
        done.append(step)
    return [step for step in done if isinstance(step, s.Focus | s.AcquireTile)]


def test_a_section_that_is_wished_for_comes_next_and_is_focused_again() -> None:
    plan = make_plan(3, focus=FocusSettings(policy=FocusPolicy.FIRST_OF_SECTION))
    progress = make_progress(plan)
    progress.apply_all(answer(run_until(plan, progress, s.AcquireTile)))
    wish(progress, WishKind.FOCUS_NEXT, "S2")
    wish(progress, WishKind.FOCUS_NEXT, "S0")
    first, second, third = imaged_until(plan, progress, s.PassGate)[:3]
    assert (first, second) == (s.Focus(PlaneKey(0, "S0", 1)), s.AcquireTile(PlaneKey(0, "S0", 1), 0))
    assert third == s.Focus(PlaneKey(0, "S2", 0))


def test_a_tile_that_was_never_sharp_is_taken_again_after_it_was_focused_again() -> None:
    plan = make_plan(tiles=1)
    progress = make_progress(plan)
    for _ in range(2):
        progress.apply_all(answer(run_until(plan, progress, s.AcquireTile), Verdict.UNSHARP))
    assert ask(plan, progress) == s.RegisterSection(0, "S1")
    wish(progress, WishKind.FOCUS_NEXT, "S0")
    assert ask(plan, progress) == s.Focus(PlaneKey(0, "S0", 0))


def test_a_section_that_is_left_out_keeps_the_gate_shut_until_it_is_imaged_after_all() -> None:
    plan = make_plan()
    progress = make_progress(plan)
    wish(progress, WishKind.LEAVE_OUT, "S0")
    progress.apply(r.RunOpened("0", "host", 1))
    assert {step.key.section for step in imaged_until(plan, progress, s.Wait)} == {"S1"}  # type: ignore[union-attr]
    assert "left out" in str(ask(plan, progress))
    wish(progress, WishKind.TAKE_IN, "S0")
    assert {step.key.section for step in imaged_until(plan, progress, s.PassGate)} == {"S0"}  # type: ignore[union-attr]


def test_a_pause_before_a_section_is_made_once_and_in_no_later_cycle() -> None:
    plan = make_plan()
    progress = make_progress(plan)
    wish(progress, WishKind.PAUSE_BEFORE, "S1")
    progress.apply(r.RunOpened("0", "host", 1))
    pause = run_until(plan, progress, s.Pause)
    assert pause == s.Pause(0, "S1")
    progress.apply_all(answer(pause))
    assert isinstance(run_until(plan, progress, s.Pause | s.Finish), s.Finish)  # type: ignore[arg-type]


def retake(progress: Progress, tile: int, section: str = "S0") -> Wish:
    return Wish(WishKind.RETAKE, progress.cycle, section, tile)


def imaged_once() -> tuple[Plan, Progress]:
    """A plan of one section with two tiles, and its cycle when both are sharp."""
    plan = make_plan(sections=1)
    progress = make_progress(plan)
    imaged_until(plan, progress, s.PassGate)
    return plan, progress


def test_a_sharp_tile_is_taken_again_next_and_the_new_take_replaces_it() -> None:
    plan, progress = imaged_once()
    asked, planes = retake(progress, 1), progress.totals.planes
    assert not refusal(progress, asked)
    progress.apply(asked)
    assert "already" in refusal(progress, asked)
    progress.apply(r.RunOpened("0", "host", 1))
    steps = imaged_until(plan, progress, s.PassGate)
    assert steps == [s.Focus(PlaneKey(0, "S0", 1)), s.AcquireTile(PlaneKey(0, "S0", 1), 1)]
    assert progress.planes[PlaneKey(0, "S0", 1)].chosen == 1
    assert progress.totals.planes == planes


@pytest.mark.parametrize("spoilt", ["unsharp", "lost", "left out"])
def test_where_the_new_take_is_not_accepted_the_one_before_stays(spoilt: str) -> None:
    plan, progress = imaged_once()
    key = PlaneKey(0, "S0", 1)
    progress.apply(retake(progress, 1))
    match spoilt:
        case "unsharp":
            progress.apply_all(answer(run_until(plan, progress, s.AcquireTile), Verdict.UNSHARP))
        case "lost":
            progress.apply_all(answer(run_until(plan, progress, s.AcquireTile))[:3])
            progress.apply(r.PlaneLost(key, 1, "gone"))
        case _:
            wish(progress, WishKind.LEAVE_OUT, "S0")
    assert isinstance(ask(plan, progress), s.PassGate)
    assert progress.planes[key].chosen == 0


def test_a_retake_is_refused_where_there_is_nothing_to_take_again() -> None:
    plan = make_plan(sections=2)
    progress = make_progress(plan)
    assert "still to come" in refusal(progress, retake(progress, 0))
    assert "no tile" in refusal(progress, retake(progress, 7))
    progress.apply_all(answer(run_until(plan, progress, s.AcquireTile))[:2])
    assert "judged" in refusal(progress, retake(progress, 0))
    wish(progress, WishKind.LEAVE_OUT, "S1")
    assert "left out" in refusal(progress, retake(progress, 0, "S1"))
    plan, progress = imaged_once()
    run_until(plan, progress, s.MillAzimuth)
    assert "mill gate" in refusal(progress, retake(progress, 0))


def test_a_tile_that_was_accepted_unsharp_counts_as_sharp_after_a_sharp_retake() -> None:
    plan = make_plan(sections=1, gate=GateSettings(accept_tiles_per_cycle=1))
    progress, key = make_progress(plan), PlaneKey(0, "S0", 0)
    for _ in range(2):
        progress.apply_all(answer(run_until(plan, progress, s.AcquireTile), Verdict.UNSHARP))
    progress.apply_all([*answer(run_until(plan, progress, s.WaivePlane)), r.PlaneChosen(key, 1)])
    assert progress.planes[key].waived
    progress.apply(retake(progress, 0))
    progress.apply_all(answer(run_until(plan, progress, s.AcquireTile)))
    assert (progress.planes[key].chosen, progress.planes[key].waived) == (2, False)


def test_what_is_past_is_refused_with_a_reason() -> None:
    plan = make_plan(tiles=1)
    progress = make_progress(plan)
    progress.apply_all(answer(run_until(plan, progress, s.AcquireTile)))
    for kind in set(WishKind) - {WishKind.RETAKE}:
        assert "is imaged" in refusal(progress, Wish(kind, 0, "S0"))
        assert "no section" in refusal(progress, Wish(kind, 0, "S9"))
        assert "over" in refusal(progress, Wish(kind, -1, "S1"))
    run_until(plan, progress, s.MillAzimuth)
    assert all("mill gate" in offer.why_not for offer in offers(progress, "S1"))


@settings(max_examples=30)
@given(st.data())
def test_the_fold_forgets_nothing_that_a_restart_needs(data: st.DataObject) -> None:
    """Kill anywhere, wish anything, rebuild from the records: nothing is milled past a plane, nor twice."""
    plan = make_plan(sections=2, tiles=2)
    journal: list[Record] = []
    progress = make_progress(plan)
    done: list[MillKey] = []
    while not isinstance(step := ask(plan, progress), s.Finish):
        verdict = data.draw(st.sampled_from([Verdict.SHARP, Verdict.SHARP, Verdict.UNSHARP]))
        wished = data.draw(WISHES)
        tile = data.draw(st.integers(0, 2)) if wished is WishKind.RETAKE else None
        asked = Wish(wished, progress.cycle, "S0", tile) if wished else None
        if asked and not refusal(progress, asked):
            written: list[Record] = [asked]
        elif isinstance(step, s.Wait):
            taken_in = [Wish(WishKind.TAKE_IN, progress.cycle, name) for name in progress.order]
            written = [r.RunOpened("0", "host", 1), *(w for w in taken_in if not refusal(progress, w))]
        else:
            written = answer(step, verdict)
        killed = data.draw(st.integers(0, len(written))) if data.draw(st.booleans()) else None
        kept = written if killed is None else written[:killed]
        if isinstance(step, s.MillAzimuth) and written != [asked]:
            assert not progress.open_keys
            assert step.key not in done
        done += [record.key for record in kept if isinstance(record, r.MillDone)]
        journal += kept
        if killed is not None:
            journal.append(r.RunOpened("0", "host", 1))
            progress = make_progress(plan)
            progress.apply_all(journal)
        else:
            progress.apply_all(kept)
    assert done == [key for cycle in range(2) for key, _ in mill_plan(plan).passes(cycle)]


def test_what_the_wafer_leaves_out_is_neither_imaged_nor_asked_for_by_the_gate() -> None:
    plan = make_plan(sections=3, tiles=3)
    first, second, third = plan.wafer.sections
    sections = replace(first, inactive_tiles=(1,)), replace(second, active=False), third
    plan = replace(plan, wafer=replace(plan.wafer, sections=sections))
    progress = Progress.of(plan)
    assert [(key.section, key.tile) for key in progress.open_keys] == [
        ("S0", 0),
        ("S0", 2),
        ("S2", 0),
        ("S2", 1),
        ("S2", 2),
    ]
    assert progress.active() == ["S0", "S2"]


def test_the_first_tile_of_a_section_is_the_first_that_is_imaged() -> None:
    focus = FocusSettings(policy=FocusPolicy.FIRST_OF_SECTION)
    plan = make_plan(sections=1, tiles=3, focus=focus)
    (section,) = plan.wafer.sections
    plan = replace(plan, wafer=replace(plan.wafer, sections=(replace(section, inactive_tiles=(0,)),)))
    progress = Progress.of(plan)
    assert focus_due(focus, progress, PlaneKey(0, "S0", 1))
    progress.apply(r.SurfaceFitted(0, 4500.0, 0.0, 0.0, 0.1, ("S0",)))
    assert focus_due(focus, progress, PlaneKey(0, "S0", 1))
    assert not focus_due(focus, progress, PlaneKey(0, "S0", 2))
