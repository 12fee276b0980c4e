"""Of drivers whose device hangs on the simulated microscope: what its own faults look like to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite.calls import COMMANDS, READINGS
from hardware.contract.suite.expect import about, behind, refuses, same_pose
from hardware.errors import BadFrame, HardwareError
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind
from hardware.types import StagePose

ALL_THE_TIME = 100_000

REFUSING: Mapping[Part, Device] = {
    Part.COLUMN: Device.COLUMN,
    Part.DETECTOR: Device.DETECTOR,
    Part.STAGE: Device.STAGE,
    Part.GUN: Device.GUN,
    Part.RASTER: Device.RASTER,
}

MEASURING = frozenset(Device) - {Device.BLANKER}


@contextmanager
def upset(bench: Bench, kind: FaultKind, *devices: Device, n_times: int = ALL_THE_TIME) -> Iterator[None]:
    """The devices suffer inside, and no longer."""
    around = behind(bench)
    around.upset(*(Fault(device, kind, AfterCalls(0), n_times) for device in devices))
    try:
        yield
    finally:
        around.upset()


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=about(part), id=part.value) for part in REFUSING]
)
def test_what_a_device_refuses_is_an_error_and_can_be_had_again(
    bench: Bench, devices: Devices, part: Part
) -> None:
    with upset(bench, FaultKind.REFUSED, REFUSING[part]):
        refuses(partial(COMMANDS[part], bench))
    COMMANDS[part](bench)


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=about(part), id=part.value) for part in READINGS]
)
def test_what_a_device_cannot_measure_is_an_error_and_no_number(
    bench: Bench, devices: Devices, part: Part
) -> None:
    with upset(bench, FaultKind.UNPLUGGED, *MEASURING):
        refuses(partial(READINGS[part], bench))
    READINGS[part](bench)


@about(Part.SCANNER)
def test_a_frame_that_is_handed_out_again_is_no_frame(bench: Bench, beam: Devices) -> None:
    beam.scanner.acquire(bench.frame)
    with upset(bench, FaultKind.FROZEN_FRAME, Device.SCANNER):
        refuses(partial(beam.scanner.acquire, bench.frame), BadFrame)
    assert beam.scanner.acquire(bench.frame).image.size


@about(Part.SCANNER)
def test_a_truncated_frame_is_no_frame(bench: Bench, beam: Devices) -> None:
    with upset(bench, FaultKind.TRUNCATED_FRAME, Device.SCANNER):
        refuses(partial(beam.scanner.acquire, bench.frame), HardwareError)
    assert beam.scanner.acquire(bench.frame).image.size


@about(Part.STAGE)
def test_a_stage_that_goes_elsewhere_is_not_said_to_have_arrived(bench: Bench, devices: Devices) -> None:
    target = bench.low.over(devices.stage.pose())
    with upset(bench, FaultKind.WRONG_POSITION, Device.STAGE):
        try:
            arrived = devices.stage.move(bench.low).wait(1e4)
        except HardwareError:
            return
    assert not same_pose(arrived, target) and same_pose(arrived, devices.stage.pose())


@about(Part.STAGE)
def test_a_stage_that_touches_something_has_not_arrived(bench: Bench, devices: Devices) -> None:
    motion = devices.stage.move(StagePose(x_um=20_000.0))
    with upset(bench, FaultKind.TOUCH_ALARM, Device.STAGE, n_times=1):
        refuses(partial(motion.wait, 1e4))
