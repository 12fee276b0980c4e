"""Files of devices: every problem is a sentence at its place, and nothing that is no file gets through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import example, given
from hypothesis import strategies as st

from hardware.instruments_file import (
    MOST_BYTES,
    DeviceDraft,
    Draft,
    WrongInstruments,
    assembly_of,
    check,
    parse,
    read,
    written,
)
from hardware.parts import OPTIONAL, Part
from tests.hardware.boxes import MAIN, Boxes, file_with, install

BEAM = frozenset({Part.COLUMN, Part.SCANNER, Part.DETECTOR})


@pytest.fixture(autouse=True, scope="module")
def drivers() -> Iterator[None]:
    boxes = Boxes()
    with pytest.MonkeyPatch.context() as patch:
        install(patch, {"box": boxes.driver(), "beam-box": boxes.driver(BEAM), "broken-box": None})
        yield


def problems(**devices: DeviceDraft) -> dict[str, list[str]]:
    """What is said of each device of a draft; of the instrument under ""."""
    said: dict[str, list[str]] = {}
    for problem in check(Draft(name="Test", devices=devices)):
        said.setdefault(problem.device or "", []).append(problem.text)
    return said


def test_what_others_name_is_left_to_them() -> None:
    draft = Draft(
        name="Test",
        devices={
            "sem": DeviceDraft(driver="box"),
            "eyes": DeviceDraft(driver="beam-box", plays=tuple(BEAM)),
        },
    )
    assembly = assembly_of(draft)
    assert [(d.name, d.plays) for d in assembly.devices] == [("sem", MAIN - BEAM), ("eyes", BEAM)]
    player = assembly.player(Part.SCANNER)
    assert player is not None
    assert (player.name, player.surely) == ("eyes", BEAM)
    assert assembly.player(Part.IRRADIATION_METER) is None


def test_what_only_some_instruments_have_is_not_expected_unless_it_is_named() -> None:
    (device,) = assembly_of(Draft(name="Test", devices={"sem": DeviceDraft(driver="box")})).devices
    assert device.plays - device.surely == OPTIONAL & MAIN


def test_every_problem_is_said_at_its_place() -> None:
    said = problems(
        one=DeviceDraft(driver="bx"),
        two=DeviceDraft(driver="broken-box"),
        three=DeviceDraft(driver="box", settings={"gane": 2.0, "gain": -1}),
        four=DeviceDraft(driver="beam-box", plays=(Part.STAGE,)),
        five=DeviceDraft(driver="beam-box", plays=()),
        six=DeviceDraft(driver="bro"),
    )
    assert said["six"] == ["devices.six.driver: there is no driver 'bro'; did you mean broken-box?"]
    assert said["one"] == ["devices.one.driver: there is no driver 'bx'; did you mean box?"]
    assert "cannot be loaded" in said["two"][0]
    assert said["three"] == [
        "devices.three.settings.gane is unknown; did you mean gain?",
        "devices.three.settings.gain should be greater than 0, but is -1",
    ]
    assert said["four"] == ["devices.four.plays: the driver beam-box cannot play stage"]
    assert said["five"] == ["devices.five plays nothing; take it out, or say what it plays"]


def test_parts_played_twice_or_by_nobody() -> None:
    twice = problems(a=DeviceDraft(driver="box"), b=DeviceDraft(driver="beam-box"))
    assert twice == {"": ["column, scanner, detector: played by a and by b; say in plays by which"]}
    alone = problems(b=DeviceDraft(driver="beam-box"))
    missing = "stage, chamber, gun, ion current, raster, blanker"
    assert alone == {"": [f"nobody plays {missing}; the driver 'twin' can simulate it"]}


def test_nothing_is_missed_where_a_driver_is_not_known() -> None:
    assert "" not in problems(sem=DeviceDraft(driver="bx"))


def test_one_error_says_all(tmp_path: Path) -> None:
    file = file_with(
        tmp_path, '[devices.a]\ndriver = "bx"\n[devices.b]\ndriver = "box"\nsettings = {gain = 0}'
    )
    with pytest.raises(WrongInstruments) as error:
        read(file)
    assert len(error.value.problems) == 2
    assert str(error.value).startswith("instruments.toml: devices.a.driver: there is no driver 'bx'")
    assert str(error.value).endswith("but is 0. Correct the file.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'it does not say format = "scopeacq.instruments/1"'),
        ('format = "scopeacq.instruments/2"\nname = "x"', "but is 'scopeacq.instruments/2'"),
        ('format = "scopeacq.instruments/1"\nname = "x"\ndevises = {}', "did you mean devices?"),
        ('format = "scopeacq.instruments/1"\nname = "x"\n[devices.a]\ndrivr = "b"', "did you mean driver?"),
        ('format = "scopeacq.instruments/1"\nname = "x"\n[devices]\na = 3', "devices.a should be a table"),
        ("name = ", "it is not valid TOML"),
        ("a = " + "[" * 5000, "it is not valid TOML"),
        ("a = " + "9" * 5000, "it is not valid TOML"),
    ],
)
def test_what_is_no_file_of_devices_is_refused(text: str, said: str) -> None:
    with pytest.raises(WrongInstruments) as error:
        parse(text)
    assert any(said in problem.text for problem in error.value.problems)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    garbage, huge = tmp_path / "garbage", tmp_path / "huge"
    garbage.write_bytes(b"\xff\xfe\x00")
    huge.write_bytes(b"#" * (MOST_BYTES + 1))
    for path, said in [(tmp_path / "none", "cannot be read"), (garbage, "not text"), (huge, "too large")]:
        with pytest.raises(WrongInstruments, match=said):
            read(path)


def test_comments_and_order_outlive_an_edit() -> None:
    text = (
        "# our microscope\n"
        'format = "scopeacq.instruments/1"\n'
        'name = "Merlin"  # in the cellar\n'
        "\n"
        "[devices.sem]  # bought 2011\n"
        'driver = "box"\n'
        "\n"
        "[devices.sem.settings]\n"
        "gain = 2.0  # as measured\n"
        'port = "COM3"\n'
        "\n"
        "[devices.old]\n"
        'driver = "beam-box"\n'
    )
    draft = parse(text)
    sem = draft.devices["sem"].model_copy(update={"settings": {"gain": 3.0}})
    edited = written(draft.model_copy(update={"devices": {"sem": sem}}), text)
    for kept in ("# our microscope", "# in the cellar", "# bought 2011", "gain = 3.0  # as measured"):
        assert kept in edited
    assert "COM3" not in edited
    assert "old" not in edited
    assert written(draft, text) == text


names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
plain = st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8)
tables = st.dictionaries(
    names, plain | st.lists(plain, max_size=2) | st.dictionaries(names, plain, max_size=2)
)
devices = st.builds(
    DeviceDraft,
    driver=st.sampled_from(["box", "beam-box", "broken-box", "none"]),
    plays=st.none() | st.lists(st.sampled_from(Part), max_size=4, unique=True).map(tuple),
    settings=tables,
)
drafts = st.builds(Draft, name=names, devices=st.dictionaries(names, devices, max_size=3))


@given(drafts, drafts)
def test_a_file_reads_back_as_what_was_written_over_any_other(draft: Draft, before: Draft) -> None:
    assert parse(written(draft)) == draft
    assert parse(written(draft, written(before))) == draft


@given(drafts)
def test_a_draft_is_assembled_or_has_problems_that_print(draft: Draft) -> None:
    found = check(draft)
    assert all(problem.text.isprintable() for problem in found)
    if not found:
        assert assembly_of(draft).devices


hostile = st.recursive(
    st.none() | plain | st.binary().map(lambda b: b.decode("latin-1")),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=4),
)


@given(st.text() | st.dictionaries(st.sampled_from(["format", "name", "devices"]), hostile).map(str))
@example("format = '''")
def test_no_text_gets_past_a_clear_error(text: str) -> None:
    parsed_or_refused(text)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "format": st.just("scopeacq.instruments/1") | plain,
            "name": plain,
            "devices": st.dictionaries(st.text(max_size=5), tables | plain, max_size=3),
            "more": plain,
        },
    )
)
def test_no_table_gets_past_a_clear_error(data: dict[str, Any]) -> None:
    parsed_or_refused(tomlkit.dumps(data))


def parsed_or_refused(text: str) -> None:
    try:
        check(parse(text))
    except WrongInstruments as error:
        assert error.problems
        assert str(error).isprintable()
