"""Methods of focusing: pairs of images, and the vendor's own routine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hardware.protocols import VendorAutofocus
from hardware.types import Optics
from models.estimate import AberrationEstimator
from models.images import ImagesRefused
from scopeacq.focus.autofocus import FocusBench, Focused, NotFocused
from scopeacq.focus.correction import OpticsChange
from scopeacq.focus.focus_pairs import Look, rescaled, stigmator_step, take_look
from scopeacq.focus.stigmator_check import frame_mismatch
from scopeacq.journal.records import FocusEnd
from scopeacq.telling.wording import counted

MADE_WORSE = " after the stigmators were corrected; if this repeats, recalibrate the stigmator frame"

LESS_DETAIL = 0.7
"""A pair that shows less than this share of the detail of an earlier one was taken farther from focus."""


@dataclass(frozen=True)
class PairFocus:
    """DeepFocus and MAPFoSt: pairs of images until the predicted correction lies inside the depth of focus.

    Each round takes a fine pair. Where that is no use or shows a large aberration, a coarse pair follows,
    with larger perturbation and pixels and without moving the stage; where that is no use either, the
    tile's next field is looked at. No correction follows from images without structure.
    """

    estimator: AberrationEstimator

    @property
    def name(self) -> str:
        return self.estimator.name

    def find(self, bench: FocusBench) -> Focused | NotFocused:
        looks: list[Look] = []
        optics = bench.before
        try:
            for _ in range(bench.focus.max_iterations):
                looks.append(rescaled(self._best_look(bench, optics), looks))
                end = _end(bench, looks)
                if end is not None:
                    return end
                optics = looks[-1].optics_next
        except ImagesRefused as refused:
            return NotFocused(str(refused).rstrip("."), FocusEnd.BAD_IMAGES)
        return NotFocused(
            f"no convergence within {counted(len(looks), 'correction')}", FocusEnd.NO_CONVERGENCE
        )

    def _best_look(self, bench: FocusBench, optics: Optics) -> Look:
        """The first look of use, or when there is none a structured one, if there is one."""
        seen: list[Look] = []
        while True:
            here: list[Look] = []
            for scan in bench.scans:
                look = take_look(bench, self.estimator, optics, scan)
                bench.note(look.noted(self.name))
                here.append(look)
                if look.useful and (not look.far or scan is bench.scans[-1]):
                    return look
            seen += here
            useful = [look for look in here if look.useful]
            if useful or not bench.look_elsewhere():
                return max(useful or seen, key=lambda look: look.structured)


def _end(bench: FocusBench, looks: Sequence[Look]) -> Focused | NotFocused | None:
    """What the loop comes to after the newest look; None when its correction is applied and it goes on.

    The last, small correction is applied as well: it is an estimate like the others.
    """
    look = looks[-1]
    steps = [stigmator_step(bench, *pair) for pair in pairwise(looks)]
    if not look.useful:
        return _useless(look, suspicion=MADE_WORSE if steps and steps[-1].large else "")
    mismatch = frame_mismatch(steps)
    if mismatch is not None:
        return NotFocused(mismatch.told(bench.electron), FocusEnd.WRONG_STIGMATOR_FRAME)
    trouble = bench.beyond(look.optics_next)
    if trouble is not None:
        return NotFocused(trouble, FocusEnd.BEYOND_LIMITS)
    if not look.change.is_inside(bench.depth):
        return None
    if _lost_detail(looks):
        return NotFocused("the images are less sharp than before the correction", FocusEnd.WORSE)
    said = f"in focus after {counted(len(looks), 'correction')}"
    return Focused(bench.within_limits(look.optics_next), said)


def _useless(look: Look, suspicion: str) -> NotFocused:
    if not look.structured:
        return NotFocused(f"no structure to focus on{suspicion}", FocusEnd.NO_STRUCTURE)
    if not look.change.finite:
        return NotFocused("the estimate is not a number; is there any texture?", FocusEnd.UNCERTAIN)
    return NotFocused(
        f"the estimate is too uncertain (+-{look.change.sd_wd_um:.2f} um, "
        f"+-{look.change.sd_stig_x:.2f}, +-{look.change.sd_stig_y:.2f}){suspicion}",
        FocusEnd.UNCERTAIN,
    )


def _lost_detail(looks: Sequence[Look]) -> bool:
    """Whether the newest look shows clearly less than the first one that was taken like it."""
    last = looks[-1]
    first = next(look for look in looks if (look.scan, look.field) == (last.scan, last.field))
    return last.detail < LESS_DETAIL * first.detail


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
