"""Methods of focusing: pairs of images, and the vendor's own routine."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hardware.optics import stigmators_of
from hardware.protocols import VendorAutofocus
from hardware.types import FrameSettings, Image, Optics
from models.estimate import (
    AberrationEstimate,
    AberrationEstimator,
    PairCondition,
)
from scopeacq.autofocus import FocusBench, Focused, NotFocused
from scopeacq.geometry import turn
from scopeacq.imaging import lens_shift_um
from scopeacq.instrument import ElectronSettings
from scopeacq.project import FocusSettings
from scopeacq.records import FocusIteration

RELATIVE_SD = 0.25
"""Far from focus estimates are less certain; they help while that is small against the correction."""


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
        return bool(np.isfinite(values).all())

    def added_to(self, optics: Optics) -> Optics:
        return optics.shifted(self.wd_um, self.stig_x, self.stig_y)

    def is_small(self, focus: FocusSettings) -> bool:
        """Whether it lies inside what counts as in focus."""
        stig = max(abs(self.stig_x), abs(self.stig_y))
        return abs(self.wd_um) <= focus.done_wd_um and stig <= focus.done_stig

    def is_certain(self, focus: FocusSettings) -> bool:
        """Whether the estimate may be trusted: within what the project allows, or small against itself."""
        stig = max(abs(self.stig_x), abs(self.stig_y))
        size = max(abs(self.wd_um) / focus.max_sd_wd_um, stig / focus.max_sd_stig)
        sd_stig = max(self.sd_stig_x, self.sd_stig_y)
        sd = max(self.sd_wd_um / focus.max_sd_wd_um, sd_stig / focus.max_sd_stig)
        return sd <= max(1.0, RELATIVE_SD * size)

    def noted(self, estimator: str, optics: Optics) -> FocusIteration:
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
    frame = electron.stigmator_frame
    to_optics[1:, 1] = stigmators_of(1.0, 0.0, frame, scan_rot_deg)
    to_optics[1:, 2] = stigmators_of(0.0, 1.0, frame, scan_rot_deg)
    change = -to_optics @ estimate.mean
    variance = np.diag(to_optics @ estimate.covariance @ to_optics.T)
    sd = np.sqrt(np.where(variance >= 0, variance, np.nan))
    return OpticsChange(*(float(v) for v in (*change, *sd)))


def pair_shift_px(
    electron: ElectronSettings, frame: FrameSettings, perturbation_um: float
) -> tuple[int, int]:
    """How far the content of the second image of a pair lies from where it is in the first (columns, rows).

    The lens moves the field of view by the profile's image shift per um of working distance.
    """
    dx_um, dy_um = turn(lens_shift_um(electron, 2 * perturbation_um), -frame.scan_rot_deg)
    return round(1e3 * dx_um / frame.pixel_size_nm), round(-1e3 * dy_um / frame.pixel_size_nm)


def common_field(plus: Image, minus: Image, shift_px: tuple[int, int]) -> tuple[Image, Image]:
    """The parts of both images that show the same place, ``minus`` being shifted by (columns, rows)."""
    columns, rows = shift_px
    return _cropped(plus, -columns, -rows), _cropped(minus, columns, rows)


def _cropped(image: Image, columns: int, rows: int) -> Image:
    """Without so many columns and rows: on the left and top where positive, else right and bottom."""
    height, width = image.shape
    return image[
        max(rows, 0) : height + min(rows, 0),
        max(columns, 0) : width + min(columns, 0),
    ]


@dataclass(frozen=True)
class PairFocus:
    """DeepFocus and MAPFoSt: pairs of images until the predicted correction is small."""

    estimator: AberrationEstimator

    @property
    def name(self) -> str:
        return self.estimator.name

    def find(self, bench: FocusBench) -> Focused | NotFocused:
        """The last, small correction is applied as well: it is an estimate like the others."""
        focus = bench.focus
        optics = bench.before
        for done in range(1, focus.max_iterations + 1):
            optics = bench.within_limits(optics, focus.perturbation_um)
            change = self._predict(bench, optics)
            if not change.finite:
                return NotFocused("the estimate is not a number; is there any texture?")
            optics_next = change.added_to(optics)
            bench.note(change.noted(self.name, optics))
            trouble = _uncertain(change, focus) or bench.beyond(optics_next)
            if trouble is not None:
                return NotFocused(trouble)
            if change.is_small(focus):
                return Focused(bench.within_limits(optics_next), f"converged after {done} pairs of images")
            optics = optics_next
        return NotFocused(f"no convergence within {focus.max_iterations} pairs of images")

    def _predict(self, bench: FocusBench, optics: Optics) -> OpticsChange:
        step_um = bench.focus.perturbation_um
        plus = bench.image_at(optics.shifted(wd_um=step_um))
        minus = bench.image_at(optics.shifted(wd_um=-step_um))
        plus, minus = common_field(plus, minus, pair_shift_px(bench.electron, bench.frame, step_um))
        condition = PairCondition(
            bench.frame.pixel_size_nm, step_um, bench.electron.convergence_mrad, bench.frame_dose_per_nm2
        )
        estimate = self.estimator.estimate(plus, minus, condition)
        return optics_change(estimate, bench.electron, bench.frame.scan_rot_deg)


def _uncertain(change: OpticsChange, focus: FocusSettings) -> str | None:
    if change.is_certain(focus):
        return None
    return (
        f"the estimate is too uncertain (+-{change.sd_wd_um:.2f} um, +-{change.sd_stig_x:.2f}, "
        f"+-{change.sd_stig_y:.2f})"
    )


@dataclass(frozen=True)
class VendorFocus:
    """The vendor's own routine. What it lays down it does not tell: the whole search budget is booked."""

    vendor: VendorAutofocus

    @property
    def name(self) -> str:
        return "vendor"

    def find(self, bench: FocusBench) -> Focused | NotFocused:
        bench.count_dose(bench.frame_dose_per_nm2 * bench.focus.search_images)
        bench.column.set_optics(bench.before)
        bench.imager.require_beam()
        with bench.imager.unblanked():
            optics = self.vendor.run_autofocus()
        change = OpticsChange.between(bench.before, optics, (math.nan, math.nan, math.nan))
        bench.note(change.noted(self.name, bench.before))
        return Focused(optics, "the vendor's routine ended")
