"""What the benchmark of single images says of scores whose worth is known, and what it says is possible."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.deepscore import SHARP_REFUSED, UNSHARP_PASSED, Look, row, verdict_limits
from benchmarks.focus.machine import Machine
from benchmarks.focus.textures import RadialDensity
from benchmarks.held_out import kinds
from benchmarks.one_image import drawn_um, electrons_um2, fall, ideal_auc
from benchmarks.validation import Pieces, validation_kinds
from models.deepscore import verdict_of
from models.estimate import Sharpness

FREQUENCY = np.linspace(0.0, 0.7, 141)


def look(margins: float, inside: float) -> Look:
    seen = Sharpness(margins, 0.1, margins, 0.0, inside, verdict_of(inside))
    return Look("some", 200.0, np.array([margins, 0.0, 0.0]), seen, 1.5)


def test_figures_of_a_judge_that_is_never_wrong() -> None:
    figures = row([*(look(m, 0.9) for m in (0.1, 0.9)), *(look(m, 0.01) for m in (1.1, 3.0))])
    assert figures.auc == figures.auc_all == 1.0
    assert figures.unsharp_called_sharp == figures.sharp_called_unsharp == figures.sharp_cannot_tell == 0
    assert figures.log_error == 0


def test_limits_let_few_verdicts_go_wrong() -> None:
    rng = np.random.default_rng(0)
    sharp = [look(0.5, inside) for inside in rng.uniform(0.2, 1.0, 500)]
    outside = [look(1.5, inside) for inside in rng.uniform(0.0, 0.6, 500)]
    sharp_from, unsharp_below = verdict_limits([*sharp, *outside])
    assert np.mean([x.seen.inside > sharp_from for x in outside]) == pytest.approx(
        UNSHARP_PASSED, abs=0.005
    )
    assert np.mean([x.seen.inside < unsharp_below for x in sharp]) == pytest.approx(
        SHARP_REFUSED, abs=0.005
    )


def test_limits_are_set_on_other_textures_than_those_that_judge() -> None:
    assert not {kind.name for kind in validation_kinds()} & set(kinds())
    one, same, other = (Pieces(2, 4).tile(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == (1024, 1280)
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).mean() > 0.3


def test_an_ideal_judge_is_limited_by_what_it_does_not_know() -> None:
    rng = np.random.default_rng(0)
    areas = [ideal_auc(spread, 800, rng) for spread in (0.0, 0.5, 2.0)]
    assert areas[0] > 0.999, "z and a exchanged are rarely on different sides of the margins"
    assert areas == sorted(areas, reverse=True)
    radius = [np.linalg.norm(drawn_um(800, sharp, rng), axis=1) for sharp in (True, False)]
    noisy = [r**2 + 0.5 * rng.standard_normal(len(r)) for r in radius]
    assert areas[1] > np.mean(noisy[1][None, :] > noisy[0][:, None]) - 0.003, "no judge beats the ideal one"


def test_the_fall_of_a_spectrum_is_told_in_um_of_blur() -> None:
    k = 2 * math.pi * np.maximum(FREQUENCY, 1e-3)
    blurred = k**-3.0 * np.exp(-2.0 * (0.5 * 0.89 * k) ** 2)
    seen = fall("some", RadialDensity(FREQUENCY, blurred), Machine())
    assert seen.slope == pytest.approx(3.0, abs=1e-6)
    assert seen.softness_um2 == pytest.approx(2.0, abs=1e-6)


def test_more_electrons_leave_less_unknown() -> None:
    spectrum = RadialDensity(FREQUENCY, np.maximum(FREQUENCY, 0.01) ** -3.0 / 1e3)
    spreads = [electrons_um2(spectrum, Machine(), dwell_ns) for dwell_ns in (50.0, 200.0, 800.0)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[0] < 1.0
