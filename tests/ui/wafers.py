"""Small maps and plans for tests of what is shown of a wafer."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from scopeacq.plan.demo import example
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.new_run import write_run
from scopeacq.plan.project import ImagingSettings, Project
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.wafer import Fiducial, Section, Wafer
from ui.presenters.editing import Editor
from ui.presenters.edits import Edit, Refused
from ui.presenters.sections import Grid, SectionShown, TileShown
from ui.presenters.wafer_map import WaferMap

GRID = Grid(rows=2, columns=3, tile_um=(100.0, 80.0), step_um=(90.0, 70.0))


def section(name: str, centre: Point = (0.0, 0.0), rotation_deg: float = 0.0) -> Section:
    """A rectangle of 400 x 240 um."""
    place = Rigid(*centre, rotation_deg)
    corners = tuple(place.apply(p) for p in ((-200, -120), (200, -120), (200, 120), (-200, 120)))
    return Section(name, corners, centre, rotation_deg, 200.0)


def wafer_map(
    *sections: Section, wafer_to_stage: Rigid | None = None, tile: TileShown | None = None
) -> WaferMap:
    """A map on which all tiles are alike."""
    tiles = (tile or TileShown(),) * (GRID.rows * GRID.columns)
    shown = tuple(SectionShown(s, GRID, tiles=tiles) for s in sections)
    return WaferMap(shown, wafer_to_stage=wafer_to_stage or Rigid())


def plan_of(root: Path, *sections: Section) -> Plan:
    """A plan with these sections whose tiles are those of ``GRID``; its files are not written."""
    project, instrument = _example()
    imaging = ImagingSettings(
        tile_width_px=1000,
        tile_height_px=800,
        pixel_size_nm=100,
        overlap_px=100,
        grid_rows=2,
        grid_columns=3,
    )
    fiducials = tuple(Fiducial(f"F{n}", p) for n, p in enumerate(((8e3, 0.0), (-8e3, 0.0), (0.0, 8e3))))
    return Plan(
        RunFolder(root),
        project.model_copy(update={"imaging": imaging}),
        Wafer(sections, fiducials),
        instrument,
    )


@cache
def _example() -> tuple[Project, Instrument]:
    project, _, instrument = example("test")
    return project, instrument


def written(plan: Plan) -> Plan:
    """The same with its files on the disk."""
    return write_run(plan.folder.root, plan.project, plan.wafer, plan.instrument)


def done(editor: Editor, edit: Edit) -> bool:
    """Whether the edit was made and changed something."""
    before = editor.document
    try:
        editor.do(edit)
    except Refused as refusal:
        assert str(refusal).endswith(".")
        assert editor.document == before
        return False
    return editor.document != before
