"""Numbers as people type them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.types import Range
from ui.presenters.quantities import Unreadable, parse, shown, stepped, unit_shown, units_shown

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1.5", 1.5),
        ("1,5", 1.5),
        (" -0,25 ", -0.25),
        ("\N{MINUS SIGN}3", -3.0),
        (",5", 0.5),
        ("5.", 5.0),
        ("2e-5", 2e-5),
        ("1,5e3", 1500.0),
        ("1.234e2", 123.4),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234.567", 1_234_567.0),
        ("1 234,5", 1234.5),
        ("1\N{NARROW NO-BREAK SPACE}234", 1234.0),
        ("1'234.5", 1234.5),
        ("0.234", 0.234),
        ("1234.567", 1234.567),
        ("1.2340", 1.234),
    ],
)
def test_german_and_english_numbers_are_read(typed: str, number: float) -> None:
    assert parse(typed) == number


@pytest.mark.parametrize("typed", ["1.234", "1,234", "-12.345", "999,000"])
def test_what_could_be_thousands_or_decimals_is_refused_and_says_what_to_write(typed: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse(typed)
    plain = typed.lstrip("-")
    assert plain.replace(".", "").replace(",", "") in str(refused.value)
    assert f"{plain}0" in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        "abc",
        "1.2.3",
        "12.34.567",
        "1,2,3",
        "1.234,5,6",
        "0.123.456",
        "--1",
        "1e",
        "nan",
        "inf",
        "٣",
        "1 23",
    ],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(Unreadable):
        parse(typed)


@pytest.mark.parametrize(
    ("typed", "unit", "number"),
    [
        ("200 ns", "ns", 200.0),
        ("0,2 us", "ns", 200.0),
        ("0.2µs", "ns", 200.0),
        ("4,5 mm", "um", 4500.0),
        ("1 h", "s", 3600.0),
        ("2e-3 Pa", "mbar", 2e-5),
        ("10 000 V", "kV", 10.0),
        ("38000 pA", "nA", 38.0),
        ("12°", "degrees", 12.0),
        ("1 TB", "GB", 1000.0),
        ("4 µm/unit", "um per stigmator unit", 4.0),
        ("15 V pp", "V peak to peak", 15.0),
        ("50 \N{GREEK CAPITAL LETTER OMEGA}", "ohm", 50.0),
        ("5 px", "px", 5.0),
    ],
)
def test_a_unit_after_the_number_is_converted(typed: str, unit: str, number: float) -> None:
    assert parse(typed, unit) == number


@pytest.mark.parametrize(("typed", "unit"), [("5 s", "um"), ("5 nm", "px"), ("5 um", ""), ("5 NS", "ns")])
def test_a_unit_of_another_kind_is_refused(typed: str, unit: str) -> None:
    with pytest.raises(Unreadable, match="unit"):
        parse(typed, unit)


def test_limits_and_whole_numbers_are_held_and_told() -> None:
    assert parse("15", "um", Range(-15.0, 15.0)) == 15.0
    with pytest.raises(Unreadable, match="at most 15 µm"):
        parse("0,016 mm", "um", Range(-15.0, 15.0))
    with pytest.raises(Unreadable, match="at least -15 µm"):
        parse("-16", "um", Range(-15.0, 15.0))
    with pytest.raises(Unreadable, match="whole"):
        parse("2,5", whole=True)
    assert parse("6000,0", whole=True) == 6000


@given(FINITE)
def test_every_number_is_shown_so_that_it_reads_back_the_same(number: float) -> None:
    assert parse(shown(number)) == number


@given(FINITE, st.sampled_from([("ns", "ns"), ("um", "µm"), ("degrees", "°"), ("", "")]))
def test_a_comma_and_the_shown_unit_mean_the_same(number: float, unit: tuple[str, str]) -> None:
    assert parse(f"{shown(number).replace('.', ',')} {unit_shown(unit[0])}", unit[0]) == number


@pytest.mark.parametrize(
    ("told", "shown_as"),
    [
        ("each misses by 1.2 um along x", "each misses by 1.2 µm along x"),
        ("0.01 um per um", "0.01 µm per µm"),
        ("distance [um]", "distance [µm]"),
        ("rate at 38 nA [um^3/s]", "rate at 38 nA [µm³/s]"),
        ("5.2 uC, 3 uC/mm2", "5.2 µC, 3 µC/mm²"),
        ("45 e-/nm2 of 10^27 eV/cm^3", "45 e-/nm² of 10²⁷ eV/cm³"),
        ("5.45 10^-8 m^3/C", "5.45 10⁻⁸ m³/C"),
        ("0.003 ± 0.014 degrees per um", "0.003 ± 0.014° per µm"),
        ("direction [degrees]", "direction [°]"),
    ],
)
def test_units_in_a_text_are_shown_as_beside_numbers(told: str, shown_as: str) -> None:
    assert units_shown(told) == shown_as
    assert units_shown(shown_as) == shown_as


def test_words_are_no_units() -> None:
    text = "The maximum of us up to S002, in degrees; nm, mm and cm3m of x^y"
    assert units_shown(text) == text


@given(FINITE.filter(lambda x: abs(x) < 1e9), st.integers(0, 6))
def test_a_number_shown_with_few_decimals_is_off_by_half_of_the_last_at_most(
    number: float, digits: int
) -> None:
    assert parse(shown(number, digits)) == pytest.approx(number, abs=0.5000001 * 10.0**-digits, rel=1e-12)


@given(st.text(max_size=80))
def test_any_text_is_a_finite_number_or_refused_in_a_sentence(text: str) -> None:
    try:
        assert math.isfinite(parse(text, "um"))
    except Unreadable as refused:
        assert str(refused).endswith(".")


@given(st.integers(-99_999, 99_999).filter(bool), st.integers(-3, 3))
def test_a_step_up_and_down_again_changes_nothing_where_the_second_digit_is_the_last(
    n: int, power: int
) -> None:
    number = float(f"{n}e{power}")
    up = stepped(number, 1)
    assert up > number
    two = float(f"{number:.1e}")
    assert stepped(stepped(two, 1), -1) == two


@pytest.mark.parametrize(
    ("number", "steps", "digits", "then"),
    [
        (200.0, 1, None, 210.0),
        (99.0, 1, None, 100.0),
        (100.0, -1, None, 99.0),
        (0.3, -1, None, 0.29),
        (2e-5, 1, None, 2.1e-5),
        (5.0, 1, 0, 6.0),
        (0.0, -1, 1, -0.1),
        (0.1, -1, 1, 0.0),
        (-100.0, 1, None, -99.0),
        (1024.0, 2, 0, 1224.0),
    ],
)
def test_steps_are_sensible(number: float, steps: int, digits: int | None, then: float) -> None:
    assert stepped(number, steps, digits) == then
