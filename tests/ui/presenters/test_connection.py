"""Putting an instrument together, without a window: edits of a draft, and forms of drivers' own models."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from hardware.addresses import address
from hardware.discovery import Found, installed_drivers
from hardware.instruments_file import Draft, Problem, check, parse, written
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts
from hardware.self_test import Checked, Outcome
from ui.presenters import connection_draft as edits
from ui.presenters.connection import NOBODY, connection_view, how_to_use
from ui.presenters.connection_state import Connecting, Step
from ui.presenters.table_form import TableForm

DRIVERS, _ = installed_drivers()


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Wire(DeviceSettings):
    """Where it is."""

    port: str = Field(title="Serial port")
    baud: int = Field(9600, title="Baud rate", gt=0)


class Box(DeviceSettings):
    """A box."""

    label: str = Field(title="Label")
    limit_na: float = Field(5.0, title="Limit [nA]", gt=0)
    colour: Colour = Colour.RED
    wire: Wire = Field(title="Its wire")


def box(*parts: Part) -> DeviceDriver:
    return DeviceDriver("A box", frozenset(parts), Box, lambda *_: Parts())


# -- drafts --------------------------------------------------------------------------------


kinds = st.lists(st.sampled_from(sorted(DRIVERS)), max_size=6)
choices = st.lists(st.tuples(st.sampled_from(Part), st.integers(0, 6)), max_size=8)


@given(kinds, choices, st.integers(0, 5))
def test_no_part_is_ever_played_twice_by_what_the_wizard_makes(
    names: list[str], chosen: list[tuple[Part, int]], removed: int
) -> None:
    draft = edits.NEW
    for name in names:
        draft = edits.with_device(draft, name, DRIVERS[name], {})
    for part, n in chosen:
        able = [d for d, one in draft.devices.items() if part in DRIVERS[one.driver].plays]
        draft = edits.played_by(draft, part, able[n] if n < len(able) else None)
    if removed < len(draft.devices):
        draft = edits.without_device(draft, list(draft.devices)[removed])
    played = [part for device in draft.devices.values() for part in device.plays or ()]
    assert len(played) == len(set(played))
    assert edits.players(draft).keys() == set(played)
    assert parse(written(draft)) == draft
    assert not [p for p in check(draft) if "played by" in p.text or "cannot play" in p.text]


def test_what_is_found_again_is_not_there_twice() -> None:
    at = address("COM7")
    found = Found(at, "dcon-relay", Candidate({"port": "COM7"}, "a relay"))
    once = edits.with_found(edits.NEW, [found], DRIVERS)
    assert edits.with_found(once, [found, Found(at, trouble="nobody")], DRIVERS) == once
    assert once.devices["dcon-relay"].plays == (Part.BLANKER,)
    other = Found(address("COM8"), "dcon-relay", Candidate({"port": "COM8"}, "a relay"))
    twice = edits.with_found(once, [other], DRIVERS)
    assert list(twice.devices) == ["dcon-relay", "dcon-relay-2"] and not twice.devices["dcon-relay-2"].plays


def test_only_an_instrument_that_is_all_simulated_keeps_simulated_time_by_itself() -> None:
    alone = edits.with_device(edits.NEW, "twin", DRIVERS["twin"], {})
    assert Part.CLOCK in edits.players(alone)
    sem = edits.with_device(edits.NEW, "tescan-sharksem", DRIVERS["tescan-sharksem"], {})
    beside = edits.with_device(sem, "twin", DRIVERS["twin"], {})
    assert Part.CLOCK not in edits.players(beside) and not check(beside)
    assert edits.players(edits.played_by(beside, Part.CLOCK, "twin"))[Part.CLOCK] == "twin"


def test_names_are_kept_apart_and_in_their_places() -> None:
    draft = Draft(name="lab")
    for name in ("faraday-cup", "dcon-relay"):
        draft = edits.with_device(draft, name, DRIVERS[name], {})
    draft = edits.renamed(draft, "faraday-cup", "cup")
    assert list(draft.devices) == ["cup", "dcon-relay"]
    with pytest.raises(ValueError, match="already"):
        edits.renamed(draft, "cup", "dcon-relay")
    with pytest.raises(ValueError, match="printable"):
        edits.called(draft, "")


def test_what_a_file_leaves_out_is_said_before_it_is_edited() -> None:
    text = 'format = "scopeacq.instruments/1"\nname = "lab"\n'
    text += '[devices.relay]\ndriver = "dcon-relay"\n[devices.rest]\ndriver = "twin"\nplays = ["stage"]\n'
    draft = edits.resolved(parse(text), DRIVERS)
    assert draft.devices["relay"].plays == (Part.BLANKER,) and draft.devices["rest"].plays == (Part.STAGE,)


# -- forms ---------------------------------------------------------------------------------


def problems(form: TableForm) -> dict[tuple[str, ...], str]:
    return {row.field.path: row.problem for _, rows in form.groups for row in rows if row.problem}


def test_a_form_says_what_must_be_given_and_takes_it() -> None:
    form = TableForm(Box, {})
    assert problems(form) == {("label",): "Label is missing.", ("wire", "port"): "Serial port is missing."}
    form = form.entered(("label",), "x").entered(("wire", "port"), "COM1")
    assert form.right and form.table == {"label": "x", "wire": {"port": "COM1"}}
    form = form.entered(("wire", "baud"), -1)
    assert not form.right and "greater than 0" in problems(form)["wire", "baud"]
    assert form.entered(("wire", "baud"), 9600).table == {"label": "x", "wire": {"port": "COM1"}}


def test_what_is_emptied_or_as_usual_is_left_out_of_the_file() -> None:
    form = TableForm(Box, {"label": "x", "limit_na": 7.0, "colour": "blue", "wire": {"port": "COM1"}})
    assert form.right
    for path in (("label",), ("wire", "port")):
        form = form.entered(path, "")
    form = form.entered(("limit_na",), 5.0).entered(("colour",), Colour.RED)
    assert form.table == {}


def test_a_field_that_holds_no_value_is_not_taken_until_it_is_put_right() -> None:
    form = TableForm(Wire, {"port": "COM1"}).spoiled(("baud",), "This is no number.")
    assert not form.right and problems(form) == {("baud",): "This is no number."}
    assert form.given_up(("baud",)).right and form.entered(("baud",), 1200).table["baud"] == 1200


def test_a_key_that_no_driver_knows_is_seen_and_taken_out() -> None:
    form = TableForm(Box, {"label": "x", "limt": 3.0, "wire": {"port": "COM1", "bad": 9600}})
    unknown, rows = form.groups[-1]
    assert unknown.title == "Unknown to this driver"
    assert {(row.field.path, row.value, row.problem) for row in rows} == {
        (("limt",), 3.0, "Limt is unknown; did you mean limit_na?"),
        (("wire", "bad"), 9600, "Wire.bad is unknown; did you mean baud?"),
    }
    for row in rows:
        form = form.entered(row.field.path, row.others[0].value)
    assert form.right and form.table == {"label": "x", "wire": {"port": "COM1"}}


@given(st.sampled_from(sorted(DRIVERS)), st.data())
def test_each_drivers_form_writes_what_its_model_reads(name: str, data: st.DataObject) -> None:
    """Whatever stands in the fields by themselves goes into them again unchanged."""
    model = DRIVERS[name].settings
    form = TableForm(model, {})
    rows = [row for _, rows in form.groups for row in rows if row.field.has_default]
    row = data.draw(st.sampled_from(rows))
    text = row.field.codec.text(row.value)
    read = row.field.codec.value(text)
    after = form.entered(row.field.path, read)
    assert json.loads(json.dumps(after.table)) == after.table
    there = {at: p for at, p in problems(after).items() if at == row.field.path}
    assert not there


# -- views ---------------------------------------------------------------------------------


def view_of(**news: Any) -> Any:
    return connection_view(Connecting(Path("instruments.toml"), **news))


def test_an_instrument_that_lacks_parts_can_neither_be_tried_nor_written() -> None:
    draft = edits.with_device(edits.NEW, "dcon-relay", DRIVERS["dcon-relay"], {"port": "COM1"})
    view = view_of(draft=draft, drivers=DRIVERS, problems=tuple(check(draft)), step=Step.PARTS)
    assert not view.may_test and not view.may_save and "to be put right" in view.sentence
    assert any(text.startswith("Nobody plays") for text in view.problems)
    parts = {row.part: row for row in view.parts}
    assert parts[Part.BLANKER].choices == (NOBODY, "dcon-relay") and parts[Part.STAGE].chosen == NOBODY


def test_a_device_with_a_problem_is_pointed_at() -> None:
    draft = edits.with_device(edits.NEW, "dcon-relay", DRIVERS["dcon-relay"], {})
    wrong = Problem(
        ("devices", "dcon-relay", "settings", "port"), "devices.dcon-relay.settings.port is missing"
    )
    view = view_of(draft=draft, drivers=DRIVERS, problems=(wrong,))
    assert view.devices[0].badge.word == "Look here"
    assert view.problems == ("dcon-relay: 1 setting to be put right.",)


def test_what_is_wrong_is_told_by_the_devices_own_names() -> None:
    devices = {
        "settings": {"driver": "dcon-relay", "plays": ["gun"], "settings": {"port": "COM1"}},
        "sem": {"driver": "zeiss-smartsm"},
        "rest": {"driver": "twin", "plays": []},
    }
    problems = tuple(check(Draft.model_validate({"name": "lab", "devices": devices})))
    assert view_of(problems=problems).problems == (
        "sem: there is no driver 'zeiss-smartsm'; did you mean zeiss-smartsem?",
        "settings: the driver dcon-relay cannot play gun.",
        "rest plays nothing; take it out, or say what it plays.",
    )


def test_what_failed_is_said_before_it_is_written() -> None:
    draft = edits.with_device(edits.NEW, "twin", DRIVERS["twin"], {})
    failed = Checked(Part.STAGE, "it stands", Outcome.FAILED, "stage: it shakes", 0.1)
    view = view_of(draft=draft, drivers=DRIVERS, checked=(failed,), step=Step.SAVE)
    assert view.may_save and "not all of it passed" in view.sentence
    windows: Any = PureWindowsPath(r"C:\merlin\instruments.toml")
    assert 'folder = "C:/merlin"' in how_to_use(windows)
    assert view.checks[0].badge.word == "Failed"
    assert view.how_to_use.endswith(', folder = ".", no settings.')
