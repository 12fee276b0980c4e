"""Of drivers whose device hangs on the simulated microscope: each command once, its effect read back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite.calls import COMMANDS, READINGS, SEEING, SHARP, Call
from hardware.contract.suite.expect import about, behind, in_background, in_words, line_to, same_pose
from hardware.contract.suite.ions import MILLING
from hardware.contract.suite.wires import ENDS_S, URGENT_S
from hardware.emulators.serving import Spoiled, Spoiling
from hardware.errors import HardwareError
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.types import Blanker

LONG_S = 1e4

ONCE: Mapping[Part, tuple[Call, ...]] = {
    Part.COLUMN: (
        lambda bench: bench.devices.column.set_optics(SHARP),
        lambda bench: bench.devices.column.unblank(),
        lambda bench: bench.devices.column.set_eht(True),
        lambda bench: bench.devices.column.set_valve(True),
    ),
    Part.SCANNER: (COMMANDS[Part.SCANNER],),
    Part.STAGE: (lambda bench: bench.devices.stage.move(bench.low),),
    Part.GUN: (lambda bench: bench.devices.gun.set_hv(True),),
    Part.RASTER: (lambda bench: bench.devices.raster.start(),),
    Part.CLEANER: (COMMANDS[Part.CLEANER],),
}
"""What moves, opens, exposes or switches on."""

READ_BACK: Mapping[Part, tuple[Call, ...]] = {
    Part.COLUMN: (
        lambda bench: bench.devices.column.set_optics(SHARP.shifted(wd_um=20.0)),
        lambda bench: bench.devices.column.set_optics(SHARP.shifted(stig_x=1.0)),
        lambda bench: bench.devices.column.set_optics(SHARP.shifted(stig_y=1.0)),
        lambda bench: bench.devices.column.set_beam_shift_um(3.0, 0.0),
        lambda bench: bench.devices.column.set_beam_shift_um(0.0, 3.0),
        lambda bench: bench.devices.column.blank(),
        lambda bench: bench.devices.column.set_eht(False),
        lambda bench: bench.devices.column.set_valve(False),
    ),
    Part.DETECTOR: (
        lambda bench: bench.devices.detector.make_safe(),
        lambda bench: bench.devices.detector.restore(replace(SEEING, gain=0.5)),
    ),
    Part.GUN: (lambda bench: bench.devices.gun.set_hv(not bench.devices.gun.state().hv_on),),
    Part.RASTER: (
        lambda bench: bench.devices.raster.configure(MILLING),
        lambda bench: bench.devices.raster.start(),
    ),
}
"""What changes something; the electrons are on the specimen."""

STATES: Mapping[Part, Call] = {
    **READINGS,
    Part.COLUMN: lambda bench: (READINGS[Part.COLUMN](bench), bench.devices.column.beam_shift_um()),
}


def _nothing(_told: str) -> bool:
    return False


def parts_of(calls: Mapping[Part, object]) -> list[object]:
    return [pytest.param(part, marks=about(part), id=part.value) for part in calls]


@pytest.mark.parametrize("part", parts_of(ONCE))
def test_a_command_whose_answer_is_lost_is_not_given_again(wired: Bench, part: Part) -> None:
    for call in ONCE[part]:
        lost, well = _told(wired, call, answered=False), _told(wired, call, answered=True)
        again = {told for told, times in lost.items() if times > max(well[told], 1)}
        assert not again, f"given again: {in_words(call)}; what was sent may have been done"


@about(Part.BLANKER)
def test_an_opening_whose_answer_is_lost_is_not_repeated(wired: Bench) -> None:
    with line_to(wired.devices.blanker) as line:
        told = _told(wired, lambda _bench: line.open(), answered=False)
    assert told["blanker.open"] <= 1
    assert wired.ions() is Blanker.BLANKED


@pytest.mark.parametrize("part", parts_of(READ_BACK))
def test_a_device_that_says_yes_and_does_nothing_is_found_out(
    bench: Bench, devices: Devices, part: Part
) -> None:
    if part is Part.COLUMN:
        devices.column.set_optics(SHARP)
        devices.column.unblank()
    for call in READ_BACK[part]:
        before = STATES[part](bench)
        with behind(bench).overheard(_nothing):
            try:
                call(bench)
            except HardwareError:
                continue
        assert STATES[part](bench) != before, f"called done, and reads as before: {in_words(call)}"


@about(Part.BLANKER)
def test_a_line_that_stays_open_is_not_called_blanked(bench: Bench, devices: Devices) -> None:
    with line_to(devices.blanker) as line:
        line.open()
        with behind(bench).overheard(_nothing), suppress(HardwareError):
            line.blank()
            assert bench.ions() is Blanker.OPEN, "the device was told nothing"
            assert line.state() is not Blanker.BLANKED


@about(Part.STAGE)
def test_a_stage_is_stopped_while_it_is_waited_for(bench: Bench, devices: Devices) -> None:
    target = bench.low.over(devices.stage.pose())
    motion = devices.stage.move(bench.low)
    _interrupted(bench, partial(motion.wait, LONG_S), devices.stage.stop)
    assert not same_pose(devices.stage.pose(), target)


@about(Part.SCANNER)
def test_a_scan_that_is_aborted_is_no_frame(bench: Bench, beam: Devices) -> None:
    ended_by = _interrupted(bench, partial(beam.scanner.acquire, bench.frame), beam.scanner.abort)
    assert isinstance(ended_by, HardwareError)
    assert beam.scanner.acquire(bench.frame).image.size


@about(Part.COLUMN)
def test_the_electrons_are_blanked_during_a_scan(bench: Bench, beam: Devices) -> None:
    _interrupted(bench, partial(beam.scanner.acquire, bench.frame), beam.column.blank)
    assert behind(bench).twin.column.state().blanked and beam.column.state().blanked


@about(Part.CLEANER)
def test_a_cleaning_is_ended_while_it_goes_on(bench: Bench, devices: Devices) -> None:
    assert devices.cleaner is not None
    ended_by = _interrupted(bench, partial(COMMANDS[Part.CLEANER], bench), devices.cleaner.stop)
    assert isinstance(ended_by, HardwareError), "it counts as a cleaning"
    COMMANDS[Part.CLEANER](bench)


def _interrupted(
    bench: Bench, work: Callable[[], object], urgent: Callable[[], None]
) -> BaseException | None:
    """How ``work`` ends, in the midst of which comes something urgent that must not wait for it."""
    with behind(bench).standstill() as it_waits:
        working, until_s = in_background(work), time.monotonic() + ENDS_S
        while not it_waits.wait(0.01):
            if working.done():
                working.result()
                pytest.skip("it is done at once")
            assert time.monotonic() < until_s, "it waits by another clock than the instrument's"
        at_work: list[bool] = []

        def listen(_told: str) -> bool:
            at_work.append(not working.done())
            return True

        began_s = time.monotonic()
        with behind(bench).overheard(listen):
            urgent()
        took_s = time.monotonic() - began_s
    assert took_s < URGENT_S and all(at_work[:1]), "it waited for what it was to end"
    return working.exception(ENDS_S)


def _told(bench: Bench, call: Call, answered: bool) -> Counter[str]:
    """What the devices are told by a call, of which the first answer is lost or not; then all stands."""
    lost = False

    def lose(_told: str) -> bool:
        nonlocal lost
        if not (answered or lost):
            lost = True
            for wire in bench.wires:
                wire.spoiler.spoil(Spoiled(Spoiling.SILENT))
        return True

    with behind(bench).overheard(lose) as heard, suppress(HardwareError):
        call(bench)
    for wire in bench.wires:
        wire.spoiler.clear()
    bench.devices.clock.sleep(LONG_S)
    return heard
