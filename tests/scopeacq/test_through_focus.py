"""Series through focus, and several estimators on one pair: on a fake column."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.errors import HardwareError
from hardware.types import Image
from models.estimate import AberrationEstimate, PairCondition, Sharp, Sharpness
from models.images import ImageFault, ImagesRefused
from scopeacq.focus.focus_compare import ByPair, ByScores, compare, spread_um
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.focus.focus_pairs import take_pair
from scopeacq.focus.through_focus import SeriesPoint, best_wd_um, series_wds, take_series
from scopeacq.journal.records import FocusIteration
from tests.scopeacq.column_fakes import IN_FOCUS, times_out
from tests.scopeacq.focus_lab import ELECTRON, Lab, Oracle, TrueScore

NO_IMAGE = np.zeros((4, 4), np.uint8)


@dataclass
class TrueBlur(TrueScore):
    """The blur of the two images of a pair in turn, as a judge says it."""

    asked: int = 0

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness:
        optics = self.lab.scanner.scanned[-2:][self.asked % 2]
        self.asked += 1
        blur_um = abs(optics.wd_um - IN_FOCUS.wd_um)
        return Sharpness(blur_um, 0.2, blur_um, 0.0, 0.0, Sharp.NO)


class Refuses:
    name = "refuses"

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        raise ImagesRefused(ImageFault.UNRELATED, "The images show two places.")


def points(*scores_um: float, sd: tuple[float, ...] = ()) -> list[SeriesPoint]:
    sds = sd or (1.0,) * len(scores_um)
    return [SeriesPoint(4490.0 + 2 * n, s, sds[n], NO_IMAGE) for n, s in enumerate(scores_um)]


def test_a_series_finds_focus_and_leaves_the_optics_alone() -> None:
    lab = Lab.at(replace(IN_FOCUS, wd_um=IN_FOCUS.wd_um + 3.3))
    bench = lab.bench()
    told: list[SeriesPoint] = []
    series = take_series(bench, TrueScore(lab), series_wds(bench, 10.0, 9), told.append)
    assert tuple(told) == series and len(series) == 9
    assert series[0].wd_um == pytest.approx(IN_FOCUS.wd_um - 6.7)
    assert best_wd_um(series) == pytest.approx(IN_FOCUS.wd_um, abs=0.05)
    assert lab.column.optics() == lab.start and lab.column.state().blanked
    assert bench.electron_dose_per_nm2 == pytest.approx(9 * bench.frame_dose_per_nm2)


def test_a_series_that_fails_restores_the_optics() -> None:
    lab = Lab.at()
    bench = lab.bench()
    lab.scanner.during = lambda: times_out() if len(lab.scanner.scanned) == 3 else None
    with pytest.raises(HardwareError):
        take_series(bench, TrueScore(lab), series_wds(bench, 10.0, 9))
    assert lab.column.optics() == lab.start and lab.column.state().blanked


def test_series_stay_within_the_limits_of_the_column() -> None:
    lab = Lab.at(replace(IN_FOCUS, wd_um=4995.0))
    assert series_wds(lab.bench(), 20.0, 5) == pytest.approx((4975, 4981.25, 4987.5, 4993.75, 5000))


@pytest.mark.parametrize(
    ("series", "best"),
    [
        (points(), None),
        (points(1.0, 2.0, 3.0), None),
        (points(9.0, 7.0, 5.0, 3.5), None),
        (points(3.0, 1.0, 3.0), 4492.0),
        (points(*[math.nan] * 5, sd=(1.0, 2.0, 5.0, 2.0, 1.0)), 4494.0),
        (points(*[math.nan] * 3, sd=(1.0, 2.0, 5.0)), None),
    ],
)
def test_the_best_of_a_series_is_said_only_where_it_lies_inside(
    series: list[SeriesPoint], best: float | None
) -> None:
    assert best_wd_um(series) == (None if best is None else pytest.approx(best))


def test_estimators_are_compared_on_the_very_same_pair() -> None:
    lab = Lab.at(replace(IN_FOCUS, wd_um=IN_FOCUS.wd_um + 4.0, stig_x=0.5))
    bench = lab.bench()
    pair = take_pair(bench, bench.before, bench.scans[0])
    oracle = ByPair(Oracle(lab, share=1.0), ELECTRON, 0.0)
    opinions = compare(pair, [oracle, ByScores(TrueBlur(lab)), ByPair(Refuses(), ELECTRON, 0.0)])
    by_pair, by_scores, refused = opinions
    assert len(lab.scanner.scanned) == 2
    assert by_pair.change is not None and by_scores.change is not None
    assert by_pair.change.wd_um == pytest.approx(-4.0)
    assert by_pair.change.stig_x == pytest.approx(-0.5)
    assert by_scores.change.wd_um == pytest.approx(-4.0)
    assert math.isnan(by_scores.change.stig_x)
    # b+^2 - b-^2 with b = 9 and 1, each known to 0.2: 2 * 0.2 * hypot(9, 1) / 20
    assert by_scores.change.sd_wd_um == pytest.approx(0.02 * math.hypot(9, 1))
    assert refused.change is None and "two places" in refused.refusal
    assert spread_um(opinions) == pytest.approx(0.0, abs=1e-9)
    assert spread_um([refused]) is None


def test_who_watches_a_correction_sees_its_pairs_and_its_trace() -> None:
    class Witness:
        def __init__(self) -> None:
            self.pairs: list[tuple[int, ...]] = []
            self.trace: list[FocusIteration] = []

        def estimated(
            self, pair: tuple[Image, Image], condition: PairCondition, estimate: AberrationEstimate
        ) -> None:
            self.pairs.append(pair[0].shape)

        def noted(self, iteration: FocusIteration) -> None:
            self.trace.append(iteration)

    lab, witness = Lab.at(), Witness()
    bench = lab.bench()
    bench.watcher = witness
    result = PairFocus(Oracle(lab)).find(bench)
    assert tuple(witness.trace) == bench.iterations
    assert len(witness.pairs) == len(bench.iterations) > 1, result
