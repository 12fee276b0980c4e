"""Sections of different settings and angles mixed in one run, on the twin."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.simulator.specimen import SectionSpec, WaferSpecimen, demo_wafer
from hardware.simulator.truth import FrameTruth
from models.estimate import Sharpness
from scopeacq.focus.autofocus import FocusBench, Focused, FocusMethod, NotFocused
from scopeacq.focus.correction import depth_of_focus
from scopeacq.journal.records import PlaneExposed, PlaneExposing, PlaneKey, RunEnd, TileRegistered
from scopeacq.plan.estimate import BARE, estimate
from scopeacq.plan.geometry import Rigid
from scopeacq.plan.project import FocusSettings, ImagingSettings, RegistrationSettings
from scopeacq.plan.wafer import Fiducial, Landmark, Section, SectionGrid, Wafer
from tests.scenarios.harness import Scores, TinyRun, Waves, tiny_project
from tests.scenarios.test_policies import of_kind, run_once

FINER = SectionGrid(
    rows=2, columns=1, overlap_px=4, tile_width_px=80, tile_height_px=48, pixel_size_nm=5.0, dwell_ns=100.0
)
CYCLES = 2


@dataclass
class Noting(Scores):
    """Scores that note the pixel size of what they are shown."""

    pixel_sizes_nm: list[float] = field(default_factory=list)

    def __init__(self) -> None:
        super().__init__()
        self.pixel_sizes_nm = []

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness:
        self.pixel_sizes_nm.append(pixel_size_nm)
        return super().assess(image, pixel_size_nm)


@dataclass(frozen=True)
class DepthNoting:
    """A method that notes how deep the focus is that it is asked for."""

    method: FocusMethod
    depths_um: list[float]
    name: str = "noting"

    def find(self, bench: FocusBench) -> Focused | NotFocused:
        self.depths_um.append(bench.depth.wd_um)
        return self.method.find(bench)


def test_sections_of_different_settings_mix_in_one_run(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(CYCLES, tiles=2), n_sections=2)
    plain, other = run.plan.wafer.sections
    wafer = replace(run.plan.wafer, sections=(plain, replace(other, grid=FINER)))
    run.plan = replace(run.plan, wafer=wafer)
    noting, depths_um = Noting(), list[float]()
    run.scorer = noting
    run.altered = lambda rig: replace(rig, methods=tuple(DepthNoting(m, depths_um) for m in rig.methods))
    assert run_once(run) is RunEnd.FINISHED
    assert sorted(set(noting.pixel_sizes_nm)) == [5.0, 10.0]
    electron, focus = run.plan.instrument.electron, run.plan.project.focus
    assert set(depths_um) == {depth_of_focus(electron, nm, focus).wd_um for nm in (5.0, 10.0)}
    _images_as_planned(run)
    _doses_as_they_were(run)


def _images_as_planned(run: TinyRun) -> None:
    """Size, scale and number of images of each section, on the disk."""
    images = run.plan.folder.images(run.plan.project)
    shapes = {"S001": (64, 64, 0.010), "S002": (48, 80, 0.005)}
    for section, (height, width, pixel_um) in shapes.items():
        for tile in range(2):
            array = json.loads((images / section / str(tile) / "0" / "zarr.json").read_text())
            assert array["shape"] == [CYCLES, height, width]
            image = json.loads((images / section / str(tile) / "zarr.json").read_text())
            scales = image["attributes"]["ome"]["multiscales"][0]["datasets"][0]
            assert scales["coordinateTransformations"][0]["scale"][1:] == [pixel_um, pixel_um]
        assert not (images / section / "2").exists()


def _doses_as_they_were(run: TinyRun) -> None:
    """What was booked and estimated for each section's planes is what nature saw."""
    current_na = run.plan.instrument.electron.probe_current_na
    truth = {f.scanned_at_s: f for f in run.truth if isinstance(f, FrameTruth)}
    booked = {(r.key, r.take): r for r in of_kind(run, PlaneExposing)}
    kinds: defaultdict[str, set[tuple[float, float]]] = defaultdict(set)
    for exposed in of_kind(run, PlaneExposed):
        seen, plan = truth[exposed.scanned_at_s], booked[exposed.key, exposed.take]
        frame = run.plan.imaging(exposed.key.section).frame(plan.settings.scan_rot_deg)
        assert plan.settings == frame
        assert plan.electron_dose_per_nm2 == frame.electron_dose_per_nm2(current_na)
        assert seen.dose_per_nm2 == pytest.approx(plan.electron_dose_per_nm2, rel=0.05)
        kinds[exposed.key.section].add((round(seen.width_um, 3), round(seen.height_um, 3)))
    assert kinds == {"S001": {(0.64, 0.64)}, "S002": {(0.4, 0.24)}}
    cost = estimate(run.plan.project, run.plan.wafer, run.plan.instrument, BARE)
    frames_s = sum(r.settings.duration_s for r in booked.values())
    assert (cost.planes_per_cycle, cost.sections) == (4, 2)
    assert cost.imaging_s * CYCLES == pytest.approx(frames_s)
    assert cost.imaging_dose_per_nm2 == max(r.electron_dose_per_nm2 for r in booked.values())


@pytest.mark.parametrize(("pixel_size_nm", "edge_px"), [(7.0, 701), (20.0, 300)])
def test_tiles_are_found_in_focus_images_of_other_pixels(
    tmp_path: Path, pixel_size_nm: float, edge_px: int
) -> None:
    """Focus images have 10 nm; what they show is held against a last slice of any pixel size."""
    imaging = ImagingSettings(tile_width_px=512, tile_height_px=512, dwell_ns=200.0, overlap_px=8)
    focus = FocusSettings(width_px=512, height_px=512)
    run = TinyRun.make(tmp_path, tiny_project(CYCLES, imaging=imaging, focus=focus), n_sections=2)
    plain, other = run.plan.wafer.sections
    own = SectionGrid(pixel_size_nm=pixel_size_nm, tile_width_px=edge_px, tile_height_px=edge_px - 1)
    wafer = replace(run.plan.wafer, sections=(plain, replace(other, grid=own)))
    run.plan = replace(run.plan, wafer=wafer)
    assert run_once(run) is RunEnd.FINISHED
    found = of_kind(run, TileRegistered)
    assert [r.key.section for r in found] == ["S001", "S002"]
    assert all(r.refused == "" and r.correlation > 0.9 for r in found)
    truth = {f.scanned_at_s: f for f in run.truth if isinstance(f, FrameTruth)}
    places = defaultdict(list)
    for exposed in of_kind(run, PlaneExposed):
        seen = truth[exposed.scanned_at_s]
        places[exposed.key.section].append((seen.x_um, seen.y_um))
    for first, second in places.values():
        assert math.dist(first, second) < 0.1


def test_what_sharp_planes_score_counts_for_their_kind_alone(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(8), n_sections=2)
    plain, other = run.plan.wafer.sections
    wafer = replace(run.plan.wafer, sections=(plain, replace(other, grid=SectionGrid(dwell_ns=400.0))))
    run.plan = replace(run.plan, wafer=wafer)
    assert run_once(run) is RunEnd.FINISHED
    with run.start() as program:
        rig = program.rig
        known = {sampling: len(scores) for sampling, scores in rig.progress.sharp_scores_um.items()}
        assert known == {(10.0, 50.0): 8, (10.0, 400.0): 8}
        assert rig.standard(PlaneKey(8, "S001", 0)).in_focus_um == 0.5
        coarser = replace(rig.plan.wafer.section("S002"), grid=SectionGrid(pixel_size_nm=20.0))
        plan = replace(rig.plan, wafer=replace(rig.plan.wafer, sections=(plain, coarser)))
        assert replace(rig, plan=plan).standard(PlaneKey(8, "S002", 0)).in_focus_um is None


# -- every 15 degrees ------------------------------------------------------------------------

ANGLES_DEG = tuple(range(0, 360, 15))
STANDS = Rigid(80.0, -60.0, 100.0)
"""How the wafer's own frame lies on the stage."""
TURNED = ImagingSettings(
    tile_width_px=256, tile_height_px=192, pixel_size_nm=30.0, dwell_ns=50.0, grid_columns=2, overlap_px=16
)
OFF_UM = 0.9
"""Stage and registration miss by less in a first cycle."""
ALIKE = 0.97


def turned_wafer() -> WaferSpecimen:
    """Sections of one and the same tissue, each turned by 15 degrees more."""
    demo = demo_wafer(0, 1, Waves())
    places = [(130.0 * (n % 6 - 2.5), 110.0 * (n // 6 - 1.5)) for n in range(len(ANGLES_DEG))]
    sections = [
        SectionSpec(f"S{n + 1:03d}", x, y, angle_deg, width_um=70.0, height_um=50.0)
        for n, ((x, y), angle_deg) in enumerate(zip(places, ANGLES_DEG, strict=True))
    ]
    return WaferSpecimen(sections, demo.fiducials, Waves(), 0)


def drawn_otherwise(specimen: WaferSpecimen) -> Wafer:
    """The same wafer in a frame of its own; landmarks tell how that lies on the stage."""
    back = STANDS.inverse()
    fiducials = tuple(Fiducial(f.id, back.apply((f.x_um, f.y_um))) for f in specimen.fiducials[:3])
    landmarks = tuple(Landmark(f"L{f.id}", f.centre_um, STANDS.apply(f.centre_um)) for f in fiducials)
    return Wafer(tuple(_drawn(s, back) for s in specimen.sections), fiducials, landmarks)


def _drawn(spec: SectionSpec, back: Rigid) -> Section:
    place = back.after(Rigid(spec.x_um, spec.y_um, spec.rotation_deg))
    outline = tuple(place.apply(corner) for corner in ((-35, -25), (35, -25), (35, 25), (-35, 25)))
    angle_deg = (place.rotation_deg + 180) % 360 - 180
    return Section(spec.id, outline, (place.x_um, place.y_um), angle_deg, spec.thickness_nm)


@pytest.mark.parametrize("step_by_beam_shift", [False, True])
def test_every_section_is_imaged_along_its_own_axes(tmp_path: Path, step_by_beam_shift: bool) -> None:
    """Steps between tiles, by stage or by beam, and their columns turn with section and wafer."""
    specimen = turned_wafer()
    finding = RegistrationSettings(
        width_px=183,
        height_px=183,
        pixel_size_nm=80.0,
        section_pixel_size_nm=60.0,
        stage_above_um=10.0 if step_by_beam_shift else 2.0,
    )
    project = tiny_project(1, imaging=TURNED, registration=finding)
    run = TinyRun.make(tmp_path, project, specimen=specimen)
    run.plan = replace(run.plan, wafer=drawn_otherwise(specimen))
    assert run_once(run) is RunEnd.FINISHED
    with run.start() as program:
        images = {
            (s.id, tile): program.rig.store.read(PlaneKey(0, s.id, tile))
            for s in run.plan.wafer.sections
            for tile in range(2)
        }
    for (section, tile), image in images.items():
        correlation, off_um = _compared(image, _tissue(tile))
        assert correlation > ALIKE, (section, tile)
        assert off_um < OFF_UM, (section, tile)
        other, _ = _compared(image, _tissue(1 - tile))
        assert other < correlation - 0.1, "the other tile shows another place"


def _tissue(tile: int) -> NDArray[np.float32]:
    """What a tile shows of any section, by the texture in the section's own axes; rows run down."""
    pixel_um = TURNED.pixel_size_nm * 1e-3
    width, height = TURNED.tile_width_px, TURNED.tile_height_px
    step = width - TURNED.overlap_px
    x = (np.arange(width) - (width - 1) / 2 + (tile - 0.5) * step) * pixel_um
    y = -(np.arange(height) - (height - 1) / 2) * pixel_um
    return Waves().sample(*np.meshgrid(x, y), np.zeros((height, width)))


def _compared(image: NDArray[np.generic], reference: NDArray[np.generic]) -> tuple[float, float]:
    """The best correlation of two pictures of one place, and how far they are shifted [um]."""
    one, other = (cv2.GaussianBlur(i.astype(np.float32), (0, 0), 4.0) for i in (image, reference))
    margin = math.ceil(OFF_UM * 1e3 / TURNED.pixel_size_nm)
    part = other[margin:-margin, margin:-margin]
    found = cv2.matchTemplate(one, part, cv2.TM_CCOEFF_NORMED)
    _, correlation, _, (x, y) = cv2.minMaxLoc(found)
    return correlation, math.hypot(x - margin, y - margin) * TURNED.pixel_size_nm * 1e-3
