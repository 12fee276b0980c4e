from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hardware.errors import BadFrame, Deadline, HardwareError, Interlocked
from hardware.simulator.assembly import local_devices
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from hardware.simulator.tiny import TINY_FRAME, tiny_twin
from hardware.simulator.truth import Record
from hardware.types import Frame, FrameSettings, PixelShape
from scopeacq.engine.imaging import Imager
from scopeacq.plan.scan_law import ScanLaw
from tests.scopeacq.column_fakes import FakeColumn, FakeDetector, FakeScanner, noise_image, times_out

SETTINGS = FrameSettings(64, 48, 10.0, 50.0)


@pytest.fixture
def column() -> FakeColumn:
    return FakeColumn()


@pytest.fixture
def scanner(column: FakeColumn) -> FakeScanner:
    return FakeScanner(column)


@pytest.fixture
def detector() -> FakeDetector:
    return FakeDetector()


@pytest.fixture
def imager(column: FakeColumn, scanner: FakeScanner, detector: FakeDetector) -> Imager:
    return Imager(column, scanner, detector)


def test_the_beam_is_on_only_while_a_frame_is_scanned(imager: Imager, column: FakeColumn) -> None:
    frame = imager.scan(SETTINGS)
    assert frame.image.shape == (48, 64)
    assert column.calls == ["unblank", "blank"]
    assert column.state().blanked


def test_the_scanner_is_told_what_gives_the_frame_that_is_wanted(
    column: FakeColumn, scanner: FakeScanner, detector: FakeDetector
) -> None:
    told: list[FrameSettings] = []

    def overheard(frame: Frame) -> Frame:
        told.append(frame.settings)
        return frame

    scanner.spoil = overheard
    law = ScanLaw(1.25, 5.0, PixelShape(0.01, 0.99), 1e-3, 0.1, nominal_wd_um=column.now.wd_um - 10.0)
    frame = Imager(column, scanner, detector, law=law).scan(SETTINGS)
    assert frame.settings == SETTINGS and frame.shape == law.shape
    assert told[0].pixel_size_nm == pytest.approx(10.0 / 1.25 / 1.01)
    assert told[0].scan_rot_deg == pytest.approx(354.0)
    assert replace(told[0], pixel_size_nm=10.0, scan_rot_deg=0.0) == SETTINGS


def spoilt(change: Callable[[np.ndarray], object]) -> Callable[[Frame], Frame]:
    def spoil(frame: Frame) -> Frame:
        image = frame.image.copy()
        change(image)
        return replace(frame, image=image)

    return spoil


BAD: dict[str, Callable[[Frame], Frame]] = {
    "constant": spoilt(lambda image: image.fill(0)),
    "truncated": spoilt(lambda image: image[40:].fill(0)),
    "shape": lambda frame: replace(frame, image=frame.image[:-8]),
    "wanted 8 bit": lambda frame: replace(frame, image=frame.image.astype(np.uint16)),
    "no newer": lambda frame: replace(frame, scanned_at_s=1.0),
    "last one again": lambda frame: replace(frame, image=noise_image(SETTINGS, 1)),
    "other settings": lambda frame: replace(frame, settings=replace(SETTINGS, dwell_ns=100.0)),
    "with other settings": lambda frame: replace(frame, settings=replace(SETTINGS, pixel_size_nm=10.02)),
    "scanned with other settings": lambda frame: replace(
        frame, settings=replace(SETTINGS, scan_rot_deg=0.1)
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_frame_that_cannot_be_true_is_refused(
    what: str, imager: Imager, scanner: FakeScanner, column: FakeColumn
) -> None:
    imager.scan(SETTINGS)
    scanner.spoil = BAD[what]
    with pytest.raises(BadFrame, match=what):
        imager.scan(SETTINGS)
    assert column.state().blanked


@pytest.mark.parametrize(
    "rounded", [{"pixel_size_nm": 10.009}, {"scan_rot_deg": 0.009}, {"scan_rot_deg": 359.992}]
)
def test_a_scanner_may_round_what_no_device_can_hold(
    imager: Imager, scanner: FakeScanner, rounded: dict[str, float]
) -> None:
    """What a calibrated scanner is told is not round; the frame is recorded as it was wanted."""
    scanner.spoil = lambda frame: replace(frame, settings=replace(SETTINGS, **rounded))  # type: ignore[arg-type]
    assert imager.scan(SETTINGS).settings == SETTINGS


def test_a_dark_frame_is_no_bad_frame(imager: Imager, scanner: FakeScanner) -> None:
    """Bare wafer is dark: grey levels of 0 to 7 with noise must pass."""
    scanner.spoil = spoilt(lambda image: np.floor_divide(image, 32, out=image))
    assert imager.scan(SETTINGS).image.max() < 10


def test_the_next_good_frame_passes_after_a_bad_one(imager: Imager, scanner: FakeScanner) -> None:
    scanner.spoil = BAD["constant"]
    with pytest.raises(BadFrame):
        imager.scan(SETTINGS)
    scanner.spoil = lambda frame: frame
    imager.scan(SETTINGS)


@pytest.mark.parametrize("lost", ["eht", "valve", "detector"])
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_beam_lost_before_or_during_the_frame_is_no_image(
    lost: str,
    when: str,
    imager: Imager,
    scanner: FakeScanner,
    column: FakeColumn,
    detector: FakeDetector,
) -> None:
    lose = {
        "eht": lambda: column.set_eht(False),
        "valve": lambda: column.set_valve(False),
        "detector": detector.make_safe,
    }[lost]
    if when == "before":
        lose()
    else:
        scanner.during = lose
    with pytest.raises(Interlocked):
        imager.scan(SETTINGS)
    assert column.state().blanked
    assert ("unblank" in column.calls) == (when == "during")


def test_the_beam_is_blanked_when_the_scanner_fails(
    imager: Imager, scanner: FakeScanner, column: FakeColumn
) -> None:
    scanner.during = times_out
    with pytest.raises(Deadline):
        imager.scan(SETTINGS)
    assert column.state().blanked


def test_a_beam_that_stays_open_is_an_error(imager: Imager, column: FakeColumn) -> None:
    column.blanker_stuck = True
    with pytest.raises(HardwareError, match="not blanked"):
        imager.scan(SETTINGS)


# -- the twin's faults -----------------------------------------------------------------

FAULTS: dict[FaultKind, type[HardwareError]] = {
    FaultKind.TRUNCATED_FRAME: BadFrame,
    FaultKind.FROZEN_FRAME: BadFrame,
    FaultKind.TIMEOUT: Deadline,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_of_the_twins_scanner_are_seen_and_leave_the_beam_blanked(kind: FaultKind) -> None:
    truth: list[Record] = []
    script = FaultScript((Fault(Device.SCANNER, kind, AfterCalls(1)),))
    devices = local_devices(tiny_twin(truth.append, script=script))
    imager = Imager(devices.column, devices.scanner, devices.detector)
    try:
        imager.scan(TINY_FRAME)
        with pytest.raises(FAULTS[kind]):
            imager.scan(TINY_FRAME)
        assert devices.column.state().blanked
        imager.scan(TINY_FRAME)
    finally:
        devices.close()


@pytest.mark.parametrize("kind", [FaultKind.EHT_TRIP, FaultKind.VALVE_CLOSED])
def test_a_beam_that_the_twin_loses_is_never_an_image(kind: FaultKind) -> None:
    script = FaultScript((Fault(Device.COLUMN, kind, AfterCalls(4)),))
    devices = local_devices(tiny_twin(lambda _: None, script=script))
    imager = Imager(devices.column, devices.scanner, devices.detector)
    try:
        with pytest.raises(Interlocked):
            for _ in range(4):
                assert imager.scan(TINY_FRAME).image.mean() > 20
        assert devices.column.state().blanked
    finally:
        devices.close()
