"""The mill rate: the source's rule and table, the fits, and the twin's own rates found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from numpy.typing import NDArray

from calibration.figures import HeatMap
from calibration.mill_rate import PROCEDURE
from calibration.mill_rate.rates import (
    Cut,
    Rate,
    combined,
    per_current_1e_8_m3_per_c,
    rate_of,
    volume_rate_um3_per_s,
    with_row,
)
from calibration.mill_rate.settings import MillRateSettings
from calibration.milled.breakthrough import Height, first_wafer
from calibration.milled.charges import Fallen, MillHistory
from calibration.milled.sections import fallen_at, shared_window
from calibration.procedure import Result
from calibration.sitting import calibrate
from hardware.simulator.mill_map import mill_rate_m3_per_c
from hardware.types import Image
from scopeacq.journal.records import PlaneKey, PlaneLost
from scopeacq.plan.calibrations import Profile
from scopeacq.plan.instrument import TABLE_2_1, MillRate
from scopeacq.plan.mill_rate import charge_uc_per_azimuth, raster_area_um2
from scopeacq.plan.profiles import accepted
from scopeacq.plan.project import ImagingSettings, MillingSettings
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.templates import to_toml
from scopeacq.storage.plane_windows import PlaneShape, Take, file_of
from scopeacq.storage.takes import StorageError
from tests.calibration.benches import Listener, bench_on
from tests.calibration.milled_runs import EDGE_PX, milled_run, wafer_of
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.test_policies import unevenly_irradiated

DOSES = (0.0, 0.25, 0.5, 1.0)
PLACES = ((-400.0, 300.0), (400.0, 300.0), (-400.0, -300.0), (400.0, -300.0))

# -- the source ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dose", "mill_s", "field_um", "um3_per_s", "per_current"),
    [
        (1.0, 31680, 9462, 565, 1.487),
        (0.5, 16800, 7885, 740, 1.948),
        (0.25, 10080, 7885, 1233, 3.246),
        (0.0, 8640, 9462, 2072, 5.453),
    ],
)
def test_table_2_1_follows_from_its_own_columns(
    dose: float, mill_s: float, field_um: float, um3_per_s: float, per_current: float
) -> None:
    """Schubert 2022: 200 nm sections, 38 nA."""
    volume = volume_rate_um3_per_s(field_um, 200.0, mill_s)
    assert volume == pytest.approx(um3_per_s, rel=5e-3)
    assert per_current_1e_8_m3_per_c(volume, 38.0) == pytest.approx(per_current, rel=5e-3)
    row = next(row for row in TABLE_2_1 if row.irradiation_1e27_ev_per_cm3 == dose)
    assert row.rate_1e_8_m3_per_c == per_current
    cut = Cut(200.0, 0.0, 38e-3 * mill_s / field_um**2, 0.0, 0.0, 0.0)
    assert rate_of(cut).rate_1e_8_m3_per_c == pytest.approx(per_current, rel=5e-3)


def by_the_source(stack: Image, dark_below: int) -> NDArray[np.intp]:
    """The words of the source: argmin of the inverted column of the segmented wafer."""
    wafer = stack < dark_below
    last_tissue = len(stack) - 1 - np.argmin(wafer[::-1], axis=0)
    return np.where(wafer.all(axis=0), 0, last_tissue + 1)


stacks = some.arrays(np.uint8, some.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=12))


@given(stacks, st.integers(1, 255))
def test_the_first_wafer_is_as_the_source_defines_it(stack: Image, dark_below: int) -> None:
    found = first_wafer(iter(stack), dark_below)
    np.testing.assert_array_equal(found.behind_last_tissue, by_the_source(stack, dark_below))
    assert found.slices == len(stack)
    assert found.least_contradicted.max() <= len(stack)


def stack_of(first: NDArray[np.intp], slices: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Bright before ``first``, dark from it on."""
    dark = np.arange(slices)[:, None, None] >= first
    return np.where(dark, rng.integers(0, 9, dark.shape), rng.integers(100, 200, dark.shape)).astype(
        np.uint8
    )


@given(st.integers(0, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_both_rules_agree_where_nothing_lies_on_the_wafer(first: int, seed: int) -> None:
    stack = stack_of(np.full((20, 20), first), 20, np.random.default_rng(seed))
    found = first_wafer(iter(stack), 10)
    np.testing.assert_array_equal(found.least_contradicted, found.behind_last_tissue)
    assert Height.of(found.least_contradicted) == Height(float(first), 0.0)


def test_debris_on_the_wafer_is_not_tissue() -> None:
    rng = np.random.default_rng(0)
    stack = stack_of(rng.integers(9, 12, (64, 64)) // 12 + np.full((64, 64), 10), 24, rng)
    stack[20, 10:40, 10:40] = 180
    stack[22, 30:60, 30:60] = 180
    found = first_wafer(iter(stack), 10)
    assert Height.of(found.least_contradicted).mean == pytest.approx(10.0, abs=0.05)
    assert Height.of(found.behind_last_tissue).mean > 12.5


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_the_threshold_is_of_255_grey_levels_whatever_the_depth(depth: type) -> None:
    scale = np.iinfo(depth).max // 255
    stack = np.array([np.full((8, 8), 100 * scale), np.full((8, 8), 8 * scale)]).astype(depth)
    assert (first_wafer(iter(stack), 10).least_contradicted == 1).all()


def test_a_stack_without_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="without slices"):
        first_wafer(iter([]), 10)


# -- fits --------------------------------------------------------------------------------------


def test_the_uncertainty_of_a_section_is_that_of_repeated_cuts() -> None:
    """Thickness and journal as Gaussians, the instant of the breakthrough anywhere within a slice."""
    rng, n = np.random.default_rng(3), 20_000
    thickness = rng.normal(200, 6, n)
    true_uc = thickness * 1e-7 / 1.948 + rng.normal(0, 1e-7, n)
    seen_uc = true_uc + rng.uniform(-0.5, 0.5, n) * 6e-7
    rates = 200.0 / seen_uc * 1e-7
    rate = rate_of(Cut(200.0, 6.0, float(seen_uc.mean()), 1e-7, 0.0, 6e-7))
    assert rate.rate_1e_8_m3_per_c == pytest.approx(1.948, rel=0.005)
    assert rate.sd_1e_8_m3_per_c == pytest.approx(float(np.std(rates)), rel=0.05)


positive = st.floats(0.1, 10)


@given(st.lists(st.builds(Rate, positive, st.floats(1e-3, 1)), min_size=1, max_size=20), st.floats(0, 0.1))
def test_sections_together_lie_between_the_single_ones(rates: list[Rate], common: float) -> None:
    together = combined(rates, common)
    values = [r.rate_1e_8_m3_per_c for r in rates]
    assert min(values) * (1 - 1e-9) <= together.rate_1e_8_m3_per_c <= max(values) * (1 + 1e-9)
    assert together.sd_1e_8_m3_per_c >= common * together.rate_1e_8_m3_per_c * (1 - 1e-9)
    assert combined(rates * 2, 0.0).sd_1e_8_m3_per_c <= combined(rates, 0.0).sd_1e_8_m3_per_c * (1 + 1e-9)


def test_one_row_is_replaced_and_all_others_are_kept() -> None:
    table = with_row(TABLE_2_1, 0.5, Rate(2.1, 0.1))
    assert [row.rate_1e_8_m3_per_c for row in table] == [5.453, 3.246, 2.1, 1.487]
    more = with_row(table, 0.75, Rate(1.7, 0.1))
    assert [row.irradiation_1e27_ev_per_cm3 for row in more] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_the_wafer_comes_through_between_two_slices() -> None:
    fallen = [Fallen(uc_per_um2=float(n), uc=10.0 * n) for n in range(5)]
    assert fallen_at(fallen, 3.0).uc_per_um2 == pytest.approx(2.5)
    assert fallen_at(fallen, 3.25).uc == pytest.approx(27.5)
    assert fallen_at(fallen, 0.0).uc_per_um2 == 0.0


@given(
    st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=1, max_size=10),
    st.integers(16, 300),
)
def test_the_square_lies_in_all_slices_at_one_place(off: list[tuple[int, int]], edge: int) -> None:
    linear = np.array([[0.01, 0.0], [0.0, -0.01]])
    planes = [np.column_stack([linear, -linear @ np.array(shift, float)]) for shift in off]
    corners, window = shared_window(planes, PlaneShape((200, 240), np.dtype(np.uint8)), edge)
    assert window.width == min(edge, 240 - int(np.ptp([c for c, _ in off])))
    assert window.height == min(edge, 200 - int(np.ptp([r for _, r in off])))
    assert (corners >= 0).all() and (corners <= (240 - window.width, 200 - window.height)).all()
    places = [m @ (*corner, 1.0) for m, corner in zip(planes, corners, strict=True)]
    np.testing.assert_allclose(places, [places[0]] * len(places), atol=1e-9)


# -- runs on the twin --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def through(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    """Four sections, each of another irradiation, all milled through; the slowest in 50 cycles."""
    run_folder = tmp_path_factory.mktemp("through")
    specimen = wafer_of(PLACES, DOSES)
    return milled_run(run_folder, specimen, 56, milling(4.0, cycles=50), uncertain=0.02)


def milling(raster_vpp: float, cycles: int, dose: float = 1.0) -> MillingSettings:
    """What removes 200 nm of such sections in so many cycles, by table 2.1."""
    rate = next(r.rate_1e_8_m3_per_c for r in TABLE_2_1 if r.irradiation_1e27_ev_per_cm3 == dose)
    charge_uc = 200 / rate * 1e-7 * (1100 * raster_vpp) ** 2 / cycles
    return MillingSettings(
        charge_uc_per_azimuth=charge_uc / 3, azimuths_deg=(0.0, 120.0, 240.0), raster_vpp=raster_vpp
    )


def measured(of: TinyRun, folder: Path, audience: Listener | None = None, **changes: object) -> Result:
    told = MillRateSettings(**{"square_px": 64, **changes})  # type: ignore[arg-type]
    return PROCEDURE.measure(bench_on(None, of.plan, folder / "sitting", audience=audience), told)


def rates_of(result: Result) -> dict[float, float]:
    (value,) = result.values
    assert value.key == "mill.rates" and isinstance(value.value, tuple)
    rows = [MillRate.model_validate(row) for row in value.value]
    return {row.irradiation_1e27_ev_per_cm3: row.rate_1e_8_m3_per_c for row in rows}


@pytest.mark.parametrize("number", range(len(DOSES)))
def test_the_twins_rate_is_found_at_each_irradiation(through: TinyRun, tmp_path: Path, number: int) -> None:
    dose = DOSES[number]
    wrong = tuple(row.model_copy(update={"rate_1e_8_m3_per_c": 9.0}) for row in TABLE_2_1)
    instrument = through.plan.instrument
    mill = instrument.mill.model_copy(update={"rates": wrong})
    plan = replace(through.plan, instrument=instrument.model_copy(update={"mill": mill}))
    told = MillRateSettings(
        sections=(f"S{number + 1:03d}",), irradiation_1e27_ev_per_cm3=dose, square_px=64
    )
    result = PROCEDURE.measure(bench_on(None, plan, tmp_path / "sitting"), told)
    assert result.verdict.good
    found = rates_of(result)
    truth = float(mill_rate_m3_per_c(dose)) * 1e8
    assert found.pop(dose) == pytest.approx(truth, rel=0.03)
    assert set(found.values()) == {9.0}
    (value,) = result.values
    assert value.sd is not None and abs(rates_of(result)[dose] - truth) < 2 * value.sd < 0.1 * truth


def test_a_run_of_the_engine_tells_the_rate_of_its_sections(tmp_path: Path) -> None:
    """From planning to the table of mill rates: imaged and milled by the program, charges as journalled."""
    # on the last nanometres of a section nothing is recognised
    registration = tiny_project().registration.model_copy(update={"min_correlation": 0.0})
    project = tiny_project(
        24,
        registration=registration,
        milling=MillingSettings(
            depth_nm=10.0, irradiation_1e27_ev_per_cm3=0.5, azimuths_deg=(0.0,), rounds=1, raster_vpp=2.0
        ),
        imaging=ImagingSettings(
            tile_width_px=EDGE_PX, tile_height_px=EDGE_PX, dwell_ns=200.0, overlap_px=8
        ),
    )
    run = TinyRun.make(tmp_path, project, specimen=unevenly_irradiated((0.5,)), keep_truth=False)
    with run.start() as program:
        program.engine.run()
    result = measured(run, tmp_path)
    assert result.verdict.good
    assert rates_of(result)[0.5] == pytest.approx(1.948, rel=0.03)


def test_what_it_shows(through: TinyRun, tmp_path: Path) -> None:
    audience = Listener()
    result = measured(through, tmp_path, audience, sections=("S001",))
    assert result.comparison[0].what.startswith("rate per current at 0.5")
    assert any(isinstance(figure, HeatMap) for figure in result.residuals)
    assert "first wafer" in audience.figures and audience.said[0] == (0.0, "Looking through section S001")
    again = measured(through, tmp_path, sections=("S001",))
    assert again.values == result.values and again.verdict == result.verdict


def test_debris_does_not_change_the_rate(tmp_path: Path) -> None:
    def crumbs(key: PlaneKey, image: Image) -> Image:
        if key.cycle in (28, 30):
            image[20:60, 20:60] = 200
        return image

    run = milled_run(tmp_path, wafer_of(PLACES[:1], (0.5,)), 33, milling(4.0, 24, 0.5), crumbs)
    result = measured(run, tmp_path)
    assert rates_of(result)[0.5] == pytest.approx(1.948, rel=0.03)
    assert any("not counted" in reason for reason in result.verdict.reasons)


def test_sections_that_are_not_through_are_left_out_or_all_there_is(tmp_path: Path) -> None:
    run = milled_run(tmp_path, wafer_of(PLACES[:2], (0.0, 1.0)), 16, milling(4.0, 13, 0.0))
    both = measured(run, tmp_path, irradiation_1e27_ev_per_cm3=0.0)
    assert both.verdict.good and any("1 section not milled through" in r for r in both.verdict.reasons)
    none = measured(run, tmp_path / "none", sections=("S002",))
    assert not none.verdict.good and none.values == () and none.residuals
    assert "No section is milled through" in none.verdict.reasons[0]
    by_eye = measured(run, tmp_path / "eye", sections=("S001",), final_slice=13)
    assert rates_of(by_eye)[0.5] == pytest.approx(5.453, rel=0.05)


def written(run: TinyRun) -> RunFolder:
    """The run's folder with the files that a program reads its plan from."""
    folder = run.plan.folder
    folder.project_file.write_text(to_toml(run.plan.project))
    folder.wafer_file.write_text(run.plan.wafer.to_geojson())
    folder.instrument_file.write_text(to_toml(run.plan.instrument))
    return folder


def test_what_is_accepted_changes_the_charge_for_a_depth(through: TinyRun) -> None:
    """From the slices to a profile on the disk, and from there to what the next cycle is milled by."""
    plan = Plan.read(written(through).root)
    told = MillRateSettings(sections=("S001",), irradiation_1e27_ev_per_cm3=0.5, square_px=64)
    finished = calibrate(PROCEDURE, told, plan, Listener())
    after = accepted(plan.instrument, Profile.read(finished.profile_file), "here")
    milled = MillingSettings(depth_nm=10.0, irradiation_1e27_ev_per_cm3=0.5)
    charges = [charge_uc_per_azimuth(i.mill, milled) for i in (plan.instrument, after)]
    assert charges[1] / charges[0] == pytest.approx(1.948 / 5.453, rel=0.03)
    assert "Residuals of the mill rate" in finished.report_file.read_text()


def test_sections_of_another_run_are_measured_for_this_one(through: TinyRun, tmp_path: Path) -> None:
    folder = written(through)
    here = TinyRun.make(tmp_path / "here")
    found = measured(here, tmp_path, run=str(folder.root), sections=("S003",))
    assert rates_of(found)[0.5] == pytest.approx(1.948, rel=0.03)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"sections": ("S009",)}, "no section S009"), ({"run": "/no/such/run"}, "not a run folder")],
)
def test_what_cannot_be_read_is_said(
    through: TinyRun, tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        measured(through, tmp_path, **changes)


def test_a_run_that_never_was_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no journal"):
        measured(TinyRun.make(tmp_path), tmp_path)
    with pytest.raises(ValueError, match="name it in sections"):
        MillRateSettings(final_slice=3)


def test_a_plane_that_is_gone_is_an_error_and_no_rate(tmp_path: Path) -> None:
    run = milled_run(tmp_path, wafer_of(PLACES[:1], (0.0,)), 8, milling(4.0, 6, 0.0))
    images = run.plan.folder.images(run.plan.project)
    file_of(images, Take(PlaneKey(4, "S001", 0), 0, chosen=True)).unlink()
    with pytest.raises(StorageError):
        measured(run, tmp_path)


def test_charges_are_the_likeliest_and_know_how_uncertain_they_are(through: TinyRun) -> None:
    records = through.records()
    history = MillHistory.of(records, through.plan.instrument.mill)
    before = history.before_slices(11)
    milled = through.plan.project.milling
    assert milled.charge_uc_per_azimuth is not None
    whole_uc = 30 * milled.charge_uc_per_azimuth
    assert before[0] == Fallen() and len(before) == 11
    assert before[10].uc == pytest.approx(whole_uc)
    assert before[10].uc_per_um2 == pytest.approx(
        whole_uc / raster_area_um2(through.plan.instrument.mill, milled.raster_vpp)
    )
    assert before[10].sd_uc_per_um2 / before[10].uc_per_um2 == pytest.approx(0.02 / np.sqrt(12))
    assert before[10].mean_current_na == pytest.approx(38.0)
    assert sum(history.by_azimuth(10).values()) == pytest.approx(whole_uc)
    assert not [record for record in records if isinstance(record, PlaneLost)]
