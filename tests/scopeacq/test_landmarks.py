"""Where the wafer lies by its landmarks, and what is said of those that do not fit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.landmarks import Misfit, Mounting, judge, mount_of
from scopeacq.plan.marks import Landmark

TOLERANCE_UM = 15.0
SPREAD: tuple[Point, ...] = (
    (-9000.0, -4000.0),
    (8000.0, -6000.0),
    (7000.0, 8000.0),
    (-6000.0, 7000.0),
    (500.0, 9500.0),
    (-2000.0, -9000.0),
)

mounts = st.builds(
    Rigid,
    st.floats(-20_000, 20_000),
    st.floats(-20_000, 20_000),
    st.floats(-180, 180),
)


def measured(mount: Rigid, points: tuple[Point, ...] = SPREAD) -> tuple[Landmark, ...]:
    """Landmarks that were measured without error under a mount."""
    return tuple(Landmark(f"L{n + 1}", p, mount.apply(p)) for n, p in enumerate(points))


def missed(mark: Landmark, dx_um: float, dy_um: float) -> Landmark:
    assert mark.stage_um is not None
    return replace(mark, stage_um=(mark.stage_um[0] + dx_um, mark.stage_um[1] + dy_um))


def seen(marks: tuple[Landmark, ...]) -> Mounting:
    return judge(marks, TOLERANCE_UM)


@given(mounts, st.integers(2, len(SPREAD)))
def test_a_mount_is_found_exactly(mount: Rigid, count: int) -> None:
    marks = measured(mount, SPREAD[:count])
    fit = seen(marks)
    assert (fit.misfit, fit.sound) == (None, True)
    assert fit.worst_um < 1e-6 and fit.scale == pytest.approx(1.0)
    for point in ((0.0, 0.0), (12_000.0, -3000.0)):
        assert math.dist(mount_of(marks).apply(point), mount.apply(point)) < 1e-6


@given(mounts, st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=6, max_size=6))
def test_small_errors_are_residuals_and_no_outliers(mount: Rigid, errors: list[Point]) -> None:
    marks = tuple(missed(m, *e) for m, e in zip(measured(mount), errors, strict=True))
    fit = seen(marks)
    assert (fit.misfit, fit.outliers, fit.sound) == (None, (), True)
    off = np.array([(r.dx_um, r.dy_um) for r in fit.residuals])
    np.testing.assert_allclose(off.sum(0), 0.0, atol=1e-6)
    assert (off**2).sum() <= (np.array(errors) ** 2).sum() + 1e-6, (
        "least squares is no worse than the truth"
    )


@settings(max_examples=60)
@given(mounts, st.integers(0, 5), st.floats(60, 5000), st.floats(0, 360), st.integers(0, 2**31))
def test_the_one_that_is_off_is_named_with_how_much(
    mount: Rigid, which: int, off_um: float, direction_deg: float, seed: int
) -> None:
    noise = np.random.default_rng(seed).uniform(-1, 1, (6, 2))
    marks = [missed(m, *e) for m, e in zip(measured(mount), noise.tolist(), strict=True)]
    angle = math.radians(direction_deg)
    marks[which] = missed(marks[which], off_um * math.cos(angle), off_um * math.sin(angle))
    fit = seen(tuple(marks))
    (outlier,) = fit.outliers
    assert fit.misfit is Misfit.OUTLIER
    assert outlier.landmark == marks[which].id
    assert outlier.distance_um == pytest.approx(off_um, abs=5.0)
    assert marks[which].id in fit.verdict and f"{outlier.distance_um:.1f} um" in fit.verdict


@pytest.mark.parametrize("count", [3, 4])
def test_an_outlier_is_named_among_few(count: int) -> None:
    marks = list(measured(Rigid(30.0, -20.0, 7.0), SPREAD[:count]))
    marks[1] = missed(marks[1], 400.0, 300.0)
    fit = seen(tuple(marks))
    assert fit.misfit is Misfit.OUTLIER and [o.landmark for o in fit.outliers] == ["L2"]
    assert fit.outliers[0].distance_um == pytest.approx(500.0, rel=0.1)
    assert not fit.sound


def test_an_outlier_among_those_that_fit_is_a_warning() -> None:
    marks = [missed(m, 0.1, -0.1) for m in measured(Rigid(1.0, 2.0, 3.0))]
    marks[3] = missed(marks[3], 10.0, 8.0)
    fit = seen(tuple(marks))
    assert fit.sound and fit.misfit is Misfit.OUTLIER and [o.landmark for o in fit.outliers] == ["L4"]


def test_two_landmarks_can_only_differ_in_their_distance() -> None:
    one, two = measured(Rigid(0.0, 0.0, 90.0), SPREAD[:2])
    fit = seen((one, missed(two, 0.0, 200.0)))
    assert fit.misfit is Misfit.DISTANCE and not fit.sound
    assert "L1" in fit.verdict and "L2" in fit.verdict and "apart" in fit.verdict


@given(mounts, st.floats(1.01, 3.0), st.booleans(), st.integers(3, 6))
def test_another_scale_is_told(mount: Rigid, factor: float, larger: bool, count: int) -> None:
    scale = factor if larger else 1 / factor
    marks = tuple(
        replace(m, wafer_um=(m.wafer_um[0] / scale, m.wafer_um[1] / scale))
        for m in measured(mount, SPREAD[:count])
    )
    fit = seen(marks)
    assert fit.misfit is Misfit.SCALED and not fit.sound
    assert fit.scale == pytest.approx(scale, rel=1e-6)
    assert f"{100 * (scale - 1):+.2f} %" in fit.verdict


@given(mounts, st.integers(3, 6))
def test_a_mirrored_overview_is_told(mount: Rigid, count: int) -> None:
    marks = tuple(
        replace(m, wafer_um=(-m.wafer_um[0], m.wafer_um[1])) for m in measured(mount, SPREAD[:count])
    )
    assert seen(marks).misfit is Misfit.MIRRORED


def test_a_stretched_overview_is_told() -> None:
    marks = tuple(replace(m, wafer_um=(1.1 * m.wafer_um[0], m.wafer_um[1])) for m in measured(Rigid()))
    fit = seen(marks)
    assert fit.misfit is Misfit.SHEARED and "by 10.0 %" in fit.verdict


@pytest.mark.parametrize("where", ["the wafer", "the stage"])
def test_two_landmarks_on_one_spot_are_named(where: str) -> None:
    marks = list(measured(Rigid(10.0, 0.0, 5.0)))
    same = {"wafer_um": marks[0].wafer_um} if where == "the wafer" else {"stage_um": marks[0].stage_um}
    marks[2] = replace(marks[2], **same)
    fit = seen(tuple(marks))
    assert fit.misfit is Misfit.ONE_SPOT and not fit.sound
    assert all(word in fit.verdict for word in ("L1", "L3", where))


def test_landmarks_close_together_fix_no_rotation() -> None:
    marks = measured(Rigid(10.0, 0.0, 5.0), ((0.0, 0.0), (30.0, 0.0), (0.0, 30.0)))
    assert seen(marks).misfit is Misfit.ONE_SPOT
    assert mount_of(marks) == Rigid()


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_measured_are_no_mount(count: int) -> None:
    marks = [replace(m, stage_um=None) for m in measured(Rigid(10.0, 20.0, 30.0))]
    marks[:count] = measured(Rigid(10.0, 20.0, 30.0))[:count]
    assert mount_of(tuple(marks)) == Rigid()
    fit = seen(tuple(marks))
    assert (fit.misfit, fit.sound) == (Misfit.TOO_FEW, False)
    assert "measure" in fit.verdict


def test_what_was_not_measured_has_no_part_in_the_mount() -> None:
    mount = Rigid(-300.0, 50.0, 187.0)
    marks = (*measured(mount), Landmark("new", (1.0, 2.0)))
    assert seen(marks).misfit is None
    assert "new" not in [r.landmark for r in seen(marks).residuals]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(*[st.floats(-2e4, 2e4) for _ in range(4)]),
        max_size=8,
    )
)
def test_any_landmarks_are_judged_in_one_sentence(places: list[tuple[float, ...]]) -> None:
    marks = tuple(Landmark(f"L{n}", (a, b), (c, d)) for n, (a, b, c, d) in enumerate(places))
    fit = seen(marks)
    assert fit.verdict.endswith(".") and math.isfinite(fit.scale) and math.isfinite(fit.mount.rotation_deg)
