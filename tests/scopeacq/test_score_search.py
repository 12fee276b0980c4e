from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.types import Optics
from scopeacq.engine.imaging import Imager
from scopeacq.focus.autofocus import FocusBench, Focused, NotFocused
from scopeacq.focus.score_search import ScoreSearch
from scopeacq.focus.trilateration import blurs_um, place_of_focus, trilaterate
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings
from tests.scopeacq.column_fakes import IN_FOCUS, FakeColumn, FakeDetector, FakeScanner

Doubles = NDArray[np.float64]
UM_PER_STIG = 3.0
ELECTRON = ElectronSettings(stigmator_um_per_unit=UM_PER_STIG, stigmator_rotation_deg=25.0)
FAR_UM = 30.0


def off_focus_um(optics: Optics) -> Doubles:
    """How far from focus, in um of focal shift."""
    stig = UM_PER_STIG * np.array([optics.stig_x, optics.stig_y])
    return np.array([optics.wd_um - IN_FOCUS.wd_um, *stig])


@dataclass
class Blur:
    """Scores the image scanned last by its distance from focus: soft specimen, wrong scale, noise."""

    scanner: FakeScanner
    rng: np.random.Generator
    noise: float = 0.1
    softness_um: float = 0.8
    scale: float = 1.0
    seen: Callable[[float], float] = lambda blur_um: min(blur_um, FAR_UM)
    lean: tuple[float, float] = (0.0, 0.0)
    coarsely: Callable[[float], float] = lambda blur_um: blur_um
    name: str = "blur"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        off_um = off_focus_um(self.scanner.scanned[-1])
        distance = self.scale * float(blurs_um(off_um[None], np.array(self.lean))[0])
        blur_um = math.hypot(distance, self.softness_um) * math.exp(self.noise * self.rng.normal())
        return self.seen(blur_um if pixel_size_nm < 20.0 else self.coarsely(blur_um))


def search_from(start_um: Doubles, seed: int = 0, **blur: float) -> tuple[FakeScanner, object]:
    """Search from a place off focus [um of focal shift]."""
    x, y = start_um[1:] / UM_PER_STIG
    column = FakeColumn(Optics(IN_FOCUS.wd_um + start_um[0], x, y))
    scanner = FakeScanner(column)
    focus = FocusSettings(width_px=64, height_px=48, limit_wd_um=100.0)
    bench = FocusBench(Imager(column, scanner, FakeDetector()), column, focus, ELECTRON, 0.0)
    scorer = Blur(scanner, np.random.default_rng(seed), **blur)  # type: ignore[arg-type]
    return scanner, ScoreSearch(scorer, seed).find(bench)


@pytest.mark.parametrize(("softness_um", "scale"), [(0.5, 1.0), (1.1, 1.0), (0.8, 1.25), (0.8, 0.8)])
def test_few_images_lead_to_focus_from_anywhere(softness_um: float, scale: float) -> None:
    rng = np.random.default_rng(7)
    images = []
    for seed in range(10):
        start_um = rng.uniform(-15, 15, 3)
        scanner, found = search_from(start_um, seed, softness_um=softness_um, scale=scale)
        assert isinstance(found, Focused)
        assert np.abs(off_focus_um(found.optics)).max() < 1.0
        images.append(len(scanner.scanned))
    assert np.median(images) <= 20


def test_lines_that_hide_astigmatism_along_them_lead_to_focus_too() -> None:
    """Nine tenths of the structure in one direction: along a valley the score hardly changes."""
    rng = np.random.default_rng(3)
    for seed in range(6):
        scanner, found = search_from(rng.uniform(-15, 15, 3), seed, lean=(2.0, 0.5))  # type: ignore[arg-type]
        assert isinstance(found, Focused)
        assert np.abs(off_focus_um(found.optics)).max() < 1.0
        assert len(scanner.scanned) < 45


def test_coarse_images_that_contradict_the_fine_ones_are_left_out() -> None:
    """Regular lines, in large pixels, are sharp again and again on the way out of focus."""

    def aliased(blur_um: float) -> float:
        return 6.0 + 5.0 * math.sin(2.0 * blur_um)

    rng = np.random.default_rng(1)
    for seed in range(6):
        _, found = search_from(rng.uniform(-9, 9, 3), seed, coarsely=aliased)  # type: ignore[arg-type]
        assert isinstance(found, Focused)
        assert np.abs(off_focus_um(found.optics)).max() < 1.0


def test_scores_that_scatter_three_times_as_much_take_more_images() -> None:
    images = {noise: [] for noise in (0.1, 0.3)}  # type: dict[float, list[int]]
    for noise, counts in images.items():
        for seed in range(6):
            scanner, found = search_from(np.array([9.0, -6.0, 4.0]), seed, noise=noise)
            assert isinstance(found, Focused)
            assert np.abs(off_focus_um(found.optics)).max() < 1.2
            counts.append(len(scanner.scanned))
    assert np.median(images[0.3]) > np.median(images[0.1])


def test_a_leaning_texture_blurs_least_along_its_lines() -> None:
    along, across = np.array([[1.0, -1.0, 0.0]]), np.array([[1.0, 1.0, 0.0]])
    lean = np.array([1e6, 0.0])
    assert blurs_um(along, lean)[0] == pytest.approx(0.0, abs=1e-3)
    assert blurs_um(across, lean)[0] == pytest.approx(2.0, abs=1e-3)
    assert blurs_um(along, np.zeros(2))[0] == blurs_um(across, np.zeros(2))[0] == pytest.approx(2**0.5)


def test_nothing_to_score_is_told_apart_from_nothing_good() -> None:
    scanner, blind = search_from(np.zeros(3), seen=lambda _: math.nan)  # type: ignore[arg-type]
    assert isinstance(blind, NotFocused)
    assert "texture" in blind.reason
    assert len(scanner.scanned) < 20
    scanner, soft = search_from(np.zeros(3), softness_um=6.0)
    assert isinstance(soft, NotFocused)
    assert f"best score of {FocusSettings().search_images} images" in soft.reason


def test_it_gets_out_of_a_blur_that_cannot_be_scored() -> None:
    def blind_far_out(blur_um: float) -> float:
        return blur_um if blur_um < 14.0 else math.nan

    _, found = search_from(np.array([15.0, 3.0, -3.0]), seen=blind_far_out)  # type: ignore[arg-type]
    assert isinstance(found, Focused)


def test_nelder_mead_takes_over_where_scores_are_no_distances() -> None:
    """A score that only orders images still leads to focus."""
    _, found = search_from(np.array([5.0, 2.0, -2.0]), seen=lambda um: (um / 2.5) ** 4, noise=0.0)  # type: ignore[arg-type]
    assert isinstance(found, Focused)
    assert np.abs(off_focus_um(found.optics)).max() < 2.0


@settings(max_examples=20)
@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3), st.floats(0.8, 1.25), st.floats(0.3, 1.5))
def test_exact_distances_determine_the_place(centre: list[float], scale: float, floor_um: float) -> None:
    points = np.array([*(10.0 * np.eye(3)), *(-10.0 * np.eye(3)), np.zeros(3)])
    scores = np.hypot(scale * np.linalg.norm(points - centre, axis=1), floor_um)
    place = place_of_focus(points[::-1], scores[::-1])
    assert np.linalg.norm(place.centre_um - centre) < max(0.5, 2 * place.sd_um)
    assert np.all(np.linalg.eigvalsh(place.covariance) > 0)


def test_more_images_make_the_place_more_certain() -> None:
    points = np.random.default_rng(0).uniform(-10, 10, (12, 3))
    scores = np.hypot(np.linalg.norm(points - (4.0, -2.0, 1.0), axis=1), 0.8)
    sds = [place_of_focus(points[:n], scores[:n]).sd_um for n in (3, 5, 8, 12)]
    assert sds == sorted(sds, reverse=True)


def test_where_nothing_is_seen_it_looks_around() -> None:
    search = trilaterate(np.zeros(3))
    points = [next(search).point_um]
    points += [search.send(math.inf).point_um for _ in range(6)]
    distances = np.linalg.norm(np.array(points)[:, None] - np.array(points)[None, :], axis=2)
    assert distances[np.triu_indices(len(points), 1)].min() > 3.0, "the same place would tell nothing"
