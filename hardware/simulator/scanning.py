"""One frame on the twin: from the state of nature to an image and its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hardware.errors import Refused
from hardware.optics import astigmatism_in_image
from hardware.simulator import imaging
from hardware.simulator.column_body import Aberration
from hardware.simulator.config import TwinSettings
from hardware.simulator.faults import Device, FaultKind
from hardware.simulator.nature import Nature
from hardware.simulator.scan_geometry import ScanGeometry, as_scanned, scan_geometry
from hardware.simulator.scan_time import frame_time_s
from hardware.simulator.truth import FrameTruth
from hardware.types import FrameSettings, Image, Optics, StagePose

SATURATING_GAIN = 2.0
_NOISE_STREAM = 9


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scanner hands out. ``number`` counts scans: a repeated one is stale."""

    number: int
    image: Image
    optics: Optics
    stage: StagePose
    scanned_at_s: float


@dataclass(frozen=True, slots=True)
class Shot:
    """The state of nature at the first pixel of a frame."""

    number: int
    settings: FrameSettings
    optics: Optics
    stage: StagePose
    scanned_at_s: float
    geometry: ScanGeometry
    aberration: Aberration
    astig_um: tuple[float, float]
    probe_current_na: float
    gain: float
    offset: float


def physics_of(settings: TwinSettings) -> imaging.ColumnPhysics:
    """The optics of the twin as the image formation wants them."""
    return imaging.ColumnPhysics(
        convergence_mrad=settings.column.convergence_mrad,
        floor_um=1e-3 * settings.column.probe_floor_nm,
        falloff_per_mm2=settings.detector.falloff_per_mm2,
    )


class ElectronScanner:
    """Scans frames of a nature, one at a time."""

    def __init__(self, nature: Nature) -> None:
        self._nature = nature
        self._physics = physics_of(nature.settings)
        self._aborted = False
        self._last: Scan | None = None

    def acquire(self, settings: FrameSettings, spoilt_by: frozenset[FaultKind]) -> Scan:
        """Scan a frame; the time it takes passes. Raises ``Refused`` when busy or aborted."""
        shot = self._begin(settings, spoilt_by)
        try:
            image = self._expose(shot, spoilt_by)
            taken_s = self._nature.clock.now_s() - shot.scanned_at_s
            duration_s = frame_time_s(settings, self._nature.settings.column)
            self._nature.wait(duration_s - taken_s, stop=lambda: self._aborted)
        finally:
            self._end()
        if self._aborted:
            raise Refused(Device.SCANNER.value, "the scan was aborted", "Scan the frame again.")
        if FaultKind.FROZEN_FRAME in spoilt_by and self._last is not None:
            return self._last
        self._last = Scan(shot.number, image, shot.optics, shot.stage, shot.scanned_at_s)
        return self._last

    def abort(self) -> None:
        """End the scan that is under way."""
        self._aborted = True

    def _begin(self, settings: FrameSettings, spoilt_by: frozenset[FaultKind]) -> Shot:
        nature = self._nature
        with nature.lock:
            if nature.scanning:
                raise Refused(Device.SCANNER.value, "a frame is being scanned already", "Wait for it.")
            nature.catch_up()
            shot = self._shot(settings, spoilt_by)
            self._aborted, nature.scanning = False, True
            nature.n_frames += 1
            nature.note_beam()
            self._tell(shot)
            return shot

    def _end(self) -> None:
        with self._nature.lock:
            self._nature.catch_up()
            self._nature.scanning = False
            self._nature.note_beam()

    def _shot(self, told: FrameSettings, spoilt_by: frozenset[FaultKind]) -> Shot:
        nature, column, now_s = self._nature, self._nature.column, self._nature.now_s
        settings = as_scanned(told, nature.settings.column)
        geometry = scan_geometry(
            settings,
            nature.stage.true(now_s),
            column.wd_um(now_s),
            column.deflection_um,
            nature.settings.column,
            nature.settings.column.wd_at_z0_um - nature.settings.stage.start_z_um,
            nature.settings.stage.rotation_centre_um,
        ).under(nature.mounted)
        x_um, y_um = geometry.centre_um
        height_um = nature.specimen.height_um(x_um, y_um, nature.removed_nm(x_um, y_um))
        aberration = column.aberration(geometry.plane_z_um + float(height_um), now_s)
        dark = not column.on_wafer or not nature.detector.hv_on or FaultKind.BLACK_FRAME in spoilt_by
        gain = SATURATING_GAIN if FaultKind.SATURATED_FRAME in spoilt_by else 1.0
        return Shot(
            number=nature.n_frames,
            settings=settings,
            optics=column.optics,
            stage=nature.stage.reported(now_s),
            scanned_at_s=now_s,
            geometry=geometry,
            aberration=aberration,
            astig_um=astigmatism_in_image(
                aberration.stig_x,
                aberration.stig_y,
                nature.settings.column.stigmator_frame,
                settings.scan_rot_deg,
            ),
            probe_current_na=0.0 if dark else column.probe_current_na,
            gain=gain * nature.detector.gain * nature.detector_health,
            offset=nature.detector.offset,
        )

    def _expose(self, shot: Shot, spoilt_by: frozenset[FaultKind]) -> Image:
        nature = self._nature
        rng = np.random.default_rng([nature.settings.seed, _NOISE_STREAM, shot.number])
        if shot.probe_current_na == 0:
            image = imaging.dark_frame(shot.settings, shot.offset, rng)
        else:
            view = imaging.View(
                settings=shot.settings,
                to_wafer=shot.geometry.to_wafer,
                defocus_um=shot.aberration.wd_um,
                astig_x_um=shot.astig_um[0],
                astig_y_um=shot.astig_um[1],
                probe_current_na=shot.probe_current_na,
            )
            image = imaging.expose(
                view, nature.specimen, nature.removed_nm, self._physics, shot.gain, shot.offset, rng
            )
        return image[: image.shape[0] // 2] if FaultKind.TRUNCATED_FRAME in spoilt_by else image

    def _tell(self, shot: Shot) -> None:
        x_um, y_um = shot.geometry.centre_um
        settings = shot.settings
        self._nature.tell(
            FrameTruth(
                scanned_at_s=shot.scanned_at_s,
                x_um=x_um,
                y_um=y_um,
                section=self._nature.specimen.section_at(x_um, y_um),
                residual_wd_um=shot.aberration.wd_um,
                residual_stig_x=shot.aberration.stig_x,
                residual_stig_y=shot.aberration.stig_y,
                removed_nm=float(self._nature.removed_nm(x_um, y_um)),
                dose_per_nm2=settings.electron_dose_per_nm2(shot.probe_current_na),
                width_um=settings.width_px * settings.pixel_size_nm * 1e-3,
                height_um=settings.height_px * settings.pixel_size_nm * 1e-3,
            )
        )
