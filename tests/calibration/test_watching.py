"""Where a calibration looks, when nobody says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.watching import Home, home_of
from hardware.types import FrameSettings, StagePose
from scopeacq.manual import Manual
from tests.calibration.benches import Listener, bench_on
from tests.calibration.geometry_twin import GeometryTwin, frames

FRAME = FrameSettings(384, 384, 100.0, 200.0)
BESIDE_UM = 700.0


def beside(manual: Manual) -> None:
    """Drive the stage to where there is only bare wafer."""
    at = manual.devices.stage.pose()
    manual.devices.stage.move(StagePose(x_um=(at.x_um or 0.0) + BESIDE_UM)).wait(60.0)


def test_a_stage_that_shows_something_is_looked_at_where_it_stands(tmp_path: Path) -> None:
    twin = GeometryTwin.of(tmp_path)
    with twin.held() as manual:
        manual.devices.stage.move(StagePose(x_um=twin.run.nature.specimen.sections[0].x_um + 20.0)).wait(
            60.0
        )
        stood = manual.devices.stage.pose()
        home = home_of(bench_on(manual, twin.run.plan, tmp_path / "here"), "", FRAME)
    assert (home.at_um, home.section) == ((stood.x_um, stood.y_um), "")


def test_beside_all_sections_the_nearest_one_is_taken_and_that_is_said(tmp_path: Path) -> None:
    twin, listener = GeometryTwin.of(tmp_path), Listener()
    section = twin.run.plan.wafer.sections[0]
    with twin.held() as manual:
        middle_um = manual.place.apply(section.roi_centre_um)
        beside(manual)
        stood = manual.devices.stage.pose()
        home = home_of(bench_on(manual, twin.run.plan, tmp_path / "there", audience=listener), "", FRAME)
        assert manual.devices.stage.pose() == stood  # only said, not driven
    assert home.at_um == pytest.approx(middle_um) and home.section == section.id
    assert f"section {section.id}" in home.row().after
    assert [said for _, said in listener.said if section.id in said]


def test_a_sitting_that_goes_on_keeps_its_place_wherever_the_stage_is_then(tmp_path: Path) -> None:
    twin = GeometryTwin.of(tmp_path)
    homes: list[Home] = []
    with twin.held() as manual:
        for _ in range(2):
            homes.append(home_of(bench_on(manual, twin.run.plan, tmp_path / "again"), "", FRAME))
            beside(manual)
    assert homes[0] == homes[1] and homes[0].section == ""
    assert frames(twin) == 1
