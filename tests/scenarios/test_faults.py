"""Random sequences of faults break no promise; and each promise would be seen to be broken."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from hardware.types import StagePose
from scopeacq.engine.opening import Shutter
from scopeacq.engine.planner import _closing
from scopeacq.engine.settling import Interval
from scopeacq.engine.steps import AwaitPlanes, PassGate
from tests.scenarios import sequences
from tests.scenarios.harness import Started, TinyRun
from tests.scenarios.promises import broken_promises, planes_not_safe
from tests.scenarios.sequences import run_sequence

SEQUENCES, PER_TEST = 200, 10
SOAK, PER_SOAK_TEST = 10_000, 500


@pytest.mark.parametrize("first", range(0, SEQUENCES, PER_TEST))
def test_no_promise_is_broken(tmp_path: Path, first: int) -> None:
    outcomes = [run_sequence(seed, tmp_path / str(seed)) for seed in range(first, first + PER_TEST)]
    assert {o.seed: o.broken for o in outcomes if o.broken} == {}
    assert sum(o.openings for o in outcomes) >= PER_TEST


@pytest.mark.soak
@pytest.mark.parametrize("first", range(SEQUENCES, SEQUENCES + SOAK, PER_SOAK_TEST))
def test_no_promise_is_broken_in_ten_thousand(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + PER_SOAK_TEST):
        outcome = run_sequence(seed, tmp_path / "run")
        shutil.rmtree(tmp_path / "run")
        assert outcome.broken == [], f"seed {seed}: {outcome.ends}"


def test_a_run_without_trouble_is_clean(tmp_path: Path) -> None:
    assert found_in(TinyRun.make(tmp_path)) == []


# -- every check can fail -----------------------------------------------------------------

Prepare = Callable[[TinyRun, Started], None]


def found_in(run: TinyRun, prepare: Prepare = lambda *_: None) -> list[str]:
    """What is found broken after one start."""
    found: list[str] = []
    run.before_opening = lambda: found.extend(planes_not_safe(run))
    with run.start() as program:
        prepare(run, program)
        program.engine.run()
    return found + broken_promises(run)


def assert_found(sentence: str, found: list[str]) -> None:
    assert any(sentence in text for text in found), found


def at_first_opening(run: TinyRun, happening: Callable[[], None]) -> None:
    """Let something happen as soon as the ion beam is open."""
    before = run.before_opening
    pending = [happening]

    def opening() -> None:
        before()
        if pending:
            pending.pop()()

    run.before_opening = opening


def freeze_clock(run: TinyRun, program: Started) -> None:
    def freeze() -> None:
        program.link.frozen_sleeps = 60

    at_first_opening(run, freeze)


def test_a_guard_without_a_deadline_is_seen(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    with mock.patch("hardware.guard.core._lapse", lambda state, now_s: (state, ())):
        assert_found("its deadline was", found_in(run, freeze_clock))


def test_the_deadline_closes_when_the_instruments_clock_stands(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    assert found_in(run, freeze_clock) == []
    longest = max(run.line_openings, key=lambda o: o.closed_s - o.opened_s)
    assert longest.closed_s - longest.opened_s == pytest.approx(longest.deadline_s, abs=0.25)


def silence_once_open(run: TinyRun, program: Started) -> None:
    """The program stops answering after the opening, as one that was stopped by a signal."""
    asleep = program.link.while_asleep
    pending = [3.0]

    def sleep(duration_s: float) -> None:
        if pending and program.wire.holds_open:
            program.wire.silence(pending.pop())
        asleep(duration_s)

    program.link.while_asleep = sleep


def test_a_guard_without_heartbeats_is_seen(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    with mock.patch("hardware.guard.core._lapse", lambda state, now_s: (state, ())):
        found_in(run, silence_once_open)
    # it closes in the end, when the program is back; so long nobody had vouched for it
    assert max(o.closed_s - o.opened_s for o in run.line_openings) > 3.0
    run = TinyRun.make(tmp_path / "guarded")
    assert found_in(run, silence_once_open) == []
    assert max(o.silent_s for o in run.line_openings) == pytest.approx(1.0, abs=0.25)


def test_a_planner_without_a_gate_is_seen(tmp_path: Path) -> None:
    def closing(*arguments: object) -> object:
        step = _closing(*arguments)  # type: ignore[arg-type]
        return step if isinstance(step, PassGate) else PassGate(0)

    with (
        mock.patch("scopeacq.engine.planner._imaging", lambda *_: None),
        mock.patch("scopeacq.engine.planner._closing", closing),
    ):
        assert_found("is not safe on disk", found_in(TinyRun.make(tmp_path)))


def test_a_gate_that_does_not_read_planes_back_is_seen(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    image = run.plan.folder.images(run.plan.project) / "S001/0/0/c/0/0/0"

    def spoil(*_: object) -> bool:
        if image.exists():
            image.write_bytes(image.read_bytes()[:-1] + b"?")
        return True

    with mock.patch("scopeacq.storage.storage.ImageStore.verify", spoil):
        assert_found("is not safe on disk", found_in(run))


def test_interlocks_that_are_not_asked_are_seen(tmp_path: Path) -> None:
    with (
        mock.patch("hardware.guard.process.open_refusals", lambda *_: []),
        mock.patch("scopeacq.engine.opening.open_refusals", lambda *_: []),
        mock.patch("hardware.milling._protect", lambda _: None),
    ):
        found = found_in(TinyRun.make(tmp_path))
    assert_found("opened unproven: detector safe", found)
    assert_found("detector damage", found)


def test_an_interlock_that_is_never_looked_at_again_is_seen(tmp_path: Path) -> None:
    def trip(run: TinyRun, program: Started) -> None:
        def gun_trips() -> None:
            run.nature.gun.hv_on = False

        program.link.while_asleep = lambda _: gun_trips() if program.wire.holds_open else None

    with mock.patch("scopeacq.engine.opening.open_refusals", lambda *_: []):
        found = found_in(TinyRun.make(tmp_path), trip)
    assert_found("gun HV", found)
    assert_found("the journal says", found)


def test_an_electron_beam_that_is_left_on_is_seen(tmp_path: Path) -> None:
    with mock.patch("scopeacq.engine.imaging.Imager.blank", lambda _: None):
        assert_found("stood on the wafer", found_in(TinyRun.make(tmp_path)))


def test_a_charge_that_is_miscounted_is_seen(tmp_path: Path) -> None:
    charge = Shutter.charge

    def half(shutter: Shutter, current_na: float) -> Interval:
        whole = charge(shutter, current_na)
        return Interval(whole.low_uc / 2, whole.high_uc / 2)

    with mock.patch.object(Shutter, "charge", half):
        assert_found("the journal says", found_in(TinyRun.make(tmp_path)))


BLACK = Fault(Device.SCANNER, FaultKind.BLACK_FRAME, AfterCalls(0), n_times=1000)


def test_planes_without_a_beam_are_seen(tmp_path: Path) -> None:
    with (
        mock.patch("scopeacq.engine.taking.require_plane", lambda *_: None),
        mock.patch("scopeacq.engine.locating.require_tissue", lambda *_: None),
        mock.patch("scopeacq.engine.locating.require_mark", lambda *_: None),
        mock.patch("scopeacq.engine.planner._looking", lambda *_: None),
    ):
        run = TinyRun.make(tmp_path, script=FaultScript((BLACK,)))
        assert_found("scanned without a beam", found_in(run))


def test_a_straight_way_to_the_gun_is_seen(tmp_path: Path) -> None:
    def straight(current: StagePose, mill_pose: StagePose, safe_z_um: float) -> tuple[StagePose, ...]:
        return (replace(mill_pose, z_um=None), StagePose(z_um=mill_pose.z_um))

    with (
        mock.patch("hardware.milling.path_to_mill", straight),
        mock.patch("hardware.chamber_model.ChamberModel.path_collisions", lambda *_: []),
    ):
        assert_found("collision", found_in(TinyRun.make(tmp_path)))


def test_a_guard_that_forgets_to_blank_is_seen(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    with mock.patch("tests.scenarios.harness.WatchedLine.blank", lambda _: None):
        assert_found("without word from the program", found_in(run))


def test_bare_errors_and_hangs_are_seen(tmp_path: Path) -> None:
    def bare(*_: object) -> None:
        raise KeyError("a programming error")

    with mock.patch("scopeacq.engine.engine.next_step", bare):
        assert_found("A bare KeyError", run_sequence(0, tmp_path / "bare").broken)
    with (
        mock.patch("scopeacq.engine.engine.next_step", lambda *_: AwaitPlanes()),
        mock.patch.object(sequences, "LONGEST_START_S", 0.3),
    ):
        assert_found("hung", run_sequence(1, tmp_path / "hung").broken)
