"""What a TESCAN microscope does beside the contract: its senses, limits, waits, refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.contract.bench import trial_twin
from hardware.drivers.tescan import DRIVER, TescanSettings
from hardware.drivers.tescan.settings import BeamBlanker, Sense
from hardware.emulators.serving import Spoiling
from hardware.emulators.sharksem import SharkSemPort
from hardware.errors import (
    ConnectionLost,
    Deadline,
    Garbled,
    HardwareError,
    NotReached,
    Refused,
)
from hardware.parts import Part
from hardware.protocols import SpecimenCurrentMeter
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind
from hardware.types import FrameSettings, Optics, StagePose
from tests.contracts.tescan_bench import NAME, settings_for
from tests.hardware.drivers.tescan_bench import (
    Change,
    Station,
    nature_with,
    tescan_station,
    with_column,
    with_scan,
    with_stage,
)

SMALL = FrameSettings(96, 64, 10.0, 100.0)
LONG_S = 1e4


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with tescan_station(tmp_path) as opened:
        yield opened


# --- connecting ---


def test_it_is_recognised_at_its_port_and_nowhere_else(station: Station) -> None:
    found = DRIVER.recognise(f"127.0.0.1:{station.wire.port}")
    assert found is not None and found.settings == {"host": "127.0.0.1", "port": station.wire.port}
    assert "TESCAN" in found.says and "3.2.20" in found.says
    assert DRIVER.settings.model_validate(found.settings)
    for address in ("COM3", "USB0::1::INSTR", f"127.0.0.1:{station.wire.port + 1}"):
        assert DRIVER.recognise(address) is None


def test_an_old_protocol_is_refused(tmp_path: Path) -> None:
    around = trial_twin()
    with closing(SharkSemPort(around.link, version="2.0.22")) as wire:
        settings = settings_for(around.nature.settings, wire.port)
        with pytest.raises(Refused, match=r"2\.0\.22.*3\.2\.1 or later"):
            DRIVER.connect(settings, around.surroundings(NAME, tmp_path))
    around.twin.close()


@pytest.mark.parametrize(
    ("change", "listed"),
    [(with_scan(detector="Everhart"), "In-Beam SE"), (with_column(stigmator="octopole"), "Gun Tilt")],
)
def test_what_it_does_not_have_is_told_with_what_there_is(
    tmp_path: Path, change: Change, listed: str
) -> None:
    with pytest.raises(Refused, match=listed), tescan_station(tmp_path, change=change):
        pass


def test_who_plays_the_stage_alone_leaves_the_beam_alone(station: Station, tmp_path: Path) -> None:
    station.devices.column.unblank()
    settings = with_scan(detector="none")(settings_for(station.nature.settings, station.wire.port))
    around = replace(station.around.surroundings("stage", tmp_path), plays=frozenset({Part.STAGE}))
    parts = DRIVER.connect(settings, around)
    assert parts.stage is not None and parts.column is None and parts.scanner is None
    assert not station.devices.column.state().blanked
    parts.close()


def test_the_window_of_the_microscope_scans_no_more(station: Station) -> None:
    assert station.sent("GUISetScanning") == station.sent("DtSelect") == 1


def test_two_programs_take_turns(station: Station, tmp_path: Path) -> None:
    """Images go to who registered last; the other registers again with its next frame."""
    settings = settings_for(station.nature.settings, station.wire.port)
    other = DRIVER.connect(settings, station.around.surroundings("other", tmp_path))
    assert other.scanner is not None
    assert other.scanner.acquire(SMALL).image.size
    with pytest.raises(ConnectionLost):
        station.devices.scanner.acquire(SMALL)
    assert station.devices.scanner.acquire(SMALL).image.size
    other.close()


def refused(call: Callable[[], object], said: str, kind: type[HardwareError] = Refused) -> None:
    with pytest.raises(kind, match=said) as raised:
        call()
    assert raised.value.device == NAME and raised.value.advice


def test_what_it_will_not_do_is_refused(station: Station) -> None:
    """Each lie is a microscope that ignores what it was told, or says that it will not."""
    devices, wire = station.devices, station.wire
    column = devices.column
    assert isinstance(column, SpecimenCurrentMeter)
    doings: list[tuple[dict[str, tuple[int | str, ...]], Callable[[], object], str]] = [
        ({"ScGetBlanker": (0,)}, column.blank, "does not read back as blanked"),
        ({"ScGetBlanker": (1,)}, column.unblank, "stays blanked"),
        ({"ScScanXY": (-1,)}, column.specimen_current_na, "refuses the scan"),
        ({"ScScanXY": (-1,)}, lambda: devices.scanner.acquire(SMALL), "refuses the frame"),
        ({"DtGetEnabled": (1, 12)}, lambda: devices.scanner.acquire(SMALL), "does not give 8 bits"),
        ({"DtStateEnum": (0,)}, devices.detector.make_safe, "no protection"),
        ({"DtStateGet": (0,)}, devices.detector.make_safe, "stays off"),
        ({"HVGetBeam": (0,)}, lambda: column.set_eht(True), "reads 0 instead"),
        ({"StgMoveToEx": (-2,)}, lambda: devices.stage.move(StagePose(x_um=1.0)), "not calibrated"),
        ({"StgMoveToEx": (-9,)}, lambda: devices.stage.move(StagePose(x_um=1.0)), "answers -9"),
    ]
    for lies, call, said in doings:
        wire.lies.update(lies)
        refused(call, said)
        wire.lies.clear()
    assert devices.scanner.acquire(SMALL).image.size


def test_what_never_ends_has_a_deadline(station: Station) -> None:
    devices, wire = station.devices, station.wire
    doings: list[tuple[dict[str, tuple[int | str, ...]], Callable[[], object], str]] = [
        ({"HVGetBeam": (1000,)}, lambda: devices.column.set_eht(True), "neither on nor off"),
        ({"StgIsBusy": (1,)}, devices.stage.stop, "goes on"),
    ]
    for lies, call, said in doings:
        wire.lies.update(lies)
        refused(call, said, Deadline)
        wire.lies.clear()


def test_a_beam_that_takes_its_time_is_waited_for(tmp_path: Path) -> None:
    with tescan_station(tmp_path, settles_s=0.4) as station:
        for on in (False, True):
            station.devices.column.set_eht(on)
            assert station.devices.column.state().eht_on is on


@pytest.mark.parametrize(("name", "index"), [("SE", 2), ("in-beam", 0), ("BSE", 1)])
def test_a_detector_is_not_taken_for_one_whose_name_contains_its_own(
    station: Station, tmp_path: Path, name: str, index: int
) -> None:
    listed = "".join(
        f"det.{n}.name={known}\ndet.{n}.detector={n}\n"
        for n, known in enumerate(("In-Beam SE", "BSE", "SE"))
    )
    station.wire.lies["DtEnumDetectors"] = (listed,)
    settings = with_scan(detector=name)(settings_for(station.nature.settings, station.wire.port))
    DRIVER.connect(settings, station.around.surroundings("another", tmp_path)).close()
    told = station.last("DtSelect")
    assert (told.integer(), told.integer()) == (0, index)


def test_a_name_that_could_be_of_several_is_refused(station: Station, tmp_path: Path) -> None:
    settings = with_scan(detector="S")(settings_for(station.nature.settings, station.wire.port))
    with pytest.raises(Refused, match="more than one detector 'S'"):
        DRIVER.connect(settings, station.around.surroundings("another", tmp_path))


def test_answers_without_sense_are_garbled(station: Station) -> None:
    for lie in ((), ("nan",), ("1e400",), ("4.5.6",)):
        station.wire.lies["GetWD"] = lie
        refused(station.devices.column.optics, "GetWD: ", Garbled)


def test_a_list_of_speeds_without_sense_is_told(station: Station, tmp_path: Path) -> None:
    settings = settings_for(station.nature.settings, station.wire.port)
    station.wire.lies["ScEnumSpeeds"] = ("speed.1.dwell=quick",)
    with pytest.raises(Refused, match="ScEnumSpeeds"):
        DRIVER.connect(settings, station.around.surroundings("another", tmp_path))


def test_a_registration_without_sense_is_garbled(station: Station, tmp_path: Path) -> None:
    settings = settings_for(station.nature.settings, station.wire.port)
    station.wire.lies["TcpRegDataPort"] = ()
    with pytest.raises(Garbled, match="TcpRegDataPort"):
        DRIVER.connect(settings, station.around.surroundings("another", tmp_path))


# --- column and detector ---


def test_optics_are_waited_for_on_the_instruments_clock(tmp_path: Path) -> None:
    with tescan_station(tmp_path, settles_s=0.4) as station:
        clock, before_s = station.devices.clock, station.devices.clock.now_s()
        station.devices.column.set_optics(Optics(4_510.0, 0.5, 0.5))
        assert 0.4 + 0.12 <= clock.now_s() - before_s <= 0.7
        station.devices.detector.make_safe()
        assert station.devices.detector.state().safe


def test_optics_that_never_settle_are_an_error(tmp_path: Path) -> None:
    with tescan_station(tmp_path, settles_s=1e6) as station:
        calls: list[Callable[[], object]] = [
            lambda: station.devices.column.set_optics(Optics(4_510.0, 0.5, 0.5)),
            lambda: station.devices.column.set_eht(False),
            lambda: station.devices.detector.make_safe(),
        ]
        for call in calls:
            with pytest.raises(Deadline):
                call()


def test_what_the_microscope_silently_limits_is_noticed(tmp_path: Path) -> None:
    change = with_column(wd_limits_um=(100.0, 1e6), stig_limits=(-1e3, 1e3), beam_shift_limit_um=1e3)
    with tescan_station(tmp_path, change=change) as station:
        column, scanner = station.devices.column, station.devices.scanner
        calls: list[Callable[[], object]] = [
            lambda: column.set_optics(Optics(200_000.0, 0.0, 0.0)),
            lambda: column.set_optics(Optics(4_500.0, 0.0, 300.0)),
            lambda: column.set_beam_shift_um(300.0, 0.0),
            lambda: scanner.acquire(FrameSettings(64, 64, 1e6, 100.0)),
        ]
        for call in calls:
            with pytest.raises(NotReached):
                call()


def test_a_beam_that_poor_vacuum_keeps_off_is_refused(tmp_path: Path) -> None:
    lost = Fault(kind=FaultKind.LOST_VACUUM, device=Device.CHAMBER, trigger=AfterCalls(1))
    with tescan_station(tmp_path, nature_with(lost)) as station:
        station.devices.column.set_eht(False)
        for _ in range(3):
            station.devices.chamber.pressure_mbar()
        station.devices.clock.sleep(100.0)
        with pytest.raises(Refused, match="vacuum"):
            station.devices.column.set_eht(True)


def test_senses_are_the_microscopes_own(tmp_path: Path, station: Station) -> None:
    def opposite(s: TescanSettings) -> TescanSettings:
        turned = with_stage(x=Sense.OPPOSITE, z=Sense.SAME, z_origin_um=0.0, rotation=Sense.OPPOSITE)(s)
        turned = with_column(beam_shift_y=Sense.OPPOSITE)(turned)
        return with_scan(rotation=Sense.OPPOSITE)(turned)

    settings = opposite(settings_for(station.nature.settings, station.wire.port))
    parts = DRIVER.connect(settings, station.around.surroundings("mirrored", tmp_path))
    assert parts.stage is not None and parts.column is not None and parts.scanner is not None
    station.devices.stage.move(StagePose(10.0, 20.0, 25_000.0, 1.0, 2.0)).wait(LONG_S)
    assert parts.stage.pose() == StagePose(-10.0, 20.0, 5_000.0, 1.0, -2.0)
    assert parts.stage.limits["z_um"].low == 1_000.0
    parts.column.set_beam_shift_um(1.0, 2.0)
    assert station.devices.column.beam_shift_um() == (1.0, -2.0)
    own = station.around.twin.scanner.acquire(replace(SMALL, scan_rot_deg=-30.0))
    assert parts.scanner.acquire(replace(SMALL, scan_rot_deg=30.0)).settings.scan_rot_deg == 30.0
    assert own.settings.scan_rot_deg == -30.0
    parts.close()


def test_a_magnetic_blanker_blanks_while_nothing_scans(tmp_path: Path) -> None:
    change = with_column(blanker=BeamBlanker.MAGNETIC, unblanking_s=1.0)
    with tescan_station(tmp_path, change=change) as station:
        column, clock = station.devices.column, station.devices.clock
        assert column.state().blanked
        assert isinstance(column, SpecimenCurrentMeter)
        with pytest.raises(Refused, match="magnetic"):
            column.specimen_current_na()
        before_s = clock.now_s()
        column.unblank()
        assert not column.state().blanked and clock.now_s() - before_s == 1.0
        assert column.specimen_current_na() > 0


def test_a_detector_that_is_safe_stays_so_on_a_new_connection(station: Station) -> None:
    station.devices.detector.make_safe()
    station.wire.unplug()
    station.wire.plug_in()
    station.nature.detector = replace(station.nature.detector, hv_on=True)  # it ended with the session
    assert station.devices.chamber.pressure_mbar() > 0
    assert station.devices.detector.state().safe
    station.devices.detector.restore(replace(station.devices.detector.state(), hv_on=True))
    station.wire.unplug()
    station.wire.plug_in()
    assert station.devices.detector.state().hv_on


def test_the_specimen_current_is_the_one_of_the_cup(station: Station) -> None:
    column = station.devices.column
    assert isinstance(column, SpecimenCurrentMeter)
    assert column.specimen_current_na() == pytest.approx(
        station.around.twin.ion_current.measure().current_na, rel=0.05
    )
    station.devices.gun.set_hv(True)
    station.around.firmware.blanker("open")
    with pytest.raises(HardwareError, match="GetIAbsorbed"):
        column.specimen_current_na()
    station.around.firmware.blanker("blank")


def test_no_scan_is_left_running_for_a_current_that_could_not_be_measured(station: Station) -> None:
    column = station.devices.column
    assert isinstance(column, SpecimenCurrentMeter)
    for how in (Spoiling.SILENT, Spoiling.GARBAGE):
        station.spoil(how, "ScScanXY", times=1)
        with pytest.raises(HardwareError, match="ScScanXY"):
            column.specimen_current_na()
        assert station.devices.scanner.acquire(SMALL).image.size  # refused while anything scans
