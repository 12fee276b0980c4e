"""Of drivers whose device hangs on the simulated microscope: what they say is so, seen from behind."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite.calls import SEEING
from hardware.contract.suite.expect import about, behind, same_optics, same_pose
from hardware.contract.suite.ions import MILLING
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.simulator.nature import Nature
from hardware.types import Image, Optics, StagePose

ALIKE = 0.5
"""So well two frames of one place correlate at least: electrons are counted anew."""
SETTLED_UM = 0.1


@about(Part.COLUMN)
def test_the_column_does_what_the_driver_says(bench: Bench, devices: Devices) -> None:
    column, truly = devices.column, behind(bench).twin.column
    wanted = Optics(4_510.0, 1.0, -1.5)
    column.set_optics(wanted)
    assert lens_um(behind(bench).nature) == pytest.approx(wanted.wd_um, abs=SETTLED_UM), "it still settles"
    column.set_beam_shift_um(2.0, -3.0)
    assert same_optics(truly.optics(), wanted)
    assert truly.beam_shift_um() == pytest.approx((2.0, -3.0), abs=0.05)
    assert asdict(column.state()) == pytest.approx(asdict(truly.state()), rel=1e-3)


@about(Part.SCANNER)
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_a_frame_shows_what_lies_there(bench: Bench, beam: Devices, bit_depth: int) -> None:
    if bit_depth not in bench.bit_depths:
        pytest.skip(f"its frames never have {bit_depth} bit")
    settings = replace(bench.frame, bit_depth=bit_depth, scan_rot_deg=20.0)
    seen = beam.scanner.acquire(settings).image
    truly = behind(bench).twin.scanner.acquire(settings).image
    assert likeness(seen, truly) > ALIKE
    assert seen.mean() == pytest.approx(truly.mean(), rel=0.1)


@about(Part.DETECTOR)
def test_the_detector_is_as_the_driver_says(bench: Bench, devices: Devices) -> None:
    truly = behind(bench).twin.detector
    devices.detector.restore(SEEING)
    assert not truly.state().safe
    devices.detector.make_safe()
    assert truly.state().safe


@about(Part.STAGE)
def test_the_stage_stands_where_the_driver_says(bench: Bench, devices: Devices) -> None:
    truly = behind(bench).twin.stage
    devices.stage.move(bench.low).wait(1e4)
    target = StagePose(120.0, -80.0, bench.low.z_um, 1.5, 7.0)
    assert same_pose(devices.stage.move(target).wait(1e4), target)
    assert same_pose(truly.pose(), target)


@about(Part.CHAMBER)
def test_the_pressure_is_that_of_the_chamber(bench: Bench, devices: Devices) -> None:
    truly_mbar = behind(bench).twin.chamber.pressure_mbar()
    assert devices.chamber.pressure_mbar() == pytest.approx(truly_mbar, rel=0.01)


@about(Part.GUN)
def test_the_guns_high_voltage_is_as_the_driver_says(bench: Bench, devices: Devices) -> None:
    truly = behind(bench).twin.gun
    for on in (True, False):
        devices.gun.set_hv(on)
        assert truly.state().hv_on is on


@about(Part.ION_CURRENT)
def test_the_current_is_that_in_the_cup(bench: Bench, devices: Devices) -> None:
    truly = behind(bench).twin
    truly.gun.set_hv(True)
    truly_na = truly.ion_current.measure().current_na
    assert devices.ion_current.measure().current_na == pytest.approx(truly_na, rel=0.05)


@about(Part.RASTER)
def test_the_raster_is_as_the_driver_says(bench: Bench, devices: Devices) -> None:
    truly = behind(bench).twin.raster
    devices.raster.configure(MILLING)
    for running in (True, False):
        devices.raster.start() if running else devices.raster.stop()
        assert truly.state().running is running
    assert asdict(truly.state().raster) == pytest.approx(asdict(MILLING), rel=1e-3)


def lens_um(nature: Nature) -> float:
    """The working distance that the lens has now, wherever it is on its way to."""
    with nature.lock:
        return nature.column.wd_um(nature.catch_up())


def likeness(image: Image, other: Image) -> float:
    """The correlation of two images, both of shape (height_px, width_px); 1 for the same."""
    return float(np.corrcoef(image.ravel(), other.ravel())[0, 1])
