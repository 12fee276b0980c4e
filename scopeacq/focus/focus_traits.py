"""What one correction tells of the health of its estimator, from the journal's trace of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hardware.types import Optics
from scopeacq.journal.records import FocusDone, FocusEnd, FocusIteration, FocusStage, FocusTrait

DEPTH_UM, DEPTH_STIG = 1.0, 0.25
"""Depth of focus, the unit of sizes of corrections: 1 um and 0.25 a.u., after Schubert 2022."""

FLOOR_UM, FLOOR_STIG = 0.1, 0.025
STEP_SHARE = 0.05
"""Two pairs may differ by so much beyond their uncertainty: drift, and the lens's share of a step."""

LEAST_STEP_UM = 2.0
"""Smaller changes of the working distance do not tell how an estimator sees them."""

Measures = dict[FocusTrait, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """How values of a trait are averaged and compared.

    ``least``: sizes are compared by their logarithms, none counts as smaller; None for plain numbers.
    ``tolerance``: scatter between visits of a healthy place that nobody should mind, of logarithms or of
    the numbers.
    """

    tolerance: float
    least: float | None = None

    def on(self, value: float) -> float:
        """The value where it is compared."""
        return value if self.least is None else math.log(max(value, self.least))

    def back(self, scaled: float) -> float:
        """From there to the value."""
        return scaled if self.least is None else math.exp(scaled)


SCALES = {
    FocusTrait.PAIRS: Scale(0.2, 1.0),
    FocusTrait.CONTRADICTION: Scale(0.5, 0.3),
    FocusTrait.GAIN: Scale(0.1),
    FocusTrait.SPREAD: Scale(0.3, 0.005),
    FocusTrait.SIZE: Scale(0.7, 0.1),
    FocusTrait.REFUSED: Scale(0.2),
}


def measures_of(done: FocusDone, estimator: str) -> Measures:
    """What a correction tells of ``estimator``; nothing where the instrument failed."""
    if done.end is FocusEnd.INSTRUMENT_FAILED:
        return {}
    pairs = [i for i in done.iterations if i.estimator == estimator]
    by_another = len(pairs) < len(done.iterations)
    found: Measures = {FocusTrait.REFUSED: float(by_another or not done.applied)}
    if pairs:
        found[FocusTrait.PAIRS] = len(pairs)
        found[FocusTrait.SIZE] = _size(pairs[0])
    spreads = [i.sd_wd_um for i in pairs if i.stage is FocusStage.FINE and math.isfinite(i.sd_wd_um)]
    if spreads:
        found[FocusTrait.SPREAD] = spreads[-1]
    steps = [(a, b) for a, b in pairwise(pairs) if a.optics != b.optics and a.stage is b.stage]
    return found | _told_by_steps([step for step in steps if all(map(_finite, step))])


def _told_by_steps(steps: Sequence[tuple[FocusIteration, FocusIteration]]) -> Measures:
    """The worst of what pairs say of the pairs before them."""
    found: Measures = {}
    if steps:
        found[FocusTrait.CONTRADICTION] = max(_contradiction(*step) for step in steps)
    large = [s for s in steps if abs(s[1].optics.wd_um - s[0].optics.wd_um) >= LEAST_STEP_UM]
    if large:
        found[FocusTrait.GAIN] = max(_misjudged(*step) for step in large)
    return found


def _size(pair: FocusIteration) -> float:
    """Of a correction, in depths of focus."""
    stig = math.hypot(pair.correction_stig_x, pair.correction_stig_y)
    return math.hypot(pair.correction_wd_um / DEPTH_UM, stig / DEPTH_STIG)


def _contradiction(first: FocusIteration, second: FocusIteration) -> float:
    """How many standard deviations lie between where two pairs put focus: rms of three axes."""
    where = zip(_in_focus(first), _in_focus(second), strict=True)
    moved = zip(_axes(first.optics), _axes(second.optics), strict=True)
    floors = (FLOOR_UM, FLOOR_STIG, FLOOR_STIG)
    squares = (
        (b - a) ** 2 / (sd_a**2 + sd_b**2 + floor**2 + (STEP_SHARE * (to - at)) ** 2)
        for (a, b), (at, to), sd_a, sd_b, floor in zip(
            where, moved, _sds(first), _sds(second), floors, strict=True
        )
    )
    return math.sqrt(sum(squares) / 3)


def _misjudged(first: FocusIteration, second: FocusIteration) -> float:
    """By which share a change of the working distance was seen too large or too small."""
    moved_um = second.optics.wd_um - first.optics.wd_um
    return abs((first.correction_wd_um - second.correction_wd_um) / moved_um - 1)


def _in_focus(pair: FocusIteration) -> tuple[float, float, float]:
    wd_um, stig_x, stig_y = _axes(pair.optics)
    return wd_um + pair.correction_wd_um, stig_x + pair.correction_stig_x, stig_y + pair.correction_stig_y


def _axes(optics: Optics) -> tuple[float, float, float]:
    return optics.wd_um, optics.stig_x, optics.stig_y


def _sds(pair: FocusIteration) -> tuple[float, float, float]:
    return pair.sd_wd_um, pair.sd_stig_x, pair.sd_stig_y


def _finite(pair: FocusIteration) -> bool:
    return all(map(math.isfinite, (*_in_focus(pair), *_sds(pair))))
