"""One pair of images and what an estimator makes of it: fine, or coarse for large aberrations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hardware.optics import astigmatism_in_image
from hardware.types import FrameSettings, Image, Optics
from models.estimate import AberrationEstimate, AberrationEstimator, PairCondition
from models.images import coherence
from scopeacq.engine.imaging import lens_shift_um
from scopeacq.focus.autofocus import FocusBench, FocusScan
from scopeacq.focus.correction import OpticsChange, optics_change
from scopeacq.focus.estimator_gain import UNSEEN, Gain
from scopeacq.focus.stigmator_check import StigmatorStep
from scopeacq.journal.records import FocusIteration
from scopeacq.plan.geometry import turn
from scopeacq.plan.instrument import ElectronSettings

FAR = 4.0
"""Aberrations beyond so many perturbations are looked at coarsely as well."""

LEAK = 0.03
"""Share of a large defocus that an estimator may take for astigmatism, as a standard deviation."""


@dataclass(frozen=True, slots=True)
class Look:
    """A pair taken around ``optics`` in one field of the tile, and the correction that it calls for.

    ``detail``: how much structure the pair shows (:func:`models.images.coherence`), larger when sharper.
    ``gain``: how much of an aberration the estimator was seen to see.
    """

    scan: FocusScan
    field: int
    optics: Optics
    estimate: AberrationEstimate
    change: OpticsChange
    certain: bool
    detail: float
    scanned_at_s: float
    gain: Gain = UNSEEN

    @property
    def useful(self) -> bool:
        """Whether a correction may follow from it."""
        return self.structured and self.certain and self.change.finite

    @property
    def structured(self) -> bool:
        return self.estimate.structured

    @property
    def far(self) -> bool:
        """Whether the aberration is large for this perturbation."""
        defocus_um, *astigmatism_um = self.estimate.mean
        return bool(max(abs(defocus_um), np.hypot(*astigmatism_um)) > FAR * self.scan.perturbation_um)

    @property
    def optics_next(self) -> Optics:
        return self.change.added_to(self.optics)

    def noted(self, estimator: str) -> FocusIteration:
        """Its entry in the trace."""
        return replace(
            self.change.noted(estimator, self.optics),
            stage=self.scan.stage,
            field=self.field,
            patches=_patches_heard(self.estimate),
            scanned_at_s=self.scanned_at_s,
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images of one place, at ``optics`` plus and minus the perturbation, and how they were taken."""

    optics: Optics
    plus: Image
    minus: Image
    condition: PairCondition


def take_pair(bench: FocusBench, optics: Optics, scan: FocusScan) -> Pair:
    """A pair around these optics, or the nearest ones that leave room for it. Raises ``HardwareError``."""
    optics = bench.within_limits(optics, scan.perturbation_um)
    whole = [bench.image_at(optics.shifted(wd_um=s * scan.perturbation_um), scan.frame) for s in (1, -1)]
    shift_px = pair_shift_px(bench.electron, scan.frame, scan.perturbation_um)
    plus, minus = common_field(whole[0], whole[1], shift_px)
    return Pair(optics, plus, minus, bench.condition(scan))


def take_look(bench: FocusBench, estimator: AberrationEstimator, optics: Optics, scan: FocusScan) -> Look:
    """Take a pair around these optics, or the nearest ones that leave room for it, and estimate.

    Raises:
        ImagesRefused: the pair cannot be judged.
        HardwareError: it could not be taken.
    """
    pair = take_pair(bench, optics, scan)
    estimate = estimator.estimate(pair.plus, pair.minus, pair.condition)
    bench.watcher.estimated((pair.plus, pair.minus), pair.condition, estimate)
    detail, _ = coherence(pair.plus.astype(np.float32), pair.minus.astype(np.float32))
    change = optics_change(estimate, bench.electron, bench.frame.scan_rot_deg)
    certain = change.is_certain(bench.focus)
    at_s = bench.last_frames[0].scanned_at_s
    return Look(scan, bench.field, pair.optics, estimate, change, certain, detail, at_s)


def rescaled(look: Look, earlier: Sequence[Look]) -> Look:
    """A look whose correction counts what an earlier one has shown: how much the estimator truly sees.

    Where its answers stretch, as with an angle of convergence other than assumed, each correction would
    leave the same share of what there was; so the second one meets the rest. Only pairs taken alike and
    not far from focus are compared.
    """
    if not earlier:
        return look
    last = earlier[-1]
    seen_um = float(look.estimate.mean[0] - last.estimate.mean[0])
    sd_um = math.hypot(last.estimate.sd[0], look.estimate.sd[0])
    look = replace(look, gain=last.gain.after(look.optics.wd_um - last.optics.wd_um, seen_um, sd_um))
    alike = (last.scan, last.field) == (look.scan, look.field) and not last.far
    return replace(look, change=look.change.scaled(1 / look.gain.mean)) if alike else look


def stigmator_step(bench: FocusBench, first: Look, second: Look) -> StigmatorStep:
    """What the change of the stigmators between two looks was to do and did."""
    dx = second.optics.stig_x - first.optics.stig_x
    dy = second.optics.stig_y - first.optics.stig_y
    expected = astigmatism_in_image(dx, dy, bench.electron.stigmator_frame, bench.frame.scan_rot_deg)
    measured = complex(*(second.estimate.mean[1:] - first.estimate.mean[1:]))
    leak_um = LEAK * (second.optics.wd_um - first.optics.wd_um)
    sd_um = math.hypot(first.estimate.sd[1:].max(), second.estimate.sd[1:].max(), leak_um)
    return StigmatorStep(complex(*expected), measured, sd_um, second.gain)


def _patches_heard(estimate: AberrationEstimate) -> float:
    """How many patches carry the answer: the effective number by the precision of their defocus."""
    precision = np.square(estimate.patch_sds[:, 0]) ** -1.0
    heard = precision.sum() ** 2 / np.square(precision).sum() if len(precision) else 0.0
    return float(heard)


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
    bottom, right = (max(n + min(cut, 0), 0) for n, cut in ((height, rows), (width, columns)))
    return image[max(rows, 0) : bottom, max(columns, 0) : right]
