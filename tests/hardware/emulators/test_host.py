"""An emulated laboratory in a process of its own, and what becomes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from hardware.assembled import connect
from hardware.emulators.__main__ import main
from hardware.instruments_file import FILE_NAME
from hardware.simulator.client import LOCK, OCCUPIED, SETTINGS
from hardware.simulator.config import SpecimenSettings, Time
from hardware.simulator.tiny import tiny_settings

ENDS_WITHIN_S = 15.0


@contextmanager
def laboratory(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The process, as soon as it says where its file is; ended afterwards."""
    command = [sys.executable, "-m", "hardware.emulators", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert FILE_NAME in process.stdout.readline()
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(ENDS_WITHIN_S)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    specimen = SpecimenSettings(n_sections=1, texture_px=64)
    settings = tiny_settings().model_copy(update={"time": Time.REAL, "specimen": specimen})
    (tmp_path / SETTINGS).write_text(settings.model_dump_json())
    return tmp_path


def test_a_program_connects_to_it_by_its_file_and_it_remembers(folder: Path) -> None:
    for before_um, after_um in ((0.0, 12.5), (12.5, 25.0)):
        with laboratory(folder) as process:
            devices = connect({}, folder)
            assert devices.column.state().blanked
            assert devices.column.beam_shift_um() == pytest.approx((0.0, 0.0))
            pose = devices.stage.pose()
            assert pose.x_um == pytest.approx(before_um, abs=1.0)
            devices.stage.move(type(pose)(x_um=after_um)).wait(20.0)
            assert 0 < devices.chamber.pressure_mbar() < 1e-3
            devices.close()
        assert process.returncode == 0


def test_a_second_twin_in_the_same_folder_does_not_start(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FileLock(folder / LOCK):
        assert main([str(folder)]) == OCCUPIED
    assert "already" in capsys.readouterr().err


def test_settings_that_are_none_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / SETTINGS).write_text('{"seed": "none"}')
    assert main([str(tmp_path)]) == 2
    assert "seed" in capsys.readouterr().err
