"""The set-up script decides what to install from what is there; commands are recorded, not run."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


class Recorder:
    """Stands in for ``subprocess.run``: remembers commands, answers with what it is told."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.failing: dict[str, str] = {}

    def __call__(
        self, command: list[str], *, check: bool = False, **_: object
    ) -> subprocess.CompletedProcess[str]:
        line = " ".join(map(str, command))
        self.commands.append(line)
        stderr = next((text for part, text in self.failing.items() if part in line), None)
        if stderr is not None and check:
            raise subprocess.CalledProcessError(1, command)
        return subprocess.CompletedProcess(command, 0 if stderr is None else 1, "", stderr or "")

    def ran(self, part: str) -> bool:
        return any(part in command for command in self.commands)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def bootstrap(tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as it would be in a folder of its own, with a working ``.venv``."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    for name, value in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "PYTHON": python,
        "STAMP": tmp_path / ".venv" / "stamp.json",
    }.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(module.subprocess, "run", recorder)
    monkeypatch.setattr(module.os, "execv", lambda _, command: recorder([str(c) for c in command]))
    return module


def test_it_installs_once_and_then_starts_at_once(bootstrap: ModuleType, recorder: Recorder) -> None:
    bootstrap.main(["demo", "--cycles", "2"])
    assert recorder.ran("pip install")
    assert recorder.commands[-1].startswith(f"{bootstrap.PYTHON} -m scopeacq demo --cycles 2")
    recorder.commands.clear()
    bootstrap.main(["demo"])
    assert not recorder.ran("pip install")


def test_a_virtual_screen_is_installed_for_the_tests_or_done_without(
    bootstrap: ModuleType, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(bootstrap, "install_system_packages", installed.extend)
    recorder.failing = {"which('Xvfb')": "no Xvfb"}
    bootstrap.main(["demo"])
    assert installed == []
    bootstrap.main(["test"])
    assert set(installed) == {"xvfb"}

    def refuse(_: list[str]) -> None:
        raise bootstrap.SetupFailed("the system lacks xvfb.")

    bootstrap.STAMP.unlink()
    monkeypatch.setattr(bootstrap, "install_system_packages", refuse)
    recorder.commands.clear()
    bootstrap.main(["test"])
    assert recorder.ran("-m pytest")


def test_the_tests_need_more_than_the_demo(bootstrap: ModuleType, recorder: Recorder) -> None:
    bootstrap.main(["demo"])
    recorder.commands.clear()
    bootstrap.main(["test", "-k", "x"])
    assert recorder.ran("[dev]")
    recorder.commands.clear()
    bootstrap.main(["demo"])
    assert not recorder.ran("pip install")


def test_a_window_needs_libraries_that_the_demo_does_without(
    bootstrap: ModuleType,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorder.failing["libqxcb"] = "OSError: libxcb-icccm.so.4: cannot open shared object file"
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    assert bootstrap.main(["demo"]) is not None
    assert recorder.commands[-1].startswith(f"{bootstrap.PYTHON} -m scopeacq demo")
    assert bootstrap.main(["gui", "--simulate"]) == 5
    assert "libxcb-icccm4" in capsys.readouterr().err
    recorder.failing.clear()
    bootstrap.main(["gui", "--simulate"])
    assert recorder.commands[-1].startswith(f"{bootstrap.PYTHON} -m scopeacq gui --simulate")


def test_changed_requirements_are_installed(bootstrap: ModuleType, recorder: Recorder) -> None:
    bootstrap.main(["demo"])
    (bootstrap.ROOT / "pyproject.toml").write_text("[project]\nname = 'changed'\n")
    recorder.commands.clear()
    bootstrap.main(["demo"])
    assert recorder.ran("pip install")


@pytest.mark.parametrize("stamp", ["", "[]", "{", "\x00"])
def test_a_damaged_stamp_means_installing_again(
    bootstrap: ModuleType, recorder: Recorder, stamp: str
) -> None:
    bootstrap.STAMP.write_text(stamp)
    bootstrap.main(["demo"])
    assert recorder.ran("pip install")


def test_a_broken_environment_is_made_anew(bootstrap: ModuleType, recorder: Recorder) -> None:
    bootstrap.PYTHON.unlink()
    bootstrap.main(["demo"])
    assert recorder.ran("-m venv --clear")


def test_missing_system_packages_are_installed_as_root(
    bootstrap: ModuleType, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.PYTHON.unlink()
    recorder.failing["import ensurepip"] = "No module named ensurepip"
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    bootstrap.main(["demo"])
    assert recorder.ran(f"apt-get install -y -qq python3.{sys.version_info.minor}-venv")


def test_missing_system_packages_are_named_to_others(
    bootstrap: ModuleType,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorder.failing["import cv2"] = "ImportError: libgomp.so.1: cannot open shared object file"
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    assert bootstrap.main(["demo"]) == 5
    assert "libgomp1" in capsys.readouterr().err
    assert not recorder.ran("apt-get")
    assert not bootstrap.STAMP.exists()


def test_a_failed_download_is_no_traceback(
    bootstrap: ModuleType, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder.failing["pip install"] = "no network"
    assert bootstrap.main(["demo"]) == 5
    assert "failed; see above" in capsys.readouterr().err


def test_unknown_words_get_the_usage(bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["dance"]) == 2
    assert "bootstrap.py demo" in capsys.readouterr().out


def test_it_needs_the_standard_library_only() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "bootstrap.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
    assert "Standard library only" in done.stdout
