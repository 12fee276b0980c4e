"""What is shipped: the five packages, the weights, the report's template, the manual; nothing else."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"scopeacq", "models", "calibration", "ui", "hardware"}
DATA = {"models/weights/deepfocus.safetensors", "models/weights/deepscore.safetensors"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built with what is installed; pip fetches the build backend."""
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(out),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    (path,) = out.glob("scopeacq-*.whl")
    return zipfile.ZipFile(path)


def _tracked() -> set[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(listed.stdout.splitlines())


def test_the_wheel_holds_the_five_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_the_wheel_holds_weights_and_template(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert names >= DATA
    assert "scopeacq/telling/report_template.html" in names


def test_the_wheel_holds_the_manual_and_its_pictures(wheel: zipfile.ZipFile) -> None:
    for folder in ("manual", "pictures/window"):
        here = {path.name for path in (ROOT / "docs" / folder).iterdir()}
        assert here == {Path(name).name for name in wheel.namelist() if f"ui/help/{folder}/" in name}


def test_the_wheel_holds_no_junk(wheel: zipfile.ZipFile) -> None:
    allowed = (".py", ".html", ".safetensors", ".md", ".png")
    inside = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert [name for name in inside if not name.endswith(allowed)] == []
    assert sum(info.file_size for info in wheel.infolist()) < 64 * 2**20


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository to know what is tracked")
def test_every_tracked_module_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    modules = {name for name in _tracked() if name.endswith(".py") and name.split("/")[0] in PACKAGES}
    assert modules <= set(wheel.namelist())


def test_the_console_script_and_the_drivers_are_declared(wheel: zipfile.ZipFile) -> None:
    (path,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    text = wheel.read(path).decode()
    assert "scopeacq = scopeacq.cli:main" in text
    assert "twin = hardware.simulator.driver:connect" in text


def test_torch_is_pinned_and_both_builds_of_opencv_are_not_installed() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any(requirement.startswith("torch==") for requirement in declared)
    # the plain build sets the plugin path to a Qt of its own and breaks PyQt5
    assert not any(requirement.startswith("opencv-python>") for requirement in declared)
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("opencv-python")
