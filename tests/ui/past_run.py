"""A run on the disk, made up in a moment: with a retake, a hole, a dropped section and two mills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from hardware.types import FrameSettings, Image, Optics, StagePose
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.plan.demo import make_demo
from scopeacq.plan.geometry import rotation
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.templates import to_toml
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.storage import ImageSpec, ImageStore

EDGE_PX = 1100
"""More than one chunk, so that there are two levels."""
CYCLES = 4
RETAKEN = PlaneKey(1, "S001", 0)
MISSING = PlaneKey(1, "S001", 1)
DROPPED_FROM = PlaneKey(2, "S002", 0)
MILL = r.MillPlan((0.0, 120.0, 240.0), 1, 3.0, 10.0, 2.0)


def make_past_run(folder: Path, cycles: int = 3) -> Plan:
    """Three of four cycles of two sections with two tiles each; the third one is not milled."""
    plan = planned(folder)
    store = ImageStore.create(plan.folder.images(plan.project), DiskFiles())
    for section in plan.wafer.sections:
        for tile in range(2):
            spec = ImageSpec((EDGE_PX, EDGE_PX), np.dtype(np.uint8), CYCLES, 10.0, 20.0)
            store.add_image(section.id, tile, spec)
    journal = Journal.create(plan.folder.journal_file)
    journal.append(r.RunOpened("0", "host", 1))
    for cycle in range(cycles):
        journal.append(*cycle_records(plan, store, cycle, milled=cycle < cycles - 1))
    journal.append(r.RunClosed(r.RunEnd.PAUSED, "An operator paused it."))
    journal.close()
    return plan


def planned(folder: Path) -> Plan:
    """The demo's plan with small tiles, as it lies on the disk."""
    plan = make_demo(folder)
    imaging = plan.project.imaging.model_copy(
        update={
            "tile_width_px": EDGE_PX,
            "tile_height_px": EDGE_PX,
            "grid_rows": 1,
            "grid_columns": 2,
        }
    )
    project = plan.project.model_copy(update={"imaging": imaging, "cycles": CYCLES})
    wafer = replace(plan.wafer, sections=plan.wafer.sections[:2])
    made = replace(plan, project=project, wafer=wafer)
    made.folder.project_file.write_text(to_toml(project))
    made.folder.wafer_file.write_text(wafer.to_geojson())
    return made


def cycle_records(plan: Plan, store: ImageStore, cycle: int, milled: bool) -> list[r.Record]:
    """What a cycle leaves in the journal; its planes are written."""
    at_s = 1000.0 * cycle
    told: list[r.Record] = [
        r.ImagingRecovered(cycle, 7e-6, 140.0, at_s),
        r.WaferRegistered(cycle, 3.0 * cycle, -1.0 * cycle, 0.01 * cycle, 0.1, 4, 2.0),
    ]
    if cycle == DROPPED_FROM.cycle:
        told.append(r.SectionDropped(cycle, "S002", ("96 % of it is dark in two cycles.",)))
    for section in plan.wafer.sections:
        for tile in range(2):
            key = PlaneKey(cycle, section.id, tile)
            if key != MISSING and (key.section, cycle) != ("S002", DROPPED_FROM.cycle):
                told += taken(plan, store, key)
    if cycle == MISSING.cycle:
        told.append(r.PlaneLost(MISSING, 0, "its file was gone before the mill"))
    return told + (_mill(cycle, at_s) if milled else [])


def taken(plan: Plan, store: ImageStore, key: PlaneKey) -> Iterator[r.Record]:
    """A plane from focus to acceptance, at the second take where it is the retaken one."""
    iteration = r.FocusIteration("deepfocus", Optics(4500.0, 0.0, 0.0), 1.0, 0.1, 0.1, 0.03, 0.01, 0.01)
    after = Optics(4501.0 + key.cycle, 0.1, 0.1)
    yield r.FocusDone(key, True, "", Optics(4500.0, 0, 0), after, (iteration,), 5.0, "", 1000.0 * key.cycle)
    for take in range(2 if key == RETAKEN else 1):
        yield r.PlaneExposing(key, take, FrameSettings(EDGE_PX, EDGE_PX, 10.0, 200.0), 22.5)
        stage = StagePose(x_um=1.0, y_um=2.0)
        yield r.PlaneExposed(key, take, after, stage, to_wafer(plan, key), 1000.0 * key.cycle + key.tile)
        image = picture(key, take)
        written = store.write(key, take, image)
        yield r.PlaneDurable(key, take, written.path, written.size_bytes, written.checksum)
        last = key != RETAKEN or take == 1
        verdict = Verdict.SHARP if last else Verdict.UNSHARP
        yield r.PlaneJudged(key, take, verdict, 0.4 + take, float(image.mean()), float(image.std()), 0.0)
    chosen = int(key == RETAKEN)
    store.choose(key, chosen)
    store.build_levels(key)
    yield r.PlaneChosen(key, chosen)


def to_wafer(plan: Plan, key: PlaneKey) -> tuple[float, ...]:
    """A tile a little off its planned place, as the program notes it."""
    section, imaging = plan.wafer.section(key.section), plan.project.imaging
    pixel_um = imaging.pixel_size_nm / 1000
    centre = np.asarray(section.grid_tiles(imaging)[key.tile].centre_um) + np.array([0.05, -0.03])
    linear = rotation(section.rotation_deg) @ np.diag([pixel_um, -pixel_um])
    middle = np.full(2, (EDGE_PX - 1) / 2)
    return tuple(np.column_stack([linear, centre - linear @ middle]).ravel().tolist())


def picture(key: PlaneKey, take: int = 0) -> Image:
    """The pixels of a plane: texture whose mean says the cycle, and whose take is told by a corner."""
    image = (_texture() + 10 * key.cycle).astype(np.uint8)
    image[:8, :8] = 40 * (take + 1)
    return image


@cache
def _texture() -> Image:
    noise = np.random.default_rng(0).standard_normal((EDGE_PX, EDGE_PX), np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    texture: Image = (100 + 20 * blurred / blurred.std()).clip(20, 200).astype(np.uint8)
    return texture


def _mill(cycle: int, at_s: float) -> list[r.Record]:
    told: list[r.Record] = [r.GatePassed(cycle, 4, 0, MILL)]
    for key, charge_uc in MILL.passes(cycle):
        opening = f"{cycle}-{key.azimuth}"
        told.append(r.MillBegin(key, opening, charge_uc, charge_uc, 38.0, 0.5, 1.0, at_s + 600.0))
        told.append(r.MillEnd(key, opening, charge_uc, 0.0, "charge delivered"))
        told.append(r.MillDone(key, charge_uc, charge_uc, 0.0))
    return [*told, r.CycleDone(cycle)]
