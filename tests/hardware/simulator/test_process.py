"""Nature in a process of its own: it outlives its clients, keeps its state, and fails closed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware.errors import BlankerUnknown, ConnectionLost, OutOfRange, Refused
from hardware.microscope import Devices
from hardware.simulator import blanker, wire
from hardware.simulator.driver import connect, local_devices
from hardware.simulator.nature import Nature
from hardware.simulator.tiny import TINY_FRAME, tiny_settings
from hardware.simulator.truth import FrameTruth, OpeningTruth, read_truth
from hardware.types import Blanker, Optics, StagePose
from tests.hardware.simulator.stations import wafer

SETTINGS: dict[str, object] = {
    **tiny_settings().model_dump(mode="json"),
    "specimen": {"n_sections": 1, "texture_px": 64},
    "idle_exit_s": 0.5,
    "save_every_s": 0.2,
}


def until(holds: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait until something holds."""
    end_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end_s, "it never came to hold"
        time.sleep(0.02)


def gone(folder: Path) -> bool:
    return not (folder / "address.json").exists()


def send_signal(folder: Path, number: signal.Signals) -> None:
    """To the nature in ``folder``."""
    os.kill(json.loads((folder / "address.json").read_text())["pid"], number)


def end(folder: Path) -> None:
    if not gone(folder):
        send_signal(folder, signal.SIGTERM)
        until(lambda: gone(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a nature, which is ended after the test."""
    yield tmp_path
    end(tmp_path)


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of one nature for all tests that leave it as it was."""
    path = tmp_path_factory.mktemp("shared")
    yield path
    end(path)


@pytest.fixture(scope="module")
def devices(shared_folder: Path) -> Iterator[Devices]:
    """Devices over the shared nature."""
    devices = connect(SETTINGS, shared_folder)
    yield devices
    devices.close()


def test_frames_come_through_the_wire_as_they_are(devices: Devices, shared_folder: Path) -> None:
    devices.column.unblank()
    first, second = devices.scanner.acquire(TINY_FRAME), devices.scanner.acquire(TINY_FRAME)
    devices.column.blank()
    assert first.image.shape == (64, 64)
    assert first.image.dtype == np.uint8
    assert not np.array_equal(first.image, second.image)
    truth = read_truth(shared_folder / "truth", FrameTruth)
    assert [record.scanned_at_s for record in truth] == [first.scanned_at_s, second.scanned_at_s]


def test_errors_come_through_the_wire_as_they_are(devices: Devices) -> None:
    devices.column.unblank()
    assert devices.cleaner is not None
    with pytest.raises(Refused, match="plasma cleaner: the electron beam is on"):
        devices.cleaner.clean(10.0, 1.0)
    devices.column.blank()


def test_the_address_is_readable_by_its_owner_alone(devices: Devices, shared_folder: Path) -> None:
    assert (shared_folder / "address.json").stat().st_mode & 0o077 == 0


def test_without_the_token_nobody_is_served(devices: Devices, shared_folder: Path) -> None:
    address = json.loads((shared_folder / "address.json").read_text())
    with socket.create_connection((address["host"], address["port"]), timeout=5) as intruder:
        wire.send(intruder, {"token": "guess"})
        assert wire.receive(intruder)[0] == {"admitted": False}
        with pytest.raises((ConnectionError, OSError)):
            wire.send(intruder, {"command": "clock.now", "values": {}})
            wire.receive(intruder)
    with pytest.raises(BlankerUnknown, match="token"):
        blanker.connect({**devices.blanker.settings, "token": "guess"})


def test_garbage_on_the_wire_harms_nobody(devices: Devices, shared_folder: Path) -> None:
    address = json.loads((shared_folder / "address.json").read_text())
    for garbage in (b"GET / HTTP/1.1\r\n\r\n" * 4, b"\xff" * 64, b""):
        with socket.create_connection((address["host"], address["port"]), timeout=5) as intruder:
            intruder.sendall(garbage)
    assert devices.clock.now_s() >= 0.0


def test_state_survives_a_restart(folder: Path) -> None:
    devices = connect(SETTINGS, folder)
    optics = Optics(4_512.0, 1.0, -1.0)
    devices.column.set_optics(optics)
    devices.stage.move(StagePose(x_um=123.0)).wait(10.0)
    devices.clock.sleep(500.0)
    devices.column.unblank()
    before = devices.scanner.acquire(TINY_FRAME)
    devices.column.blank()
    now_s = devices.clock.now_s()
    devices.close()
    until(lambda: gone(folder))

    devices = connect(SETTINGS, folder)
    try:
        assert devices.clock.now_s() == pytest.approx(now_s)
        assert devices.column.optics() == optics
        assert devices.stage.pose().x_um == 123.0
        devices.column.unblank()
        after = devices.scanner.acquire(TINY_FRAME)
        devices.column.blank()
        assert not np.array_equal(before.image, after.image)
        first, second = read_truth(folder / "truth", FrameTruth)
        assert (first.x_um, first.y_um) == pytest.approx((second.x_um, second.y_um), abs=1e-9)
        assert second.residual_wd_um == pytest.approx(first.residual_wd_um, abs=1e-6)
    finally:
        devices.close()


def test_milled_depth_survives_a_restart(folder: Path) -> None:
    def mill_half_an_hour(devices: Devices) -> None:
        for leg in (StagePose(z_um=2e3), StagePose(tilt_deg=30.0), StagePose(z_um=5e3)):
            devices.stage.move(leg).wait(10.0)
        devices.gun.set_hv(True)
        line = blanker.connect(devices.blanker.settings)
        line.open()
        devices.clock.sleep(1_800.0)
        line.close()

    devices = connect(SETTINGS, folder)
    mill_half_an_hour(devices)
    until(lambda: bool(read_truth(folder / "truth", OpeningTruth)))
    devices.close()
    until(lambda: gone(folder))
    with np.load(folder / "milled.npz") as arrays:
        milled = arrays["charge_uc_per_um2"]
    devices = connect(SETTINGS, folder)
    devices.close()
    until(lambda: gone(folder))
    with np.load(folder / "milled.npz") as arrays:
        assert np.array_equal(arrays["charge_uc_per_um2"], milled)
    assert milled.max() > 0


def test_a_second_driver_joins_the_same_nature(devices: Devices, shared_folder: Path) -> None:
    other = connect(SETTINGS, shared_folder)
    devices.clock.sleep(42.0)
    assert other.clock.now_s() >= 42.0
    other.close()


def test_two_drivers_that_start_at_once_share_one_nature(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: connect(SETTINGS, folder), range(2))
    one.clock.sleep(42.0)
    assert other.clock.now_s() >= 42.0
    one.close()
    other.close()


def test_a_nature_can_be_had_again_while_the_last_one_is_ending(folder: Path) -> None:
    connect(SETTINGS, folder).close()
    send_signal(folder, signal.SIGTERM)
    until(lambda: gone(folder))
    devices = connect(SETTINGS, folder)
    assert devices.clock.now_s() >= 0.0
    devices.close()


def test_other_settings_are_refused_while_nature_runs(devices: Devices, shared_folder: Path) -> None:
    with pytest.raises(Refused, match=r"other settings \(seed\)"):
        connect({**SETTINGS, "seed": 5}, shared_folder)


def test_another_wafer_is_refused(folder: Path) -> None:
    connect(SETTINGS, folder).close()
    until(lambda: gone(folder))
    with pytest.raises(Refused, match="another twin's wafer"):
        connect({**SETTINGS, "seed": 5}, folder)


def test_a_specimen_that_cannot_serve_is_refused_in_a_sentence(tmp_path: Path) -> None:
    settings = {**SETTINGS, "specimen": {"file": str(tmp_path / "nowhere.tif")}}
    with pytest.raises(Refused, match=r"nowhere\.tif") as caught:
        connect(settings, tmp_path / "twin")
    assert ".." not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"sed": 1}, "sed"), ({"stage": {"settling_s": -1}}, "stage.settling_s"), ({"pace": "fast"}, "pace")],
)
def test_wrong_settings_are_named(settings: dict[str, object], named: str, tmp_path: Path) -> None:
    with pytest.raises(OutOfRange, match=named):
        connect(settings, tmp_path)


CLIENT = """
import json, sys
from pathlib import Path
from hardware.simulator import blanker
from hardware.simulator.driver import connect
from hardware.simulator.tiny import TINY_FRAME
devices = connect(json.loads(sys.argv[2]), Path(sys.argv[1]))
devices.gun.set_hv(True)
line = blanker.connect(devices.blanker.settings)
line.open()
devices.column.unblank()
print("open", flush=True)
while True:
    devices.scanner.acquire(TINY_FRAME)
"""


def test_nature_goes_on_when_its_client_is_killed_and_the_blanker_closes(folder: Path) -> None:
    settings = {**SETTINGS, "time": "real", "idle_exit_s": 10.0}
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(folder), json.dumps(settings)], stdout=subprocess.PIPE
    )
    assert client.stdout is not None
    assert client.stdout.readline() == b"open\n"
    time.sleep(0.3)
    os.kill(client.pid, signal.SIGKILL)
    killed_s = time.monotonic()
    client.wait()
    client.stdout.close()
    until(lambda: bool(read_truth(folder / "truth", OpeningTruth)), 5.0)
    opening = read_truth(folder / "truth", OpeningTruth)[0]
    assert opening.closed_by == "the blanker's connection ended"
    assert opening.closed_real_s - killed_s < 0.5
    assert opening.delivered_uc == pytest.approx(
        38e-3 * (opening.closed_at_s - opening.opened_at_s), rel=0.02
    )

    devices = connect(settings, folder)
    earlier_s = devices.clock.now_s()
    assert not devices.column.state().blanked
    assert devices.gun.state().hv_on
    time.sleep(0.2)
    assert devices.clock.now_s() - earlier_s >= 0.2
    devices.close()


def test_a_killed_nature_is_a_lost_connection(folder: Path) -> None:
    devices = connect(SETTINGS, folder)
    line = blanker.connect(devices.blanker.settings)
    send_signal(folder, signal.SIGKILL)
    with pytest.raises(ConnectionLost, match="simulator"):
        until(lambda: devices.clock.now_s() < 0)
    assert line.state() is Blanker.UNKNOWN
    devices.close()
    line.close()
    devices = connect(SETTINGS, folder)
    assert devices.clock.now_s() >= 0.0
    devices.close()


def test_blanking_does_not_wait_for_a_scan(folder: Path) -> None:
    """On a real clock a slow frame is under way while the guard opens and blanks."""
    devices = connect({**SETTINGS, "time": "real"}, folder)
    devices.column.unblank()
    line = blanker.connect(devices.blanker.settings)
    with ThreadPoolExecutor(1) as pool:
        frame = pool.submit(devices.scanner.acquire, replace(TINY_FRAME, dwell_ns=1e6))
        time.sleep(0.2)
        started_s = time.monotonic()
        line.open()
        line.blank()
        assert time.monotonic() - started_s < 0.5
        devices.stage.stop()
        devices.scanner.abort()
        with pytest.raises(Refused, match="aborted"):
            frame.result(10)
    line.close()
    devices.close()


def test_a_local_nature_has_a_wire_for_the_guard() -> None:
    nature = Nature(tiny_settings(), wafer(), lambda record: None)
    local = local_devices(nature)
    line = blanker.connect(local.blanker.settings)
    assert line.state() is Blanker.BLANKED
    line.open()
    assert line.state() is Blanker.OPEN
    line.blank()
    assert line.state() is Blanker.BLANKED
    line.open()
    line.close()
    until(lambda: not nature.gun.open)
    local.close()
    with pytest.raises(BlankerUnknown):
        blanker.connect(local.blanker.settings)


def test_the_guards_side_of_the_wire_is_light() -> None:
    program = (
        "import sys, hardware.simulator.blanker; "
        "print([m for m in ('cv2', 'scipy', 'torch', 'pydantic', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
