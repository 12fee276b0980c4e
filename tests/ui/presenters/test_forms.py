"""Forms made of settings models: every value is shown, edited and read back; wrong ones say why."""

from __future__ import annotations

from typing import Any

import annotated_types as at
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from scopeacq.plan.demo import example
from scopeacq.plan.instrument import Instrument, MillRate
from scopeacq.plan.project import FocusPolicy, Project
from scopeacq.plan.settings import Settings
from ui.memory import Memory
from ui.presenters import form_text as ft
from ui.presenters.form_state import SettingsForm, Unacceptable
from ui.presenters.forms import (
    HIDDEN,
    Field,
    Kind,
    groups_of,
    value_at,
    with_values,
)

PROJECT, _, INSTRUMENT = example("test")
MODELS = (PROJECT, INSTRUMENT, Memory())
FIELDS = [(model, f) for model in MODELS for g in groups_of(type(model)) for f in g.fields]
DWELL, OVERLAP, WIDTH = ("imaging", "dwell_ns"), ("imaging", "overlap_px"), ("imaging", "tile_width_px")
DEPTH, CHARGE = ("milling", "depth_nm"), ("milling", "charge_uc_per_azimuth")


def model_of(root: Settings, path: tuple[str, ...]) -> type[Settings]:
    return type(value_at(root, path[:-1]))


def bounds(model: type[Settings], key: str) -> tuple[float, float]:
    low, high = -1e9, 1e9
    for mark in model.model_fields[key].metadata:
        low = (
            float(getattr(mark, "ge", None) or getattr(mark, "gt", None) or low)
            if not isinstance(mark, at.Len)
            else low
        )
        high = (
            float(getattr(mark, "le", None) or getattr(mark, "lt", None) or high)
            if not isinstance(mark, at.Len)
            else high
        )
        if getattr(mark, "ge", None) == 0 or getattr(mark, "gt", None) == 0:
            low = 0.0
    return low, high


def numbers(codec: ft.Number, low: float, high: float) -> st.SearchStrategy[Any]:
    if codec.whole:
        return st.integers(int(low), int(high))
    return st.floats(low, high)


def values_of(codec: ft.Codec, low: float = -360.0, high: float = 1e9) -> st.SearchStrategy[Any]:
    """What the field of a codec may hold, by and large."""
    match codec:
        case ft.Number():
            return numbers(codec, low, high)
        case ft.Optional(within):
            return st.none() | values_of(within, 1e-6, 1e5)
        case ft.Choice(members):
            return st.sampled_from(members)
        case ft.Many(each):
            return st.lists(values_of(each, -360, 360), min_size=1, max_size=5, unique=True).map(tuple)
        case ft.Span(each):
            return st.tuples(values_of(each, 0, 1e5), values_of(each, 0, 1e5)).map(sorted).map(tuple)
        case ft.Names():
            return st.lists(st.text(max_size=12), max_size=5).map(tuple)
        case ft.Rows():
            rate = st.builds(
                MillRate,
                irradiation_1e27_ev_per_cm3=st.floats(0, 1e9),
                rate_1e_8_m3_per_c=st.floats(1e-6, 1e6),
            )
            return st.lists(rate, min_size=1, max_size=5).map(tuple)
        case ft.Toml():
            plain = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans()
            keys = st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=6)
            return st.dictionaries(keys, plain | st.text("abc \"'\\=", max_size=8), max_size=4)
    return st.text("abcABC012 ,;\"'/µ", max_size=40)


@pytest.mark.parametrize(("root", "field"), FIELDS, ids=[".".join(f.path) for _, f in FIELDS])
@settings(max_examples=40)
@given(data=st.data())
def test_every_value_of_every_model_is_shown_and_reads_back_the_same(
    root: Settings, field: Field, data: st.DataObject
) -> None:
    model, key = model_of(root, field.path), field.path[-1]
    value = data.draw(values_of(field.codec, *bounds(model, key)))
    try:
        info = model.model_fields[key]
        value = TypeAdapter(info.rebuild_annotation()).validate_python(value)
    except ValidationError:
        return
    text = field.codec.text(value)
    typed = field.codec.value(text)
    again = with_values(root, {field.path: typed})
    plain = with_values(root, {field.path: value})
    try:
        expected = type(root).model_validate(plain)
    except ValidationError:
        return
    assert value_at(type(root).model_validate(again), field.path) == value_at(expected, field.path)
    assert field.shown(value)


@pytest.mark.parametrize("root", MODELS, ids=lambda m: type(m).__name__)
def test_every_value_of_a_file_has_a_field_with_a_label_and_an_explanation(root: Settings) -> None:
    paths = {f.path for g in groups_of(type(root)) for f in g.fields}
    assert paths == set(leaves(root.model_dump(), type(root)))
    for _, f in FIELDS:
        assert f.label[0].isupper() or f.label == "EHT"
        assert "_" not in f.label


def leaves(data: dict[str, Any], model: type[Settings], path: tuple[str, ...] = ()) -> Any:
    for key, value in data.items():
        kind = model.model_fields[key].annotation
        if isinstance(kind, type) and issubclass(kind, Settings):
            yield from leaves(value, kind, (*path, key))
        elif key not in HIDDEN:
            yield (*path, key)


def test_labels_units_defaults_and_kinds_come_from_the_model() -> None:
    fields = {f.path: f for g in groups_of(Project) for f in g.fields}
    dwell = fields[DWELL]
    assert (dwell.label, dwell.unit, dwell.kind, dwell.default) == ("Dwell time", "ns", Kind.NUMBER, 200.0)
    assert dwell.shown(400.0) == "400 ns"
    assert fields[("focus", "estimators")].kind is Kind.CHAIN
    assert fields[("imaging", "bit_depth")].kind is Kind.CHOICE
    assert not fields[("cycles",)].has_default
    assert fields[DEPTH].shown(None) == "not given"
    assert dwell.matches("imaging dwell")
    assert not dwell.matches("azimuth")
    measured = {f.path[-1] for g in groups_of(Instrument) for f in g.fields if f.measured}
    assert "convergence_mrad" in measured
    assert "eht_kv" not in measured


# -- a form under edit -------------------------------------------------------------------


def form() -> SettingsForm[Project]:
    return SettingsForm(PROJECT, PROJECT)


def anything(_: Settings) -> None:
    pass


def test_a_right_value_becomes_part_of_the_settings() -> None:
    edited = form()
    assert edited.enter(DWELL, 400.0, anything)
    assert edited.settings.imaging.dwell_ns == 400.0
    assert not edited.problems
    assert not edited.enter(DWELL, 400.0, anything)


def test_a_wrong_value_is_marked_with_the_reason_and_the_rest_goes_on() -> None:
    edited = form()
    assert not edited.enter(DWELL, -1.0, anything)
    assert edited.settings == PROJECT
    assert "Dwell" in edited.problems[DWELL]
    assert "greater than 0" in edited.problems[DWELL]
    assert edited.enter(("cycles",), 7, anything)
    assert edited.settings.cycles == 7
    assert DWELL in edited.problems
    assert edited.enter(DWELL, 100.0, anything)
    assert not edited.problems


def test_values_that_do_not_go_together_are_marked_in_the_form_s_own_words() -> None:
    edited = form()
    edited.enter(OVERLAP, 600, anything)
    assert edited.problems[OVERLAP] == "Overlap must be smaller than half a tile."
    assert edited.enter(WIDTH, 2048, anything)
    assert OVERLAP in edited.problems, "the tile is still too low"
    assert edited.enter(("imaging", "tile_height_px"), 2048, anything)
    assert not edited.problems
    assert edited.settings.imaging.overlap_px == 600


def test_two_values_that_are_only_right_together_can_be_entered_one_after_the_other() -> None:
    edited = form()
    assert not edited.enter(CHARGE, 30.0, anything)
    assert "not both" in edited.problems[CHARGE]
    assert "charge per azimuth" in edited.problems[CHARGE].lower()
    assert edited.enter(DEPTH, None, anything)
    assert not edited.problems
    assert (edited.settings.milling.charge_uc_per_azimuth, edited.settings.milling.depth_nm) == (30.0, None)


def test_what_is_no_value_stays_marked_until_it_is_one() -> None:
    edited = form()
    edited.spoil(DWELL, "'abc' is not a number.")
    assert edited.problems == {DWELL: "'abc' is not a number."}
    edited.enter(DWELL, 100.0, anything)
    assert not edited.problems


def test_what_somebody_else_refuses_is_marked_with_his_words() -> None:
    def refuse(_: Settings) -> None:
        raise Unacceptable("The run has begun.")

    edited = form()
    assert not edited.enter(DWELL, 100.0, refuse)
    assert edited.problems == {DWELL: "The run has begun."}
    assert edited.settings == PROJECT


def test_other_settings_from_elsewhere_forget_what_was_wrong_and_the_same_do_not() -> None:
    edited = form()
    edited.enter(DWELL, -1.0, anything)
    edited.show(PROJECT, PROJECT)
    assert edited.problems
    other = PROJECT.model_copy(update={"cycles": 9})
    edited.show(other, PROJECT)
    assert (edited.problems, edited.settings) == ({}, other)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([DWELL, OVERLAP, WIDTH, DEPTH, CHARGE]),
            st.none() | st.floats(-10, 1e4) | st.integers(-10, 40_000),
        ),
        max_size=8,
    )
)
def test_whatever_is_entered_the_settings_stay_valid_and_what_is_not_in_them_says_why(
    entered: list[tuple[tuple[str, ...], object]],
) -> None:
    edited = form()
    for path, value in entered:
        edited.enter(path, value, anything)
    assert Project.model_validate(edited.settings.model_dump()) == edited.settings
    assert set(edited.problems) == set(edited.wrong)
    assert all(edited.problems.values())


# -- text --------------------------------------------------------------------------------


def test_a_choice_knows_its_members_by_their_values() -> None:
    policy = ft.Choice(tuple(FocusPolicy))
    assert policy.value("by score") is FocusPolicy.BY_SCORE
    with pytest.raises(ValueError, match="every tile"):
        policy.value("sometimes")


@pytest.mark.parametrize("text", ["0; 120; 240", "0, 120, 240", "0;120;240;", " 0 ; 120,0 ; 240° "])
def test_several_numbers_are_read_in_whatever_way_they_are_parted(text: str) -> None:
    assert ft.Many(ft.Number("degrees")).value(text) == (0.0, 120.0, 240.0)


@pytest.mark.parametrize("text", ["20 to 60", "20 bis 60", "20;60", "20 – 60 nA", "20..60"])
def test_limits_are_read_in_whatever_way_they_are_parted(text: str) -> None:
    assert ft.Span(ft.Number("nA")).value(text) == (20.0, 60.0)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        (ft.Span(ft.Number()), "20"),
        (ft.Names(), "'open"),
        (ft.Toml(), "a = "),
        (ft.Rows((("a", ft.Number()), ("b", ft.Number()))), "1; 2\n3"),
        (ft.Many(ft.Number()), "1; x"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(codec: ft.Codec, text: str) -> None:
    with pytest.raises(ValueError, match=r".+\.$"):
        codec.value(text)
