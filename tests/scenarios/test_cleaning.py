"""Plasma cleaning within a run: column and gun off for it, on again after it, whatever breaks it off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hardware.drivers import ibss_gv10x
from hardware.emulators.ibss_gv10x import GV10xEmulator
from hardware.emulators.serving import Spoiled, Spoiling, Terminal
from hardware.parts import Surroundings
from hardware.protocols import IonGun
from hardware.simulator.firmware import Firmware
from hardware.simulator.local import LocalLink
from hardware.simulator.nature import Nature
from hardware.transport.wire_log import NoLog
from hardware.types import GunState
from scopeacq.engine.rig import Rig
from scopeacq.journal.records import (
    Cleaned,
    CleaningBegin,
    ImagingRecovered,
    Incident,
    MillDone,
    RunEnd,
    RunRequest,
)
from scopeacq.plan.project import CleaningSettings
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.test_policies import of_kind, on_record, run_once

DURATION_S = 90.0


class WatchedCleaner(GV10xEmulator):
    """A cleaner that knows what stood in the way of its plasma, as only a witness of nature does."""

    def __init__(self, nature: Nature) -> None:
        super().__init__(LocalLink(Firmware(nature)))
        self.nature, self.n_lit = nature, 0
        self.harmed: list[str] = []

    def answer(self, request: bytes) -> bytes:
        said = super().answer(request)
        if self.burns:
            self.n_lit += request.startswith(b"P1")
            on = {
                "EHT": self.nature.column.eht_on,
                "valve": self.nature.column.valve_open,
                "gun": self.nature.gun.hv_on,
                "detector": self.nature.detector.hv_on,
            }
            self.harmed += [name for name, is_on in on.items() if is_on]
        return said


@contextmanager
def cleaned_run(folder: Path) -> Iterator[tuple[TinyRun, WatchedCleaner, Terminal]]:
    """A run of two cycles, with a cleaning before the second, and the cleaner on its wire."""
    project = tiny_project(cleaning=CleaningSettings(every_cycles=1, power_w=20.0, duration_s=DURATION_S))
    run = TinyRun.make(folder, project)
    device = WatchedCleaner(run.nature)
    with closing(Terminal(device, folder / "cleaner")) as wire, ExitStack() as process:

        def with_cleaner(rig: Rig) -> Rig:
            process.close()  # of the start before
            devices = rig.microscope.devices
            around = Surroundings("plasma cleaner", folder, devices.clock, NoLog(), lambda: devices)
            settings = ibss_gv10x.GV10xSettings(port=str(wire.path), answer_s=0.2)
            parts = ibss_gv10x.DRIVER.connect(settings, around)
            process.callback(parts.close)
            microscope = replace(rig.microscope, devices=replace(devices, cleaner=parts.cleaner))
            return replace(rig, microscope=microscope)

        run.altered = with_cleaner
        yield run, device, wire


def test_a_run_cleans_with_column_and_gun_off_and_mills_on(tmp_path: Path) -> None:
    with cleaned_run(tmp_path) as (run, device, _):
        assert run_once(run) is RunEnd.FINISHED
    assert not of_kind(run, Incident)
    assert of_kind(run, Cleaned) == [Cleaned(1)]
    assert (device.n_lit, device.watts, device.minutes) == (1, 20, 2)
    assert device.lit_at_s is None and device.harmed == []
    assert [r.cycle for r in of_kind(run, ImagingRecovered)] == [0, 1]
    assert {r.key.cycle for r in of_kind(run, MillDone)} == {0, 1}
    assert run.nature.gun.hv_on


@pytest.mark.parametrize("broken", [b"W20", b"P1", b"W\r", b"P0"])
def test_a_cleaning_that_breaks_off_ends_the_plasma_and_gives_the_gun_back(
    tmp_path: Path, broken: bytes
) -> None:
    """The high voltage that was taken off for it comes on again, though the second try finds it off."""
    with cleaned_run(tmp_path) as (run, device, wire):

        def spoil() -> None:
            wire.spoiler.spoil(Spoiled(Spoiling.SILENT, broken, times=3))

        on_record(run, CleaningBegin, spoil)
        assert run_once(run) is RunEnd.PAUSED
        (incident,) = of_kind(run, Incident)
        assert incident.device == "plasma cleaner" and incident.advice
        assert device.lit_at_s is None and not run.nature.gun.hv_on
        run.on_commit = None
        wire.spoiler.clear()
        assert run_once(run) is RunEnd.FINISHED
    assert [r.gun_hv_on for r in of_kind(run, CleaningBegin)] == [True, False]
    assert run.nature.gun.hv_on and device.harmed == []


def test_what_comes_on_while_it_burns_ends_the_plasma_at_once(tmp_path: Path) -> None:
    """The run waits for the interlock as for any other, and cleans again."""
    with cleaned_run(tmp_path) as (run, device, _):

        def switch_on(_: float) -> None:
            if device.burns and device.n_lit == 1:
                run.nature.column.eht_on = True

        with run.start() as program:
            program.link.while_asleep = switch_on
            assert program.engine.run() is RunEnd.FINISHED
    (incident,) = of_kind(run, Incident)
    assert "The EHT is on" in incident.text
    assert device.n_lit == 2 and device.lit_at_s is None and run.nature.gun.hv_on


@pytest.mark.parametrize(
    ("request_", "end"), [(RunRequest.ABORT, RunEnd.ABORTED), (RunRequest.PAUSE_NOW, RunEnd.PAUSED)]
)
def test_an_operator_who_is_in_a_hurry_ends_the_plasma(
    tmp_path: Path, request_: RunRequest, end: RunEnd
) -> None:
    """It counts for nothing, and the run cleans anew when it goes on."""
    with cleaned_run(tmp_path) as (run, device, _):
        with run.start() as program:

            def press(_: float) -> None:
                if device.burns:
                    program.link.while_asleep = lambda _: None
                    program.engine.request(request_)
                    wait_until_off(device)

            program.link.while_asleep = press
            assert program.engine.run() is end
        assert of_kind(run, Cleaned) == [] and of_kind(run, Incident) == []
        assert device.n_lit == 1 and device.harmed == []
        assert run_once(run) is RunEnd.FINISHED
    assert of_kind(run, Cleaned) == [Cleaned(1)]
    assert device.n_lit == 2 and run.nature.gun.hv_on


def wait_until_off(device: WatchedCleaner) -> None:
    """Another thread ends it, in real time."""
    until_s = time.monotonic() + 10.0
    while device.burns:
        assert time.monotonic() < until_s
        time.sleep(0.01)


@dataclass(frozen=True)
class AiredGun:
    """The twin's gun, whose pump reads air until it is pumped."""

    gun: IonGun
    pumped: Callable[[], bool]
    unfit: list[bool]

    def state(self) -> GunState:
        now = self.gun.state()
        return now if self.pumped() else replace(now, pump_pressure_mbar=1.0)

    def set_hv(self, on: bool) -> None:
        if on and not self.pumped():
            self.unfit.append(on)
        self.gun.set_hv(on)


def test_high_voltage_comes_on_again_only_in_the_vacuum_of_the_gun(tmp_path: Path) -> None:
    """The run waits for the gun's pump as for any other interlock, then gives the high voltage back."""
    unfit: list[bool] = []
    with cleaned_run(tmp_path) as (run, device, _):
        with_cleaner = run.altered

        def pumped() -> bool:
            return device.n_lit == 0 or bool(of_kind(run, Incident))

        def with_gun(rig: Rig) -> Rig:
            rig = with_cleaner(rig)
            gun = AiredGun(rig.devices.gun, pumped, unfit)
            microscope = replace(rig.microscope, devices=replace(rig.devices, gun=gun))
            return replace(rig, microscope=microscope)

        run.altered = with_gun
        assert run_once(run) is RunEnd.FINISHED
    (incident,) = of_kind(run, Incident)
    assert "ion gun's pump reads 1 mbar" in incident.text
    assert unfit == [] and run.nature.gun.hv_on
