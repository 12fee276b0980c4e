"""Frames of a TESCAN microscope: the twin's own pixels, or an error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware.connection import Deadlines
from hardware.contract.bench import trial_twin
from hardware.drivers.tescan import DRIVER, TescanSettings
from hardware.drivers.tescan.settings import ScanSettings
from hardware.emulators.serving import Spoiling
from hardware.errors import (
    BadFrame,
    ConnectionLost,
    Deadline,
    HardwareError,
    OutOfRange,
    Refused,
)
from hardware.microscope import Devices
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind
from hardware.types import Frame, FrameSettings, Optics, StagePose
from tests.contracts.tescan_bench import settings_for
from tests.hardware.drivers.tescan_bench import (
    Station,
    in_real_time,
    nature_with,
    tescan_station,
    with_scan,
)

SMALL = FrameSettings(96, 64, 10.0, 100.0)
LONG = FrameSettings(512, 512, 10.0, 32_000.0)
LONG_S = 1e4


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with tescan_station(tmp_path) as opened:
        yield opened


def a_morning(devices: Devices) -> Iterator[Frame]:
    """Moves, focus and frames of several kinds."""
    devices.column.unblank()
    devices.stage.move(StagePose(x_um=123.456, z_um=25_490.1)).wait(LONG_S)
    devices.column.set_optics(Optics(4_511.234567, 0.61, -0.4))
    devices.column.set_beam_shift_um(1.5, -2.25)
    for dwell_ns in (50.0, 200.0):
        yield devices.scanner.acquire(FrameSettings(320, 200, 10.0 / 1.0123, dwell_ns, 353.98765))
        devices.stage.move(StagePose(y_um=-50.1)).wait(LONG_S)
        devices.stage.move(StagePose(y_um=33.3, rotation_deg=1.1)).wait(LONG_S)
        devices.column.set_optics(Optics(4_507.1, 0.5, -0.3))
    yield devices.scanner.acquire(FrameSettings(128, 256, 7.3, 100.0, bit_depth=16))
    devices.column.blank()


def test_frames_have_the_pixels_and_the_words_of_the_twins_own(station: Station) -> None:
    with closing(trial_twin().twin) as twin:
        for over_the_wire, own in zip(a_morning(station.devices), a_morning(twin), strict=True):
            assert np.array_equal(over_the_wire.image, own.image)
            assert replace(over_the_wire, image=own.image) == own


def test_a_detector_that_was_put_away_gives_no_frames(station: Station) -> None:
    settings = with_scan(detector="BSE")(settings_for(station.nature.settings, station.wire.port))
    DRIVER.connect(settings, station.around.surroundings("other", station.folder)).close()
    with pytest.raises(Refused, match="In-Beam SE"):
        station.devices.scanner.acquire(SMALL)


@pytest.mark.parametrize("dwell_ns", [10.0, 49.0, 50.5, 32_001.0])
def test_a_dwell_time_that_it_does_not_have_is_told_with_those_it_has(
    station: Station, dwell_ns: float
) -> None:
    with pytest.raises(OutOfRange, match="50, 100, 200, 400, 800"):
        station.devices.scanner.acquire(replace(SMALL, dwell_ns=dwell_ns))
    assert station.sent("ScScanXY") == 0


@pytest.mark.parametrize("kind", [FaultKind.FROZEN_FRAME, FaultKind.TRUNCATED_FRAME, FaultKind.TIMEOUT])
def test_a_frame_that_cannot_be_true_is_none(tmp_path: Path, kind: FaultKind) -> None:
    fault = Fault(kind=kind, device=Device.SCANNER, trigger=AfterCalls(1))
    with tescan_station(tmp_path, nature_with(fault)) as station:
        station.devices.column.unblank()
        station.devices.scanner.acquire(SMALL)
        with pytest.raises(BadFrame, match="truncated"):
            station.devices.scanner.acquire(SMALL)


def test_a_frame_of_one_value_is_none(station: Station) -> None:
    station.devices.detector.restore(replace(station.devices.detector.state(), offset=1.0, hv_on=True))
    station.nature.detector = replace(station.nature.detector, gain=0.0, offset=1e6)
    with pytest.raises(BadFrame, match="one value"):
        station.devices.scanner.acquire(SMALL)


def ended_by(station: Station, end: Callable[[], None]) -> tuple[HardwareError, float]:
    """What becomes of a long frame that is ended from another thread, and how long after that [s]."""
    caught: list[HardwareError] = []
    ended_s = 0.0

    def scan() -> None:
        nonlocal ended_s
        try:
            station.devices.scanner.acquire(LONG)
        except HardwareError as error:
            caught.append(error)
            ended_s = time.monotonic()

    thread = threading.Thread(target=scan)
    thread.start()
    until_s = time.monotonic() + 5.0
    while not station.nature.scanning and time.monotonic() < until_s:
        time.sleep(0.01)
    began_s = time.monotonic()
    end()
    thread.join(10.0)
    (error,) = caught
    return error, ended_s - began_s


def test_a_scan_is_aborted_from_another_thread(tmp_path: Path) -> None:
    with tescan_station(tmp_path, in_real_time()) as station:
        error, took_s = ended_by(station, station.devices.scanner.abort)
        assert isinstance(error, Refused) and "aborted" in str(error) and took_s < 1.0
        assert station.devices.scanner.acquire(SMALL).image.size


@pytest.mark.parametrize("how", [Spoiling.SILENT, Spoiling.GARBAGE, Spoiling.CUT_OFF])
def test_the_beam_is_blanked_though_stopping_the_scan_is_not_confirmed(
    tmp_path: Path, how: Spoiling
) -> None:
    with tescan_station(tmp_path, change=patient) as station:
        station.devices.column.unblank()
        station.spoil(how, "ScStopScan")
        began_s = time.monotonic()
        station.devices.column.blank()
        assert station.devices.column.state().blanked and time.monotonic() - began_s < Deadlines().urgent_s


def patient(settings: TescanSettings) -> TescanSettings:
    """Answers may take longer than there is time for what is urgent."""
    return settings.model_copy(update={"answer_s": 5.0})


def test_blanking_ends_a_scan(tmp_path: Path) -> None:
    with tescan_station(tmp_path, in_real_time()) as station:
        station.devices.column.unblank()
        began_s = time.monotonic()
        error, _ = ended_by(station, station.devices.column.blank)
        assert isinstance(error, BadFrame) and station.devices.column.state().blanked
        assert time.monotonic() - began_s < 3.0
        assert station.devices.scanner.acquire(SMALL).image.size


def test_unplugging_ends_a_scan(tmp_path: Path) -> None:
    with tescan_station(tmp_path, in_real_time()) as station:
        error, took_s = ended_by(station, station.wire.unplug)
        assert isinstance(error, ConnectionLost) and took_s < 1.0
        station.wire.plug_in()
        assert station.devices.scanner.acquire(SMALL).image.size


def test_patience_with_a_frame_ends(tmp_path: Path) -> None:
    with tescan_station(tmp_path, change=with_scan(patience_s=0.2)) as station:
        station.spoil(Spoiling.LATE, "ScData", times=1, late_s=1.0)
        with pytest.raises(Deadline, match="did not come in time"):
            station.devices.scanner.acquire(SMALL)


def test_frames_are_given_the_time_that_the_settings_ask_for(station: Station) -> None:
    scan = ScanSettings(patience_s=30.0)
    settings = settings_for(station.nature.settings, station.wire.port)
    parts = DRIVER.connect(
        settings.model_copy(update={"scan": scan}), station.around.surroundings("patient", station.folder)
    )
    assert parts.scanner is not None
    assert parts.scanner.frame_time_s(LONG) == LONG.duration_s + 30.0  # type: ignore[attr-defined]
    parts.close()
