"""The plasma cleaner and its interlock: it burns only in a safe instrument, and is off on every way out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware.contract.bench import trial_twin
from hardware.drivers.ibss_gv10x import DRIVER, GV10x, GV10xSettings, recognise
from hardware.emulators.ibss_gv10x import GV10xEmulator
from hardware.emulators.rehearsal import Rehearsal
from hardware.emulators.serving import Spoiled, Spoiling, Terminal
from hardware.errors import (
    ConnectionLost,
    Deadline,
    HardwareError,
    Interlocked,
    NotReached,
    OutOfRange,
    Refused,
)
from hardware.simulator.faults import AtTime, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.simulator.nature import Nature
from tests.hardware.drivers.overheard import Overheard

ANSWER_S = 0.2
MINUTE_S = 60.0


@dataclass
class Rig:
    around: Rehearsal
    device: GV10xEmulator
    box: Overheard
    wire: Terminal
    cleaner: GV10x

    @property
    def nature(self) -> Nature:
        return self.around.nature

    def asleep(self, happening: Callable[[], None]) -> None:
        """Let something happen once the plasma has burned for a while."""
        execute = self.around.firmware.execute

        def watched(command: str, values: dict[str, object]) -> object:
            if command == "clock.sleep" and self.device.burns:
                happening()
            return execute(command, values)

        self.around.firmware.execute = watched  # type: ignore[method-assign, assignment]


def make_safe(nature: Nature) -> None:
    nature.column.eht_on = nature.column.valve_open = nature.gun.hv_on = False


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A cleaner in an instrument in which it may burn."""
    around = trial_twin()
    make_safe(around.nature)
    device = GV10xEmulator(around.link)
    box = Overheard(device)
    with closing(Terminal(box, tmp_path / "cleaner")) as wire:
        settings = GV10xSettings(port=str(wire.path), answer_s=ANSWER_S)
        parts = DRIVER.connect(settings, around.surroundings("plasma cleaner", tmp_path))
        assert isinstance(parts.cleaner, GV10x)
        box.requests.clear()
        yield Rig(around, device, box, wire, parts.cleaner)
        parts.close()


def told(error: pytest.ExceptionInfo[HardwareError]) -> str:
    assert error.value.device == "plasma cleaner" and error.value.what and error.value.advice
    return str(error.value)


def test_it_burns_as_long_as_it_was_asked_and_is_off_then(rig: Rig) -> None:
    before_s = rig.nature.clock.now_s()
    rig.cleaner.clean(25.0, 90.0)
    assert rig.nature.clock.now_s() - before_s == pytest.approx(90.0)
    assert (rig.device.watts, rig.device.minutes, rig.device.lit_at_s) == (25, 2, None)
    said = [request.strip() for request in rig.box.requests]
    assert said[:5] == [b"W25", b"W", b"M02", b"M", b"P1"] and said[-1] == b"P0"
    assert set(said[5:-1]) == {b"W"}
    assert said.count(b"P1") == said.count(b"P0") == 1


@pytest.mark.parametrize(("power_w", "duration_s"), [
    (0.0, 60.0), (51.0, 60.0), (12.5, 60.0), (math.nan, 60.0), (math.inf, 60.0), (-5.0, 60.0),
    (20.0, 0.0), (20.0, -1.0), (20.0, 99 * MINUTE_S + 1), (20.0, math.nan), (20.0, math.inf),
])  # fmt: skip
def test_what_cannot_be_set_sends_nothing(rig: Rig, power_w: float, duration_s: float) -> None:
    with pytest.raises(OutOfRange) as error:
        rig.cleaner.clean(power_w, duration_s)
    told(error)
    assert rig.box.requests == []


# --- its interlock ---


def test_all_reasons_against_are_told_and_nothing_is_sent(rig: Rig) -> None:
    nature = rig.nature
    nature.column.eht_on = nature.column.valve_open = nature.gun.hv_on = True
    nature.chamber.pressure_mbar = 5e-9
    with pytest.raises(Interlocked) as error:
        rig.cleaner.clean(20.0, 60.0)
    assert error.value.reasons == [
        "The EHT is on",
        "The column valve is open",
        "The ion gun's high voltage is on",
        "The chamber pressure is 5.0e-09 mbar, allowed 1e-08 to 0.1",
    ]
    told(error)
    assert rig.box.requests == [] and rig.device.lit_at_s is None


@pytest.mark.parametrize("pressure_mbar", [math.nan, math.inf, 0.0, 1.0])
def test_a_pressure_that_is_none_locks(rig: Rig, pressure_mbar: float) -> None:
    rig.nature.chamber.pressure_mbar = pressure_mbar
    with pytest.raises(Interlocked, match="chamber pressure"):
        rig.cleaner.clean(20.0, 60.0)
    assert rig.box.requests == []


CHANGES: dict[str, Callable[[Nature], None]] = {
    "EHT": lambda nature: setattr(nature.column, "eht_on", True),
    "column valve": lambda nature: setattr(nature.column, "valve_open", True),
    "high voltage": lambda nature: setattr(nature.gun, "hv_on", True),
    "pressure": lambda nature: setattr(nature.chamber, "pressure_mbar", 5.0),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_while_it_burns_ends_it(rig: Rig, what: str) -> None:
    rig.asleep(lambda: CHANGES[what](rig.nature))
    before_s = rig.nature.clock.now_s()
    with pytest.raises(Interlocked, match=what) as error:
        rig.cleaner.clean(20.0, 600.0)
    told(error)
    assert rig.device.lit_at_s is None and rig.box.requests[-1] == b"P0\r\n"
    assert rig.nature.clock.now_s() - before_s <= 600.0 / 20 + 1.0


@pytest.mark.parametrize("device", [Device.COLUMN, Device.GUN, Device.CHAMBER])
def test_what_cannot_be_asked_while_it_burns_ends_it(rig: Rig, device: Device) -> None:
    def unplug() -> None:
        script = FaultScript((Fault(device, FaultKind.UNPLUGGED, AtTime(0.0), 1, lasts_s=1e9),))
        rig.nature.faults = FaultDesk(script, rig.nature.faults.rng)

    rig.asleep(unplug)
    with pytest.raises(ConnectionLost):
        rig.cleaner.clean(20.0, 600.0)
    assert rig.device.lit_at_s is None and rig.box.requests[-1] == b"P0\r\n"


def test_a_plasma_that_burned_much_too_long_is_told(rig: Rig) -> None:
    """The instrument's clock went on while nobody looked."""
    rig.asleep(lambda: rig.nature.wait(300.0))
    with pytest.raises(Deadline, match=r"it burned 2\d\d s longer than asked") as error:
        rig.cleaner.clean(20.0, 60.0)
    told(error)
    assert rig.box.requests[-1] == b"P0\r\n" and not rig.device.burns


# --- what its wire does to it ---


@pytest.mark.parametrize("asked", [b"W20", b"W\r", b"M01", b"M\r", b"P1"])
@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        (b"", Deadline),
        (b"?\r\n", HardwareError),
        (b"W77\r\n", HardwareError),
    ],
)
def test_whatever_goes_wrong_it_is_off(
    rig: Rig, asked: bytes, lie: bytes, kind: type[HardwareError]
) -> None:
    rig.box.lies[asked] = lie
    with pytest.raises(kind) as error:
        rig.cleaner.clean(20.0, 60.0)
    told(error)
    assert rig.box.requests[-1] == b"P0\r\n" and rig.device.lit_at_s is None
    commands = [request for request in rig.box.requests if request in (b"W20\r\n", b"M01\r\n", b"P1\r\n")]
    assert len(commands) == len(set(commands))  # none of them is sent twice


def test_a_power_that_is_turned_by_hand_ends_it(rig: Rig) -> None:
    rig.asleep(lambda: setattr(rig.device, "watts", 60))
    with pytest.raises(NotReached, match="power_w wanted 20"):
        rig.cleaner.clean(20.0, 60.0)
    assert rig.device.lit_at_s is None


def test_off_is_told_until_it_is_confirmed(rig: Rig) -> None:
    rig.wire.spoiler.spoil(Spoiled(Spoiling.SILENT, b"P0", times=2))
    rig.cleaner.clean(20.0, 60.0)
    assert rig.box.requests[-3:] == [b"P0\r\n"] * 3


def test_off_that_is_never_confirmed_sends_the_operator(rig: Rig) -> None:
    rig.asleep(rig.wire.unplug)
    with pytest.raises(Refused, match="not confirmed to be off") as error:
        rig.cleaner.clean(20.0, 60.0)
    assert "at its controller" in told(error)
    assert rig.device.burns  # until its own timer ends it
    rig.nature.wait(MINUTE_S)
    assert not rig.device.burns
    rig.wire.plug_in()  # else closing would tell of it again


def test_a_cleaner_that_refuses_to_light_is_an_error(rig: Rig) -> None:
    """As the twin's does while its electron beam is on the wafer."""
    script = FaultScript((Fault(Device.CLEANER, FaultKind.UNPLUGGED, AtTime(0.0), 1, lasts_s=1e9),))
    rig.nature.faults = FaultDesk(script, rig.nature.faults.rng)
    with pytest.raises(Refused, match=r'answers "\?" to \'P1\''):
        rig.cleaner.clean(20.0, 60.0)
    assert rig.device.lit_at_s is None


# --- beginning and end ---


def test_a_plasma_that_a_killed_program_left_is_ended_at_the_start(tmp_path: Path) -> None:
    around = trial_twin()
    device = GV10xEmulator(around.link, lit_at_s=0.0)
    with closing(Terminal(device, tmp_path / "cleaner")) as wire:
        settings = GV10xSettings(port=str(wire.path), answer_s=ANSWER_S)
        parts = DRIVER.connect(settings, around.surroundings("plasma cleaner", tmp_path))
        assert device.lit_at_s is None
        parts.close()


def test_a_cleaning_that_is_stopped_is_off_at_once_and_counts_for_nothing(rig: Rig) -> None:
    before_s = rig.nature.clock.now_s()
    rig.asleep(rig.cleaner.stop)
    with pytest.raises(Refused) as error:
        rig.cleaner.clean(20.0, 60.0)
    assert "was ended" in told(error) and rig.device.lit_at_s is None
    assert rig.nature.clock.now_s() - before_s < 5.0


def test_a_stop_at_rest_is_no_reason_not_to_clean_later(rig: Rig) -> None:
    rig.cleaner.stop()
    assert rig.box.requests == []
    rig.cleaner.clean(20.0, 60.0)


def test_closing_ends_a_plasma_that_burns(rig: Rig) -> None:
    rig.asleep(rig.cleaner.close)
    with pytest.raises(HardwareError):
        rig.cleaner.clean(20.0, 60.0)
    assert rig.device.lit_at_s is None


def test_closing_tells_of_a_plasma_that_is_not_confirmed_to_be_off(rig: Rig) -> None:
    rig.asleep(rig.wire.unplug)
    with pytest.raises(Refused):
        rig.cleaner.clean(20.0, 60.0)
    with pytest.raises(Refused, match="not confirmed to be off"):
        rig.cleaner.close()
    rig.cleaner.close()


def test_it_is_recognised_by_its_version(rig: Rig) -> None:
    rig.cleaner.close()
    found = recognise(str(rig.wire.path))
    assert found is not None and found.says == "GV10x DS Asher Ver 2.5"
    rig.box.lies[b"F"] = b"something\r\nelse\r\n"
    assert recognise(str(rig.wire.path)) is None
    for elsewhere in ("TCPIP::1.2.3.4::INSTR", "127.0.0.1:8300"):
        assert recognise(elsewhere) is None


def test_a_cleaner_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    settings = GV10xSettings(port=str(tmp_path / "nowhere"), answer_s=0.1)
    with pytest.raises(ConnectionLost, match="no such port"):
        DRIVER.connect(settings, trial_twin().surroundings("plasma cleaner", tmp_path))
