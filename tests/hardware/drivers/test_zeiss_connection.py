"""SmartSEM that hangs, breaks down, is restarted, or says no: what gets past, and what works again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hardware.drivers.zeiss import assembled
from hardware.drivers.zeiss.apartment import Apartment
from hardware.drivers.zeiss.dispatch import Dispatched, Value
from hardware.errors import ConnectionLost, Deadline, HardwareError
from hardware.simulator.faults import VICTIMS, AtTime, Device, Fault, FaultKind
from hardware.transport.wire_log import NoLog
from hardware.types import StagePose
from tests.hardware.drivers.smartsem_rig import FRAME, NAME, PASS, Rig, answering, raising, smartsem_rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with smartsem_rig(tmp_path) as made:
        yield made


def test_what_brings_to_rest_gets_past_a_call_that_hangs(tmp_path: Path) -> None:
    with smartsem_rig(tmp_path, answer_s=1.2) as rig:
        rig.column.unblank()
        rig.stage.move(StagePose(z_um=6_000.0))
        ended: list[Exception] = []
        hung = threading.Thread(target=_ends, args=(rig.column.optics, ended))
        with rig.spoilt(rig.tampering.hanging("Get", "AP_WD")):
            hung.start()
            time.sleep(0.1)
            rig.column.blank()
            rig.stage.stop()
            rig.scanner.abort()
            assert hung.is_alive() and rig.nature.column.blanked
            hung.join()
        assert [type(error) for error in ended] == [Deadline]
        assert rig.column.optics().wd_um > 0  # by a new object on a new thread


def _ends(call: Callable[[], object], with_errors: list[Exception]) -> None:
    try:
        call()
    except HardwareError as error:
        with_errors.append(error)


def test_a_query_is_asked_again_on_a_new_object_and_a_command_is_not(rig: Rig) -> None:
    made = rig.tampering.made
    with rig.spoilt(raising(OSError("RPC server unavailable"), "Get", "AP_WD", times=1)):
        assert rig.column.optics() == rig.nature.column.optics
    assert rig.tampering.made == made + 1
    with (
        rig.spoilt(raising(OSError("RPC server unavailable"), "MoveStage", times=1)),
        pytest.raises(ConnectionLost, match="RPC server unavailable"),
    ):
        rig.stage.move(StagePose(x_um=100.0))
    assert rig.tampering.counted("MoveStage") == 1
    rig.stage.move(StagePose(x_um=100.0)).wait(100.0)


def test_a_smartsem_that_was_restarted_is_connected_anew(rig: Rig) -> None:
    """Its old objects do not break: they answer with a code, whatever they are asked."""

    def forgetful(method: str, _arguments: tuple[Value, ...]) -> object:
        return PASS if _made_anew(rig, made, method) else 1019

    made = rig.tampering.made
    with rig.spoilt(forgetful):
        assert rig.column.optics() == rig.nature.column.optics
    assert rig.tampering.made == made + 1

    made = rig.tampering.made
    with rig.spoilt(forgetful):
        with pytest.raises(ConnectionLost, match="the API is not initialised"):
            rig.column.unblank()
        assert rig.tampering.counted("Set", "DP_BEAM_BLANKING") == 1
        rig.column.unblank()


@pytest.mark.parametrize(
    "rest", [lambda rig: rig.column.blank(), lambda rig: rig.stage.stop(), lambda rig: rig.scanner.abort()]
)
def test_what_brings_to_rest_gets_through_after_smartsem_was_restarted(
    rig: Rig, rest: Callable[[Rig], object]
) -> None:
    """Its own object is seldom used, and nobody noticed that it died."""
    made = rig.tampering.made
    with rig.spoilt(lambda method, _: PASS if _made_anew(rig, made, method) else 2030):
        rest(rig)


def _made_anew(rig: Rig, made: int, method: str) -> bool:
    return rig.tampering.made > made or method == "InitialiseRemoting"


def test_whether_a_move_is_done_is_asked_past_a_call_that_hangs(tmp_path: Path) -> None:
    with smartsem_rig(tmp_path, answer_s=1.5) as rig:
        motion = rig.stage.move(StagePose(z_um=6_000.0))
        hung = threading.Thread(target=_ends, args=(rig.column.optics, []))
        with rig.spoilt(rig.tampering.hanging("Get", "AP_WD")):
            hung.start()
            time.sleep(0.1)
            assert not motion.done() and hung.is_alive()
            rig.tampering.ended.set()
            hung.join()


def test_a_new_object_has_one_deadline_for_all_of_its_making(tmp_path: Path, rig: Rig) -> None:
    def slow(method: str, _arguments: tuple[Value, ...]) -> object:
        if method == "InitialiseRemoting":
            time.sleep(0.25)
        return PASS

    def dispatch() -> Dispatched:
        time.sleep(0.25)
        return rig.tampering.dispatch()

    apartment = Apartment(NAME, dispatch, answer_s=1.0, opening_s=0.4, log=NoLog())
    with rig.spoilt(slow), pytest.raises(ConnectionLost, match=r"no answer within 0\.4 s"):
        apartment.invoke("Get", "AP_WD", 0.0)
    apartment.close()


def test_a_smartsem_without_a_user_is_not_connected(tmp_path: Path, rig: Rig) -> None:
    around = rig.around.surroundings(NAME, tmp_path)
    with (
        rig.spoilt(answering(2031, "InitialiseRemoting")),
        pytest.raises(ConnectionLost, match=r"code 2031.*log a user in"),
    ):
        assembled(rig.tampering.dispatch, rig.settings, around)


def test_a_closed_connection_stays_closed(rig: Rig) -> None:
    rig.close()
    rig.close()
    for call in (rig.column.optics, rig.column.blank, rig.stage.pose, lambda: rig.scanner.acquire(FRAME)):
        with pytest.raises(HardwareError, match="closed"):
            call()
    assert rig.tampering.counted("ClosingControl") == 2


def test_calls_and_answers_are_in_the_wire_log(rig: Rig, tmp_path: Path) -> None:
    rig.column.set_beam_shift_um(1.0, 2.0)
    log = (tmp_path / "wire.jsonl").read_text()
    assert "Set AP_BEAMSHIFT_X 2.0" in log and '"(0, 2.0)"' in log


STRICKEN: dict[Device, Callable[[Rig], object]] = {
    Device.COLUMN: lambda rig: rig.column.set_beam_shift_um(1.0, 2.0),
    Device.SCANNER: lambda rig: rig.scanner.acquire(FRAME),
    Device.DETECTOR: lambda rig: rig.detector.make_safe(),
    Device.STAGE: lambda rig: rig.stage.move(StagePose(x_um=100.0)).wait(100.0),
    Device.CHAMBER: lambda rig: rig.chamber.pressure_mbar(),
}


BEFALLS = [
    (device, kind)
    for kind in (FaultKind.UNPLUGGED, FaultKind.REFUSED, FaultKind.TIMEOUT)
    for device in STRICKEN
    if device in VICTIMS[kind]
]


@pytest.mark.parametrize(("device", "kind"), BEFALLS)
def test_what_befalls_the_microscope_is_told_and_goes_by(
    tmp_path: Path, device: Device, kind: FaultKind
) -> None:
    fault = Fault(device, kind, AtTime(1.0), n_times=3, lasts_s=10.0)
    with smartsem_rig(tmp_path, fault) as rig:
        rig.column.unblank()
        rig.around.link.call("clock.sleep", {"duration_s": 2.0})
        with pytest.raises(HardwareError) as error:
            STRICKEN[device](rig)
        assert error.value.what and error.value.advice
        rig.around.link.call("clock.sleep", {"duration_s": 20.0})
        for _ in range(3):
            with suppress(HardwareError):
                STRICKEN[device](rig)
        STRICKEN[device](rig)
