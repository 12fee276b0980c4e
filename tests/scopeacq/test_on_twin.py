"""Focus and registration against the physical twin, whose truth only the test reads."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from hardware.microscope import Devices
from hardware.simulator.assembly import local_devices, nature_of
from hardware.simulator.config import ColumnSettings, TwinSettings
from hardware.simulator.nature import Nature
from hardware.simulator.truth import FrameTruth, IdleExposureTruth, Record
from hardware.types import FrameSettings, StagePose
from models.deepfocus import DeepFocus
from scopeacq.engine.imaging import Imager
from scopeacq.focus.autofocus import FocusBench, FocusOutcome, correct_focus
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.focus.focus_pairs import take_look
from scopeacq.journal.records import FocusEnd
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings, RegistrationSettings
from scopeacq.plan.wafer import Fiducial
from scopeacq.vision.registration import View, displacement, register_wafer

STIGMATOR_ROTATION_DEG = 25.0
PROFILE = ElectronSettings(
    stigmator_rotation_deg=STIGMATOR_ROTATION_DEG,
    image_shift_x_um_per_um=0.01,
    image_shift_y_um_per_um=0.03,
)
REGISTRATION = RegistrationSettings()
TWENTY_NM_UC_PER_UM2 = 0.02 / 1.948e4  # through the mill rate at irradiation dose 0.5, in um^3 per uC


@dataclass
class Twin:
    """A twin, its devices and what truly happened."""

    nature: Nature
    truth: list[Record]
    devices: Devices
    imager: Imager = field(init=False)

    def __post_init__(self) -> None:
        d = self.devices
        self.imager = Imager(d.column, d.scanner, d.detector)

    def go(self, target: StagePose) -> None:
        self.devices.stage.move(target).wait(600.0)
        self.devices.clock.sleep(0.5)

    def view(self, point: Point, place: Rigid, frame: FrameSettings) -> View:
        x_um, y_um = place.apply(point)
        self.go(StagePose(x_um=x_um, y_um=y_um))
        return View.of(self.imager.scan(frame), place, self.devices.column.beam_shift_um())

    def last_frame(self) -> FrameTruth:
        return next(r for r in reversed(self.truth) if isinstance(r, FrameTruth))

    def go_milling(self) -> None:
        """To the gun and back, which nobody returns from as he went; 20 nm are gone."""
        z_um = self.devices.stage.pose().z_um
        for target in (
            StagePose(z_um=5_000.0),
            StagePose(tilt_deg=30.0),
            StagePose(rotation_deg=120.0),
            StagePose(rotation_deg=0.0),
            StagePose(tilt_deg=0.0),
            StagePose(z_um=z_um),
        ):
            self.go(target)
        self.nature.mill.charge_uc_per_um2 += TWENTY_NM_UC_PER_UM2


@pytest.fixture
def twin() -> Iterator[Twin]:
    truth: list[Record] = []
    column = ColumnSettings(stigmator_rotation_deg=STIGMATOR_ROTATION_DEG)
    nature = nature_of(TwinSettings(seed=1, column=column), truth.append)
    devices = local_devices(nature)
    yield Twin(nature, truth, devices)
    devices.close()


@pytest.mark.parametrize("scan_rot_deg", [0.0, 30.0, 90.0, 200.0])
def test_deepfocus_converges_at_any_scan_rotation(twin: Twin, scan_rot_deg: float) -> None:
    section = twin.nature.specimen.sections[0]
    twin.go(StagePose(x_um=section.x_um, y_um=section.y_um))
    column, focus = twin.devices.column, FocusSettings()
    column.set_optics(column.optics().shifted(10.0, -3.0, 3.0))
    bench = FocusBench(twin.imager, column, focus, PROFILE, scan_rot_deg)
    outcome = correct_focus(bench, [PairFocus(DeepFocus.load())])
    assert outcome.applied, outcome.reason
    twin.imager.scan(focus.frame(scan_rot_deg))
    truth = twin.last_frame()
    assert abs(truth.residual_wd_um) < 1.0
    assert abs(truth.residual_stig_x) < 0.25
    assert abs(truth.residual_stig_y) < 0.25
    scanned = sum(r.dose_per_nm2 for r in twin.truth[:-1] if isinstance(r, FrameTruth))
    assert outcome.electron_dose_per_nm2 == pytest.approx(scanned, rel=0.02)
    assert not [r for r in twin.truth if isinstance(r, IdleExposureTruth) and r.duration_s > 0.1]


def test_one_correction_takes_away_most_of_it_at_every_15_degrees(twin: Twin) -> None:
    """The stigmator vector in the image turns by twice the scan rotation, whatever that is."""
    section = twin.nature.specimen.sections[0]
    twin.go(StagePose(x_um=section.x_um, y_um=section.y_um))
    column, estimator = twin.devices.column, DeepFocus.load()
    focus = FocusSettings(width_px=512, height_px=512)
    twin.imager.scan(focus.frame(0.0))
    now, truth = column.optics(), twin.last_frame()
    sharp = now.shifted(-truth.residual_wd_um, -truth.residual_stig_x, -truth.residual_stig_y)
    for scan_rot_deg in range(0, 360, 15):
        column.set_optics(sharp.shifted(4.0, -2.0, 1.5))
        bench = FocusBench(twin.imager, column, focus, PROFILE, scan_rot_deg)
        look = take_look(bench, estimator, bench.before, bench.scans[0])
        column.set_optics(look.optics_next)
        twin.imager.scan(focus.frame(scan_rot_deg))
        left = twin.last_frame()
        assert abs(left.residual_wd_um) < 1.5, scan_rot_deg
        assert math.hypot(left.residual_stig_x, left.residual_stig_y) < 0.8, scan_rot_deg


def corrected(twin: Twin, start: tuple[float, float, float], profile: ElectronSettings) -> FocusOutcome:
    """Focus the middle of a section from so far off: (um, a.u., a.u.)."""
    section = twin.nature.specimen.sections[0]
    twin.go(StagePose(x_um=section.x_um, y_um=section.y_um))
    column = twin.devices.column
    column.set_optics(column.optics().shifted(*start))
    bench = FocusBench(twin.imager, column, FocusSettings(), profile, 0.0)
    return correct_focus(bench, [PairFocus(DeepFocus.load())])


@pytest.mark.parametrize("start", [(60.0, -2.0, 2.0), (-60.0, 0.0, 0.0)])
def test_deepfocus_comes_from_afar_in_three_corrections(
    twin: Twin, start: tuple[float, float, float]
) -> None:
    outcome = corrected(twin, start, PROFILE)
    assert outcome.applied, outcome.reason
    assert len({i.optics for i in outcome.iterations}) <= 3
    twin.imager.scan(FocusSettings().frame(0.0))
    truth = twin.last_frame()
    assert abs(truth.residual_wd_um) < 1.0
    assert max(abs(truth.residual_stig_x), abs(truth.residual_stig_y)) < 0.25


@pytest.mark.parametrize("turned_deg", [45.0, -70.0])
def test_a_stigmator_frame_that_is_off_is_named_and_the_optics_stay(twin: Twin, turned_deg: float) -> None:
    wrong = PROFILE.model_copy(update={"stigmator_rotation_deg": STIGMATOR_ROTATION_DEG - turned_deg})
    outcome = corrected(twin, (8.0, -3.0, 3.0), wrong)
    assert outcome.end is FocusEnd.WRONG_STIGMATOR_FRAME, outcome.reason
    assert twin.devices.column.optics() == outcome.before
    told = re.search(r"turned by ([+-]\d+) degrees and ([\d.]+) times", outcome.reason)
    assert told is not None
    assert float(told[1]) == pytest.approx(turned_deg, abs=10.0)
    assert float(told[2]) == pytest.approx(1.0, abs=0.35)


def test_the_wafer_and_a_section_are_found_again_after_a_mill(twin: Twin) -> None:
    specimen, r = twin.nature.specimen, REGISTRATION
    fiducials = [Fiducial(f.id, (f.x_um, f.y_um)) for f in specimen.fiducials]
    marks = FrameSettings(r.width_px, r.height_px, r.pixel_size_nm, r.dwell_ns)
    section = specimen.sections[1]
    centre = (section.x_um, section.y_um)
    tissue = FrameSettings(r.width_px, r.height_px, 20.0, 50.0, section.rotation_deg)

    references = {f.id: twin.view(f.centre_um, Rigid(), marks) for f in fiducials}
    before = twin.view(centre, Rigid(), tissue)
    shown_before = twin.last_frame()
    twin.go_milling()
    fit = register_wafer(
        fiducials, Rigid(), references, lambda f, place: twin.view(f.centre_um, place, marks), r
    )
    after = twin.view(centre, fit.wafer_to_stage, tissue)
    shown = twin.last_frame()
    assert shown.removed_nm - shown_before.removed_nm == pytest.approx(20.0, abs=5.0)
    coarse_um = math.dist((shown.x_um, shown.y_um), (shown_before.x_um, shown_before.y_um))
    assert coarse_um < 2.0, "fiducials bring the section back within what the stage repeats"

    found = displacement(after, before, centre, r)
    wanted = (shown_before.x_um - shown.x_um, shown_before.y_um - shown.y_um)
    assert math.dist((found.dx_um, found.dy_um), wanted) < 0.1
