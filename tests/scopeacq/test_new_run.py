"""New run folders: readable by the program, never over something that exists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from shapely.geometry import Point, Polygon

from hardware.simulator.config import TwinSettings
from scopeacq.plan.demo import example, free_folder, make_demo
from scopeacq.plan.new_run import write_run
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError


def test_a_new_run_reads_back_as_it_was_meant(tmp_path: Path) -> None:
    project, wafer, instrument = example("mine")
    plan = write_run(tmp_path / "a" / "mine.scopeacq", project, wafer, instrument)
    assert (plan.project, plan.wafer, plan.instrument) == (project, wafer, instrument)
    assert Plan.read(plan.folder.root) == plan


def test_a_new_run_is_the_twin_s_own_wafer_once_the_blanker_is_confirmed(tmp_path: Path) -> None:
    plan, demo = write_run(tmp_path / "mine.scopeacq", *example("mine")), make_demo(tmp_path)
    assert plan.wafer == demo.wafer
    assert plan.instrument.driver.settings == demo.instrument.driver.settings
    assert not plan.instrument.mill.fails_closed_confirmed
    confirmed = plan.instrument.mill.model_copy(update={"fails_closed_confirmed": True})
    assert confirmed == demo.instrument.mill


def test_what_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(SettingsError, match="exists already"):
        write_run(tmp_path / "run", *example("mine"))
    assert list((tmp_path / "run").iterdir()) == []


def test_the_demo_is_the_run_that_is_promised(tmp_path: Path) -> None:
    plan = make_demo(tmp_path, seed=5)
    assert plan.folder.root == tmp_path / "demo.scopeacq"
    assert plan.project.cycles == 5
    tiles = [tile for section in plan.wafer.sections for tile in section.tiles(plan.project.imaging)]
    assert len(plan.wafer.sections) == 4
    assert len(tiles) == 16
    outlines = {s.id: Polygon(s.outline_um) for s in plan.wafer.sections}
    assert all(outlines[tile.section].contains(Point(tile.centre_um)) for tile in tiles)


def test_another_seed_is_another_wafer(tmp_path: Path) -> None:
    wafers = [make_demo(tmp_path / str(seed), seed=seed).wafer for seed in (1, 2)]
    assert wafers[0] != wafers[1]


@pytest.mark.parametrize("content", [None, b"", b"II*\x00garbage", b"\xff" * 4096])
def test_a_bad_specimen_is_refused_before_anything_is_written(
    tmp_path: Path, content: bytes | None
) -> None:
    specimen = tmp_path / "stack.tif"
    if content is not None:
        specimen.write_bytes(content)
    with pytest.raises(ValueError, match=r"stack\.tif"):
        make_demo(tmp_path / "out", specimen=specimen)
    assert not (tmp_path / "out").exists()


def test_a_stack_from_a_file_is_named_in_the_instrument(tmp_path: Path) -> None:
    specimen = tmp_path / "stack.tif"
    rng = np.random.default_rng(1)
    tifffile.imwrite(
        specimen, rng.integers(0, 255, (4, 256, 256), dtype=np.uint8), photometric="minisblack"
    )
    plan = make_demo(tmp_path / "out", specimen=specimen, specimen_pixel_nm=5.0)
    told = TwinSettings.model_validate(plan.instrument.driver.settings).specimen
    assert (told.file, told.pixel_size_nm, told.slice_nm) == (specimen, 5.0, 5.0)


def test_a_demo_without_a_folder_finds_a_free_one(tmp_path: Path) -> None:
    assert free_folder(tmp_path).name == "scopeacq-demo"
    (tmp_path / "scopeacq-demo").mkdir()
    assert free_folder(tmp_path).name == "scopeacq-demo-2"
