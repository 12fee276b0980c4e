"""Frames of a Zeiss SEM: the twin's very pixels, or an error; and no scan that is left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware.connection import Deadlines
from hardware.contract.bench import trial_nature, trial_settings
from hardware.drivers.zeiss.dispatch import Value
from hardware.emulators.rehearsal import rehearsal
from hardware.errors import BadFrame, Deadline, Garbled, HardwareError, NotReached, OutOfRange, Refused
from hardware.microscope import Devices
from hardware.parts import Parts
from hardware.protocols import FrameTimes
from hardware.simulator.config import Time
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind
from hardware.types import Frame, FrameSettings, Optics, StagePose
from tests.hardware.drivers.smartsem_rig import (
    FRAME,
    MACHINE,
    PASS,
    Rig,
    Spoil,
    answering,
    smartsem_rig,
)

STRUCK = AfterCalls(0)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with smartsem_rig(tmp_path) as made:
        made.column.unblank()
        yield made


def test_the_same_calls_give_the_same_pixels_at_the_same_time_as_without_a_wire(rig: Rig) -> None:
    columns = Parts(
        column=rig.column, scanner=rig.scanner, stage=rig.stage, detector=rig.detector, chamber=rig.chamber
    )
    direct = rehearsal(trial_nature()).twin
    direct.column.unblank()
    through, without = sequence(rig.around.played_by(columns)), sequence(direct)
    for ours, theirs in zip(through, without, strict=True):
        assert np.array_equal(ours.image, theirs.image)
        assert ours.settings == theirs.settings and ours.scanned_at_s == theirs.scanned_at_s
        assert ours.optics.wd_um == pytest.approx(theirs.optics.wd_um, abs=1e-9)
        assert ours.stage.x_um == pytest.approx(theirs.stage.x_um, abs=1e-9)


def sequence(devices: Devices) -> list[Frame]:
    """Frames between focusing, shifts, moves and rotations, as in a run."""
    frames = []
    for n in range(3):
        devices.stage.move(StagePose(x_um=31.7 * n, y_um=-12.34567 * n)).wait(100.0)
        devices.column.set_optics(Optics(4_501.234_567_89 + 2.7 * n, 0.3 * n, -0.123_456_789 * n))
        devices.column.set_beam_shift_um(0.37 * n, -1.234_5)
        size = FRAME if n % 2 else replace(FRAME, width_px=128, height_px=96, dwell_ns=200.0)
        turned = replace(size, scan_rot_deg=(-17.123 * n) % 360, pixel_size_nm=10.0 / (1 + 0.0123 * n))
        frames.append(devices.scanner.acquire(turned))
    return frames


def test_frames_of_16_bit(tmp_path: Path) -> None:
    with smartsem_rig(tmp_path, machine=replace(MACHINE, bits=16)) as rig:
        rig.column.unblank()
        assert rig.scanner.acquire(replace(FRAME, bit_depth=16)).image.dtype == np.uint16
        with pytest.raises(OutOfRange, match="Choose one of: 16"):
            rig.scanner.acquire(FRAME)


@pytest.mark.parametrize(
    ("wrong", "there"),
    [
        ({"width_px": 100}, "1024 * 768, 96 * 64, 128 * 96"),
        ({"dwell_ns": 150.0}, "50, 100, 200, 3200"),
        ({"bit_depth": 16}, "8"),
        ({"pixel_size_nm": -1.0}, "above 0"),
        ({"scan_rot_deg": float("inf")}, "Choose one"),
    ],
)
def test_a_frame_beyond_the_tables_is_refused_before_anything_is_sent(
    rig: Rig, wrong: dict[str, float], there: str
) -> None:
    rig.tampering.calls.clear()
    settings: FrameSettings = replace(FRAME, **wrong)  # type: ignore[arg-type]
    with pytest.raises(OutOfRange) as error:
        rig.scanner.acquire(settings)
    assert there in error.value.advice and rig.tampering.calls == []


def test_a_frame_like_the_last_one_sets_nothing_but_when_to_freeze(rig: Rig) -> None:
    rig.scanner.acquire(FRAME)
    rig.tampering.calls.clear()
    rig.scanner.acquire(FRAME)
    assert {call[1] for call in rig.tampering.calls if call[0] == "Set"} == {"DP_FREEZE_ON"}


def test_a_change_of_the_raster_is_given_time_and_is_not_scanned_meanwhile(tmp_path: Path) -> None:
    with smartsem_rig(tmp_path, scan_settling_s=0.5) as rig:
        rig.column.unblank()
        rig.scanner.acquire(FRAME)
        rig.tampering.calls.clear()
        frame = rig.scanner.acquire(replace(FRAME, width_px=128, height_px=96))
        commands = [call[:2] for call in rig.tampering.calls if call[0] in ("Set", "Execute")]
        store = commands.index(("Set", "DP_IMAGE_STORE"))
        assert ("Execute", "CMD_FREEZE_ALL") in commands[
            store : commands.index(("Execute", "CMD_UNFREEZE_ALL"))
        ]
        assert frame.image.shape == (96, 128)


# --- what the scan must be like ---


def test_averaging_is_switched_off(rig: Rig) -> None:
    rig.sem.scan.noise_reduction = "Line Avg"
    assert rig.scanner.acquire(FRAME).image.size and rig.sem.scan.noise_reduction == "Pixel Avg."
    with (
        rig.spoilt(answering((0, "Frame Avg"), "Get", "DP_NOISE_REDUCTION")),
        pytest.raises(Refused, match="multiplies the dose"),
    ):
        rig.scanner.acquire(FRAME)


def test_a_dwell_time_that_is_not_that_of_the_table_is_refused(rig: Rig) -> None:
    with (
        rig.spoilt(answering((0, "1.6 µs"), "Get", "DP_DWELL_TIME")),
        pytest.raises(Refused, match=r"dwells 1600 ns, not 100 ns\. Correct dwell_times_ns"),
    ):
        rig.scanner.acquire(FRAME)


def test_dwell_times_that_nobody_tells_are_called_unverifiable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with smartsem_rig(tmp_path, machine=replace(MACHINE, tells_dwell=False)) as rig:
        rig.column.unblank()
        assert rig.scanner.acquire(FRAME).image.size and "unverifiable" in caplog.text


def test_the_detector_of_the_settings_makes_the_frame(rig: Rig) -> None:
    rig.sem.raster.signal = "SE2"
    rig.scanner.acquire(FRAME)
    assert rig.sem.raster.signal == "InLens"


def test_a_scan_that_another_program_holds_is_not_taken(rig: Rig) -> None:
    rig.sem.raster.held_elsewhere = True
    with pytest.raises(Refused, match="another program holds the scan"):
        rig.scanner.acquire(FRAME)


READS_WRONG: list[tuple[tuple[Value, ...], object, type[HardwareError]]] = [
    (("Get", "AP_WIDTH"), 2e-6, Garbled),
    (("Get", "DP_IMAGE_STORE"), "512 * 384", Refused),
    (("Get", "DP_SCANRATE"), "7", Refused),
    (("Get", "AP_SCANROTATION"), 15.0, NotReached),
    (("Get", "DP_SCAN_ROT"), "Off", Refused),
    (("Get", "DP_DETECTOR_CHANNEL"), "SE2", Refused),
    (("Get", "DP_FREEZE_ON"), "End Line", Refused),
    (("Get", "DP_FROZEN"), "Melting", Garbled),
]


@pytest.mark.parametrize(("call", "value", "kind"), READS_WRONG, ids=lambda value: str(value)[-20:])
def test_what_reads_back_wrong_makes_no_frame(
    rig: Rig, call: tuple[Value, ...], value: object, kind: type[HardwareError]
) -> None:
    with rig.spoilt(answering((0, value), *call)), pytest.raises(kind):
        rig.scanner.acquire(replace(FRAME, scan_rot_deg=30.0))
    assert rig.sem.scan.frozen()
    assert rig.scanner.acquire(FRAME).image.size


def test_a_magnification_that_is_not_taken_makes_no_frame(rig: Rig) -> None:
    with rig.spoilt(answering((0, 1.0), "Set", "AP_MAG")), pytest.raises(NotReached, match="pixel_size_nm"):
        rig.scanner.acquire(FRAME)


def test_a_scan_that_does_not_start_makes_no_frame(rig: Rig) -> None:
    with (
        rig.spoilt(answering(0, "Execute", "CMD_UNFREEZE_ALL")),
        pytest.raises(BadFrame, match="does not start"),
    ):
        rig.scanner.acquire(FRAME)


def test_a_frame_that_is_frozen_early_is_not_whole(rig: Rig) -> None:
    with rig.spoilt(_frozen_from_the_panel(rig)), pytest.raises(BadFrame, match="frozen after"):
        rig.scanner.acquire(FRAME)


def _frozen_from_the_panel(rig: Rig) -> Spoil:
    """Somebody freezes by hand as soon as the scan runs."""

    def spoil(method: str, arguments: tuple[Value, ...]) -> object:
        if (method, *arguments) == ("Execute", "CMD_FREEZE_ALL") and rig.sem.scan.freeze_on == "End Frame":
            rig.sem.scan.freeze_on = "Command"
        return PASS

    return spoil


def test_a_scan_that_never_ends_has_a_deadline_and_is_ended(tmp_path: Path) -> None:
    with smartsem_rig(tmp_path, Fault(Device.SCANNER, FaultKind.TIMEOUT, STRUCK)) as rig:
        rig.column.unblank()
        with pytest.raises(Deadline, match="not frozen after"):
            rig.scanner.acquire(FRAME)
        assert rig.sem.scan.frozen()
        assert rig.scanner.acquire(FRAME).image.size


def test_the_deadline_of_a_scan_knows_how_long_its_file_may_take(tmp_path: Path) -> None:
    with smartsem_rig(tmp_path, grab_s=120.0) as rig:
        assert isinstance(rig.scanner, FrameTimes)
        assert Deadlines().of(rig.scanner, "acquire", (FRAME,)) > 120.0 + FRAME.duration_s


# --- on a clock that does not wait ---


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Rig]:
    """The twin in real time: a frame of 3200 ns takes 2.5 s."""
    with smartsem_rig(tmp_path, twin=trial_settings().model_copy(update={"time": Time.REAL})) as rig:
        rig.column.unblank()
        yield rig


SLOW = FrameSettings(1024, 768, 10.0, 3_200.0)


def test_an_abort_from_another_thread_ends_the_scan(slow: Rig) -> None:
    ended: list[BaseException] = []

    def scan() -> None:
        try:
            slow.scanner.acquire(SLOW)
        except HardwareError as error:
            ended.append(error)

    scanning = threading.Thread(target=scan)
    scanning.start()
    until_s = time.monotonic() + 5.0
    while not slow.nature.scanning and time.monotonic() < until_s:
        time.sleep(0.01)
    began_s = time.monotonic()
    slow.scanner.abort()
    assert time.monotonic() - began_s < 1.0
    scanning.join(2.0)
    assert len(ended) == 1 and isinstance(ended[0], Refused) and "aborted" in ended[0].what
    assert slow.sem.scan.frozen() and not slow.nature.scanning


def test_a_frame_is_waited_for_while_it_is_live(slow: Rig) -> None:
    settings = replace(FRAME, dwell_ns=3_200.0)
    before_s = slow.around.twin.clock.now_s()
    assert slow.scanner.acquire(settings).image.size
    assert slow.around.twin.clock.now_s() - before_s >= settings.duration_s
    assert slow.tampering.counted("Get", "DP_FROZEN") >= 3
