"""Candidates on disk: what is written is read again, and whatever else is there is refused in sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopeacq.plan.geometry import Rigid
from scopeacq.plan.settings import SettingsError
from scopeacq.sections.candidates import (
    Candidate,
    Candidates,
    Label,
    LabelKind,
    Origin,
    Ring,
    Verdict,
    free_ids,
)
from scopeacq.sections.flags import Flag

FILE = Path("sections.geojson")
BLOCK: Ring = ((-250.0, -125.0), (250.0, -125.0), (200.0, 125.0), (-200.0, 125.0))

places = st.floats(-1e4, 1e4)
rings = st.builds(
    lambda x, y, angle: tuple(Rigid(x, y, angle).apply(p) for p in BLOCK), places, places, st.floats(0, 360)
)
candidates = st.lists(
    st.builds(
        Candidate,
        id=st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True),
        outline_um=rings,
        confidence=st.floats(0, 1),
        flags=st.frozensets(st.sampled_from(Flag)),
        verdict=st.sampled_from(Verdict),
        origin=st.sampled_from(Origin),
        roi_um=st.none() | rings,
    ),
    max_size=6,
    unique_by=lambda candidate: candidate.id,
).map(tuple)
labels = st.lists(st.builds(Label, kind=st.sampled_from(LabelKind), outline_um=rings), max_size=3).map(
    tuple
)


@given(st.builds(Candidates, candidates, labels))
def test_what_is_written_is_read_again(written: Candidates) -> None:
    assert Candidates.parse(FILE, written.to_geojson()) == written


def test_a_run_without_the_file_has_no_candidates(tmp_path: Path) -> None:
    assert Candidates.read(tmp_path / "sections.geojson") == Candidates()


@given(st.lists(st.from_regex(r"[A-Z]?[0-9]{1,4}", fullmatch=True)))
def test_free_ids_are_free_and_all_different(taken: list[str]) -> None:
    numbers = free_ids(taken)
    new = [next(numbers) for _ in range(5)]
    assert len({*taken, *new}) == len(set(taken)) + 5


TWO = Candidates((Candidate("S001", BLOCK), Candidate("S002", BLOCK)), (Label(LabelKind.TISSUE, BLOCK),))


def _feature(number: int, *keys: str | int, value: object) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        place = data["features"][number]
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


CROSSED = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_feature(1, "properties", "id", value="S001"), "the id S001 stands there twice"),
        (_feature(1, "properties", "id", value=None), "feature 2 has no id"),
        (_feature(0, "properties", "id", value="../x"), "letters, digits"),
        (_feature(0, "properties", "verdict", value="yes"), "candidate S001: verdict should be 'open'"),
        (_feature(0, "properties", "confidence", value=1.5), "confidence should be at most 1"),
        (_feature(0, "properties", "flags", value=["odd"]), "flags"),
        (_feature(0, "properties", "colour", value="red"), "candidate S001: colour is unknown"),
        (
            _feature(0, "geometry", "coordinates", value=CROSSED),
            "the outline of candidate S001 is no simple",
        ),
        (_feature(2, "geometry", "coordinates", value=CROSSED), "the outline of feature 3 is no simple"),
        (_feature(0, "properties", "roi_um", value=CROSSED[0]), "the ROI of candidate S001 is no simple"),
        (_feature(0, "geometry", "type", value="Point"), "geometry.type should be 'Polygon'"),
        (_feature(0, "geometry", "coordinates", 0, 0, 0, value=1e9), "at most"),
        (lambda data: data.update(format="scopeacq.sections/9"), "this program reads"),
        (lambda data: data.pop("features"), "features is missing"),
    ],
)
def test_what_is_wrong_is_said_by_name(change: Callable[[Any], None], said: str) -> None:
    data = json.loads(TWO.to_geojson())
    change(data)
    with pytest.raises(SettingsError, match=r"sections\.geojson") as refused:
        Candidates.parse(FILE, json.dumps(data))
    assert said in str(refused.value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["candidate", "Polygon"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.data(), json_values)
@settings(deadline=None, max_examples=150)
def test_whatever_the_file_holds_it_is_read_or_refused(data: st.DataObject, value: Any) -> None:
    whole = json.loads(TWO.to_geojson())
    place: Any = whole
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = value
            break
        place = place[key]
    _read_or_refused(json.dumps(whole))


@given(st.integers(0, 2000), st.integers(0, 60), st.text(max_size=20))
@settings(deadline=None, max_examples=100)
def test_damaged_text_is_read_or_refused(place: int, length: int, text: str) -> None:
    whole = TWO.to_geojson()
    _read_or_refused(whole[:place] + text + whole[place + length :])


def _read_or_refused(text: str) -> None:
    try:
        read = Candidates.parse(FILE, text)
    except SettingsError:
        return
    assert Candidates.parse(FILE, read.to_geojson()) == read
