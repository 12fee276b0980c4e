"""Of drivers whose device is emulated: what a bad wire does to them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite.calls import COMMANDS, EVERY_CALL, READINGS, URGENT, Call
from hardware.contract.suite.expect import about, in_background, in_words, line_to, refuses
from hardware.emulators.serving import Spoiled, Spoiling
from hardware.errors import HardwareError
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.types import Blanker

URGENT_S = 3.0
"""So long may what brings the instrument to rest take at most, whatever else it is busy with."""

ENDS_S = 10.0
FAILS_CLOSED_S = 1.0
GUARDED_S = 1.5
"""A second, and what a busy computer takes."""
ALL_THE_TIME = 100_000


@pytest.fixture
def wired(bench: Bench, devices: Devices) -> Bench:
    """The bench of a driver whose device is emulated, the electrons on the specimen."""
    if not bench.wires:
        pytest.skip("no wire of it can be spoilt")
    if Part.SCANNER in bench.plays:
        devices.column.unblank()
    return bench


def of(calls: Mapping[Part, Call], bench: Bench) -> list[Call]:
    """The calls of the parts that are tried."""
    return [call for part, call in calls.items() if part in bench.plays]


@contextmanager
def spoilt(bench: Bench, how: Spoiled) -> Iterator[None]:
    """Answers are spoilt inside, and no longer."""
    for wire in bench.wires:
        wire.spoiler.spoil(how)
    try:
        yield
    finally:
        for wire in bench.wires:
            wire.spoiler.clear()


@contextmanager
def unplugged(bench: Bench) -> Iterator[None]:
    """The cables are out inside, and in again afterwards."""
    for wire in bench.wires:
        wire.unplug()
    try:
        yield
    finally:
        for wire in bench.wires:
            wire.plug_in()


BAD = [how for how in Spoiling if how is not Spoiling.LATE]
WORSE = [how for how in BAD if how is not Spoiling.NO_NUMBERS]
"""A command may be acknowledged without any."""


@pytest.mark.parametrize("how", BAD, ids=lambda how: how.value)
def test_a_reading_after_a_spoilt_answer_is_true_or_an_error(wired: Bench, how: Spoiling) -> None:
    for reading in of(READINGS, wired):
        with spoilt(wired, Spoiled(how)), suppress(HardwareError):
            reading(wired)
        reading(wired)


@pytest.mark.parametrize("how", WORSE, ids=lambda how: how.value)
def test_a_command_whose_answers_are_spoilt_is_an_error(wired: Bench, how: Spoiling) -> None:
    for command in of(COMMANDS, wired):
        with spoilt(wired, Spoiled(how, times=ALL_THE_TIME)):
            refuses(partial(command, wired))


def test_no_call_to_an_unplugged_device_succeeds_and_it_is_back_when_it_is_plugged_in(wired: Bench) -> None:
    for part in wired.plays & EVERY_CALL.keys():
        for call in EVERY_CALL[part]:
            with unplugged(wired):
                refuses(partial(call, wired))
    for reading in of(READINGS, wired):
        reading(wired)


def test_what_brings_to_rest_gets_through_while_an_answer_is_late(wired: Bench) -> None:
    for part, urgent in URGENT.items():
        if part not in wired.plays:
            continue
        with spoilt(wired, Spoiled(Spoiling.LATE, late_s=0.5)):
            waiting = in_background(partial(_whatever_comes, READINGS[part], wired))
            time.sleep(0.1)
            began_s = time.monotonic()
            urgent(wired)
            assert time.monotonic() - began_s < URGENT_S
        waiting.result(ENDS_S)


def _whatever_comes(call: Call, bench: Bench) -> None:
    with suppress(HardwareError):
        call(bench)


@about(Part.BLANKER)
def test_an_unplugged_blanker_blanks_and_is_not_called_blanked(wired: Bench) -> None:
    with line_to(wired.devices.blanker) as line:
        line.open()
        with unplugged(wired):
            until_s = time.monotonic() + FAILS_CLOSED_S
            while wired.ions() is not Blanker.BLANKED and time.monotonic() < until_s:
                time.sleep(0.01)
            assert wired.ions() is Blanker.BLANKED
            with suppress(HardwareError):
                assert line.state() is Blanker.UNKNOWN
            for command in (line.open, line.blank):
                refuses(command)


@about(Part.BLANKER)
def test_a_blanker_whose_answers_do_not_come_holds_its_guard_up_for_no_longer_than_a_second(
    wired: Bench,
) -> None:
    with line_to(wired.devices.blanker) as line:
        for call in (line.state, line.blank):
            began_s = time.monotonic()
            with spoilt(wired, Spoiled(Spoiling.SILENT, times=ALL_THE_TIME)), suppress(HardwareError):
                call()
            assert time.monotonic() - began_s < GUARDED_S, in_words(call)
