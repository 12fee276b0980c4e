"""Grids of all sections at once, by what is chosen on the guided page."""

from __future__ import annotations

from pathlib import Path

import pytest

from scopeacq.plan.coverage import coverage
from scopeacq.plan.grids import GridRefused
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.wafer import Section, Wafer
from tests.ui.wafers import plan_of, section
from ui.presenters.editing import Editor
from ui.presenters.grid_edits import NO_SECTION, NONE_CHOSEN, in_words, laid, lay_grids
from ui.presenters.prepare_settings import GridArea, GridChoice

IMAGING = ImagingSettings(
    tile_width_px=1000, tile_height_px=1000, pixel_size_nm=100, overlap_px=100, grid_rows=1, grid_columns=2
)
THREE = (section("S001"), section("S002", (2000.0, 0.0), 30.0), section("S003", (0.0, 2000.0), -75.0))


def sections_laid(choice: GridChoice, chosen: str | None = None) -> tuple[Section, ...]:
    return laid(choice, chosen, Wafer(THREE), IMAGING).wafer.sections


def test_the_middle_keeps_the_rows_and_columns_of_the_plan() -> None:
    for before, after in zip(THREE, sections_laid(GridChoice()), strict=True):
        assert after.grid is None and after.roi_um is None
        assert after.roi_centre_um == pytest.approx(before.roi_centre_um, abs=0.5)
        assert len(after.tiles(IMAGING)) == 2


@pytest.mark.parametrize("area", [GridArea.WHOLE, GridArea.INNER])
def test_all_of_it_is_covered_on_each_section(area: GridArea) -> None:
    for after in sections_laid(GridChoice(area=area, rim_um=20.0)):
        assert coverage(after, IMAGING).share > 0.99
        assert (after.roi_um is not None) == (area is GridArea.INNER)


def test_grids_turn_with_their_sections() -> None:
    for before, after in zip(THREE, sections_laid(GridChoice(area=GridArea.WHOLE)), strict=True):
        off_deg = (after.rotation_deg - before.rotation_deg + 90) % 180 - 90
        assert off_deg == pytest.approx(0.0, abs=0.5)


def test_a_rim_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(GridRefused, match="leaves nothing"):
        sections_laid(GridChoice(area=GridArea.INNER, rim_um=500.0))


def test_what_is_to_be_like_the_chosen_one_needs_one() -> None:
    with pytest.raises(GridRefused, match=NONE_CHOSEN):
        sections_laid(GridChoice(area=GridArea.CHOSEN))
    with pytest.raises(GridRefused, match=NO_SECTION):
        laid(GridChoice(), None, Wafer(), IMAGING)


def test_laying_grids_is_one_step_to_undo(tmp_path: Path) -> None:
    editor = Editor(plan_of(tmp_path, *THREE))
    before = editor.document
    done = laid(GridChoice(area=GridArea.WHOLE), None, before.wafer, before.project.imaging)
    editor.do(lay_grids(done))
    assert editor.document.wafer != before.wafer
    assert "3 sections" in in_words(done)
    editor.undo()
    assert editor.document == before
