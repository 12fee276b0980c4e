"""The demo: a complete run on the physical twin, small enough for a few minutes.

Four sections, 2 x 2 tiles each, five cycles; after every mill the stage comes back micrometres
off and the astigmatism has drifted.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

from hardware.simulator.specimen import SectionSpec, WaferSpecimen, demo_wafer
from hardware.simulator.texture import StackTexture
from scopeacq.journal.history import has_begun
from scopeacq.plan.geometry import Rigid
from scopeacq.plan.instrument import (
    DriverSettings,
    ElectronSettings,
    Instrument,
    InterlockLimits,
    MillSettings,
    StageSettings,
)
from scopeacq.plan.new_run import write_run
from scopeacq.plan.project import (
    ImagingSettings,
    MillingSettings,
    Project,
    RegistrationSettings,
    StorageSettings,
)
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.wafer import Fiducial, Section, Wafer

SECTIONS = 4
CYCLES = 5
FOLDER = "scopeacq-demo"
FIDUCIAL_DEPTH_NM = 4000.0
"""As the twin's are engraved."""
GOLD_NM = 10.0
"""Of the coating, which a calibration of the ion beam burns its marks into."""


def free_folder(parent: Path) -> Path:
    """A folder for a demo that nobody named: the first that does not exist."""
    names = (FOLDER if n == 1 else f"{FOLDER}-{n}" for n in count(1))
    return next(folder for name in names if not (folder := parent / name).exists())


def prepared_demo(parent: Path) -> Plan:
    """A demo to begin with: the first in ``parent`` that was made and never begun, or else a new one."""
    for n in count(1):
        out = parent / (FOLDER if n == 1 else f"{FOLDER}-{n}")
        if not out.exists():
            return make_demo(out)
        plan = RunFolder(out / "demo.scopeacq")
        if plan.project_file.exists() and not has_begun(plan):
            return Plan.read(plan.root)
    raise AssertionError("some name is free")


def make_demo(
    out: Path,
    seed: int = 0,
    specimen: Path | None = None,
    cycles: int = CYCLES,
    specimen_pixel_nm: float = 8.0,
) -> Plan:
    """Write ``out/demo.scopeacq``; the twin's own state will lie beside it in ``out/demo.nature``.

    Args:
        specimen: a TIFF stack that the sections are cut from; procedural tissue by default.
        specimen_pixel_nm: edge of the stack's voxels, which are taken for cubes.

    Raises:
        ValueError: the specimen cannot be used, or the folder exists; nothing was written.
    """
    texture = StackTexture.load(specimen, specimen_pixel_nm, specimen_pixel_nm) if specimen else None
    wafer = _as_seen_in_an_overview(demo_wafer(seed, SECTIONS, texture))
    stack = _stack_settings(specimen, specimen_pixel_nm) if specimen else {}
    instrument = _instrument(str(out.absolute() / "demo.nature"), seed, stack)
    return write_run(out / "demo.scopeacq", _project("demo", seed, cycles), wafer, instrument)


def discard(plan: Plan) -> None:
    """Remove the folder of a demo that was never begun."""
    if plan.folder.journal_file.exists():
        return
    shutil.rmtree(plan.folder.root)
    # made for it alone, or somebody else's and not empty
    with suppress(OSError):
        plan.folder.root.parent.rmdir()


def example(name: str, sections: int = SECTIONS) -> tuple[Project, Wafer, Instrument]:
    """The demo's plan to be edited. It runs on the twin once its operator confirms the blanker's wiring."""
    instrument = _instrument("", 0, {}, sections)
    mill = instrument.mill.model_copy(update={"fails_closed_confirmed": False})
    return (
        _project(name, 0, CYCLES),
        _as_seen_in_an_overview(demo_wafer(0, sections)),
        instrument.model_copy(update={"mill": mill}),
    )


def _as_seen_in_an_overview(wafer: WaferSpecimen) -> Wafer:
    """What an operator would draw into an overview of 1 um per pixel: places to the micrometre."""
    return Wafer(
        tuple(_section(s) for s in wafer.sections),
        tuple(Fiducial(f.id, (round(f.x_um), round(f.y_um))) for f in wafer.fiducials),
    )


def _section(spec: SectionSpec) -> Section:
    centre_um = float(round(spec.x_um)), float(round(spec.y_um))
    rotation_deg = round(spec.rotation_deg, 1)
    u, v = spec.width_um / 2, spec.height_um / 2
    place = Rigid(*centre_um, rotation_deg)
    outline_um = tuple(place.apply(corner) for corner in ((-u, -v), (u, -v), (u, v), (-u, v)))
    return Section(spec.id, outline_um, centre_um, rotation_deg, spec.thickness_nm)


def _project(name: str, seed: int, cycles: int) -> Project:
    return Project(
        name=name,
        cycles=cycles,
        seed=seed,
        imaging=ImagingSettings(
            tile_width_px=1024, tile_height_px=1024, grid_rows=2, grid_columns=2, overlap_px=100
        ),
        registration=RegistrationSettings(fiducial_depth_nm=FIDUCIAL_DEPTH_NM),
        milling=MillingSettings(depth_nm=10.0, raster_vpp=5.0),
        storage=StorageSettings(reserve_gb=0.5),
    )


def _stack_settings(specimen: Path, pixel_nm: float) -> dict[str, object]:
    return {"file": str(specimen.absolute()), "pixel_size_nm": pixel_nm, "slice_nm": pixel_nm}


def _instrument(
    nature: str, seed: int, stack: Mapping[str, object], sections: int = SECTIONS
) -> Instrument:
    """The twin as its calibration would find it.

    ``nature``: its folder, empty is beside the run; ``stack``: what the twin is told of a specimen.
    """
    specimen = {"n_sections": sections, "coating_nm": GOLD_NM, **stack}
    twin = {"seed": seed, "specimen": specimen}
    return Instrument(
        name="twin",
        driver=DriverSettings(name="twin", folder=nature, settings=twin),
        electron=ElectronSettings(image_shift_x_um_per_um=0.01, image_shift_y_um_per_um=0.03),
        stage=StageSettings(rotation_centre_x_um=35.0, rotation_centre_y_um=-20.0),
        mill=MillSettings(
            raster_um_per_volt=1100.0,
            interlocks=InterlockLimits(gas_bar=(3.0, 5.0)),
            fails_closed_confirmed=True,
        ),
    )
