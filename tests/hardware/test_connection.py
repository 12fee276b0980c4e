"""A vendor's call that hangs is lost; what brings the instrument to rest gets through."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hardware import protocols
from hardware.connection import Connection, Deadlines, supervise
from hardware.errors import ConnectionLost, Deadline, OutOfRange, Refused
from hardware.microscope import Devices
from hardware.types import BeamState, FrameSettings, GunState, Optics, StagePose
from tests.hardware.fakes import (
    FakeClock,
    FakeColumn,
    FakeGun,
    FakeMotion,
    FakeScanner,
    FakeStage,
    fake_devices,
)

QUICK = Deadlines(call_s=0.2, urgent_s=0.2)


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Set at the end of a test, so that what hangs in it ends."""
    release = threading.Event()
    yield release
    release.set()


def test_results_and_errors_come_back() -> None:
    connection = Connection("device")
    assert connection.call(lambda: 3, 1.0) == 3
    with pytest.raises(ZeroDivisionError):
        connection.call(lambda: 1 // 0, 1.0)
    with pytest.raises(TimeoutError, match="its own"):
        connection.call(lambda: (_ for _ in ()).throw(TimeoutError("its own")), 1.0)
    assert connection.call(lambda: 4, 1.0) == 4


def test_an_overrun_loses_the_connection_for_good(hanging: threading.Event) -> None:
    connection = Connection("old driver")
    with pytest.raises(ConnectionLost, match=r"old driver: no answer within 0\.1 s"):
        connection.call(hanging.wait, 0.1)
    started_s = time.monotonic()
    with pytest.raises(ConnectionLost):
        connection.call(lambda: 1, 10.0)
    assert time.monotonic() - started_s < 1.0


def test_the_time_behind_another_call_is_not_ones_own(hanging: threading.Event) -> None:
    def slow() -> int:
        time.sleep(0.3)
        return 2

    connection = Connection("stage")
    waiting = threading.Thread(target=connection.call, args=(hanging.wait, 5.0))
    waiting.start()
    with pytest.raises(Deadline, match="stage: is busy with another command"):
        connection.call(lambda: 1, 0.1)
    threading.Timer(0.3, hanging.set).start()
    assert connection.call(slow, 0.5) == 2, "0.6 s, but only half of it its own"
    waiting.join()


def test_who_waits_behind_a_call_that_hangs_is_told_that_it_is_lost(hanging: threading.Event) -> None:
    connection = Connection("stage")
    waiting = threading.Thread(target=expect_lost, args=(lambda: connection.call(hanging.wait, 0.2),))
    waiting.start()
    began_s = time.monotonic()
    expect_lost(lambda: connection.call(lambda: 1, 10.0))
    assert time.monotonic() - began_s < 1.0
    waiting.join()


def test_supervised_devices_keep_their_capabilities(tmp_path: Path) -> None:
    devices = supervise(fake_devices(tmp_path))
    capabilities = {
        "column": protocols.ElectronColumn,
        "scanner": protocols.Scanner,
        "detector": protocols.Detector,
        "stage": protocols.Stage,
        "gun": protocols.IonGun,
        "ion_current": protocols.IonCurrentMeter,
        "raster": protocols.WaveformGenerator,
        "chamber": protocols.Chamber,
        "cleaner": protocols.PlasmaCleaner,
    }
    for name, capability in capabilities.items():
        assert isinstance(getattr(devices, name), capability)
    assert not isinstance(devices.column, protocols.VendorAutofocus)
    assert supervise(replace(fake_devices(tmp_path), cleaner=None)).cleaner is None


def test_an_optional_capability_is_kept(tmp_path: Path) -> None:
    class Focusing(FakeColumn):
        def run_autofocus(self) -> Optics:
            return self.current

    column = supervise(replace(fake_devices(tmp_path), column=Focusing())).column
    assert isinstance(column, protocols.VendorAutofocus)
    assert column.run_autofocus() == Optics(4_500.0, 0.0, 0.0)


def test_supervised_devices_work_as_before(tmp_path: Path) -> None:
    devices = supervise(fake_devices(tmp_path))
    assert devices.stage.move(StagePose(x_um=5.0)).wait(10.0).x_um == 5.0
    assert devices.column.optics_limits["stig_x"].high == 15
    assert devices.scanner.acquire(FrameSettings(8, 4, 10.0, 100.0)).image.shape == (4, 8)
    with pytest.raises(OutOfRange):
        devices.stage.check(StagePose(tilt_deg=90.0))


def test_calls_run_one_after_the_other_on_one_thread(tmp_path: Path) -> None:
    threads: set[int] = set()

    class Watched(FakeColumn):
        def state(self) -> BeamState:
            threads.add(threading.get_ident())
            return super().state()

    devices = supervise(replace(fake_devices(tmp_path), column=Watched()))
    callers = [threading.Thread(target=devices.column.state) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(threads) == 1


def expect_lost(call: Callable[[], object]) -> None:
    with pytest.raises(ConnectionLost):
        call()


def hung_devices(folder: Path, hanging: threading.Event) -> tuple[Devices, FakeStage, FakeColumn]:
    class HungStage(FakeStage):
        def pose(self) -> StagePose:
            hanging.wait()
            return super().pose()

    class HungColumn(FakeColumn):
        def state(self) -> BeamState:
            hanging.wait()
            return super().state()

    stage, column = HungStage(), HungColumn()
    return supervise(replace(fake_devices(folder), stage=stage, column=column), QUICK), stage, column


def test_stop_and_blank_get_through_while_another_call_hangs(
    tmp_path: Path, hanging: threading.Event
) -> None:
    devices, stage, column = hung_devices(tmp_path, hanging)
    column.unblank()
    for hung in (devices.stage.pose, devices.column.state):
        caller = threading.Thread(target=expect_lost, args=(hung,))
        caller.start()
        devices.stage.stop()
        devices.column.blank()
        caller.join()
    devices.stage.stop()  # and after the connection was lost
    assert stage.stops == 3 and column.beam.blanked


def test_what_brings_to_rest_is_tried_again_after_a_late_answer(
    tmp_path: Path, hanging: threading.Event
) -> None:
    class LateStage(FakeStage):
        def stop(self) -> None:
            super().stop()
            if self.stops == 1:
                hanging.wait()

    stage = LateStage()
    devices = supervise(replace(fake_devices(tmp_path), stage=stage), QUICK)
    expect_lost(devices.stage.stop)
    devices.stage.stop()
    assert stage.stops == 2


def test_an_irradiation_is_ended_though_its_gun_no_longer_answers(
    tmp_path: Path, hanging: threading.Event
) -> None:
    class HungGun:
        on = True

        def beam_on(self) -> bool:
            hanging.wait()
            return self.on

        def switch_off(self) -> None:
            self.on = False

    gun = HungGun()
    source = supervise(replace(fake_devices(tmp_path), irradiation_source=gun), QUICK).irradiation_source
    assert source is not None
    expect_lost(source.beam_on)
    source.switch_off()
    assert not gun.on


def test_a_motion_that_hangs_can_be_cancelled_and_is_lost_in_the_end(
    tmp_path: Path, hanging: threading.Event
) -> None:
    class Stuck(FakeStage):
        def move(self, target: StagePose) -> FakeMotion:
            motion = super().move(target)
            motion.wait = lambda timeout_s: hanging.wait() and self.at  # type: ignore[method-assign, assignment, return-value]
            return motion

    devices = supervise(replace(fake_devices(tmp_path), stage=Stuck()), QUICK)
    motion = devices.stage.move(StagePose(x_um=5.0))
    caller = threading.Thread(target=expect_lost, args=(lambda: motion.wait(0.1),))
    caller.start()
    assert not motion.done()
    motion.cancel()
    caller.join()


def test_long_calls_get_longer_deadlines() -> None:
    deadlines = Deadlines(call_s=1.0, urgent_s=0.5, factor=2.0)
    device, frame = object(), FrameSettings(1000, 1000, 10.0, 1000.0)
    assert deadlines.of(device, "acquire", (frame,)) == pytest.approx(3.0)
    assert deadlines.of(device, "clean", (10.0, 60.0)) == 121.0
    assert deadlines.of(device, "wait", (30,)) == 61.0
    assert deadlines.of(device, "state", ()) == 1.0 and deadlines.of(device, "stop", ()) == 0.5


def test_a_known_current_is_checked_behind_a_slow_filter() -> None:
    class Slow:
        check_s = 100.0

        def check_known_current(self, known_na: float) -> float:
            return known_na

    assert Deadlines(call_s=1.0, factor=2.0).of(Slow(), "check_known_current", (5.0,)) == 201.0


def test_a_scanner_that_knows_how_long_its_frames_take_is_waited_for() -> None:
    class Slow(FakeScanner):
        def frame_time_s(self, settings: FrameSettings) -> float:
            return 30.0

    column, stage, clock = FakeColumn(), FakeStage(), FakeClock()
    frame = FrameSettings(1000, 1000, 10.0, 1000.0)
    assert Deadlines(call_s=1.0, factor=2.0).of(Slow(column, stage, clock), "acquire", (frame,)) == 61.0


class RampingGun(FakeGun):
    """Its high voltage takes long to come on."""

    ramp_s = 30.0

    def __init__(self, came_on: threading.Event) -> None:
        super().__init__()
        self.comes_on, self.came_on = threading.Event(), came_on

    def set_hv(self, on: bool) -> None:
        super().set_hv(on)
        if on:
            self.comes_on.set()
            self.came_on.wait()


def test_a_gun_that_knows_how_long_its_high_voltage_takes_is_waited_for() -> None:
    deadlines, gun = Deadlines(), RampingGun(threading.Event())
    assert deadlines.of(gun, "set_hv", (True,)) == deadlines.of(gun, "set_hv", (False,)) == 80.0
    assert deadlines.of(FakeGun(), "set_hv", (True,)) == deadlines.call_s


@pytest.mark.parametrize("off", [{"on": False}, False])
def test_high_voltage_is_taken_off_while_it_comes_on(
    tmp_path: Path, hanging: threading.Event, off: dict[str, bool] | bool
) -> None:
    gun = RampingGun(hanging)
    devices = supervise(replace(fake_devices(tmp_path), gun=gun))
    ramping = threading.Thread(target=devices.gun.set_hv, args=(True,))
    ramping.start()
    assert gun.comes_on.wait(5.0)
    before_s = time.monotonic()
    devices.gun.set_hv(**off) if isinstance(off, dict) else devices.gun.set_hv(off)
    assert time.monotonic() - before_s < 1.0 and not gun.current.hv_on
    hanging.set()
    ramping.join()


class HangingGun(FakeGun):
    """What it reads back is long in coming."""

    def __init__(self, came: threading.Event) -> None:
        super().__init__()
        self.came = came

    def state(self) -> GunState:
        self.came.wait()
        return super().state()


def test_nothing_that_waited_for_its_turn_begins_after_the_device_was_brought_to_rest(
    tmp_path: Path, hanging: threading.Event
) -> None:
    gun = HangingGun(hanging)
    gun.set_hv(False)
    devices = supervise(replace(fake_devices(tmp_path), gun=gun))
    refusals: list[Refused] = []

    def bring_up() -> None:
        try:
            devices.gun.set_hv(True)
        except Refused as refusal:
            refusals.append(refusal)

    threads = [threading.Thread(target=target) for target in (devices.gun.state, bring_up)]
    for thread in threads:
        thread.start()
        time.sleep(0.2)  # until it is its turn, or it waits for it
    devices.gun.set_hv(False)
    hanging.set()
    for thread in threads:
        thread.join()
    assert len(refusals) == 1 and "was brought to rest" in str(refusals[0])
    assert not gun.current.hv_on
    devices.gun.set_hv(True)
    assert gun.current.hv_on, "what is asked for after the rest begins"


def test_high_voltage_is_taken_off_though_the_connection_was_lost(
    tmp_path: Path, hanging: threading.Event
) -> None:
    gun = HangingGun(hanging)
    devices = supervise(replace(fake_devices(tmp_path), gun=gun), QUICK)
    expect_lost(devices.gun.state)
    devices.gun.set_hv(False)
    assert not gun.current.hv_on


def test_closing_leaves_behind_what_does_not_close(tmp_path: Path, hanging: threading.Event) -> None:
    def never_ends() -> None:
        hanging.wait()

    devices = supervise(replace(fake_devices(tmp_path), close=never_ends), QUICK)
    with pytest.raises(ConnectionLost, match=r"instrument: no answer within 0\.2 s"):
        devices.close()


def test_closing_ends_the_threads_and_the_driver(tmp_path: Path) -> None:
    closed: list[bool] = []
    before = set(threading.enumerate())
    devices = supervise(replace(fake_devices(tmp_path), close=lambda: closed.append(True)))
    begun = set(threading.enumerate()) - before
    assert len(begun) == 9
    devices.close()
    assert closed == [True]
    for thread in begun:
        thread.join(2.0)
        assert not thread.is_alive()
    with pytest.raises(ConnectionLost):
        devices.stage.pose()
