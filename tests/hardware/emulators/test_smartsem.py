"""The emulated SmartSEM refuses as the real one does, whatever a driver may ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hardware.contract.bench import trial_twin
from hardware.emulators.rehearsal import Rehearsal
from hardware.emulators.serving import LOOPBACK, Spoiled, Spoiling, TcpPort
from hardware.emulators.smartsem import ComError, Machine, RemoteSmartSem, SmartSem, Store, connect
from hardware.emulators.smartsem.entry import Value
from hardware.emulators.smartsem.server import ServerObject

MACHINE = Machine(stores=(Store(96, 64), Store(64, 64)))


@pytest.fixture
def around() -> Iterator[Rehearsal]:
    rehearsal = trial_twin()
    yield rehearsal
    rehearsal.twin.close()


@pytest.fixture
def sem(around: Rehearsal) -> SmartSem:
    return SmartSem(around.link, around.nature.settings, MACHINE)


@pytest.fixture
def server(sem: SmartSem) -> ServerObject:
    server = sem.object()
    assert server.invoke("InitialiseRemoting") == 0
    return server


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("Get", "AP_NOTHING", 0.0), 1000),
        (("Set", "AP_NOTHING", 1.0), 1004),
        (("Set", "AP_WD", 9.0), 1008),
        (("Set", "AP_WD", 1e-9), 1007),
        (("Set", "AP_WD", "4.5 mm"), 1009),
        (("Set", "DP_IMAGE_STORE", 7.0), 1005),
        (("Set", "DP_FREEZE_ON", "Never"), 1005),
        (("Set", "AP_ACTUALKV", 1.0), 1032),
        (("GetLimits", "DP_FROZEN", 0.0, 0.0), 1022),
        (("Execute", "CMD_NOTHING"), 1011),
        (("MoveStage", 9.0, 0.0, 0.0, 0.0, 0.0, 0.0), 1018),
        (("Grab", 0.0, 0.0, 1024.0, 768.0, 0.0, "frame.tif"), 1016),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(
    server: ServerObject, call: tuple[Value, ...], code: int
) -> None:
    assert server.invoke(*call) == code  # type: ignore[arg-type]


def test_nothing_is_answered_before_remoting_is_initialised(sem: SmartSem) -> None:
    assert sem.object().invoke("Get", "AP_WD", 0.0) == 1019


def test_states_are_words_or_indices(server: ServerObject) -> None:
    assert server.invoke("Get", "DP_FREEZE_ON", "") == (0, "End Frame")
    assert server.invoke("Get", "DP_FREEZE_ON", 0.0) == (0, 0.0)
    assert server.invoke("Get", "DP_FROZEN", 0.0) == 1002
    assert server.invoke("Set", "DP_FREEZE_ON", 2.0) == (0, 2.0)
    assert server.invoke("Get", "DP_FREEZE_ON", "") == (0, "Command")


def test_a_change_of_the_store_lets_the_scan_go_on(server: ServerObject) -> None:
    assert server.invoke("Get", "DP_FROZEN", "") == (0, "Frozen")
    server.invoke("Set", "DP_IMAGE_STORE", 1.0)
    assert server.invoke("Get", "DP_FROZEN", "") == (0, "Live")


def test_a_frame_that_nobody_freezes_is_not_grabbed(server: ServerObject, tmp_path: Path) -> None:
    server.invoke("Execute", "CMD_UNFREEZE_ALL")
    path = tmp_path / "frame.tif"
    assert server.invoke("Grab", 0.0, 0.0, 1024.0, 768.0, 0.0, str(path)) == 1016 and not path.exists()


def test_a_stage_that_touches_falls_and_does_nothing_else(around: Rehearsal, server: ServerObject) -> None:
    with around.nature.lock:
        around.nature.stage.touching = True
    x_m, y_m, z_m, *rest = server.invoke("GetStagePosition", *[0.0] * 6)[1:]  # type: ignore[index]
    assert server.invoke("Get", "DP_STAGE_TOUCH", "") == (0, "Yes")
    assert server.invoke("MoveStage", x_m + 1e-3, y_m, z_m, *rest) == 1018
    assert server.invoke("MoveStage", x_m, y_m, z_m - 1e-3, *rest) == 0


def test_objects_at_both_ends_of_a_wire(sem: SmartSem, server: ServerObject) -> None:
    with closing(TcpPort(RemoteSmartSem(sem))) as port:
        first, second = (connect(f"{LOOPBACK}:{port.port}") for _ in range(2))
        assert first.invoke("InitialiseRemoting") == 0
        assert second.invoke("Get", "AP_WD", 0.0) == 1019
        assert first.invoke("Get", "AP_WD", 0.0) == server.invoke("Get", "AP_WD", 0.0)
        port.spoiler.spoil(Spoiled(Spoiling.CUT_OFF))
        with pytest.raises(ComError):
            first.invoke("Get", "AP_WD", 0.0)
        port.unplug()
        with pytest.raises(ComError):
            second.invoke("InitialiseRemoting")
        with pytest.raises(ComError, match="unavailable"):
            connect(f"{LOOPBACK}:{port.port}")
        first.close()
        second.close()


@pytest.mark.parametrize("address", ["", "nowhere", "127.0.0.1:x"])
def test_an_address_that_is_none_raises_as_com_does(address: str) -> None:
    with pytest.raises(ComError):
        connect(address)
