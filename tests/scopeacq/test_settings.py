"""Settings that are wrong are refused in plain words: all files at once, one problem per line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.settings import SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return make_demo(tmp_path).folder


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(folder: RunFolder) -> str:
    with pytest.raises(SettingsError) as refused:
        Plan.read(folder.root)
    return str(refused.value)


def with_feature(folder: RunFolder, number: int, part: str, **values: object) -> None:
    data = json.loads(folder.wafer_file.read_text(encoding="utf-8"))
    data["features"][number][part].update(values)
    folder.wafer_file.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("overlap_px", "overlapp_px", "imaging.overlapp_px is unknown; did you mean overlap_px? Correct"),
        ("dwell_ns = 200.0", "dwell_ns = -5", "imaging.dwell_ns should be greater than 0, but is -5"),
        ("overlap_px = 100", "overlap_px = 600", "imaging: overlap_px must be smaller than half a tile"),
        ('name = "demo"', 'name = "a\\u001b[31m"', "name should be 1 to 100 printable characters"),
        ('name = "demo"', "", "name is missing"),
        ("bit_depth = 8", "bit_depth = 12", "imaging.bit_depth should be 8 or 16, but is 12"),
    ],
)
def test_a_wrong_value_is_said_in_plain_words(folder: RunFolder, old: str, new: str, said: str) -> None:
    replaced(folder.project_file, old, new)
    text = refusal(folder)
    assert said in text
    assert text.splitlines() == [text]
    assert text.isprintable()


def test_all_files_are_read_before_any_is_refused(folder: RunFolder) -> None:
    replaced(folder.project_file, "dwell_ns = 200.0", "dwell_ns = 0")
    replaced(folder.project_file, "overlap_px", "overlapp_px")
    replaced(folder.instrument_file, "eht_kv", "eht_volt")
    with_feature(folder, 1, "properties", thickness_nm=-1)
    lines = refusal(folder).splitlines()
    assert lines[0] == f"{folder.project_file}: 2 problems. Correct these values."
    assert [line[:2] for line in lines[1:3]] == ["- ", "- "]
    assert "section S002: thickness_nm should be at least 1, but is -1" in lines[3]
    assert "electron.eht_volt is unknown" in lines[4]
    assert len(lines) == 5


def test_an_unknown_key_hides_nothing_else_of_its_table(folder: RunFolder) -> None:
    replaced(folder.project_file, "overlap_px = 100", "overlap_px = 600\nfoo = 1")
    replaced(
        folder.project_file, "depth_nm = 10.0", "depth_nm = 10.0\ncharge_uc_per_azimuth = 1.0\nbar = 1"
    )
    replaced(folder.instrument_file, "gas_bar = [3.0, 5.0]", "gas_bar = [5.0, 3.0]\ngas = 4.0")
    text = refusal(folder)
    for said in (
        "imaging.foo is unknown",
        "imaging: overlap_px must be smaller than half a tile",
        "milling.bar is unknown",
        "milling: give either charge_uc_per_azimuth or depth_nm, not both",
        "mill.interlocks.gas is unknown",
        "mill.interlocks: gas_bar: the lower limit 5 is not below the upper one 3",
    ):
        assert text.count(said) == 1, text
    assert len(text.splitlines()) == 2 + 6


def test_all_features_that_cannot_be_used_are_named(folder: RunFolder) -> None:
    with_feature(folder, 0, "geometry", coordinates=[[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]])
    with_feature(folder, 5, "geometry", coordinates=[1])
    text = refusal(folder)
    assert "the outline of section S001 is no simple polygon" in text
    assert "fiducial F2: coordinates" in text


def test_an_id_that_could_write_to_a_terminal_is_refused(folder: RunFolder) -> None:
    with_feature(folder, 0, "properties", id="S\x1b[2J")
    text = refusal(folder)
    assert "should be 1 to 64 letters, digits, _ or -" in text
    assert text.isprintable()
