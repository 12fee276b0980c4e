"""The ion gun on the twin: measured rates, evenness, and what it does to what it should not meet."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hardware.errors import Refused
from hardware.simulator.config import GunSettings, TwinSettings
from hardware.simulator.faults import AtTime, Device, Fault, FaultKind
from hardware.simulator.stage_body import pose_of
from hardware.simulator.tiny import tiny_settings
from hardware.simulator.truth import IncidentTruth, OpeningTruth
from hardware.types import Blanker, Raster, RasterState, StagePose
from tests.hardware.simulator.stations import (
    AZIMUTHS_DEG,
    RASTER,
    Station,
    drive,
    go_to_mill,
    mill,
    ready_to_open,
    station,
    wafer,
)

# Schubert 2022, table 2.1: irradiation dose [1e27 eV/cm^3], time [s] and scan edge [um] for 200 nm
TABLE = [(1.0, 31_680, 9_462), (0.5, 16_800, 7_885), (0.25, 10_080, 7_885), (0.0, 8_640, 9_462)]
CENTRE = (0.0, 0.0)


def fine_map() -> TwinSettings:
    """A tiny twin whose map of the milled depth is a fine one."""
    tiny = tiny_settings()
    gun = GunSettings.model_validate({**tiny.gun.model_dump(), "map_pitch_um": 100.0})
    return tiny.model_copy(update={"gun": gun})


def removed_nm(at: Station, x_um: float = 0.0, y_um: float = 0.0) -> float:
    return float(at.nature.removed_nm(x_um, y_um))


def openings(at: Station) -> list[OpeningTruth]:
    return [record for record in at.truth if isinstance(record, OpeningTruth)]


def incidents(at: Station) -> set[str]:
    return {record.kind for record in at.truth if isinstance(record, IncidentTruth)}


@pytest.mark.parametrize(("dose", "time_s", "edge_um"), TABLE)
def test_whole_sections_are_gone_after_the_measured_time(
    dose: float, time_s: float, edge_um: float
) -> None:
    at = station(fine_map(), specimen=wafer(dose))
    vpp = edge_um / at.nature.settings.gun.um_per_vpp
    n_passes, depths_nm = 30, [0.0]
    step_s = 1.2 * time_s / n_passes
    for i in range(n_passes):
        mill(at, AZIMUTHS_DEG[i % 3], step_s, Raster(vpp, vpp))
        depths_nm.append(removed_nm(at))
    taken_s = float(np.interp(200.0, depths_nm, step_s * np.arange(n_passes + 1)))
    assert taken_s == pytest.approx(time_s, rel=0.03)


def test_three_azimuths_mill_more_evenly_than_one() -> None:
    def spread(azimuths_deg: tuple[float, ...]) -> float:
        at = station(fine_map())
        for azimuth_deg in azimuths_deg:
            mill(at, azimuth_deg, 3_000.0 / len(azimuths_deg))
        ring = np.linspace(0, 2 * math.pi, 24)
        depths = at.nature.removed_nm(2_500 * np.cos(ring), 2_500 * np.sin(ring))
        return float(np.ptp(depths) / depths.mean())

    one, three = spread((0.0,)), spread(AZIMUTHS_DEG)
    assert one > 0.03
    assert three < 0.5 * one


def test_the_footprint_is_twice_as_long_along_the_beam() -> None:
    at = station(fine_map())
    mill(at, 0.0, 2_000.0)
    half_um = 0.5 * RASTER.x_vpp * at.nature.settings.gun.um_per_vpp
    centre = removed_nm(at)
    assert removed_nm(at, 0.9 * half_um) > 0.9 * centre
    assert removed_nm(at, 1.3 * half_um) < 0.01 * centre
    assert removed_nm(at, 0.0, 1.8 * half_um) > 0.9 * centre
    assert removed_nm(at, 0.0, 2.4 * half_um) < 0.01 * centre


def test_delivered_charge_is_current_times_time() -> None:
    at = station()
    mill(at, 0.0, 1_000.0)
    assert openings(at)[0].delivered_uc == pytest.approx(38e-3 * 1_000, rel=0.01)


def test_a_proven_opening_is_told_as_proven() -> None:
    at = station()
    mill(at, 120.0, 10.0)
    opening = openings(at)[0]
    assert (opening.at_opening, opening.while_open, opening.unproven_s) == ((), (), 0.0)


def test_an_unproven_opening_names_every_reason() -> None:
    at = station()
    at.devices.column.unblank()
    at.devices.gun.set_hv(False)
    at.blanker.open()
    at.devices.clock.sleep(5.0)
    at.blanker.blank()
    opening = openings(at)[0]
    expected = {"glancing angle", "mill height", "detector safe", "gun HV", "raster running", "raster load"}
    assert expected < set(opening.at_opening)
    assert opening.unproven_s == pytest.approx(5.0)
    assert "detector damage" in incidents(at)


def test_what_ceases_to_hold_while_open_is_told() -> None:
    at = station()
    go_to_mill(at.devices)
    with ready_to_open(at.devices):
        at.blanker.open()
        at.devices.clock.sleep(5.0)
        drive(at.devices, StagePose(z_um=4_000.0))
        at.devices.clock.sleep(5.0)
        at.blanker.blank()
    opening = openings(at)[0]
    assert opening.at_opening == ()
    assert "mill height" in opening.while_open
    assert 4.9 < opening.unproven_s < 5.6


def test_a_standing_spot_drills() -> None:
    at = station(fine_map())
    go_to_mill(at.devices)
    with ready_to_open(at.devices):
        at.blanker.open()
        at.devices.raster.stop()
        at.devices.clock.sleep(60.0)
        at.blanker.blank()
    assert removed_nm(at) > 100 * removed_nm(at, 2_000.0, 0.0)
    assert removed_nm(at) > 200.0
    assert "raster changed" in incidents(at)


def test_a_generator_that_believes_in_50_ohm_scans_twice_as_far() -> None:
    at = station(fine_map())
    go_to_mill(at.devices)
    with ready_to_open(at.devices):
        at.nature.raster.load_ohm = 50.0
        at.blanker.open()
        at.devices.clock.sleep(2_000.0)
        at.blanker.blank()
    reference = station(fine_map())
    mill(reference, 0.0, 2_000.0)
    assert removed_nm(at) == pytest.approx(removed_nm(reference) / 4, rel=0.02)


def test_nothing_is_milled_while_blanked() -> None:
    at = station()
    go_to_mill(at.devices)
    with ready_to_open(at.devices):
        at.devices.clock.sleep(1_000.0)
    assert removed_nm(at) == 0.0
    assert at.blanker.state() is Blanker.BLANKED


def test_open_stays_open_until_something_closes_it() -> None:
    at = station()
    go_to_mill(at.devices)
    with ready_to_open(at.devices):
        at.blanker.open()
        at.devices.clock.sleep(100_000.0)
        assert at.blanker.state() is Blanker.OPEN
        at.blanker.disconnect()
        assert at.blanker.state() is Blanker.BLANKED
    assert openings(at)[0].closed_by == "the blanker's connection ended"


def test_an_unplugged_blanker_fails_closed() -> None:
    at = station(None, Fault(Device.BLANKER, FaultKind.UNPLUGGED, AtTime(50.0)))
    go_to_mill(at.devices)
    with ready_to_open(at.devices):
        at.blanker.open()
        at.devices.clock.sleep(100.0)
    opening = openings(at)[0]
    assert opening.closed_at_s == pytest.approx(50.0)
    assert opening.delivered_uc == pytest.approx(38e-3 * 50.0, rel=0.01)
    assert at.blanker.state() is Blanker.UNKNOWN


def test_the_faraday_cup_reads_the_current_only_while_blanked() -> None:
    at = station()
    with ready_to_open(at.devices):
        readings = [at.devices.ion_current.measure().current_na for _ in range(50)]
        assert np.mean(readings) == pytest.approx(38.0, rel=0.01)
        assert 0.05 < np.std(readings) < 0.3
        at.blanker.open()
        with pytest.raises(Refused, match="behind the blanker"):
            at.devices.ion_current.measure()
        at.blanker.blank()


def test_the_generator_reads_back_high_impedance_after_configuring() -> None:
    at = station()
    assert at.devices.raster.state().load_ohm == 50.0
    at.devices.raster.configure(RASTER)
    assert at.devices.raster.state() == RasterState(RASTER, False, math.inf)


def test_trips_to_the_mill_do_not_touch_anything() -> None:
    at = station()
    for azimuth_deg in AZIMUTHS_DEG:
        go_to_mill(at.devices, azimuth_deg)
    assert "collision" not in incidents(at)
    assert pose_of(at.nature.stage.leg.reported(1e9)).tilt_deg == 30.0
