"""The parts of a Zeiss SEM: what they tell SmartSEM, and what they make of its answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hardware.drivers.zeiss import DRIVER, ZeissSettings
from hardware.errors import (
    ConnectionLost,
    Deadline,
    Garbled,
    OutOfRange,
    Refused,
)
from hardware.parts import Part
from hardware.protocols import SpecimenCurrentMeter
from hardware.types import DetectorState, Optics
from tests.hardware.drivers.smartsem_rig import (
    NAME,
    Rig,
    answering,
    raising,
    smartsem_rig,
)

AXES = ("x_um", "y_um", "z_um", "tilt_deg", "rotation_deg")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with smartsem_rig(tmp_path) as made:
        yield made


# --- the driver ---


def test_what_the_driver_plays() -> None:
    plays = {Part.COLUMN, Part.SCANNER, Part.DETECTOR, Part.STAGE, Part.CHAMBER}
    assert DRIVER.plays == plays and DRIVER.settings is ZeissSettings and "pywin32" in DRIVER.needs


def test_a_beam_shift_that_moves_nothing_is_no_setting() -> None:
    with pytest.raises(ValueError, match="moves nothing"):
        ZeissSettings(beam_shift_x_um=0.0)


def test_without_smartsem_nobody_is_recognised() -> None:
    assert DRIVER.recognise("CZ.EMApiCtrl.1") is None and DRIVER.recognise("COM3") is None


def test_a_stand_in_that_is_not_there_is_told(rig: Rig, tmp_path: Path) -> None:
    settings = ZeissSettings(program_id="nowhere:connect")
    with pytest.raises(ConnectionLost, match="cannot be loaded"):
        DRIVER.connect(settings, rig.around.surroundings(NAME, tmp_path))


# --- column ---


def test_set_points_reach_the_column(rig: Rig) -> None:
    wanted = Optics(4_503.137_234_5, 1.25, -0.5)
    rig.column.set_optics(wanted)
    rig.column.set_beam_shift_um(3.0, -4.5)
    assert rig.nature.column.optics == wanted and rig.column.optics() == wanted
    assert rig.nature.column.beam_shift_um == (3.0, -4.5)
    assert rig.column.beam_shift_um() == (3.0, -4.5)


def test_lenses_are_given_time_to_settle(rig: Rig) -> None:
    before_s = rig.around.twin.clock.now_s()
    rig.column.set_optics(rig.column.optics())
    assert rig.around.twin.clock.now_s() - before_s == pytest.approx(rig.settings.lens_settling_s)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_beam_shift_scale_may_be_negative(tmp_path: Path, axis: int) -> None:
    scales: dict[str, Any] = {f"beam_shift_{'xy'[axis]}_um": -50.0}
    with smartsem_rig(tmp_path, **scales) as rig:
        rig.column.set_beam_shift_um(3.0, 3.0)
        assert rig.nature.column.beam_shift_um[axis] == -3.0
        assert rig.column.beam_shift_um() == (3.0, 3.0)


def test_the_state_of_the_beam_is_told(rig: Rig) -> None:
    rig.column.unblank()
    state, twin = rig.column.state(), rig.around.twin.column.state()
    assert state == twin
    rig.column.set_eht(False)
    rig.column.set_valve(False)
    state = rig.column.state()
    assert not state.eht_on and not state.valve_open and state.eht_kv == twin.eht_kv


def test_electrons_that_run_up_by_themselves_count_as_on(rig: Rig) -> None:
    with rig.spoilt(answering((0, "Running up"), "Get", "DP_RUNUPSTATE")):
        assert rig.column.state().eht_on


def test_a_beam_that_is_blanked_without_the_switch_does_not_count_as_blanked(rig: Rig) -> None:
    rig.column.unblank()
    with rig.spoilt(answering((0, "Yes"), "Get", "DP_BEAM_BLANKED")):
        assert not rig.column.state().blanked


def test_a_beam_that_stays_on_is_not_called_blanked(rig: Rig) -> None:
    with (
        rig.spoilt(answering((0, "No"), "Get", "DP_BEAM_BLANKED")),
        pytest.raises(Refused, match="Switch the EHT off"),
    ):
        rig.column.blank()


def test_without_vacuum_no_eht_is_asked_for(rig: Rig) -> None:
    rig.column.set_eht(False)
    with (
        rig.spoilt(answering((0, "No"), "Get", "DP_EHT_VAC_READY")),
        pytest.raises(Refused, match="vacuum"),
    ):
        rig.column.set_eht(True)
    assert rig.tampering.counted("Execute", "CMD_BEAM_ON") == 0


def test_an_eht_that_does_not_come_has_a_deadline(rig: Rig) -> None:
    rig.column.set_eht(False)
    with (
        rig.spoilt(answering((0, "EHT Off"), "Get", "DP_RUNUPSTATE")),
        pytest.raises(Deadline, match="EHT is not on after 15 s"),
    ):
        rig.column.set_eht(True)
    assert rig.tampering.counted("Execute", "CMD_BEAM_ON") == 1


def test_an_eht_that_stays_has_a_deadline(rig: Rig) -> None:
    with (
        rig.spoilt(answering((0, 1_500.0), "Get", "AP_ACTUALKV")),
        pytest.raises(Deadline, match="EHT is not off"),
    ):
        rig.column.set_eht(False)


def test_a_valve_that_hangs_has_a_deadline(rig: Rig) -> None:
    with (
        rig.spoilt(answering((0, "Open"), "Get", "DP_COLUMN_CHAMBER_VALVE")),
        pytest.raises(Deadline, match="valve is not closed"),
    ):
        rig.column.set_valve(False)
    with (
        rig.spoilt(answering((0, "Half"), "Get", "DP_COLUMN_CHAMBER_VALVE")),
        pytest.raises(Garbled, match="Half"),
    ):
        rig.column.state()


def test_the_current_monitor_is_on_only_while_it_measures(rig: Rig) -> None:
    assert isinstance(rig.column, SpecimenCurrentMeter)
    rig.around.twin.gun.set_hv(True)
    assert rig.column.specimen_current_na() == pytest.approx(38.0, rel=0.05)
    assert not rig.sem.electrons.monitor_on
    failures = {
        Garbled: answering((0, math.nan), "Get", "AP_SCM"),
        ConnectionLost: raising(OSError("RPC server unavailable"), "Get", "DP_SCM", times=2),
    }
    for kind, spoil in failures.items():
        with rig.spoilt(spoil), pytest.raises(kind):
            rig.column.specimen_current_na()
        assert not rig.sem.electrons.monitor_on


# --- detector and chamber ---


def test_gain_and_offset_are_contrast_and_brightness(rig: Rig) -> None:
    rig.detector.restore(DetectorState(True, 62.5, 40.0))
    assert rig.detector.state() == DetectorState(True, 62.5, 40.0)
    assert rig.nature.detector == DetectorState(True, 1.25, -10.0)
    with pytest.raises(OutOfRange):
        rig.detector.restore(DetectorState(True, 101.0, 40.0))


def test_a_collector_is_part_of_the_high_voltage(tmp_path: Path) -> None:
    with smartsem_rig(tmp_path, collector_bias_v=300.0) as rig:
        rig.detector.make_safe()
        assert rig.detector.state().safe and rig.sem.electrons.bias_v == 0.0
        rig.sem.electrons.bias_v = 300.0
        assert not rig.detector.state().safe
        rig.detector.restore(rig.detector.state())
        assert rig.sem.electrons.bias_v == 300.0 and rig.nature.detector.hv_on


def test_pressures_are_converted(tmp_path: Path, rig: Rig) -> None:
    pressure_mbar = rig.around.twin.chamber.pressure_mbar()
    assert rig.chamber.pressure_mbar() == pytest.approx(pressure_mbar)
    with rig.spoilt(answering((0, 5.0), "Get", "AP_CHAMBER_PRESSURE")):
        assert rig.chamber.pressure_mbar() == 0.05
    with smartsem_rig(tmp_path, pressure_from="AP_SYSTEM_VAC") as other:
        assert other.chamber.pressure_mbar() == pytest.approx(pressure_mbar)


def test_a_gauge_that_reads_nothing_is_not_believed(rig: Rig) -> None:
    with (
        rig.spoilt(answering((0, 0.0), "Get", "AP_CHAMBER_PRESSURE")),
        pytest.raises(Garbled, match="Choose the other gauge"),
    ):
        rig.chamber.pressure_mbar()
