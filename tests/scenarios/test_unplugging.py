"""Some devices unplugged at some points of the main job; all of them: ``benchmarks/unplugging.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from scopeacq.journal.records import RunEnd
from tests.scenarios.unplugging import (
    BLANKER,
    DEVICES,
    MICROSCOPE,
    MID_FRAME,
    WHILE_OPEN,
    Unplugged,
    points_of,
    unplug,
)


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return points_of(tmp_path_factory.mktemp("points"))


def test_every_kind_of_step_is_a_point(points: list[str]) -> None:
    first_words = {name.split()[0] for name in points}
    wanted = {"Recovering", "Finding", "Focusing", "Imaging", "Verifying", "Milling", "Plasma", "Ending"}
    assert wanted <= first_words and {WHILE_OPEN, MID_FRAME} <= set(points)
    assert len(DEVICES) >= 8


def pulled(points: list[str], folder: Path, device: str, point: str) -> Unplugged:
    at = next(n for n, name in enumerate(points) if name.startswith(point))
    result = unplug(folder, device, at)
    assert result.troubles == ()
    assert result.end is RunEnd.PAUSED and device in result.reason
    return result


@pytest.mark.parametrize(
    ("device", "point"),
    [
        (MICROSCOPE, MID_FRAME),
        ("raster generator", WHILE_OPEN),
        ("ion gun", "Milling"),
        ("plasma cleaner", "Plasma"),
    ],
)
def test_the_run_pauses_safely_and_goes_on(
    points: list[str], tmp_path: Path, device: str, point: str
) -> None:
    pulled(points, tmp_path, device, point)


def test_a_lost_blanker_fails_closed_and_says_what_to_press(points: list[str], tmp_path: Path) -> None:
    result = pulled(points, tmp_path, BLANKER, WHILE_OPEN)
    assert "Ion beam state unknown: press gun off." in result.reason
    assert 0 < result.late_s < 1.0
