"""The main job on a microscope with AutoScript: decided and imaged as on the twin itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from hardware.drivers.thermo import DRIVER
from hardware.emulators.autoscript import AutoScriptServer, installed
from hardware.emulators.rehearsal import rehearsal
from hardware.microscope import Devices
from hardware.simulator.truth import IncidentTruth
from scopeacq import session
from scopeacq.journal.records import RunClosed, RunEnd
from scopeacq.plan.project import Project
from scopeacq.session import Session, open_session
from tests.contracts.autoscript_bench import NAME, settings_for
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.test_on_the_wire import told
from tests.scenarios.unplugging import Points
from tests.scenarios.wired import in_process, wired_run, without_networks


class FirstOf(Points):
    """Acts at the first point whose name has a word in it."""

    def __init__(self, word: str, act: Callable[[], None]) -> None:
        super().__init__(act=act)
        self._word = word

    def passed(self, name: str) -> None:
        if self._word in name and not any(self._word in before for before in self.names):
            self.act()
        super().passed(name)


def the_job() -> Project:
    return tiny_project(cycles=2, tiles=2)


@contextmanager
def by_autoscript(run: TinyRun, points: Points | None = None) -> Iterator[tuple[Session, AutoScriptServer]]:
    """The program on the twin, its electron microscope behind AutoScript's stand-in."""
    around, points = rehearsal(run.nature), points or Points()
    server = AutoScriptServer(around.link, run.nature.settings)

    def connect(_driver: str, _settings: Any, folder: Path) -> Devices:
        with installed(server):
            settings = settings_for(run.nature.settings)
            parts = DRIVER.connect(settings, around.surroundings(NAME, folder))
        return around.played_by(parts)

    with (
        mock.patch("hardware.microscope.connect_devices", connect),
        mock.patch.object(session, "Publisher", points.publisher),
        without_networks(),
        open_session(run.plan, on_commit=points.committed) as opened,
    ):
        yield opened, server


def test_the_same_is_decided_and_imaged(tmp_path: Path) -> None:
    plain, wired = (wired_run(tmp_path / name, the_job()) for name in ("plain", "wired"))
    with in_process(plain) as opened:
        assert opened.engine.run() is RunEnd.FINISHED
    with by_autoscript(wired) as (opened, _):
        assert opened.engine.run() is RunEnd.FINISHED
    expected, got = told(plain.records()), told(wired.records())
    assert len(got.planes) == 2 * 2
    assert got.planes == expected.planes, "checksums, sizes, scores and choices of all planes"
    assert got.decisions == expected.decisions
    assert [truth for truth in wired.truth if isinstance(truth, IncidentTruth)] == []


@pytest.mark.parametrize("point", ["Focusing", "Imaging", "Milling"])
def test_unplugged_it_pauses_with_a_reason_and_goes_on_when_it_is_back(tmp_path: Path, point: str) -> None:
    run = wired_run(tmp_path, tiny_project(cycles=2))
    servers: list[AutoScriptServer] = []
    points = FirstOf(point, lambda: servers[0].unplug())
    with by_autoscript(run, points) as (opened, server):
        servers.append(server)
        assert opened.engine.run() is RunEnd.PAUSED
        assert not run.nature.gun.open
    reason = [record.reason for record in run.records() if isinstance(record, RunClosed)][-1]
    assert NAME in reason
    with by_autoscript(run) as (opened, _):
        assert opened.engine.run() is RunEnd.FINISHED
