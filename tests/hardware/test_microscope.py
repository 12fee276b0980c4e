"""One claim on the instrument, and a safe state that each part reaches for itself."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hardware import microscope as composition
from hardware.chamber_model import ChamberModel
from hardware.claim import InstrumentLock
from hardware.errors import BlankerUnknown, Busy, HardwareError
from hardware.guard.core import GuardTiming
from hardware.guard.log import read_openings
from hardware.interlocks import MillLimits
from hardware.microscope import GUARD_LOG, SWITCH_OFF, Devices, Microscope, connect
from hardware.types import Blanker
from tests.hardware.fakes import FakeColumn, FakeGun, FakeStage, fake_devices, good_proof
from tests.hardware.lines import MemoryLine, lock_line_is_open
from tests.hardware.thread_guard import thread_guard


@pytest.fixture
def line() -> MemoryLine:
    return MemoryLine()


@pytest.fixture
def microscope(tmp_path: Path, line: MemoryLine) -> Iterator[Microscope]:
    lock = InstrumentLock(tmp_path / "lock")
    with thread_guard(line, tmp_path / "log", timing=GuardTiming(give_up_s=0.2)) as guard:
        yield Microscope(fake_devices(tmp_path), guard, ChamberModel(), lock)
    lock.release()


def test_safe_state_blanks_both_beams_and_stops_the_stage_where_it_is(
    microscope: Microscope, line: MemoryLine
) -> None:
    stage, column = microscope.devices.stage, microscope.devices.column
    microscope.guard.open(good_proof(), "pass", 5.0, 100.0)
    column.unblank()
    reached = microscope.safe_state()
    assert reached.safe and reached.trouble == ()
    assert not line.is_open and column.state().blanked
    assert stage.stops == 1 and stage.moves == []  # type: ignore[attr-defined]


@dataclass
class IrradiationGun:
    """Its switch may be stuck."""

    on: bool = True
    stuck: bool = False

    def beam_on(self) -> bool:
        return self.on

    def switch_off(self) -> None:
        self.on = self.stuck


@pytest.mark.parametrize("stuck", [False, True])
def test_an_irradiation_that_nobody_watches_any_more_is_ended_or_told_of(
    microscope: Microscope, stuck: bool
) -> None:
    """A program that was killed cannot; both beams of the microscope are safe all the same."""
    gun = IrradiationGun(stuck=stuck)
    devices = replace(microscope.devices, irradiation_source=gun)
    reached = replace(microscope, devices=devices).safe_state()
    assert reached.safe and gun.on is stuck
    assert [SWITCH_OFF in trouble for trouble in reached.trouble] == [True] * stuck


def broken(call: str) -> object:
    """A device of which one call fails."""

    def fail(*_arguments: object) -> None:
        raise HardwareError("device", f"{call} failed")

    return fail


def test_each_goes_on_whatever_becomes_of_the_others(microscope: Microscope, line: MemoryLine) -> None:
    microscope.guard.open(good_proof(), "pass", 5.0, 100.0)
    column, stage, gun = FakeColumn(), FakeStage(), FakeGun()
    column.unblank()
    line.broken.add("stuck")
    stage.stop = broken("stop")  # type: ignore[method-assign, assignment]
    reached = replace(microscope, devices=with_devices(microscope, column, stage, gun)).safe_state()
    assert (reached.ions, reached.electrons_blanked, reached.stage_stopped) == (
        Blanker.UNKNOWN,
        True,
        False,
    )
    assert not reached.safe and len(reached.trouble) == 2
    assert any("Ion beam state unknown: press gun off." in sentence for sentence in reached.trouble)
    assert not gun.state().hv_on and column.beam.blanked


def with_devices(microscope: Microscope, column: FakeColumn, stage: FakeStage, gun: FakeGun) -> Devices:
    return replace(microscope.devices, column=column, stage=stage, gun=gun)


def test_a_column_that_does_not_blank_is_not_called_blanked(microscope: Microscope) -> None:
    column = FakeColumn()
    column.unblank()
    column.blank = lambda: None  # type: ignore[method-assign]
    reached = replace(microscope, devices=replace(microscope.devices, column=column)).safe_state()
    assert not reached.electrons_blanked and "EHT" in reached.trouble[0]


def test_what_to_do_by_hand_is_told_of_a_device_that_is_gone(microscope: Microscope) -> None:
    column, stage = FakeColumn(), FakeStage()
    stage.stop = column.blank = broken("it")  # type: ignore[method-assign, assignment]
    devices = with_devices(microscope, column, stage, FakeGun())
    reached = replace(microscope, devices=devices).safe_state()
    assert reached.trouble == (
        "device: it failed. Switch the EHT off by hand.",
        "device: it failed. Stop it by hand.",
    )


def test_what_hangs_is_left_behind(microscope: Microscope) -> None:
    release = threading.Event()
    stage = FakeStage()
    stage.stop = release.wait  # type: ignore[method-assign, assignment]
    reached = replace(microscope, devices=replace(microscope.devices, stage=stage)).safe_state(
        deadline_s=0.3
    )
    release.set()
    assert (reached.ions, reached.electrons_blanked, reached.stage_stopped) == (
        Blanker.BLANKED,
        True,
        False,
    )
    assert reached.trouble == ("stage: no answer in time. Stop it by hand.",)


# --- claims ---


def test_only_one_commands_at_a_time(microscope: Microscope) -> None:
    with microscope.claim("the run"), pytest.raises(Busy, match="the run"), microscope.claim("a wizard"):
        pass
    with microscope.claim("a wizard"):
        pass


def test_the_same_process_cannot_connect_twice(microscope: Microscope, tmp_path: Path) -> None:
    with pytest.raises(Busy, match="process"):
        InstrumentLock(tmp_path / "lock")


HOLD = """
import sys
from pathlib import Path
from hardware.claim import InstrumentLock
lock = InstrumentLock(Path(sys.argv[1]))
with lock.claim("another run"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_refused_until_the_holder_dies(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(Busy, match=rf"process {holder.pid} \(another run\)"):
            InstrumentLock(tmp_path / "lock")
        holder.kill()
    InstrumentLock(tmp_path / "lock").release()


# --- connecting ---


def test_a_connected_instrument_has_a_guard_and_lets_go_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    devices = replace(fake_devices(tmp_path), close=lambda: closed.append("devices"))
    monkeypatch.setattr(composition, "connect_devices", lambda *_: devices)
    arguments = ("fake", {}, tmp_path, MillLimits(), ChamberModel(), tmp_path / "lock")
    microscope = connect(*arguments)
    with pytest.raises(Busy):
        connect(*arguments)
    microscope.guard.open(good_proof(), "pass", 5.0, 100.0)
    assert lock_line_is_open(tmp_path / "line")
    microscope.close()
    assert not lock_line_is_open(tmp_path / "line") and closed == ["devices"]
    assert len(read_openings(tmp_path / GUARD_LOG)) == 1
    connect(*arguments).close()


def test_nothing_stays_connected_when_the_guard_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    devices = replace(fake_devices(tmp_path), close=lambda: closed.append("devices"))
    (tmp_path / "lie").write_text("open")
    monkeypatch.setattr(composition, "connect_devices", lambda *_: devices)
    with pytest.raises(BlankerUnknown):
        connect(
            "fake",
            {},
            tmp_path,
            MillLimits(),
            ChamberModel(),
            tmp_path / "lock",
            timing=GuardTiming(give_up_s=0.2),
        )
    assert closed == ["devices"]
    InstrumentLock(tmp_path / "lock").release()
