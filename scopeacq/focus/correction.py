"""From aberrations to changes of the optics: their size, their certainty, and when they are small. Pure."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

import numpy as np

from hardware.optics import depth_of_focus_um
from hardware.types import Optics
from models.estimate import AberrationEstimate
from scopeacq.journal.records import FocusIteration
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings

RELATIVE_SD = 0.25
"""Far from focus estimates are less certain; they help while that is small against the correction."""


@dataclass(frozen=True, slots=True)
class DepthOfFocus:
    """Aberrations inside it cannot be seen in the tiles: |wd| [um], and each stigmator [a.u.]."""

    wd_um: float
    stig_x: float
    stig_y: float


def depth_of_focus(electron: ElectronSettings, pixel_size_nm: float, focus: FocusSettings) -> DepthOfFocus:
    """What counts as in focus on tiles of this pixel size, within what the project allows.

    1 um and 0.25 a.u. at 8.9 mrad, 10 nm, a floor of 4.5 nm and 4 um per a.u.
    """
    depth_um = depth_of_focus_um(
        1e-3 * electron.convergence_mrad, 1e-3 * electron.probe_floor_nm, 1e-3 * pixel_size_nm
    )
    frame = electron.stigmator_frame
    stig_x, stig_y = depth_um / frame.um_per_unit, depth_um / frame.y_um_per_unit
    return DepthOfFocus(
        min(depth_um, focus.done_wd_um), min(stig_x, focus.done_stig), min(stig_y, focus.done_stig)
    )


@dataclass(frozen=True, slots=True)
class OpticsChange:
    """What to add to the optics (wd in um, stigmators in a.u.), and its standard deviations."""

    wd_um: float
    stig_x: float
    stig_y: float
    sd_wd_um: float
    sd_stig_x: float
    sd_stig_y: float

    @classmethod
    def between(cls, before: Optics, after: Optics, sd: tuple[float, float, float]) -> OpticsChange:
        """What leads from ``before`` to ``after``, with standard deviations of wd, stig x, stig y."""
        return cls(
            after.wd_um - before.wd_um,
            after.stig_x - before.stig_x,
            after.stig_y - before.stig_y,
            *sd,
        )

    @property
    def finite(self) -> bool:
        values = (self.wd_um, self.stig_x, self.stig_y, self.sd_wd_um, self.sd_stig_x, self.sd_stig_y)
        return all(map(math.isfinite, values))

    def scaled(self, factor: float) -> OpticsChange:
        return OpticsChange(*(factor * value for value in astuple(self)))

    def added_to(self, optics: Optics) -> Optics:
        return optics.shifted(self.wd_um, self.stig_x, self.stig_y)

    def is_inside(self, depth: DepthOfFocus) -> bool:
        """Whether it lies inside the depth of focus together with its uncertainty."""
        return (
            abs(self.wd_um) + self.sd_wd_um <= depth.wd_um
            and abs(self.stig_x) + self.sd_stig_x <= depth.stig_x
            and abs(self.stig_y) + self.sd_stig_y <= depth.stig_y
        )

    def is_certain(self, focus: FocusSettings) -> bool:
        """Whether the estimate may be trusted: within what the project allows, or small against itself."""
        stig = max(abs(self.stig_x), abs(self.stig_y))
        size = max(abs(self.wd_um) / focus.max_sd_wd_um, stig / focus.max_sd_stig)
        sd_stig = max(self.sd_stig_x, self.sd_stig_y)
        sd = max(self.sd_wd_um / focus.max_sd_wd_um, sd_stig / focus.max_sd_stig)
        return sd <= max(1.0, RELATIVE_SD * size)

    def noted(self, estimator: str, optics: Optics) -> FocusIteration:
        """Its entry in the trace, for what was predicted at ``optics``."""
        return FocusIteration(
            estimator,
            optics,
            self.wd_um,
            self.stig_x,
            self.stig_y,
            self.sd_wd_um,
            self.sd_stig_x,
            self.sd_stig_y,
        )


def optics_change(
    estimate: AberrationEstimate, electron: ElectronSettings, scan_rot_deg: float
) -> OpticsChange:
    """The correction of the optics that cancels an aberration seen in the image frame.

    The map from image-frame focal shifts [um] to optics is linear, so covariances follow it.
    """
    to_optics = np.zeros((3, 3))
    to_optics[0, 0] = 1.0
    to_optics[1:, 1:] = np.linalg.inv(electron.stigmator_frame.matrix_um(scan_rot_deg))
    change = -to_optics @ estimate.mean
    variance = np.diag(to_optics @ estimate.covariance @ to_optics.T)
    sd = np.sqrt(np.where(variance >= 0, variance, np.nan))
    return OpticsChange(*(float(v) for v in (*change, *sd)))
