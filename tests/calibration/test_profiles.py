"""Profiles: what is accepted can be undone to the last digit, and is chosen for the run's conditions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopeacq.plan.adoption import adopted
from scopeacq.plan.calibrations import (
    CalibratedValue,
    CalibrationKind,
    Conditions,
    Fit,
    Profile,
    Value,
    Verdict,
)
from scopeacq.plan.instrument import DriverSettings, ElectronSettings, Instrument
from scopeacq.plan.profiles import (
    CalibrationRefused,
    accepted,
    conditions_of,
    differences,
    undone,
    value_at,
    with_values,
)
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.templates import to_toml

INSTRUMENT = Instrument(name="lab 1", driver=DriverSettings(name="twin"))
STIGMATORS, SCAN = CalibrationKind.STIGMATORS, CalibrationKind.SCAN
STRENGTH, TURN = "electron.stigmator_um_per_unit", "electron.stigmator_rotation_deg"
RATES = "mill.rates"
BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def profile(
    values: dict[str, Value],
    conditions: Conditions | None = None,
    *,
    good: bool = True,
    day: int = 0,
    machine: str = "lab 1",
    kind: CalibrationKind = STIGMATORS,
) -> Profile:
    return Profile(
        kind=kind,
        measured_at=BEGAN + timedelta(days=day),
        machine=machine,
        software="0",
        conditions=conditions or Conditions(),
        verdict=Verdict(good=good, reasons=() if good else ("Too few images.",)),
        values=tuple(CalibratedValue(key=key, value=value) for key, value in values.items()),
    )


def at(kv: float, wd_um: float = 4500.0) -> Conditions:
    return Conditions(landing_energy_kv=kv, wd_um=wd_um)


def with_kv(instrument: Instrument, kv: float) -> Instrument:
    electron = instrument.electron.model_copy(update={"eht_kv": kv})
    return instrument.model_copy(update={"electron": electron})


values = st.dictionaries(
    st.sampled_from([STRENGTH, "electron.convergence_mrad", "mill.raster_um_per_volt"]),
    st.floats(1.0, 1e4),
    min_size=1,
)
rates = st.lists(
    st.fixed_dictionaries(
        {"irradiation_1e27_ev_per_cm3": st.floats(0, 5), "rate_1e_8_m3_per_c": st.floats(0.1, 10)}
    ),
    min_size=1,
    max_size=3,
).map(tuple)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([STIGMATORS, SCAN]), values), max_size=5), rates)
def test_accepting_again_and_again_and_undoing_as_often_restores_the_instrument(
    steps: list[tuple[CalibrationKind, dict[str, Value]]], table: Value
) -> None:
    stages = [INSTRUMENT]
    for kind, found in [*steps, (CalibrationKind.MILL_RATE, {RATES: table})]:
        stages.append(accepted(stages[-1], profile(found, kind=kind), "somewhere"))
        assert all(value_at(stages[-1], key) == value for key, value in found.items())
    instrument = stages.pop()
    while stages:
        back = undone(instrument, instrument.calibrations[-1].kind)
        assert back.left == () and back.instrument == stages[-1]
        instrument = stages.pop()


@settings(max_examples=25)
@given(found=values, table=rates)
def test_an_instrument_with_calibrations_and_a_profile_read_back(
    found: dict[str, Value], table: Value, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("files")
    measured = profile({**found, RATES: table}, at(1.5))
    (folder / "profile.toml").write_text(to_toml(measured))
    assert Profile.read(folder / "profile.toml") == measured
    instrument = accepted(INSTRUMENT, measured, "calibrations/x/profile.toml")
    instrument = accepted(instrument, profile({STRENGTH: 3.0}), "other")
    (folder / "instrument.toml").write_text(to_toml(instrument))
    assert Instrument.read(folder / "instrument.toml") == instrument


def test_what_was_edited_since_stays_as_it_was_edited() -> None:
    instrument = accepted(INSTRUMENT, profile({STRENGTH: 3.0, TURN: 20.0}), "p")
    back = undone(with_values(instrument, {TURN: 21.0}), STIGMATORS)
    assert back.left == (TURN,)
    assert value_at(back.instrument, TURN) == 21.0
    assert value_at(back.instrument, STRENGTH) == INSTRUMENT.electron.stigmator_um_per_unit


def test_undoing_the_older_of_two_kinds_leaves_what_the_newer_set() -> None:
    first = accepted(INSTRUMENT, profile({STRENGTH: 3.0}, kind=SCAN), "scan")
    both = accepted(first, profile({STRENGTH: 5.0}), "stigmators")
    back = undone(both, SCAN)
    assert back.left == (STRENGTH,) and value_at(back.instrument, STRENGTH) == 5.0
    assert set(back.instrument.calibrations_in_use) == {STIGMATORS}


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (profile({STRENGTH: 3.0}, good=False), "is not good: Too few images."),
        (profile({STRENGTH: 3.0}, machine="lab 2"), "was measured on lab 2"),
        (profile({STRENGTH: 3.0}, at(3.0)), "landing energy 3 kV instead of 1.5 kV"),
        (profile({STRENGTH: 3.0}, at(1.5, 6000.0)), "working distance 6000 um instead of 4500 um"),
        (profile({}), "no values"),
        (profile({STRENGTH: -3.0}), "electron.stigmator_um_per_unit"),
        (profile({STRENGTH: "strong"}), "electron.stigmator_um_per_unit"),
        (profile({"mill.interlocks.current_max_age_s": 1e6}), "no value that is measured"),
        (profile({"mill.fails_closed_confirmed": 1.0}), "no value that is measured"),
        (profile({"electron": "x"}), "no value that is measured"),
        (profile({"driver.settings.x": 1.0}), "no value that is measured"),
        (profile({"": 1.0}), "no value that is measured"),
    ],
)
def test_what_may_not_be_accepted_says_why(refused: Profile, says: str) -> None:
    with pytest.raises(CalibrationRefused, match=says):
        accepted(INSTRUMENT, refused, "p")


def test_a_bad_calibration_is_accepted_by_who_insists() -> None:
    bad = profile({STRENGTH: 3.0}, good=False)
    assert accepted(INSTRUMENT, bad, "p", even_if_bad=True).calibrations[0].profiles == ("p",)


def test_nothing_is_undone_where_nothing_was_accepted() -> None:
    with pytest.raises(CalibrationRefused, match="no calibration scan in use"):
        undone(INSTRUMENT, SCAN)


def test_focus_that_wanders_is_no_other_working_distance() -> None:
    assert differences(at(1.5, 4560.0), at(1.5)) == ()
    assert differences(Conditions(), at(1.5)) == () and differences(at(1.5), Conditions()) == ()


# -- other conditions --------------------------------------------------------------------


@pytest.fixture
def at_two_energies() -> Instrument:
    low = accepted(INSTRUMENT, profile({STRENGTH: 4.0, TURN: 350.0}, at(1.5)), "low")
    high = profile({STRENGTH: 8.0, TURN: 10.0}, at(2.5), day=1)
    return accepted(with_kv(low, 2.5), high, "high")


def test_what_was_measured_at_these_conditions_is_chosen_again(at_two_energies: Instrument) -> None:
    back = adopted(with_kv(at_two_energies, 1.5), STIGMATORS)
    assert value_at(back, STRENGTH) == 4.0
    assert back.calibrations_in_use[STIGMATORS].fit is Fit.EXACT
    assert undone(back, STIGMATORS).instrument == with_kv(at_two_energies, 1.5)
    assert adopted(back, STIGMATORS) is back


@given(share=st.floats(0.05, 0.95))
@settings(max_examples=25)
def test_between_two_energies_values_are_interpolated(share: float) -> None:
    low = accepted(INSTRUMENT, profile({STRENGTH: 4.0, TURN: 350.0}, at(1.5)), "low")
    both = accepted(with_kv(low, 2.5), profile({STRENGTH: 8.0, TURN: 10.0}, at(2.5), day=1), "high")
    between = adopted(with_kv(both, 1.5 + share), STIGMATORS)
    assert value_at(between, STRENGTH) == pytest.approx(4.0 + 4.0 * share)
    turn: Any = value_at(between, TURN)
    assert (turn + 180) % 360 - 180 == pytest.approx(-10.0 + 20.0 * share)
    used = between.calibrations_in_use[STIGMATORS]
    assert used.fit is Fit.INTERPOLATED and used.profiles == ("low", "high")
    assert differences(used.conditions, conditions_of(between)) == ()
    assert undone(between, STIGMATORS).instrument == with_kv(both, 1.5 + share)


@pytest.mark.parametrize("kv", [1.0, 3.0])
def test_nothing_is_extrapolated(at_two_energies: Instrument, kv: float) -> None:
    with pytest.raises(CalibrationRefused, match=f"fits landing energy {kv:g} kV"):
        adopted(with_kv(at_two_energies, kv), STIGMATORS)


def test_nothing_is_interpolated_over_two_conditions_at_once() -> None:
    others = {
        "a": profile({STRENGTH: 4.0}, at(1.0, 4000.0)),
        "b": profile({STRENGTH: 8.0}, at(2.0, 5000.0)),
    }
    with pytest.raises(CalibrationRefused, match="no two lie on either side"):
        adopted(INSTRUMENT, STIGMATORS, others)


def test_names_and_tables_are_not_interpolated() -> None:
    row = {"irradiation_1e27_ev_per_cm3": 0.0, "rate_1e_8_m3_per_c": 5.0}
    others = {
        "a": profile({RATES: (row,)}, at(1.0)),
        "b": profile({RATES: ({**row, "rate_1e_8_m3_per_c": 6.0},)}, at(2.0)),
    }
    with pytest.raises(CalibrationRefused):
        adopted(INSTRUMENT, STIGMATORS, others)


def test_profiles_of_other_machines_and_bad_ones_are_no_choice() -> None:
    others = {
        "a": profile({STRENGTH: 4.0}, at(1.5), machine="lab 2"),
        "b": profile({STRENGTH: 4.0}, at(1.5), good=False),
        "c": profile({STRENGTH: 4.0}, at(1.5), kind=SCAN),
    }
    with pytest.raises(CalibrationRefused):
        adopted(INSTRUMENT, STIGMATORS, others)


# -- files -------------------------------------------------------------------------------


@settings(max_examples=60)
@given(junk=st.binary(max_size=200), place=st.integers(0, 600), cut=st.booleans())
def test_a_damaged_profile_is_one_sentence(
    junk: bytes, place: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = to_toml(profile({STRENGTH: 3.0, RATES: ({"a": 1.0},)}, at(1.5))).encode()
    path: Path = tmp_path_factory.mktemp("profile") / "profile.toml"
    path.write_bytes(whole[:place] + junk + (b"" if cut else whole[place:]))
    try:
        assert isinstance(Profile.read(path), Profile)
    except SettingsError as refusal:
        assert str(path) in str(refusal)


def test_electrons_of_another_aperture_are_another_condition() -> None:
    narrow = INSTRUMENT.model_copy(update={"electron": ElectronSettings(aperture_um=20.0)})
    held = Conditions(aperture_um=30.0)
    assert differences(held, conditions_of(narrow)) == ("aperture 30 um instead of 20 um",)
    assert differences(held, conditions_of(INSTRUMENT)) == ()
