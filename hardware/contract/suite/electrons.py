"""Of column, scanner and detector."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite.expect import about, outside, refuses, same_optics, same_pose, told_nothing
from hardware.errors import HardwareError, OutOfRange
from hardware.frames import as_asked
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.protocols import SpecimenCurrentMeter
from hardware.types import FrameSettings, Optics


@pytest.fixture
def beam(devices: Devices) -> Iterator[Devices]:
    """The instrument with its electrons on the specimen."""
    devices.column.unblank()
    yield devices
    devices.column.blank()


@about(Part.COLUMN)
def test_optics_and_beam_shift_read_back(devices: Devices) -> None:
    column, wanted = devices.column, Optics(4_510.0, 1.0, -1.5)
    column.set_optics(wanted)
    column.set_beam_shift_um(2.0, -3.0)
    assert same_optics(column.optics(), wanted)
    assert column.beam_shift_um() == pytest.approx((2.0, -3.0))


@about(Part.COLUMN)
def test_blanking_reads_back(devices: Devices) -> None:
    for blanked in (False, True, True):
        devices.column.blank() if blanked else devices.column.unblank()
        assert devices.column.state().blanked is blanked


@about(Part.COLUMN)
def test_high_tension_and_valve_read_back(devices: Devices) -> None:
    for on in (False, True):
        devices.column.set_valve(on)
        devices.column.set_eht(on)
        state = devices.column.state()
        assert state.eht_on is on and state.valve_open is on
        assert state.eht_kv >= 0 and state.probe_current_na >= 0


@about(Part.COLUMN)
@pytest.mark.parametrize("name", ["wd_um", "stig_x", "stig_y"])
def test_optics_outside_their_limits_change_nothing(bench: Bench, devices: Devices, name: str) -> None:
    column, before = devices.column, devices.column.optics()
    for value in outside(column.optics_limits[name]):
        with told_nothing(bench):
            refuses(partial(column.set_optics, replace(before, **{name: value})), OutOfRange)
    assert column.optics() == before


@about(Part.COLUMN)
def test_beam_shifts_beyond_reach_change_nothing(bench: Bench, devices: Devices) -> None:
    before = devices.column.beam_shift_um()
    for beyond in (math.nan, math.inf, -1e6, 1e6):
        with told_nothing(bench):
            refuses(partial(devices.column.set_beam_shift_um, beyond, 0.0), OutOfRange)
            refuses(partial(devices.column.set_beam_shift_um, 0.0, beyond), OutOfRange)
    assert devices.column.beam_shift_um() == before


@about(Part.COLUMN)
def test_a_specimen_current_is_a_number(devices: Devices) -> None:
    if isinstance(devices.column, SpecimenCurrentMeter):
        assert math.isfinite(devices.column.specimen_current_na())


@about(Part.SCANNER)
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_a_frame_is_complete_and_as_it_was_set(bench: Bench, beam: Devices, bit_depth: int) -> None:
    if bit_depth not in bench.bit_depths:
        pytest.skip(f"its frames never have {bit_depth} bit")
    # not round: a calibrated scan is told such, and read back to within what the device rounds to
    size_nm = bench.frame.pixel_size_nm / 1.0123
    settings = replace(bench.frame, bit_depth=bit_depth, pixel_size_nm=size_nm, scan_rot_deg=353.98765)
    before_s = beam.clock.now_s()
    frame = beam.scanner.acquire(settings)
    assert frame.image.shape == (settings.height_px, settings.width_px)
    assert frame.image.dtype == (np.uint8 if bit_depth == 8 else np.uint16)
    assert as_asked(frame.settings, settings) and same_optics(frame.optics, beam.column.optics())
    assert same_pose(frame.stage, beam.stage.pose())
    assert before_s <= frame.scanned_at_s <= beam.clock.now_s()
    assert beam.clock.now_s() - before_s >= settings.duration_s


@about(Part.SCANNER)
def test_every_frame_is_a_new_one(bench: Bench, beam: Devices) -> None:
    first, second = (beam.scanner.acquire(bench.frame) for _ in range(2))
    assert second.scanned_at_s > first.scanned_at_s
    assert not np.array_equal(first.image, second.image)


@about(Part.SCANNER)
@pytest.mark.parametrize("wrong", [{"bit_depth": 12}, {"pixel_size_nm": math.nan}, {"dwell_ns": 0.0}])
def test_frames_that_no_scanner_takes_are_refused(
    bench: Bench, beam: Devices, wrong: dict[str, float]
) -> None:
    settings: FrameSettings = replace(bench.frame, **wrong)  # type: ignore[arg-type]
    refuses(lambda: beam.scanner.acquire(settings), HardwareError)
    assert beam.scanner.acquire(bench.frame).image.size


@about(Part.SCANNER)
def test_an_abort_without_a_scan_is_no_error(bench: Bench, beam: Devices) -> None:
    beam.scanner.abort()
    assert beam.scanner.acquire(bench.frame).image.size


@about(Part.DETECTOR)
def test_the_detector_is_made_safe_and_restored(devices: Devices) -> None:
    before = replace(devices.detector.state(), hv_on=True)
    devices.detector.restore(before)
    devices.detector.make_safe()
    assert devices.detector.state().safe
    devices.detector.restore(before)
    after = devices.detector.state()
    assert after.hv_on
    assert (after.gain, after.offset) == pytest.approx((before.gain, before.offset))
