"""Trouble that comes again and again ends in a pause, and what is damaged can be taken anew."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from hardware.microscope import Microscope, SafeState
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from hardware.types import Blanker, CurrentReading
from scopeacq.engine.events import RunState
from scopeacq.engine.planner import mill_plan
from scopeacq.journal.journal import Journal, JournalError
from scopeacq.journal.records import (
    DoseBooked,
    ErrorKind,
    FocusDone,
    GatePassed,
    Incident,
    MillBegin,
    MillDone,
    MillHeartbeat,
    PlaneChosen,
    PlaneDurable,
    PlaneExposing,
    PlaneLost,
    Policy,
    Purpose,
    Record,
    RunEnd,
    RunRequest,
    Waiting,
    WaitReason,
)
from scopeacq.plan.project import FocusPolicy, PolicySettings
from scopeacq.session import refuse_old_copy
from scopeacq.storage.files import DiskFiles, DiskFull
from scopeacq.telling.status import status_of
from tests.scenarios.harness import Started, TinyRun, tiny_project
from tests.scenarios.test_policies import of_kind, run_once


def test_an_interlock_that_trips_at_every_scan_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """Recovering goes well in between: only the scan that failed may say that the wait is over."""
    run = TinyRun.make(tmp_path, tiny_project(policies=PolicySettings(interlock_wait_s=60.0)))

    def trip(records: tuple[Record, ...]) -> None:
        if any(isinstance(record, PlaneExposing) for record in records):
            run.nature.column.eht_on = False

    run.on_commit = trip
    assert run_once(run) is RunEnd.PAUSED
    assert len(of_kind(run, PlaneExposing)) < 20


def test_nothing_goes_on_when_the_microscope_could_not_be_made_safe(tmp_path: Path) -> None:
    script = FaultScript((Fault(Device.SCANNER, FaultKind.TRUNCATED_FRAME, AfterCalls(6)),))
    run = TinyRun.make(tmp_path, script=script)
    unsafe = SafeState(Blanker.BLANKED, False, True, ("electron beam: switch the EHT off by hand.",))
    states = [SafeState(Blanker.BLANKED, True, True), unsafe, unsafe]
    with mock.patch.object(Microscope, "safe_state", side_effect=states):
        assert run_once(run) is RunEnd.PAUSED
    (incident,) = of_kind(run, Incident)
    assert incident.decision is Policy.PAUSE
    assert "EHT off by hand" in incident.advice


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_plane_that_is_damaged_before_the_gate_is_taken_again(tmp_path: Path, damage: str) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    image = run.plan.folder.images(run.plan.project) / "S001/0/0/c/0/0/0"

    def spoil(records: tuple[Record, ...]) -> None:
        if any(isinstance(r, PlaneChosen) and r.take == 0 for r in records):
            data = image.read_bytes()
            image.unlink()
            if damage == "changed":
                image.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    run.on_commit = spoil
    assert run_once(run) is RunEnd.FINISHED
    assert len(of_kind(run, PlaneLost)) == 1
    assert [plane.take for plane in of_kind(run, PlaneChosen)] == [0, 1]
    assert len(of_kind(run, GatePassed)) == 1


def test_a_take_that_is_gone_before_it_was_judged_is_taken_again(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    takes = run.plan.folder.images(run.plan.project) / "S001/0/0/takes"

    def kill(records: tuple[Record, ...]) -> None:
        if any(isinstance(record, PlaneDurable) for record in records):
            raise RuntimeError("killed")

    run.on_commit = kill
    with pytest.raises(RuntimeError, match="killed"):
        run_once(run)
    (takes / "0.0").unlink()
    run.on_commit = None
    assert run_once(run) is RunEnd.FINISHED
    assert len(of_kind(run, PlaneLost)) == 1
    assert len(of_kind(run, MillBegin)) > 0


def test_a_device_that_fails_while_the_surface_is_measured_is_an_incident(tmp_path: Path) -> None:
    project = tiny_project(cycles=1)
    focus = project.focus.model_copy(update={"policy": FocusPolicy.FIRST_OF_SECTION})
    run = TinyRun.make(tmp_path, project.model_copy(update={"focus": focus}), n_sections=4)
    trips = [None]

    def trip(records: tuple[Record, ...]) -> None:
        if trips and any(isinstance(r, DoseBooked) and r.purpose is Purpose.FOCUS for r in records):
            run.nature.column.eht_on = trips.pop() is not None

    run.on_commit = trip
    assert run_once(run) is RunEnd.FINISHED
    (incident,) = of_kind(run, Incident)
    assert incident.kind is ErrorKind.INTERLOCK
    assert len([f for f in of_kind(run, FocusDone) if not f.applied]) == 1


@pytest.mark.parametrize("request_", [RunRequest.PAUSE_NOW, RunRequest.ABORT])
def test_nothing_opens_after_the_operator_said_no_on_the_way_to_the_gun(
    tmp_path: Path, request_: RunRequest
) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))

    def prepare(program: Started) -> None:
        measure = program.rig.devices.ion_current.measure

        def asked_meanwhile(_: object = None) -> CurrentReading:
            program.engine.request(request_)
            return measure()

        meter = type(program.rig.devices.ion_current)
        patch.enter_context(mock.patch.object(meter, "measure", asked_meanwhile))

    with ExitStack() as patch:
        assert run_once(run, prepare) in (RunEnd.PAUSED, RunEnd.ABORTED)
    assert of_kind(run, GatePassed) and not of_kind(run, MillBegin)


def test_the_gate_waits_for_room_for_the_next_slice(tmp_path: Path) -> None:
    """Room for the planes in flight would do to image, but not to mill: the next slice must fit."""
    run = TinyRun.make(tmp_path, tiny_project(cycles=2), n_sections=12)
    imaging, reserve_gb = run.plan.project.imaging, run.plan.project.storage.reserve_gb
    plane_bytes = imaging.tile_width_px * imaging.tile_height_px
    asked: list[bool] = []

    def free(self: DiskFiles, path: Path) -> int:
        asked.append(bool(of_kind(run, GatePassed)))
        short = not asked[-1] and len(of_kind(run, Waiting)) == 0
        return int(reserve_gb * 1e9) + (12 if short else 1000) * plane_bytes

    with mock.patch.object(DiskFiles, "free_bytes", free):
        assert run_once(run) is RunEnd.FINISHED
    (waited,) = of_kind(run, Waiting)
    assert waited.reason is WaitReason.DISK
    order = [
        type(r) for r in run.records() if isinstance(r, Waiting | PlaneChosen | GatePassed | MillBegin)
    ]
    assert order[:14] == [PlaneChosen] * 12 + [Waiting, GatePassed]


@pytest.mark.parametrize("kind", [PlaneDurable, MillHeartbeat, FocusDone])
def test_a_disk_that_fills_under_the_journal_is_waited_for(tmp_path: Path, kind: type) -> None:
    """The failed commit is not forgotten: what it told about is done again or settled."""
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    full = [True, True, True]
    commit = Journal._commit

    def filling(journal: Journal, jobs: list[Any]) -> list[int]:
        about = any(isinstance(record, kind) for job in jobs for record, _, _ in job.records)
        if full and (about or len(full) < 3):
            full.pop()
            raise DiskFull(run.plan.folder.root)
        return commit(journal, jobs)

    with mock.patch.object(Journal, "_commit", filling):
        assert run_once(run) is RunEnd.FINISHED
    assert not full
    assert len(of_kind(run, PlaneChosen)) == 1
    assert len(of_kind(run, MillDone)) == len(list(mill_plan(run.plan).passes(0)))


def test_a_fault_of_the_program_itself_is_journalled_and_said(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    bug = mock.patch("scopeacq.engine.pipeline.judge", side_effect=RuntimeError("a bug"))
    with bug, pytest.raises(RuntimeError, match="a bug"):
        run_once(run)
    (incident,) = of_kind(run, Incident)
    assert incident.kind is ErrorKind.INTERNAL
    assert status_of(run.plan, run.records(), alive=False).state is RunState.FAILED
    assert run_once(run) is RunEnd.FINISHED


def test_an_old_copy_of_the_journal_is_refused_before_it_mills_again(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    assert run_once(run) is RunEnd.FINISHED
    newest = Journal.open(run.plan.folder.journal_file)
    refuse_old_copy(run.plan, newest)
    newest.close()
    old = Journal.open(run.plan.folder.journal_copy)
    with pytest.raises(JournalError, match="would mill again"):
        refuse_old_copy(run.plan, old)
    old.close()
