"""What the engine does about trouble by itself, and what an operator asks of it, on the twin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.errors import Busy
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from hardware.simulator.specimen import WaferSpecimen, demo_wafer
from hardware.simulator.truth import FrameTruth, IncidentTruth, OpeningTruth
from models.estimate import AberrationEstimate, Sharp, Sharpness
from scopeacq.journal.records import (
    DoseBooked,
    DropRefused,
    ErrorKind,
    FocusDone,
    GatePassed,
    ImagingRecovered,
    Incident,
    MillBegin,
    MillEnd,
    MillHeartbeat,
    PlaneChosen,
    PlaneExposing,
    PlaneJudged,
    Policy,
    Purpose,
    Record,
    RunEnd,
    RunRequest,
    SectionDropped,
    SectionSkipped,
    Verdict,
    Waiting,
    WaitOver,
    WaitReason,
)
from scopeacq.plan.project import MillingSettings, PolicySettings
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.locks import Locked, OwnerLock
from tests.scenarios.harness import AZIMUTHS_DEG, Scores, Started, TinyRun, Waves, tiny_project
from tests.scenarios.promises import broken_promises, planes_not_safe

R = TypeVar("R")


def run_once(run: TinyRun, prepare: Callable[[Started], None] = lambda _: None) -> RunEnd:
    """One start; the promises hold whatever comes of it."""
    unsafe: list[str] = []
    run.before_opening = lambda: unsafe.extend(planes_not_safe(run))
    with run.start() as program:
        prepare(program)
        end = program.engine.run()
    assert unsafe + broken_promises(run) == []
    return end


def of_kind(run: TinyRun, kind: type[R]) -> list[R]:
    return [r for r in run.records() if isinstance(r, kind)]


def faulty(folder: Path, device: Device, kind: FaultKind, after: int = 0, n_times: int = 1) -> FaultScript:
    return FaultScript((Fault(device, kind, AfterCalls(after), n_times, lasts_s=30.0),))


def on_record(run: TinyRun, kind: type[Record], happening: Callable[[], None], nth: int = 1) -> None:
    """Let something happen at the n-th record of a kind, as soon as it is durable."""
    left = [nth]

    def note(records: tuple[Record, ...]) -> None:
        for _ in (r for r in records if isinstance(r, kind)):
            left[0] -= 1
            if left[0] == 0:
                happening()

    run.on_commit = note


# -- policies -------------------------------------------------------------------------------


def test_retry_takes_a_bad_frame_again(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, script=faulty(tmp_path, Device.SCANNER, FaultKind.TRUNCATED_FRAME, 6))
    assert run_once(run) is RunEnd.FINISHED
    (incident,) = of_kind(run, Incident)
    assert (incident.kind, incident.decision) == (ErrorKind.BAD_FRAME, Policy.RETRY)


def test_retry_ends_in_a_pause_when_it_does_not_help(tmp_path: Path) -> None:
    script = faulty(tmp_path, Device.SCANNER, FaultKind.TRUNCATED_FRAME, 0, n_times=1000)
    run = TinyRun.make(tmp_path, tiny_project(policies=PolicySettings(retries=2)), script)
    assert run_once(run) is RunEnd.PAUSED
    assert [i.decision for i in of_kind(run, Incident)] == [Policy.RETRY, Policy.RETRY, Policy.PAUSE]


def test_a_tile_that_stays_black_pauses_and_is_exposed_no_more_than_retries_allow(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    run.nature.faults = type(run.nature.faults)(
        faulty(tmp_path, Device.SCANNER, FaultKind.BLACK_FRAME, 7, n_times=1000), run.nature.faults.rng
    )
    assert run_once(run) is RunEnd.PAUSED
    assert len(of_kind(run, PlaneExposing)) <= 3
    assert of_kind(run, PlaneChosen) == []


class Unsure:
    """An estimator that is never sure."""

    name = "unsure"

    def estimate(self, *_: object) -> AberrationEstimate:
        return AberrationEstimate(np.zeros(3), 1e6 * np.eye(3))


def unsure_run(folder: Path, policy: Policy, n_sections: int = 2) -> TinyRun:
    project = tiny_project(cycles=1, policies=PolicySettings(focus_refused=policy, retries=1))
    run = TinyRun.make(folder, project, n_sections=n_sections)
    run.estimator = Unsure()
    return run


def test_a_refused_focus_puts_the_tile_last_and_then_images_it_as_it_is(tmp_path: Path) -> None:
    run = unsure_run(tmp_path, Policy.REQUEUE_TILE)
    assert run_once(run) is RunEnd.FINISHED
    tried = [f.key.section for f in of_kind(run, FocusDone)]
    assert tried == ["S001", "S002", "S001", "S002"]
    assert [i.decision for i in of_kind(run, Incident)] == [Policy.REQUEUE_TILE] * 2 + [Policy.GO_ON] * 2
    assert len(of_kind(run, PlaneChosen)) == 2


def test_go_on_images_without_focus(tmp_path: Path) -> None:
    run = unsure_run(tmp_path, Policy.GO_ON)
    assert run_once(run) is RunEnd.FINISHED
    assert len(of_kind(run, FocusDone)) == len(of_kind(run, PlaneChosen)) == 2


def test_a_skipped_section_keeps_the_gate_shut(tmp_path: Path) -> None:
    run = unsure_run(tmp_path, Policy.SKIP_SECTION)
    assert run_once(run) is RunEnd.WAITING
    assert {s.section for s in of_kind(run, SectionSkipped)} == {"S001", "S002"}
    assert of_kind(run, Waiting)[-1].reason is WaitReason.MILL_GATE
    assert of_kind(run, MillBegin) == []


def test_pause_stops_where_it_is(tmp_path: Path) -> None:
    run = unsure_run(tmp_path, Policy.PAUSE)
    assert run_once(run) is RunEnd.PAUSED
    assert len(of_kind(run, FocusDone)) == 1


def test_park_and_alert_lowers_the_stage_by_a_checked_path(tmp_path: Path) -> None:
    run = unsure_run(tmp_path, Policy.PARK_AND_ALERT)
    assert run_once(run) is RunEnd.PAUSED
    pose = run.nature.stage.reported(run.nature.now_s)
    assert pose.z_um == pytest.approx(run.plan.instrument.stage.safe_z_um)
    assert (pose.tilt_deg, pose.rotation_deg) == (0.0, 0.0)


def test_an_unsharp_plane_is_taken_again_before_milling(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    run.scorer = Scores(4.0, 3.0)
    assert run_once(run) is RunEnd.FINISHED
    verdicts = [j.verdict for j in of_kind(run, PlaneJudged)]
    assert verdicts == [Verdict.UNSHARP, Verdict.UNSHARP, Verdict.SHARP, Verdict.SHARP]
    assert of_kind(run, PlaneChosen)[0].take == 2
    records = run.records()
    assert records.index(of_kind(run, PlaneChosen)[0]) < records.index(of_kind(run, MillBegin)[0])


def test_a_plane_that_never_gets_sharp_is_never_milled(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    run.scorer = Scores(at_last=4.0)
    assert run_once(run) is RunEnd.WAITING
    assert not [t for t in run.truth if isinstance(t, OpeningTruth)]
    run.scorer = Scores()
    assert run_once(run) is RunEnd.FINISHED


class Doubtful(Scores):
    """A judge to whom one image never tells enough."""

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness:
        return replace(super().assess(image, pixel_size_nm), sharp=Sharp.CANNOT_TELL)


def test_where_one_image_cannot_tell_a_converged_focus_does(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    run.scorer = Doubtful()
    assert run_once(run) is RunEnd.FINISHED
    assert {j.verdict for j in of_kind(run, PlaneJudged)} == {Verdict.SHARP}


def test_what_nobody_can_tell_is_not_milled(tmp_path: Path) -> None:
    run = unsure_run(tmp_path, Policy.REQUEUE_TILE, n_sections=1)
    run.scorer = Doubtful()
    assert run_once(run) is RunEnd.WAITING
    assert Verdict.CANNOT_TELL in {j.verdict for j in of_kind(run, PlaneJudged)}
    assert not [t for t in run.truth if isinstance(t, OpeningTruth)]


# -- interlocks -------------------------------------------------------------------------------


def test_lost_vacuum_suspends_and_goes_on_by_itself(tmp_path: Path) -> None:
    """While imaging: the valve falls shut; when the pressure is back the column is restored."""
    run = TinyRun.make(tmp_path, tiny_project(policies=PolicySettings(interlock_wait_s=3600.0)))

    def lose_vacuum() -> None:
        script = faulty(tmp_path, Device.CHAMBER, FaultKind.LOST_VACUUM)
        run.nature.faults = type(run.nature.faults)(script, run.nature.faults.rng)
        run.nature.strike(Device.CHAMBER, "chamber.read")

    on_record(run, FocusDone, lose_vacuum)
    end = run_once(run)
    reasons = [w.reason for w in of_kind(run, Waiting)]
    assert reasons[0] is WaitReason.INTERLOCK and of_kind(run, WaitOver)
    assert len(of_kind(run, ImagingRecovered)) > 1
    # the gun tripped as well, and stays off until an operator brings it up
    assert end in (RunEnd.FINISHED, RunEnd.PAUSED)


def test_ions_open_again_only_after_all_checks_anew(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)

    def prepare(program: Started) -> None:
        asleep, tripped = program.link.while_asleep, [False]

        def sleep(duration_s: float) -> None:
            if program.wire.holds_open and not tripped[0]:
                run.nature.gun.has_gas = False
                script = faulty(tmp_path, Device.GUN, FaultKind.GAS_OUT)
                run.nature.faults = type(run.nature.faults)(script, run.nature.faults.rng)
                run.nature.strike(Device.GUN, "gun.read")
                tripped[0] = True
            asleep(duration_s)

        program.link.while_asleep = sleep

    assert run_once(run, prepare) is RunEnd.FINISHED
    waits = of_kind(run, Waiting)
    assert [w.reason for w in waits] == [WaitReason.INTERLOCK]
    first, second = of_kind(run, MillBegin)[:2]
    assert first.key == second.key and second.at_s > first.at_s + 30.0
    assert all(t.at_opening == () for t in run.truth if isinstance(t, OpeningTruth))


# -- requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "end"),
    [
        (RunRequest.PAUSE_NOW, RunEnd.PAUSED),
        (RunRequest.STOP, RunEnd.STOPPED),
        (RunRequest.ABORT, RunEnd.ABORTED),
        (RunRequest.PAUSE_AFTER_TILE, RunEnd.PAUSED),
        (RunRequest.PAUSE_AFTER_SECTION, RunEnd.PAUSED),
        (RunRequest.PAUSE_AFTER_SLICE, RunEnd.PAUSED),
    ],
)
def test_a_request_while_imaging_ends_the_run_where_it_says(
    tmp_path: Path, request_: RunRequest, end: RunEnd
) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1, tiles=2), n_sections=2)
    assert run_with_observer(run, request_, PlaneExposing) is end
    taken = len(of_kind(run, PlaneChosen))
    wanted = {
        RunRequest.PAUSE_AFTER_SECTION: 2,
        RunRequest.PAUSE_AFTER_SLICE: 4,
    }.get(request_, 1)
    assert taken == wanted
    assert of_kind(run, MillBegin) == []
    run.on_commit = None
    assert run_once(run) is RunEnd.FINISHED
    assert len(of_kind(run, PlaneChosen)) == 4


def run_with_observer(run: TinyRun, request: RunRequest, kind: type[Record], nth: int = 1) -> RunEnd:
    """One start in which the operator asks for something at the n-th record of a kind."""
    started: list[Started] = []
    on_record(run, kind, lambda: started[0].engine.request(request), nth)
    return run_once(run, started.append)


@pytest.mark.parametrize("request_", [RunRequest.PAUSE_NOW, RunRequest.ABORT])
def test_an_urgent_request_ends_a_pass_under_way_and_only_the_rest_is_milled_later(
    tmp_path: Path, request_: RunRequest
) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    end = run_with_observer(run, request_, MillHeartbeat, nth=3)
    assert end is (RunEnd.ABORTED if request_ is RunRequest.ABORT else RunEnd.PAUSED)
    first = of_kind(run, MillEnd)[0]
    assert 0 < first.delivered_uc < 0.12
    run.on_commit = None
    assert run_once(run) is RunEnd.FINISHED
    assert of_kind(run, MillBegin)[1].remaining_uc == pytest.approx(0.16 - first.delivered_uc)


def test_stop_finishes_the_pass_that_is_under_way(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    assert run_with_observer(run, RunRequest.STOP, MillBegin) is RunEnd.STOPPED
    (end,) = of_kind(run, MillEnd)
    assert end.delivered_uc == pytest.approx(0.16, rel=0.1)


def test_abort_blanks_before_the_engine_knows(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    closed_at_once: list[bool] = []

    def prepare(program: Started) -> None:
        asleep = program.link.while_asleep

        def sleep(duration_s: float) -> None:
            if program.wire.holds_open and not closed_at_once:
                program.engine.request(RunRequest.ABORT)
                for thread in threading.enumerate():
                    if thread.name == "abort":
                        thread.join()
                closed_at_once.append(not run.nature.gun.open)
            asleep(duration_s)

        program.link.while_asleep = sleep

    assert run_once(run, prepare) is RunEnd.ABORTED
    assert closed_at_once == [True]


# -- the disk -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [GatePassed, PlaneExposing, FocusDone, MillBegin])
def test_a_full_disk_waits_and_goes_on_when_there_is_room(tmp_path: Path, kind: type[Record]) -> None:
    run = TinyRun.make(tmp_path)
    on_record(run, kind, lambda: run.disk.fill(5))
    assert run_once(run) is RunEnd.FINISHED
    waits = [w.reason for w in of_kind(run, Waiting)]
    assert set(waits) == {WaitReason.DISK} and len(of_kind(run, WaitOver)) == len(waits)
    assert len(of_kind(run, PlaneChosen)) == 2


# -- dropping -----------------------------------------------------------------------------------


def unevenly_irradiated(doses: tuple[float, ...]) -> WaferSpecimen:
    """Sections beside each other, each milled at the rate of its own irradiation."""
    like = demo_wafer(0, len(doses), Waves())
    sections = [replace(s, irradiation_dose=d) for s, d in zip(like.sections, doses, strict=True)]
    return WaferSpecimen(sections, like.fiducials, Waves(), 0)


def test_a_section_that_is_milled_through_is_dropped_on_evidence(tmp_path: Path) -> None:
    """The first mills nearly four times as fast as the second, which shows that the beam is there."""
    milling = MillingSettings(
        depth_nm=30.0,
        irradiation_1e27_ev_per_cm3=1.0,
        azimuths_deg=AZIMUTHS_DEG,
        rounds=1,
        raster_vpp=2.0,
    )
    project = tiny_project(5, milling=milling, policies=PolicySettings(bad_frame=Policy.PAUSE, retries=0))
    run = TinyRun.make(tmp_path, project, specimen=unevenly_irradiated((0.0, 1.0)))
    assert run_once(run) is RunEnd.FINISHED
    (dropped,) = of_kind(run, SectionDropped)
    assert dropped.section == "S001" and len(dropped.evidence) == 5
    dark = [j.key.cycle for j in of_kind(run, PlaneJudged) if j.verdict is Verdict.WAFER]
    assert dark == [dropped.cycle - 1, dropped.cycle]
    assert of_kind(run, Incident) == []
    assert len([d for d in of_kind(run, DoseBooked) if d.purpose is Purpose.DARK_PLANE]) == 2
    assert not [c for c in of_kind(run, PlaneChosen) if c.key.section == "S001" and c.key.cycle > dark[1]]
    assert [c.key.cycle for c in of_kind(run, PlaneChosen) if c.key.section == "S002"] == [0, 1, 2, 3, 4]


def test_a_lost_beam_drops_nothing(tmp_path: Path) -> None:
    """The EHT trips in the middle of every cycle: dark is no evidence, and the beam is restored."""
    run = TinyRun.make(tmp_path, n_sections=2)

    def trip() -> None:
        run.nature.column.eht_on = False

    on_record(run, PlaneExposing, trip, nth=2)
    assert run_once(run) is RunEnd.FINISHED
    assert of_kind(run, SectionDropped) == of_kind(run, DropRefused) == []
    assert all(j.verdict is Verdict.SHARP for j in of_kind(run, PlaneJudged))
    frames = [t for t in run.truth if isinstance(t, FrameTruth)]
    assert frames and not [t for t in run.truth if isinstance(t, IncidentTruth)]


# -- one program ------------------------------------------------------------------------------


def test_a_second_program_is_refused(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    with run.start() as program:
        with pytest.raises(Busy), run.start():
            pass
        with (
            program.rig.microscope.claim("the first"),
            pytest.raises(Busy),
            program.rig.microscope.claim("the second"),
        ):
            pass
        assert program.engine.run() is RunEnd.FINISHED
    with OwnerLock.of_run(run.plan.folder.root, DiskFiles()), pytest.raises(Locked):
        OwnerLock.of_run(run.plan.folder.root, DiskFiles()).acquire()
