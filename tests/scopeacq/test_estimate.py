"""Estimates and mill rates against the published plan of 500 sections (Schubert 2022, chapter 2)."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.plan.estimate import BARE, Estimate, estimate
from scopeacq.plan.instrument import DriverSettings, Instrument, MillSettings
from scopeacq.plan.mill_rate import (
    charge_uc_per_azimuth,
    depth_nm,
    evenly_milled,
    footprint,
    rate_m3_per_c,
)
from scopeacq.plan.project import FocusPolicy, FocusSettings, ImagingSettings, MillingSettings, Project
from scopeacq.plan.wafer import Fiducial, Section, SectionGrid, Wafer

DAY_S = 86400.0
VPP_OF_22_MM = 22_000 / 1100
MILL = MillSettings(raster_um_per_volt=1100.0)


def _wafer(sections: int) -> Wafer:
    outline = ((0.0, 0.0), (250.0, 0.0), (250.0, 250.0), (0.0, 250.0))
    return Wafer(
        tuple(Section(f"s{n}", outline, (125.0, 125.0), 0.0, 500.0) for n in range(sections)),
        tuple(Fiducial(f"f{n}", (0.0, 0.0)) for n in range(4)),
    )


def _published(irradiation: float = 0.5) -> Estimate:
    project = Project(
        name="500 sections",
        cycles=25,
        imaging=ImagingSettings(grid_rows=5, grid_columns=5, overlap_px=1250),
        milling=MillingSettings(
            depth_nm=20.0, irradiation_1e27_ev_per_cm3=irradiation, raster_vpp=VPP_OF_22_MM
        ),
    )
    instrument = Instrument(name="test", driver=DriverSettings(name="twin"), mill=MILL)
    return estimate(project, _wafer(500), instrument, BARE)


def test_the_published_plan_has_its_voxels_and_days() -> None:
    plan = _published()
    assert plan.voxels == pytest.approx(7.8e12, rel=0.01)
    assert plan.imaging_s * plan.cycles == pytest.approx(26 * DAY_S, rel=0.01)
    assert plan.milled_nm == pytest.approx(500)


@pytest.mark.parametrize(("irradiation", "s_per_nm", "days"), [(0.5, 654, 4), (1.0, 857, 5)])
def test_the_published_plan_mills_for_days(irradiation: float, s_per_nm: float, days: float) -> None:
    plan = _published(irradiation)
    assert plan.milling_s * plan.cycles / plan.milled_nm == pytest.approx(s_per_nm, rel=0.005)
    assert plan.milling_s * plan.cycles == pytest.approx(days * DAY_S, rel=0.06)


def test_doses_are_those_of_the_source() -> None:
    plan = _published()
    # 19 e-/nm^2 at 200 ns; three takes, each after five pairs at 50 ns of 5.6 e-/nm^2 and five coarse
    # ones on a ninth of it, and a look
    assert plan.imaging_dose_per_nm2 == pytest.approx(22.5, rel=0.01)
    focus = 3 * 10 * (1 + 1 / 9)
    assert 3 * 22.5 + focus * 5.6 < plan.dose_most_per_nm2 < 3 * 22.5 + focus * 5.7 + 2


def test_the_clock_time_of_the_end_counts_what_remains() -> None:
    plan, now = _published(), datetime(2030, 1, 1, tzinfo=UTC)
    assert plan.finish(now) - now == timedelta(seconds=plan.total_s)
    assert (plan.finish(now, cycles_done=24) - now).total_seconds() == pytest.approx(plan.cycle_s)


def test_bytes_hold_a_real_pyramid() -> None:
    # each coarser level has a quarter of the pixels
    pyramid = sum(36_000_000 // 4**level for level in range(12))
    assert pyramid * 500 * 25 <= _published().slice_bytes <= 1.01 * pyramid * 500 * 25


def _mixed(*grids: SectionGrid | None) -> Estimate:
    imaging = ImagingSettings(grid_rows=2, grid_columns=2, overlap_px=500)
    project = Project(
        name="mixed",
        cycles=3,
        imaging=imaging,
        focus=FocusSettings(policy=FocusPolicy.FIRST_OF_SECTION),
        milling=MillingSettings(depth_nm=20.0, raster_vpp=VPP_OF_22_MM),
    )
    sections = (replace(s, grid=g) for s, g in zip(_wafer(len(grids)).sections, grids, strict=True))
    instrument = Instrument(name="test", driver=DriverSettings(name="twin"), mill=MILL)
    return estimate(project, Wafer(tuple(sections)), instrument, BARE)


def test_sections_of_other_settings_are_counted_with_their_own() -> None:
    slow = SectionGrid(rows=1, columns=3, pixel_size_nm=5.0, dwell_ns=400.0, tile_width_px=3000)
    plain, other, both = _mixed(None), _mixed(slow), _mixed(None, slow, None)
    assert (plain.planes_per_cycle, other.planes_per_cycle, both.planes_per_cycle) == (4, 3, 11)
    assert both.imaging_s == pytest.approx(2 * plain.imaging_s + other.imaging_s)
    assert both.slice_bytes == pytest.approx(2 * plain.slice_bytes + other.slice_bytes, abs=2)
    assert both.voxels == 2 * plain.voxels + other.voxels
    # half the pixel and twice the dwell are eight times the dose
    assert other.imaging_dose_per_nm2 == pytest.approx(8 * plain.imaging_dose_per_nm2)
    assert both.imaging_dose_per_nm2 == other.imaging_dose_per_nm2
    assert both.dose_most_per_nm2 == other.dose_most_per_nm2 > plain.dose_most_per_nm2


def test_overlaps_count_once_and_tiles_off_the_roi_not_at_all() -> None:
    assert _mixed(None).voxels == 3 * 11_500**2
    section = replace(_wafer(1).sections[0], roi_um=((70.0, 130.0), (90.0, 130.0), (90.0, 180.0)))
    project = Project(
        name="corner",
        cycles=1,
        imaging=ImagingSettings(grid_rows=2, grid_columns=2, overlap_px=500),
        milling=MillingSettings(depth_nm=20.0, raster_vpp=VPP_OF_22_MM),
    )
    instrument = Instrument(name="test", driver=DriverSettings(name="twin"), mill=MILL)
    corner = estimate(project, Wafer((section,)), instrument, BARE)
    assert (corner.planes_per_cycle, corner.voxels) == (1, 6_000**2)


def test_a_wafer_without_sections_costs_no_imaging() -> None:
    empty = _mixed()
    assert (empty.sections, empty.planes_per_cycle, empty.imaging_s, empty.slice_bytes) == (0, 0, 0.0, 0)


@pytest.mark.parametrize(("irradiation", "rate"), [(0, 5.453), (0.25, 3.246), (0.5, 1.948), (1, 1.487)])
def test_the_table_of_rates_comes_back(irradiation: float, rate: float) -> None:
    assert rate_m3_per_c(MILL, irradiation) == pytest.approx(rate * 1e-8)


@given(depth=st.floats(0.5, 100), azimuths=st.integers(1, 6), vpp=st.floats(1, 20))
def test_a_depth_and_its_charge_are_inverse(depth: float, azimuths: int, vpp: float) -> None:
    milling = MillingSettings(
        depth_nm=depth, raster_vpp=vpp, azimuths_deg=tuple(n * 360 / azimuths for n in range(azimuths))
    )
    charge_uc = charge_uc_per_azimuth(MILL, milling)
    assert depth_nm(MILL, milling, charge_uc * azimuths) == pytest.approx(depth)


def test_the_footprint_is_twice_as_long_along_the_beam_and_turns_against_the_stage() -> None:
    upright, turned = footprint(MILL, 10.0, 0.0), footprint(MILL, 10.0, 90.0)
    assert upright.bounds == pytest.approx((-5500, -11000, 5500, 11000))
    assert turned.bounds == pytest.approx((-11000, -5500, 11000, 5500))


def test_plates_that_differ_make_an_oblong_and_both_count_for_the_depth() -> None:
    oblong = MILL.model_copy(update={"raster_y_um_per_volt": 880.0})
    assert footprint(oblong, 10.0, 0.0).bounds == pytest.approx((-5500, -8800, 5500, 8800))
    milling = MillingSettings(depth_nm=10.0, raster_vpp=10.0)
    assert depth_nm(oblong, milling, 1.0) == pytest.approx(depth_nm(MILL, milling, 1.0) / 0.8)


def test_what_the_spot_blurs_is_not_evenly_milled() -> None:
    spot = MILL.model_copy(update={"spot_um": 200.0})
    milling = MillingSettings(depth_nm=10.0, raster_vpp=10.0)
    assert evenly_milled(spot, milling).area == pytest.approx(2 * math.sqrt(3) * 5300**2)
    assert evenly_milled(spot, milling.model_copy(update={"raster_vpp": 0.3})).area == 0.0


def test_three_azimuths_mill_a_hexagon_evenly() -> None:
    milling = MillingSettings(depth_nm=10.0, raster_vpp=10.0)
    # a hexagon around a circle of radius r has the area 2 sqrt(3) r^2
    assert evenly_milled(MILL, milling).area == pytest.approx(2 * math.sqrt(3) * 5500**2)


def test_fewer_corrections_take_less_time() -> None:
    instrument = Instrument(name="test", driver=DriverSettings(name="twin"))
    milling = MillingSettings(depth_nm=10.0)
    imaging = ImagingSettings(grid_rows=2, grid_columns=2)
    by_policy = [
        estimate(
            Project(
                name="x",
                cycles=1,
                imaging=imaging,
                milling=milling,
                focus=FocusSettings.model_validate({"policy": policy, "every_n_tiles": 2}),
            ),
            _wafer(10),
            instrument,
        ).focus_s
        for policy in ("every tile", "every n-th tile", "first of section")
    ]
    assert by_policy[0] == pytest.approx(2 * by_policy[1]) == pytest.approx(4 * by_policy[2])


def test_the_order_of_sections_is_part_of_the_costs() -> None:
    there = [
        Section(f"s{x}", ((x, 0.0), (x + 1, 0.0), (x, 1.0)), (x, 0.0), 0.0, 500.0) for x in (0.0, 4e3, 2e3)
    ]
    project = Project(name="x", cycles=1, imaging=ImagingSettings(), milling=MillingSettings(depth_nm=10.0))
    instrument = Instrument(name="test", driver=DriverSettings(name="twin"))
    to_and_fro = estimate(project, Wafer(tuple(there)), instrument)
    onwards = estimate(project, Wafer((there[0], there[2], there[1])), instrument)
    assert to_and_fro.cycle_s - onwards.cycle_s == pytest.approx(2000 / instrument.stage.speed_x_um_per_s)
    assert estimate(project, Wafer(tuple(there)), instrument, BARE).travel_s == 0
