"""The main job on a microscope with AutoScript: decided and imaged as on the twin itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from hardware.drivers.thermo import DRIVER
from hardware.emulators.autoscript import AutoScriptServer, installed
from hardware.emulators.rehearsal import rehearsal
from hardware.microscope import Devices
from hardware.simulator.truth import IncidentTruth
from scopeacq.journal.records import RunEnd
from scopeacq.plan.project import Project
from scopeacq.session import Session, open_session
from tests.contracts.autoscript_bench import NAME, settings_for
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.test_on_the_wire import told
from tests.scenarios.wired import in_process, wired_run, without_networks


def the_job() -> Project:
    return tiny_project(cycles=2, tiles=2)


@contextmanager
def by_autoscript(run: TinyRun) -> Iterator[Session]:
    """The program on the twin, its electron microscope behind AutoScript's stand-in."""

    def connect(_driver: str, _settings: Any, folder: Path) -> Devices:
        around = rehearsal(run.nature)
        twin = run.nature.settings
        with installed(AutoScriptServer(around.link, twin)):
            parts = DRIVER.connect(settings_for(twin), around.surroundings(NAME, folder))
        return around.played_by(parts)

    with (
        mock.patch("hardware.microscope.connect_devices", connect),
        without_networks(),
        open_session(run.plan) as opened,
    ):
        yield opened


def test_the_same_is_decided_and_imaged(tmp_path: Path) -> None:
    plain, wired = (wired_run(tmp_path / name, the_job()) for name in ("plain", "wired"))
    with in_process(plain) as opened:
        assert opened.engine.run() is RunEnd.FINISHED
    with by_autoscript(wired) as opened:
        assert opened.engine.run() is RunEnd.FINISHED
    expected, got = told(plain.records()), told(wired.records())
    assert len(got.planes) == 2 * 2
    assert got.planes == expected.planes, "checksums, sizes, scores and choices of all planes"
    assert got.decisions == expected.decisions
    assert [truth for truth in wired.truth if isinstance(truth, IncidentTruth)] == []
