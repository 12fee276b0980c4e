"""Focusing and scanning: the steps that lay electrons on tissue."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from hardware.errors import BadFrame
from hardware.types import Frame, Optics
from scopeacq.engine.locating import (
    book_dose,
    field_shift_um,
    go_to_tile,
    scan_rot_deg,
    section_correction,
    wafer_to_stage,
)
from scopeacq.engine.rig import Rig
from scopeacq.engine.sightings import find_tile
from scopeacq.engine.steps import AcquireTile, FitSurface, Focus
from scopeacq.engine.trouble import StepRefused
from scopeacq.focus.autofocus import FocusBench, FocusOutcome, correct_focus
from scopeacq.focus.focus_policy import focus_fields, surface_tiles
from scopeacq.focus.surface import Surface, fit_surface
from scopeacq.focus.surface import SurfaceRefused as NoSurface
from scopeacq.journal.progress import trusts_surface
from scopeacq.journal.records import (
    DoseBooked,
    ErrorKind,
    FocusDone,
    PlaneExposed,
    PlaneExposing,
    PlaneKey,
    Purpose,
    SurfaceFitted,
    SurfaceRefused,
)
from scopeacq.plan.geometry import Affine, Point, Rigid, Tile, turn
from scopeacq.storage.files import DiskFull
from scopeacq.storage.tiff import pair_as_tiff
from scopeacq.vision.darkness import require_tissue
from scopeacq.vision.quality import shows_wafer
from scopeacq.vision.registration import View

LOG = logging.getLogger(__name__)

BY_SURFACE = "; the tile trusts the focus surface"

PLANES_AHEAD = 8
"""There is room for so many before one is scanned: those in flight, their smaller levels, and some."""


def tile_of(rig: Rig, key: PlaneKey) -> Tile:
    """The tile of a plane, in the wafer frame."""
    return rig.plan.wafer.section(key.section).grid_tiles(rig.plan.project.imaging)[key.tile]


def focus(rig: Rig, step: Focus) -> None:
    """Correct focus on a tile and journal what came of it.

    Raises ``StepRefused`` when no estimator was sure enough, or the ``HardwareError`` that ended it.
    """
    outcome = _focus_on(rig, step.key)
    if outcome.trouble is not None:
        raise outcome.trouble
    if not outcome.applied and not rig.progress.plane(step.key).focus_given_up:
        raise StepRefused(
            ErrorKind.FOCUS_REFUSED,
            f"{step}: {outcome.reason}",
            "The last good optics are restored; look at the pair of images in the run's focus folder.",
        )


def _focus_on(rig: Rig, key: PlaneKey) -> FocusOutcome:
    require_room(rig)  # what cannot be journalled would be asked again, with its dose
    tile = tile_of(rig, key)
    set_optics(rig, expected_optics(rig, tile))
    go_to_tile(rig, tile)
    project = rig.plan.project
    bench = FocusBench(
        rig.imager,
        rig.devices.column,
        project.focus,
        rig.plan.instrument.electron,
        scan_rot_deg(rig, tile.rotation_deg, key.section),
        TileFields(rig, tile),
        rig.plan.imaging(key.section).pixel_size_nm,
    )
    at_s = rig.now_s()
    _book_focus(rig, tile.centre_um)
    outcome = correct_focus(bench, rig.methods)
    rig.record(
        FocusDone(
            key,
            outcome.applied,
            outcome.reason + (BY_SURFACE if trusts_surface(rig.progress, outcome.end) else ""),
            outcome.before,
            outcome.after,
            outcome.iterations,
            outcome.electron_dose_per_nm2,
            _keep_images(rig, key, outcome),
            at_s,
            outcome.end,
            outcome.wd_drift_um,
        )
    )
    if outcome.applied:
        find_tile(rig, key, tile, bench.last_frames)
    return outcome


@dataclass(frozen=True)
class TileFields:
    """The :class:`~scopeacq.focus.autofocus.Fields` of a tile: its middle and towards its corners."""

    rig: Rig
    tile: Tile

    def __len__(self) -> int:
        return len(self._offsets_um)

    def go(self, number: int) -> None:
        """See :class:`~scopeacq.focus.autofocus.Fields`; the middle is booked already."""
        dx_um, dy_um = self._offsets_um[number]
        if number > 0:
            x_um, y_um = self.tile.centre_um
            _book_focus(self.rig, (x_um + dx_um, y_um + dy_um))
        go_to_tile(self.rig, self.tile, (dx_um, dy_um))

    @property
    def _offsets_um(self) -> tuple[Point, ...]:
        plan = self.rig.plan
        tile = plan.imaging(self.tile.section).frame(0.0)
        offsets_um = focus_fields(tile, plan.project.focus.frame(0.0))
        return tuple(turn(offset, self.tile.rotation_deg) for offset in offsets_um)


def _book_focus(rig: Rig, wafer_um: Point) -> None:
    """Journal the most that a correction may lay down at a place, before it does."""
    current_na = rig.plan.instrument.electron.probe_current_na
    dose = rig.plan.project.focus.most_dose_per_nm2(current_na)
    rig.record(DoseBooked(Purpose.FOCUS, *wafer_um, dose))


def _keep_images(rig: Rig, key: PlaneKey, outcome: FocusOutcome) -> str:
    """Images of a refused correction, for whoever asks why; their path inside the run's folder.

    Empty when there are none, or no room for them: what the correction came to counts without.
    """
    if outcome.applied or not outcome.images:
        return ""
    folder = rig.plan.folder.focus_images
    name = f"cycle{key.cycle:05d}-{key.section}-tile{key.tile:04d}-{rig.now_s():.0f}s.tif"
    try:
        rig.files.make_folder(folder)
        rig.files.write_durable(folder / name, pair_as_tiff(outcome.images), replace=True)
    except DiskFull as full:
        LOG.warning("The images of a refused focus on %s are not kept: %s", key, full)
        return ""
    return f"{folder.name}/{name}"


def expected_optics(rig: Rig, tile: Tile) -> Optics:
    """The best guess before a correction: where the focus surface lies, else the last good optics."""
    last = rig.progress.optics or rig.devices.column.optics()
    surface = rig.progress.surface
    if surface is None:
        return last
    plane = Surface(surface.wd0_um, surface.slope_x, surface.slope_y)
    return Optics(plane.wd_um(tile.centre_um), last.stig_x, last.stig_y)


def optics_for(rig: Rig, tile: Tile, key: PlaneKey) -> Optics:
    """What a tile is scanned with: its own correction, else the focus surface."""
    done = rig.progress.plane(key).focused
    return done.after if done is not None and done.applied else expected_optics(rig, tile)


def set_optics(rig: Rig, optics: Optics) -> None:
    """Set the optics unless they stand there already: a lens that is left alone needs no settling."""
    column = rig.devices.column
    if column.optics() != optics:
        column.set_optics(optics)


def acquire(rig: Rig, step: AcquireTile) -> Frame:
    """Scan one tile. Its dose is journalled before, as an upper bound; its frame is not on disk yet.

    Raises ``HardwareError``; ``DiskFull`` before anything is scanned when there is no room.
    """
    require_room(rig)
    tile = tile_of(rig, step.key)
    set_optics(rig, optics_for(rig, tile, step.key))
    seen = rig.progress.plane(step.key).registered
    offset_um = (seen.dx_um, seen.dy_um) if seen else (0.0, 0.0)
    go_to_tile(rig, tile, offset_um)
    imaging = rig.plan.imaging(step.key.section)
    settings = imaging.frame(scan_rot_deg(rig, tile.rotation_deg, step.key.section))
    dose = settings.electron_dose_per_nm2(rig.plan.instrument.electron.probe_current_na)
    rig.record(PlaneExposing(step.key, step.take, settings, dose))
    frame = rig.imager.scan(settings)
    require_plane(rig, tile, frame)
    exposed = PlaneExposed(
        step.key,
        step.take,
        frame.optics,
        frame.stage,
        tuple(float(v) for v in _to_specimen(rig, tile, frame, offset_um).ravel()),
        frame.scanned_at_s,
    )
    rig.journal.post(exposed)
    rig.progress.apply(exposed)
    return frame


def _to_specimen(rig: Rig, tile: Tile, frame: Frame, offset_um: Point) -> Affine:
    """From a plane's pixels to the wafer [um], as the tissue lay in the first cycle.

    Where the stage stood, less what was seen to lie off its place and made up for when it went there.
    """
    seen_off = section_correction(rig, tile.section).after(Rigid(*offset_um))
    where = View.of(frame, wafer_to_stage(rig), field_shift_um(rig, frame))
    return where.moved(seen_off.inverse()).to_wafer


def require_plane(rig: Rig, tile: Tile, frame: Frame) -> None:
    """Raise ``BadFrame`` when a plane is dark, unless wafer can show there and a second frame is dark too.

    A scanner that drops out for one frame gives the same image as bare wafer, while column and detector
    read back as on. The second frame is no take: it is looked at, and its dose is booked by itself.
    """
    require_tissue(rig, tile.section, frame.image)
    quality = rig.plan.project.quality
    if not shows_wafer(frame.image, quality):
        return
    book_dose(rig, Purpose.DARK_PLANE, tile.centre_um, frame.settings, frames=1)
    if not shows_wafer(rig.imager.scan(frame.settings).image, quality):
        raise BadFrame(
            "scanner",
            "the frame was dark all over and a second one of the same place is not",
            "Take it again; if it stays, restart the scan generator.",
        )


def require_room(rig: Rig, planes: int = PLANES_AHEAD) -> None:
    """Raise ``DiskFull`` unless so many of the largest planes and the reserve fit on the run's disks."""
    storage = rig.plan.project.storage
    plane_bytes = max(imaging.plane_bytes for imaging in rig.plan.kinds_of_tiles)
    for folder in (rig.plan.folder.images(rig.plan.project), rig.plan.folder.root):
        if rig.files.free_bytes(folder) < planes * plane_bytes + storage.reserve_gb * 1e9:
            raise DiskFull(folder)


def fit_focus_surface(rig: Rig, step: FitSurface) -> None:
    """Focus on spread tiles and fit the plane that other tiles of this cycle trust.

    Raises the ``HardwareError`` that ended a correction.
    """
    tiles = [
        t for s in rig.progress.active() for t in rig.plan.wafer.section(s).tiles(rig.plan.project.imaging)
    ]
    done: list[tuple[Tile, Optics]] = []
    for tile in surface_tiles(tiles):
        key = PlaneKey(step.cycle, tile.section, tile.index)
        outcome = _focus_on(rig, key)
        if outcome.trouble is not None:
            raise outcome.trouble
        if outcome.applied:
            done.append((tile, outcome.after))
    limit_um = rig.plan.project.focus.surface_residual_um
    try:
        fit = fit_surface([t.centre_um for t, _ in done], [optics.wd_um for _, optics in done], limit_um)
    except NoSurface as refused:
        rig.record(SurfaceRefused(step.cycle, str(refused)))
        return
    kept = tuple(dict.fromkeys(done[n][0].section for n in fit.kept))
    s = fit.surface
    rig.record(SurfaceFitted(step.cycle, s.wd0_um, s.slope_x, s.slope_y, fit.residual_um, kept))
