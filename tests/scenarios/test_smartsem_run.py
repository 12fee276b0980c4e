"""The main job on a microscope under SmartSEM: decided and imaged as on the twin itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from hardware.drivers.zeiss import DRIVER, ZeissSettings
from hardware.emulators.rehearsal import rehearsal
from hardware.emulators.serving import LOOPBACK, TcpPort
from hardware.emulators.smartsem import Machine, RemoteSmartSem, SmartSem, Store, table_of
from hardware.microscope import Devices
from hardware.simulator.truth import IncidentTruth
from scopeacq.journal.records import RunEnd
from scopeacq.plan.project import Project
from scopeacq.session import Session, open_session
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.test_on_the_wire import told
from tests.scenarios.wired import in_process, wired_run, without_networks

MACHINE = Machine(
    stores=(Store(1024, 768), Store(64, 64), Store(183, 183)),
    dwells_ns=(50.0, 100.0, 200.0),
)


def the_job() -> Project:
    return tiny_project(cycles=2, tiles=2)


@contextmanager
def by_smartsem(run: TinyRun) -> Iterator[Session]:
    """The program on the twin, its electron microscope behind SmartSEM's remote control, over TCP."""
    twin, around = run.nature.settings, rehearsal(run.nature)
    with closing(TcpPort(RemoteSmartSem(SmartSem(around.link, twin, MACHINE)))) as wire:
        table = table_of(MACHINE, twin, f"{LOOPBACK}:{wire.port}")

        def connect(_driver: str, _settings: Any, folder: Path) -> Devices:
            settings = ZeissSettings.model_validate(table)
            return around.played_by(DRIVER.connect(settings, around.surroundings("SEM", folder)))

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
    with by_smartsem(wired) as opened:
        assert opened.engine.run() is RunEnd.FINISHED
    expected, got = told(plain.records()), told(wired.records())
    assert len(got.planes) == 2 * 2
    assert got.planes == expected.planes, "checksums, sizes, scores and choices of all planes"
    assert got.decisions == expected.decisions
    assert [truth for truth in wired.truth if isinstance(truth, IncidentTruth)] == []
