"""The template that authors of drivers copy: found by its entry point, and it keeps the contract."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from hardware.contract.bench import Bench, rehearsed, trial_twin
from hardware.contract.suite import honesty, ions, wires
from hardware.emulators.serving import LOOPBACK, Spoiling, TcpPort
from hardware.errors import HardwareError
from hardware.parts import DeviceDriver, Part
from hardware.transport.dialogue import Dialogue

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "scopeacq_example_driver"


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> EntryPoint:
    """Its entry point, as if it were installed."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((name, target),) = project["entry-points"]["scopeacq.devices"].items()
    return EntryPoint(name, target, "scopeacq.devices")


@pytest.fixture
def driver(entry: EntryPoint) -> DeviceDriver:
    driver = entry.load()
    assert isinstance(driver, DeviceDriver)
    return driver


@pytest.fixture
def generator(driver: DeviceDriver) -> Any:
    """The module of the device."""
    return import_module("scopeacq_example_driver.generator")


@pytest.fixture
def bench(driver: DeviceDriver, tmp_path: Path) -> Iterator[Bench]:
    """As in its own tests."""
    around = trial_twin()
    emulated = import_module("scopeacq_example_driver.emulator").EmulatedRG2(around.link)
    with closing(TcpPort(emulated)) as wire:
        settings = driver.settings.model_validate({"host": LOOPBACK, "port": wire.port, "answer_s": 0.1})
        parts = driver.connect(settings, around.surroundings("raster generator", tmp_path))
        tried = rehearsed(around, parts, wires=[wire])
        yield tried
        tried.devices.close()


def test_its_entry_point_is_a_driver(driver: DeviceDriver) -> None:
    assert driver.plays == {Part.RASTER}
    fields = driver.settings.model_fields.values()
    assert all(field.title and field.description for field in fields), "the wizard asks by these"


def test_its_own_tests_pass_with_the_shipped_contract() -> None:
    """As its author runs them, with scopeacq installed; plugins of pytest it does not need stay out."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_timeout"],
        cwd=EXAMPLE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(EXAMPLE))),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout and "deselected" in done.stdout


def checks_no_amplitude(generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "require_within", lambda *_: None)


def reads_nothing_back(generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.RasterGenerator, "_compare", lambda *_: None)


def starts_again_when_nobody_answers(generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dialogue, "command", Dialogue.ask)


def swallows_errors(generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    once = generator.RasterGenerator._command

    def command(self: Any, words: str) -> None:
        try:
            once(self, words)
        except HardwareError:
            return

    monkeypatch.setattr(generator.RasterGenerator, "_command", command)
    monkeypatch.setattr(generator.RasterGenerator, "_run", lambda self, on: self._command(f"RUN {on:d}"))


def lets_other_errors_out(generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.RasterGenerator, "_garbled", lambda _self, said: ValueError(said))


AMPLITUDES = ions.test_amplitudes_beyond_the_generator_change_nothing
DOES_NOTHING = honesty.test_a_device_that_says_yes_and_does_nothing_is_found_out
LOST = honesty.test_a_command_whose_answer_is_lost_is_not_given_again
UNPLUGGED = wires.test_no_call_to_an_unplugged_device_succeeds_and_it_is_back_when_it_is_plugged_in
SPOILT = wires.test_a_reading_after_a_spoilt_answer_is_true_or_an_error


@pytest.mark.parametrize(
    ("plant", "found_by"),
    [
        (checks_no_amplitude, lambda bench: AMPLITUDES(bench, bench.devices, "x_vpp")),
        (reads_nothing_back, lambda bench: DOES_NOTHING(bench, bench.devices, Part.RASTER)),
        (starts_again_when_nobody_answers, lambda bench: LOST(bench, Part.RASTER)),
        (swallows_errors, lambda bench: UNPLUGGED(bench)),
        (lets_other_errors_out, lambda bench: SPOILT(bench, Spoiling.WRONG_ECHO)),
    ],
)
def test_a_fault_that_is_planted_into_it_is_found(
    bench: Bench,
    generator: Any,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[Any, pytest.MonkeyPatch], None],
    found_by: Callable[[Bench], None],
) -> None:
    found_by(bench)
    plant(generator, monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception, HardwareError, ValueError)):
        found_by(bench)
