"""Whatever function of SharkSEM fails, in whatever way: a typed error, and no command sent twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from hardware.drivers.tescan import DRIVER, TescanSettings
from hardware.emulators.serving import Spoiled, Spoiling
from hardware.errors import BadFrame, ConnectionLost, Deadline, Garbled, HardwareError
from hardware.microscope import Devices
from hardware.protocols import SpecimenCurrentMeter
from hardware.types import FrameSettings, Optics, StagePose
from tests.contracts.tescan_bench import NAME, settings_for
from tests.hardware.drivers.tescan_bench import Station, tescan_station

SMALL = FrameSettings(64, 48, 10.0, 100.0)
FRAMES = cycle((SMALL, FrameSettings(64, 48, 12.0, 100.0, scan_rot_deg=5.0, bit_depth=16)))
"""No two in a row are alike, so that all is set for each."""

BROKEN_WIRES = (Spoiling.CUT_OFF, Spoiling.GARBAGE, Spoiling.WRONG_ECHO)
ANSWER_S = 0.3
N_ASKED = 3
Call = Callable[[Devices], object]


def scan(devices: Devices) -> object:
    return devices.scanner.acquire(next(FRAMES))


def current(devices: Devices) -> object:
    assert isinstance(devices.column, SpecimenCurrentMeter)
    return devices.column.specimen_current_na()


def shift(devices: Devices) -> None:
    devices.column.set_beam_shift_um(1.0, 2.0)


def focus(devices: Devices) -> None:
    devices.column.set_optics(Optics(4_510.0, 1.0, -1.0))


def restore(devices: Devices) -> None:
    devices.detector.restore(replace(devices.detector.state(), hv_on=True))


QUERIES: dict[str, Call] = {
    "GetWD": lambda devices: devices.column.optics(),
    "GetCentering": lambda devices: devices.column.optics(),
    "GetImageShift": lambda devices: devices.column.beam_shift_um(),
    "HVGetBeam": lambda devices: devices.column.state(),
    "HVGetVoltage": lambda devices: devices.column.state(),
    "GetBeamCurrent": lambda devices: devices.column.state(),
    "ScGetBlanker": lambda devices: devices.column.state(),
    "IsBusy": focus,
    "GetIAbsorbed": current,
    "DtGetSelected": scan,
    "DtGetEnabled": scan,
    "GetViewField": scan,
    "GetImageRot": scan,
    "DtGetGainBlack": lambda devices: devices.detector.state(),
    "DtStateGet": lambda devices: devices.detector.state(),
    "DtStateEnum": lambda devices: devices.detector.make_safe(),
    "StgGetPosition": lambda devices: devices.stage.pose(),
    "StgIsBusy": lambda devices: devices.stage.move(StagePose(x_um=5.0)).wait(100.0),
    "VacGetPressure": lambda devices: devices.chamber.pressure_mbar(),
}
COMMANDS: dict[str, Call] = {
    "SetWD": focus,
    "SetCentering": focus,
    "SetImageShift": shift,
    "ScSetBlanker": lambda devices: devices.column.unblank(),
    "HVBeamOff": lambda devices: devices.column.set_eht(False),
    "HVBeamOn": lambda devices: devices.column.set_valve(True),
    "DtEnable": scan,
    "SetViewField": scan,
    "SetImageRot": scan,
    "ScScanXY": scan,
    "ScStopScan": lambda devices: devices.scanner.abort(),
    "DtSetGainBlack": restore,
    "DtStateSet": restore,
    "StgMoveToEx": lambda devices: devices.stage.move(StagePose(x_um=5.0)),
    "StgStop": lambda devices: devices.stage.stop(),
}
AT_CONNECTING = (
    "TcpGetVersion",
    "TcpRegDataPort",
    "EnumCenterings",
    "DtEnumDetectors",
    "ScEnumSpeeds",
    "StgGetLimits",
    "DtSelect",
    "GUISetScanning",
)
ONLY_WHEN_REFUSED = {"VacGetStatus"}


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    """An emulator is back as soon as it is plugged in: no port has to appear first."""
    monkeypatch.setattr("hardware.transport.dialogue.REPLUGGING_S", 0.0)
    with tescan_station(tmp_path, change=impatient) as opened:
        yield opened


def impatient(settings: TescanSettings) -> TescanSettings:
    return settings.model_copy(update={"answer_s": ANSWER_S})


def fails(call: Callable[[], object], function: str) -> None:
    with pytest.raises((Deadline, ConnectionLost, Garbled)) as raised:
        call()
    error = raised.value
    assert error.device == NAME and error.what.startswith(f"{function}: ") and error.advice


@pytest.mark.parametrize("how", BROKEN_WIRES)
def test_a_query_is_asked_again_after_a_broken_answer(station: Station, how: Spoiling) -> None:
    for function, call in QUERIES.items():
        before = station.sent(function)
        station.spoil(how, function, times=2)
        call(station.devices)  # the third time it is heard
        assert station.sent(function) - before >= 3, function


@pytest.mark.parametrize("how", BROKEN_WIRES)
def test_a_query_that_is_never_answered_well_names_itself(station: Station, how: Spoiling) -> None:
    for function, call in QUERIES.items():
        station.spoil(how, function, times=N_ASKED)
        fails(lambda call=call: call(station.devices), function)  # type: ignore[misc]


@pytest.mark.parametrize("function", ["GetWD", "IsBusy", "DtGetSelected", "StgIsBusy", "VacGetPressure"])
def test_a_query_that_is_never_answered_names_itself(station: Station, function: str) -> None:
    station.spoil(Spoiling.SILENT, function, times=N_ASKED)
    fails(lambda: QUERIES[function](station.devices), function)


@pytest.mark.parametrize("how", (Spoiling.SILENT, *BROKEN_WIRES))
def test_a_command_that_fails_is_never_sent_twice(station: Station, how: Spoiling) -> None:
    for function, call in COMMANDS.items():
        before = station.sent(function)
        station.spoil(how, function, times=1)
        fails(lambda call=call: call(station.devices), function)  # type: ignore[misc]
        assert station.sent(function) - before == 1, function
        station.devices.stage.stop()  # what was not answered may have been done
        call(station.devices)


@pytest.mark.parametrize("function", AT_CONNECTING)
def test_connecting_to_a_bad_wire_is_a_typed_error(station: Station, function: str, tmp_path: Path) -> None:
    settings = impatient(settings_for(station.nature.settings, station.wire.port))
    for how in BROKEN_WIRES:
        station.spoil(how, function, times=N_ASKED)
        with pytest.raises(HardwareError) as raised:
            DRIVER.connect(settings, station.around.surroundings("another", tmp_path))
        assert raised.value.device == "another" and raised.value.advice
        station.wire.spoiler.clear()


def test_every_function_that_the_driver_calls_is_made_to_fail(station: Station) -> None:
    for call in (*QUERIES.values(), *COMMANDS.values()):
        call(station.devices)
    known = {*QUERIES, *COMMANDS, *AT_CONNECTING, *ONLY_WHEN_REFUSED}
    assert station.functions() <= known and known - station.functions() <= ONLY_WHEN_REFUSED


@pytest.mark.parametrize("how", (Spoiling.SILENT, *BROKEN_WIRES))
def test_a_spoilt_piece_of_an_image_never_becomes_a_frame(station: Station, how: Spoiling) -> None:
    station.spoil(how, "ScData", times=1)
    with pytest.raises((BadFrame, Garbled, ConnectionLost)) as raised:
        scan(station.devices)
    assert raised.value.device == NAME and raised.value.advice
    scan(station.devices)


def test_a_late_piece_is_waited_for(station: Station) -> None:
    station.spoil(Spoiling.LATE, "ScData", times=1, late_s=0.4)
    scan(station.devices)


def test_a_cable_that_is_out_is_a_lost_connection(station: Station) -> None:
    for call in (QUERIES | COMMANDS).values():
        station.wire.unplug()
        with pytest.raises(ConnectionLost) as raised:
            call(station.devices)
        assert raised.value.advice
        station.wire.plug_in()
        call(station.devices)
        station.devices.stage.stop()


@pytest.mark.parametrize(
    "rest",
    [
        lambda devices: devices.column.blank(),
        lambda devices: devices.stage.stop(),
        lambda devices: devices.scanner.abort(),
    ],
)
def test_what_brings_to_rest_gets_through_though_its_connection_died_unnoticed(
    station: Station, rest: Call
) -> None:
    """As behind a firewall that forgets connections on which nothing was said for long."""
    station.wire.spoiler.spoil(Spoiled(Spoiling.SILENT))
    rest(station.devices)


def test_nobody_at_the_port_is_told_so(tmp_path: Path, station: Station) -> None:
    settings = settings_for(station.nature.settings, station.wire.port)
    station.wire.unplug()
    with pytest.raises(ConnectionLost, match="nobody answers"):
        DRIVER.connect(settings, station.around.surroundings(NAME, tmp_path))
    station.wire.plug_in()
