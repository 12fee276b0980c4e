"""The main job on the physical twin, in its own process: what was believed against what was so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from benchmarks.demo_truth import compare
from scopeacq.journal.journal import JournalReader
from scopeacq.journal.records import RunEnd
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan
from scopeacq.session import open_session
from scopeacq.telling.status import read_status

STACK = Path(__file__).parents[3] / "shared/data/fibsem_medulla_8nm/validation_z03490-03609.tif"
CYCLES = 2


def run_demo(out: Path, specimen: Path | None) -> Plan:
    plan = make_demo(out, seed=7, specimen=specimen, cycles=CYCLES)
    with open_session(plan) as session:
        assert session.engine.run() is RunEnd.FINISHED
    return plan


@pytest.mark.parametrize("texture", ["procedural", "stack"])
def test_every_plane_is_sharp_in_place_and_milled_as_asked(tmp_path: Path, texture: str) -> None:
    if texture == "stack" and not STACK.exists():
        pytest.skip(f"the real stack is not here: {STACK.name}")
    plan = run_demo(tmp_path, STACK if texture == "stack" else None)
    status = read_status(plan)
    assert (status.planes, status.planes_lost, status.cycles_done) == (16 * CYCLES, 0, CYCLES)
    truth = compare(plan, plan.instrument_folder / "truth")
    assert truth["planes_in_focus"] >= 0.97
    assert truth["chosen_in_focus"] == 1.0
    assert truth["roi_shift_um"]["max"] <= 0.5
    assert truth["opened_unproven_s"] == 0.0
    assert truth["damage"] == []
    # the twin's Faraday cup reads to 0.3 %
    for azimuth, error_uc in truth["charge_error_uc"].items():
        assert abs(error_uc) < 0.02 * status.mill[0].requested_uc, azimuth
    _same_place(plan)
    _recorded_in_place(plan)


def _recorded_in_place(plan: Plan) -> None:
    """What was seen to lie off is taken out of where planes are said to lie, in every cycle."""
    planes = JournalReader(plan.folder.journal_file).planes()
    assert {row.key.cycle for row in planes} == set(range(CYCLES))
    imaging = plan.project.imaging
    for row in planes:
        assert row.exposed is not None
        tile = plan.wafer.section(row.key.section).grid_tiles(imaging)[row.key.tile]
        middle = (imaging.tile_width_px - 1) / 2, (imaging.tile_height_px - 1) / 2, 1.0
        lies_um = np.reshape(row.exposed.to_wafer, (2, 3)) @ middle
        assert np.linalg.norm(lies_um - tile.centre_um) < 0.05, row.key


def _same_place(plan: Plan) -> None:
    """An independent reader finds successive slices of a tile alike, pixel on pixel."""
    images = zarr.open_group(plan.folder.images(plan.project), mode="r")
    first, second = (np.asarray(images["S001/0/0"][z], np.float64) for z in range(2))
    blurred = [_means(image, 8) for image in (first, second)]
    assert np.corrcoef(blurred[0].ravel(), blurred[1].ravel())[0, 1] > 0.7


def _means(image: np.ndarray, edge: int) -> np.ndarray:
    rows, columns = image.shape[0] // edge, image.shape[1] // edge
    return image[: rows * edge, : columns * edge].reshape(rows, edge, columns, edge).mean((1, 3))
