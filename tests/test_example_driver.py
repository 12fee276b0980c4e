"""The template that authors of drivers copy: found by its entry point, and it keeps the contract."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hardware.parts import DeviceDriver, Part

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "scopeacq_example_driver"


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> EntryPoint:
    """Its entry point, as if it were installed."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((name, target),) = project["entry-points"]["scopeacq.devices"].items()
    return EntryPoint(name, target, "scopeacq.devices")


def test_its_entry_point_is_a_driver(entry: EntryPoint) -> None:
    driver = entry.load()
    assert isinstance(driver, DeviceDriver) and driver.plays == {Part.RASTER}
    fields = driver.settings.model_fields.values()
    assert all(field.title and field.description for field in fields), "the wizard asks by these"


def test_its_own_tests_pass_with_the_shipped_contract() -> None:
    done = run_its_tests(EXAMPLE)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout and "deselected" in done.stdout


def test_a_driver_that_checks_no_amplitude_does_not_pass(tmp_path: Path) -> None:
    copy = tmp_path / EXAMPLE.name
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    module = copy / "scopeacq_example_driver" / "generator.py"
    careless = module.read_text(encoding="utf-8").replace("if value not in allowed", "if False")
    module.write_text(careless, encoding="utf-8")
    done = run_its_tests(copy, "-k", "amplitudes")
    assert done.returncode == 1, done.stdout[-4000:]
    assert "amplitudes_beyond_the_generator_change_nothing" in done.stdout


def run_its_tests(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """As its author runs them, with scopeacq installed."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder)))},
        capture_output=True,
        text=True,
        timeout=120,
    )
