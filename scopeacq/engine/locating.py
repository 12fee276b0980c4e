"""Where things are: going to a point of the wafer, finding the wafer and its sections again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from hardware.errors import OutOfRange
from hardware.motion import follow
from hardware.types import Frame, FrameSettings, Optics, PoseTolerance, StagePose
from scopeacq.engine.imaging import lens_shift_um
from scopeacq.engine.rig import Rig
from scopeacq.engine.steps import RegisterSection, RegisterWafer
from scopeacq.engine.trouble import StepRefused
from scopeacq.engine.ways import at_imaging, path_to_point, tolerance_of, xy_um
from scopeacq.journal.records import (
    DoseBooked,
    ErrorKind,
    Policy,
    Purpose,
    SectionRegistered,
    WaferRegistered,
)
from scopeacq.plan.geometry import Point, Rigid, Tile, full_turn_deg
from scopeacq.plan.wafer import Fiducial, Section
from scopeacq.vision.darkness import require_mark, require_tissue
from scopeacq.vision.quality import shows_wafer
from scopeacq.vision.references import References, Shown
from scopeacq.vision.registration import (
    RegistrationRefused,
    View,
    WaferFit,
    displacement,
    register_wafer,
    renewed,
)

_NEW_FIDUCIALS = (
    "Look at the fiducials in the live image; where the stage stands right and they look different, delete "
    "registration/fiducial-*.tif in the run's folder to take new reference images."
)


def wafer_to_stage(rig: Rig) -> Rigid:
    """The wafer's place as registered in this cycle, or as last known, or as mounted."""
    return rig.progress.place.under(rig.plan.wafer.mount)


def section_correction(rig: Rig, section: str) -> Rigid:
    """How the section lies off its place on the wafer, as last found: a turn about its ROI and a shift."""
    found = rig.progress.sections[section].registered
    if found is None:
        return Rigid()
    centre = rig.plan.wafer.section(section).roi_centre_um
    return Rigid.about(centre, found.rotation_deg, (found.dx_um, found.dy_um))


def scan_rot_deg(rig: Rig, tile_rotation_deg: float, section: str) -> float:
    """Scan rotation that keeps a tile's columns along its grid; in [0, 360), as vendors want it."""
    return full_turn_deg(
        tile_rotation_deg + wafer_to_stage(rig).rotation_deg + section_correction(rig, section).rotation_deg
    )


def go_to_tile(rig: Rig, tile: Tile, offset_um: Point = (0.0, 0.0)) -> None:
    """Bring a tile's centre onto the beam; ``offset_um``: where it was seen to lie off its place."""
    believed = tile.centre_um[0] + offset_um[0], tile.centre_um[1] + offset_um[1]
    go(rig, section_correction(rig, tile.section).apply(believed), wafer_to_stage(rig))


def go(rig: Rig, wafer_um: Point, place: Rigid) -> None:
    """Bring a wafer point onto the beam by a checked path; what the stage misses, by beam shift.

    Raises ``OutOfRange`` when the beam shift would still be beyond the profile's limit, or any other
    ``HardwareError``; the stage stands still then.
    """
    target_um = place.apply(wafer_um)
    pose = rig.devices.stage.pose()
    shift_um = _beam_shift_um(rig, pose, target_um)
    by_beam_um = rig.plan.project.registration.stage_above_um
    near = at_imaging(rig.plan.instrument.stage, pose) and math.dist(xy_um(pose), target_um) <= by_beam_um
    limit_um = rig.plan.instrument.electron.max_beam_shift_um
    if not near or math.hypot(*shift_um) > limit_um:
        shift_um = _beam_shift_um(rig, _drive(rig, pose, target_um), target_um)
    if math.hypot(*shift_um) > limit_um:
        raise OutOfRange(
            "beam shift",
            f"{math.hypot(*shift_um):.1f} um are needed to meet the point that the stage stands at, and "
            f"max_beam_shift_um allows {limit_um:g} um",
            "Measure image_shift of the instrument's profile again, or raise its max_beam_shift_um.",
        )
    rig.devices.column.set_beam_shift_um(*shift_um)


def _drive(rig: Rig, pose: StagePose, target_um: Point) -> StagePose:
    """Move the stage to a point at the imaging height by a checked path; where it then stands."""
    profile = rig.plan.instrument.stage
    path = path_to_point(profile, pose, target_um)
    arrived = follow(rig.devices.stage, rig.microscope.model, path, tolerance(rig))
    rig.devices.clock.sleep(profile.settle_s)
    return arrived


def _beam_shift_um(rig: Rig, pose: StagePose, target_um: Point) -> Point:
    """What brings a point of the stage frame onto the beam from a pose, with the lens as it is."""
    (x_um, y_um), lens_um = xy_um(pose), _lens_shift_um(rig, rig.devices.column.optics())
    return target_um[0] - x_um - lens_um[0], target_um[1] - y_um - lens_um[1]


def field_shift_um(rig: Rig, frame: Frame) -> Point:
    """Where a frame's middle lies off the beam axis in the lab: beam shift as now, lens as it was."""
    beam, lens = rig.devices.column.beam_shift_um(), _lens_shift_um(rig, frame.optics)
    return beam[0] + lens[0], beam[1] + lens[1]


def _lens_shift_um(rig: Rig, optics: Optics) -> Point:
    """Lens and stigmators move the image; the profile says how far."""
    electron, stage = rig.plan.instrument.electron, rig.plan.instrument.stage
    nominal_wd_um = electron.wd_at_z0_um - stage.imaging_z_um
    return lens_shift_um(electron, optics.wd_um - nominal_wd_um, optics.stig_x, optics.stig_y)


def tolerance(rig: Rig) -> PoseTolerance:
    """How far a pose may be read back from where it was sent."""
    return tolerance_of(rig.plan.instrument.stage)


def look(rig: Rig, settings: FrameSettings, place: Rigid, purpose: Purpose, wafer_um: Point) -> View:
    """A frame of what lies under the beam, and where that is believed to be. Its dose is booked before."""
    book_dose(rig, purpose, wafer_um, settings, frames=1)
    frame = rig.imager.scan(settings)
    return View.of(frame, place, field_shift_um(rig, frame))


def book_dose(rig: Rig, purpose: Purpose, wafer_um: Point, frame: FrameSettings, frames: int) -> None:
    """Journal the dose of ``frames`` frames at a place, before they are scanned."""
    per_frame = frame.electron_dose_per_nm2(rig.plan.instrument.electron.probe_current_na)
    rig.record(DoseBooked(purpose, *wafer_um, frames * per_frame))


def find_wafer(rig: Rig, step: RegisterWafer) -> None:
    """Look at each fiducial, fit where the wafer lies, and keep the new pictures of the fiducials.

    Raises ``StepRefused`` when the fiducials are not found with certainty, ``BadFrame`` when nothing
    is seen where a fiducial should be.
    """
    settings, fiducials = rig.plan.project.registration, rig.plan.wafer.fiducials
    pictures = References(rig.plan.folder, rig.files)
    frame = settings.frame(full_turn_deg(wafer_to_stage(rig).rotation_deg))
    on_stage: dict[str, View] = {}

    def view(fiducial: Fiducial, place: Rigid) -> View:
        go(rig, fiducial.centre_um, place)
        seen = look(rig, frame, place, Purpose.FIDUCIAL, fiducial.centre_um)
        on_stage[fiducial.id] = seen.moved(place)
        return seen

    references = {f.id: p for f in fiducials if (p := pictures.of_fiducial(f)) is not None}
    looks_each = 1 if references else 2
    references = references or _pictured(rig, pictures, fiducials, lambda f: view(f, wafer_to_stage(rig)))
    known = [f for f in fiducials if f.id in references]
    try:
        fit = register_wafer(known, wafer_to_stage(rig), references, view, settings)
    except RegistrationRefused as refused:
        raise StepRefused(ErrorKind.REGISTRATION, str(refused), _NEW_FIDUCIALS) from refused
    # those that were added since lie where the others say: where they are believed the wafer lay before
    added = [f for f in fiducials if f.id not in references]
    _pictured(rig, pictures, added, lambda f: view(f, fit.wafer_to_stage))
    dose = looks_each * frame.electron_dose_per_nm2(rig.plan.instrument.electron.probe_current_na)
    rig.record(_registered(step, fit, dose))
    for name, reference in renewed(fit, on_stage, settings).items():
        pictures.keep(Shown.FIDUCIAL, name, reference)


def _pictured(
    rig: Rig, pictures: References, fiducials: Sequence[Fiducial], view: Callable[[Fiducial], View]
) -> dict[str, View]:
    """Take and keep the pictures of fiducials. Raises ``BadFrame`` when one shows nothing."""
    taken: dict[str, View] = {}
    for fiducial in fiducials:
        taken[fiducial.id] = view(fiducial)
        require_mark(rig, taken[fiducial.id].image)
        pictures.keep(Shown.FIDUCIAL, fiducial.id, taken[fiducial.id])
    return taken


def _registered(step: RegisterWafer, fit: WaferFit, electron_dose_per_nm2: float) -> WaferRegistered:
    place = fit.wafer_to_stage
    return WaferRegistered(
        step.cycle,
        place.x_um,
        place.y_um,
        place.rotation_deg,
        fit.residual_um,
        len(fit.used),
        electron_dose_per_nm2,
    )


def find_section(rig: Rig, step: RegisterSection) -> None:
    """Find a section against its last slice and keep the new slice as the next reference.

    Where the wafer shows through there is nothing to find: the section keeps its last place.
    Raises ``StepRefused`` when the correlation is too low, ``BadFrame`` when it cannot be dark yet.
    """
    section = rig.plan.wafer.section(step.section)
    settings, place = rig.plan.project.registration, wafer_to_stage(rig)
    before = section_correction(rig, section.id)
    frame = FrameSettings(
        settings.width_px,
        settings.height_px,
        settings.section_pixel_size_nm,
        settings.section_dwell_ns,
        scan_rot_deg(rig, section.rotation_deg, section.id),
    )
    go(rig, before.apply(section.roi_centre_um), place)
    seen = look(rig, frame, place, Purpose.SECTION, section.roi_centre_um)
    require_tissue(rig, section.id, seen.image)
    if shows_wafer(seen.image, rig.plan.project.quality):
        rig.record(_where_it_was(rig, step, frame))
        return
    pictures = References(rig.plan.folder, rig.files)
    found = _found(rig, step, section, seen, pictures.read(Shown.SECTION, section.id), frame)
    rig.record(found)
    pictures.keep(Shown.SECTION, section.id, seen.moved(section_correction(rig, section.id).inverse()))


def _where_it_was(rig: Rig, step: RegisterSection, frame: FrameSettings) -> SectionRegistered:
    """The section's last place, with no correlation to show for it."""
    dose = frame.electron_dose_per_nm2(rig.plan.instrument.electron.probe_current_na)
    last = rig.progress.sections[step.section].registered
    nowhere = SectionRegistered(step.cycle, step.section, 0.0, 0.0, 0.0, 0.0, dose)
    if last is None:
        return nowhere
    return replace(nowhere, dx_um=last.dx_um, dy_um=last.dy_um, rotation_deg=last.rotation_deg)


def _found(
    rig: Rig,
    step: RegisterSection,
    section: Section,
    seen: View,
    reference: View | None,
    frame: FrameSettings,
) -> SectionRegistered:
    if reference is None:
        return replace(_where_it_was(rig, step, frame), correlation=1.0)
    try:
        off = displacement(seen, reference, section.roi_centre_um, rig.plan.project.registration)
    except RegistrationRefused as refused:
        raise StepRefused(
            ErrorKind.REGISTRATION,
            f"section {section.id}: {refused}",
            f"Look at the section in the live image; where it stands right and looks different, delete "
            f"registration/section-{section.id}.tif in the run's folder to take a new reference image. To "
            f'go on without it, set registration = "{Policy.SKIP_SECTION.value}" under [policies] and name '
            "it in accept_sections under [gate] of project.toml.",
        ) from refused
    dose = frame.electron_dose_per_nm2(rig.plan.instrument.electron.probe_current_na)
    return SectionRegistered(
        step.cycle, section.id, off.dx_um, off.dy_um, off.rotation_deg, off.correlation, dose
    )
