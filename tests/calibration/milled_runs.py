"""Runs that went through their sections, made up quickly: the twin's physics without its travels.

Slices are images of the twin's specimen as deep as the twin's own map says, milled by its own footprints;
what the journal says is what a run would have written. No program but this one looks at nature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hardware.simulator.imaging import ColumnPhysics, View, expose
from hardware.simulator.mill_map import Footprint
from hardware.simulator.specimen import FiducialSpec, SectionSpec, WaferSpecimen
from hardware.types import FrameSettings, Image, Optics, StagePose
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.plan.geometry import rotation
from scopeacq.plan.project import ImagingSettings, MillingSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.storage import ImageSpec, ImageStore
from tests.scenarios.harness import TinyRun, Waves, tiny_project

EDGE_PX = 96
CURRENT_NA = 38.0

Spoil = Callable[[PlaneKey, Image], Image]


def wafer_of(places: Sequence[tuple[float, float]], doses: Sequence[float]) -> WaferSpecimen:
    """Sections of 200 nm at some places, each irradiated in its own way."""
    sections = [
        SectionSpec(f"S{n + 1:03d}", x, y, 0.0, irradiation_dose=dose)
        for n, ((x, y), dose) in enumerate(zip(places, doses, strict=True))
    ]
    marks = [FiducialSpec("F1", -5000.0, -5000.0), FiducialSpec("F2", 5000.0, 4000.0)]
    return WaferSpecimen(sections, marks, Waves(), 0)


def milled_run(
    folder: Path,
    specimen: WaferSpecimen,
    cycles: int,
    milling: MillingSettings,
    spoil: Spoil = lambda _key, image: image,
    uncertain: float = 0.0,
    prepare: Callable[[TinyRun], None] = lambda _run: None,
    dwell_ns: float = 400.0,
) -> TinyRun:
    """A run whose cycles are all imaged and milled. ``uncertain``: share of each opening's charge."""
    imaging = ImagingSettings(
        tile_width_px=EDGE_PX, tile_height_px=EDGE_PX, dwell_ns=dwell_ns, overlap_px=8
    )
    run = TinyRun.make(
        folder, tiny_project(cycles, milling=milling, imaging=imaging), specimen=specimen, keep_truth=False
    )
    prepare(run)
    plan = run.plan
    store = ImageStore.create(plan.folder.images(plan.project), DiskFiles())
    spec = ImageSpec((EDGE_PX, EDGE_PX), np.dtype(np.uint8), cycles, 10.0, 10.0)
    for section in plan.wafer.sections:
        store.add_image(section.id, 0, spec)
    journal, rng = Journal.create(plan.folder.journal_file), np.random.default_rng(0)
    for cycle in range(cycles):
        for section in plan.wafer.sections:
            journal.append(*_taken(run, store, PlaneKey(cycle, section.id, 0), rng, spoil))
        journal.append(*_milled(run, cycle, uncertain))
    journal.close()
    return run


def _taken(
    run: TinyRun, store: ImageStore, key: PlaneKey, rng: np.random.Generator, spoil: Spoil
) -> Iterator[r.Record]:
    settings = FrameSettings(EDGE_PX, EDGE_PX, 10.0, run.plan.project.imaging.dwell_ns)
    to_wafer = _to_wafer(run.plan, key)
    view = View(settings, to_wafer, 0.0, 0.0, 0.0, 1.8)
    seen = expose(view, run.nature.specimen, run.nature.removed_nm, ColumnPhysics(), 1.0, 0.0, rng)
    written = store.write(key, 0, spoil(key, seen))
    store.choose(key, 0)
    affine = tuple(to_wafer.ravel().tolist())
    yield r.PlaneExposing(key, 0, settings, 1.0)
    yield r.PlaneExposed(key, 0, Optics(4500.0, 0.0, 0.0), StagePose(0.0, 0.0), affine, 0.0)
    yield r.PlaneDurable(key, 0, written.path, written.size_bytes, written.checksum)
    yield r.PlaneJudged(key, 0, Verdict.SHARP, 0.5, 1.0, 1.0, 0.0)
    yield r.PlaneChosen(key, 0)


def _to_wafer(plan: Plan, key: PlaneKey) -> np.ndarray:
    """Slices lie some pixels off each other, and the journal says so."""
    pixel_um = plan.project.imaging.pixel_size_nm * 1e-3
    linear = rotation(0.0) @ np.diag([pixel_um, -pixel_um])
    off = np.array([key.cycle % 5, -(key.cycle % 3)]) * pixel_um
    centre = np.asarray(plan.wafer.section(key.section).roi_centre_um) + off
    return np.column_stack([linear, centre - linear @ np.full(2, (EDGE_PX - 1) / 2)])


def _milled(run: TinyRun, cycle: int, uncertain: float) -> Iterator[r.Record]:
    milling, mill, nature = run.plan.project.milling, run.plan.instrument.mill, run.nature
    charge_uc = milling.charge_uc_per_azimuth
    assert charge_uc is not None
    plan = r.MillPlan(milling.azimuths_deg, 1, charge_uc, milling.raster_vpp, 1.0)
    yield r.GatePassed(cycle, 1, 0, plan)
    edge_um = nature.settings.gun.um_per_vpp * milling.raster_vpp
    for number, azimuth_deg in enumerate(milling.azimuths_deg):
        pose = replace(mill.pose(azimuth_deg), x_um=0.0, y_um=0.0)
        nature.mill.expose(Footprint(pose, edge_um, edge_um), charge_uc)
        key, name = r.MillKey(cycle, 0, number), f"{cycle}-{number}"
        yield r.MillBegin(key, name, charge_uc, charge_uc, CURRENT_NA, 0.4, 1.0, 0.0)
        uncertain_uc = uncertain * charge_uc
        yield r.MillEnd(key, name, charge_uc + uncertain_uc / 2, uncertain_uc, "the charge is delivered")
    yield r.CycleDone(cycle)
