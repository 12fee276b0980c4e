"""Microscopes with AutoScript: same pixels as without a wire, units, frames of reference, connecting."""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from hardware.contract.bench import SMALL, trial_settings
from hardware.drivers.thermo import DRIVER
from hardware.drivers.thermo.settings import Bias, StageFrame
from hardware.emulators.autoscript import AutoScriptServer, installed
from hardware.errors import ConnectionLost, Deadline, HardwareError, OutOfRange, Refused
from hardware.microscope import Devices
from hardware.parts import Surroundings
from hardware.protocols import SpecimenCurrentMeter
from hardware.self_test import Outcome, carried_out, passes
from hardware.self_test_checks import checks
from hardware.simulator.client import join_or_start
from hardware.simulator.config import Time, TwinSettings
from hardware.simulator.devices import TwinClock
from hardware.transport.wire_log import NoLog, Way, read_log
from hardware.types import Frame, Optics, StagePose
from tests.contracts.autoscript_bench import NAME, settings_for
from tests.hardware.drivers.thermo_bench import Sem, microscope

USUAL = settings_for(trial_settings())
FAR = StagePose(x_um=9_000.0)


@pytest.fixture
def sem(tmp_path: Path) -> Iterator[Sem]:
    with microscope(tmp_path) as connected:
        yield connected


# -- frames --------------------------------------------------------------------------------


def three_tiles(devices: Devices) -> list[Frame]:
    """Moved to, focused, shifted to, scanned in another way each."""
    frames = []
    devices.column.unblank()
    for step, bit_depth in enumerate((8, 16, 8)):
        devices.stage.move(StagePose(x_um=12.5 * step, y_um=-7.25 * step)).wait(1e3)
        devices.column.set_optics(Optics(4_510.0 + step, 0.4, -0.3 + 0.1 * step))
        devices.column.set_beam_shift_um(0.5 * step, -0.25)
        turned_deg = 33.3 * step
        scan = replace(SMALL, pixel_size_nm=9.8765 + step, scan_rot_deg=turned_deg, bit_depth=bit_depth)
        frames.append(devices.scanner.acquire(scan))
    return frames


def test_frames_are_pixel_for_pixel_those_without_a_wire(sem: Sem, tmp_path: Path) -> None:
    with microscope(tmp_path) as other:
        plain = three_tiles(other.around.twin)
    for wired, bare in zip(three_tiles(sem.devices), plain, strict=True):
        assert np.array_equal(wired.image, bare.image)
        assert wired.settings == bare.settings
        assert wired.scanned_at_s == pytest.approx(bare.scanned_at_s, abs=1e-9)
        assert wired.stage.x_um == pytest.approx(bare.stage.x_um)
        assert wired.optics.wd_um == pytest.approx(bare.optics.wd_um)


def test_frames_are_of_the_electron_beam_whatever_others_look_at(sem: Sem) -> None:
    sem.devices.column.unblank()
    imaging = sem.server.tree.commands
    imaging["imaging.set_active_view"](2)
    imaging["imaging.set_active_device"](2)
    assert sem.devices.scanner.acquire(SMALL).image.shape == (64, 96)


def test_a_rotation_that_counts_the_other_way_is_told_so(tmp_path: Path) -> None:
    with microscope(tmp_path, USUAL.model_copy(update={"scan_rotation_inverted": True})) as sem:
        sem.devices.column.unblank()
        frame = sem.devices.scanner.acquire(replace(SMALL, scan_rot_deg=30.0))
        told = sem.server.tree.readings["beams.electron_beam.scanning.rotation.value"]()
        assert frame.settings.scan_rot_deg == 30.0 and told == pytest.approx(-math.pi / 6)


def test_a_size_that_is_not_scanned_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with microscope(tmp_path, presets_only=True) as sem:
        sem.devices.column.unblank()
        with pytest.raises(Refused, match="768x512, 1536x1024"):
            sem.devices.scanner.acquire(SMALL)
        preset = replace(SMALL, width_px=768, height_px=512)
        assert sem.devices.scanner.acquire(preset).image.shape == (512, 768)


@pytest.mark.parametrize("beyond", [{"dwell_ns": 1.0}, {"pixel_size_nm": 1e5}, {"pixel_size_nm": 0.5}])
def test_frames_beyond_the_microscopes_limits_are_not_begun(sem: Sem, beyond: dict[str, float]) -> None:
    with pytest.raises(OutOfRange):
        sem.devices.scanner.acquire(replace(SMALL, **beyond))  # type: ignore[arg-type]
    assert not sem.reached["scanner.acquire"]


def real_time() -> TwinSettings:
    return trial_settings().model_copy(update={"time": Time.REAL})


def test_a_scan_is_aborted_from_another_thread(tmp_path: Path) -> None:
    with microscope(tmp_path, twin=real_time()) as sem:
        sem.devices.column.unblank()
        ended: list[HardwareError] = []
        scan = threading.Thread(target=_ends_in, args=(sem.devices, ended))
        scan.start()
        time.sleep(0.3)
        began_s = time.monotonic()
        sem.devices.scanner.abort()
        sem.devices.column.blank()
        scan.join(5.0)
        assert time.monotonic() - began_s < 1.0
    assert isinstance(ended[0], Refused) and "abort" in ended[0].what


def _ends_in(devices: Devices, ended: list[HardwareError]) -> None:
    try:
        devices.scanner.acquire(replace(SMALL, dwell_ns=1e6))  # six seconds
    except HardwareError as error:
        ended.append(error)


# -- column, detector, chamber -------------------------------------------------------------


def test_what_is_read_has_our_units(sem: Sem) -> None:
    column, twin = sem.devices.column, sem.around.twin
    state, plain = column.state(), twin.column.state()
    assert state.eht_kv == pytest.approx(plain.eht_kv)
    assert state.probe_current_na == pytest.approx(plain.probe_current_na)
    assert sem.devices.chamber.pressure_mbar() == pytest.approx(twin.chamber.pressure_mbar())
    assert isinstance(column, SpecimenCurrentMeter)
    assert column.specimen_current_na() == pytest.approx(38.0, rel=0.05)
    sem.devices.gun.set_hv(False)
    assert column.specimen_current_na() == pytest.approx(0.0, abs=0.1)


def test_beam_and_valve_are_one_switch(sem: Sem) -> None:
    sem.devices.column.set_valve(False)
    assert not sem.around.twin.column.state().eht_on
    sem.devices.column.set_eht(True)
    assert sem.around.twin.column.state().valve_open


def test_the_detector_is_safe_when_its_bias_is_down(tmp_path: Path) -> None:
    settings = USUAL.model_copy(update={"detector": "TLD", "bias": Bias.SUCTION_TUBE, "bias_v": 120.0})
    with microscope(tmp_path, settings) as sem:
        before = sem.devices.detector.state()
        sem.devices.detector.make_safe()
        assert sem.devices.detector.state().safe and not sem.around.nature.detector.hv_on
        sem.devices.detector.restore(before)
        tree = sem.server.tree.readings
        assert tree["detector.custom_settings.suction_tube_voltage.value"]() == 120.0
        assert tree["detector.type.value"]() == "TLD"
        with pytest.raises(OutOfRange):
            sem.devices.detector.restore(replace(before, gain=1.5))


def test_a_bias_that_the_detector_does_not_have_is_told(tmp_path: Path) -> None:
    settings = USUAL.model_copy(update={"bias": Bias.MIRROR})
    with microscope(tmp_path, settings) as sem, pytest.raises(HardwareError, match="mirror_voltage"):
        sem.devices.detector.make_safe()


# -- stage ---------------------------------------------------------------------------------


def test_a_stop_gets_through_while_a_move_is_under_way(sem: Sem) -> None:
    motion = sem.devices.stage.move(FAR)
    with pytest.raises(Refused, match="moving already"):
        sem.devices.stage.move(StagePose(y_um=1.0))
    sem.devices.clock.sleep(1.0)
    sem.devices.stage.stop()
    with pytest.raises(Refused, match="interrupted"):
        motion.wait(100.0)
    x_um = sem.devices.stage.pose().x_um
    assert x_um is not None and 0 < x_um < 9_000 and motion.done()
    sem.devices.stage.move(StagePose(x_um=0.0)).wait(100.0)


def delay(sem: Sem, path: str, by_s: float) -> None:
    """What is called at a path takes effect later."""
    at_once = sem.server.tree.commands[path]

    def later(*arguments: object) -> object:
        time.sleep(by_s)
        return at_once(*arguments)

    cast(dict[str, object], sem.server.tree.commands)[path] = later


@pytest.fixture
def stops_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stops does so at once here."""
    monkeypatch.setattr("hardware.drivers.thermo.stage.STOPS_WITHIN_S", 0.15)


@pytest.mark.usefixtures("stops_soon")
def test_a_stop_that_overtakes_the_move_still_stops_it(sem: Sem) -> None:
    before = sem.devices.stage.pose()
    delay(sem, "specimen.stage.absolute_move", by_s=0.1)
    motion = sem.devices.stage.move(FAR)
    sem.devices.stage.stop()
    sem.devices.clock.sleep(60.0)
    assert motion.done() and sem.devices.stage.pose() == before


@pytest.mark.usefixtures("stops_soon")
def test_a_stage_that_does_not_stop_is_told(sem: Sem) -> None:
    sem.devices.stage.move(FAR)
    cast(dict[str, object], sem.server.tree.commands)["specimen.stage.stop"] = lambda: None
    with pytest.raises(Deadline, match="not come to rest"):
        sem.devices.stage.stop()


def test_linked_z_points_down_and_leaves_the_lens_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = USUAL.model_copy(
        update={"stage_frame": StageFrame.LINKED, "z_limits_um": (-30_000.0, -1_000.0)}
    )
    with microscope(tmp_path, settings, linked=True) as sem, caplog.at_level(logging.INFO):
        before, true_before = sem.devices.stage.pose(), sem.around.twin.stage.pose()
        optics = sem.devices.column.optics()
        assert before.z_um is not None and true_before.z_um is not None
        assert before.z_um == pytest.approx(true_before.z_um - 30_000.0)
        sem.devices.stage.move(StagePose(z_um=before.z_um - 500.0)).wait(1e3)
        lowered = sem.around.twin.stage.pose().z_um
        assert lowered == pytest.approx(true_before.z_um - 500.0)
        assert sem.devices.column.optics().wd_um == pytest.approx(optics.wd_um)
        assert "changed the working distance" in caplog.text


def test_inverted_axes_are_inverted_both_ways(tmp_path: Path) -> None:
    inverted = {"x_inverted": True, "rotation_inverted": True}
    with microscope(tmp_path, USUAL.model_copy(update=inverted)) as sem:
        sem.devices.stage.move(StagePose(z_um=6_000.0)).wait(1e3)
        pose = sem.devices.stage.move(StagePose(x_um=30.0, y_um=20.0, rotation_deg=4.0)).wait(1e3)
        assert (pose.x_um, pose.y_um, pose.rotation_deg) == pytest.approx((30.0, 20.0, 4.0))
        true = sem.around.twin.stage.pose()
        assert (true.x_um, true.y_um, true.rotation_deg) == pytest.approx((-30.0, 20.0, -4.0))


def test_another_program_that_reads_the_stage_otherwise_does_no_harm(sem: Sem) -> None:
    before = sem.devices.stage.pose()
    sem.server.tree.commands["specimen.stage.set_default_coordinate_system"]("Specimen")
    assert sem.devices.stage.pose() == before


def test_a_move_takes_as_long_as_it_is_estimated(sem: Sem) -> None:
    target = StagePose(x_um=4_000.0, tilt_deg=1.0)
    assert sem.devices.stage.duration_s(target) == pytest.approx(sem.around.twin.stage.duration_s(target))


# -- connecting ----------------------------------------------------------------------------


def test_without_the_package_one_sentence_says_what_to_install(sem: Sem, tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost, match="autoscript_sdb_microscope_client") as error:
        DRIVER.connect(USUAL, sem.around.surroundings(NAME, tmp_path))
    assert "Install AutoScript" in str(error.value)
    assert DRIVER.recognise("127.0.0.1:7520") is None


def test_a_package_that_breaks_on_import_is_told(
    sem: Sem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "autoscript_sdb_microscope_client.py").write_text("raise RuntimeError('no licence')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConnectionLost, match="no licence"):
        DRIVER.connect(USUAL, sem.around.surroundings(NAME, tmp_path))


@pytest.mark.parametrize(
    ("homed", "settings", "says"),
    [(False, {}, "homed"), (True, {"stage_frame": StageFrame.LINKED}, "not linked")],
)
def test_a_stage_whose_coordinates_mean_nothing_is_refused(
    sem: Sem, tmp_path: Path, homed: bool, settings: dict[str, object], says: str
) -> None:
    sem.server.homed = homed
    with installed(sem.server), pytest.raises(Refused, match=says):
        DRIVER.connect(USUAL.model_copy(update=settings), sem.around.surroundings(NAME, tmp_path))


def test_nobody_there_is_told(sem: Sem, tmp_path: Path) -> None:
    sem.server.unplug()
    with installed(sem.server), pytest.raises(ConnectionLost, match="cannot be reached"):
        DRIVER.connect(USUAL, sem.around.surroundings(NAME, tmp_path))


def test_a_microscope_is_recognised_by_its_name(sem: Sem) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening, installed(sem.server):
        port = listening.getsockname()[1]
        found = DRIVER.recognise(f"127.0.0.1:{port}")
        assert found is not None and "Stand-in" in found.says
        assert found.settings == {"host": "127.0.0.1", "port": port}
    with installed(sem.server):
        for address in (f"127.0.0.1:{port}", "COM3", "..:7520", f"{'a' * 70}:7520", "127.0.0.1:99999"):
            assert DRIVER.recognise(address) is None


def test_the_wire_log_says_what_was_asked_and_answered(sem: Sem) -> None:
    sem.devices.column.set_beam_shift_um(1.0, 2.0)
    pieces = [piece for piece in read_log(sem.folder / "wire.jsonl") if piece.device == NAME]
    sent = [piece.data.decode() for piece in pieces if piece.way is Way.SENT]
    assert "beams.electron_beam.beam_shift.value = Point(x=1e-06, y=2e-06)" in sent
    assert any(b"(1e-06, 2e-06)" in piece.data for piece in pieces if piece.way is Way.RECEIVED)


def test_the_self_test_passes(sem: Sem, tmp_path: Path) -> None:
    done = list(carried_out(checks(sem.parts, tmp_path, with_beam=True)))
    assert passes(done), [one.said for one in done if one.outcome is Outcome.FAILED]
    assert sem.devices.column.state().blanked


def test_after_closing_everything_is_refused(sem: Sem) -> None:
    sem.devices.close()
    with pytest.raises(ConnectionLost, match="closed"):
        sem.devices.stage.pose()


# -- over TCP ------------------------------------------------------------------------------


def test_it_reaches_a_twin_in_another_process(tmp_path: Path) -> None:
    update = {"specimen": {"n_sections": 1, "texture_px": 64}, "idle_exit_s": 0.5}
    twin = TwinSettings.model_validate(trial_settings().model_dump() | update)
    with closing(join_or_start(tmp_path, twin)) as link:
        clock = TwinClock(link, twin)
        around = Surroundings(NAME, tmp_path, clock, NoLog(), lambda: pytest.fail("no other device"))
        with installed(AutoScriptServer(link, twin)):
            parts = DRIVER.connect(settings_for(twin), around)
        assert parts.stage is not None and parts.column is not None and parts.scanner is not None
        arrived = parts.stage.move(StagePose(x_um=50.0)).wait(100.0)
        parts.column.unblank()
        frame = parts.scanner.acquire(SMALL)
        parts.column.blank()
        parts.close()
    assert arrived.x_um == pytest.approx(50.0) and frame.image.shape == (64, 96)
