"""The benchmark of the search by single images: objectives, figures, the same places for everybody."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.focus.textures import Volume
from benchmarks.score_search.__main__ import read, write
from benchmarks.score_search.figures import figures_of, is_inside
from benchmarks.score_search.objectives import LaplacianVariance, SpectralPower
from benchmarks.score_search.page import markdown, write_page
from benchmarks.score_search.traces import REACH, Case, Field, Found, Method, Searches
from hardware.simulator.texture import ProceduralTexture
from models.estimate import SharpnessScorer

TISSUE = "procedural tissue"
CASE = Case(TISSUE, 100.0, Method.OURS, 0)


@pytest.fixture(scope="module")
def field() -> Field:
    return Field({TISSUE: Volume(TISSUE, ProceduralTexture(99))}, (TISSUE,))


@pytest.mark.parametrize("objective", [LaplacianVariance(), SpectralPower()])
def test_plain_measures_grow_with_blur(objective: SharpnessScorer) -> None:
    rng = np.random.default_rng(0)
    scores = []
    for blur_px in (1.0, 2.0, 4.0, 8.0):
        image = cv2.GaussianBlur(rng.standard_normal((256, 256)).astype(np.float32), (0, 0), blur_px)
        scores.append(objective.score(128 + 40 * image / image.std(), 10.0))
    assert scores == sorted(scores)
    assert scores[0] < 0.5 * scores[-1]


def test_shares_count_what_was_refused_as_outside() -> None:
    found = [
        Found(CASE, 10, (5.0, 0.0, 0.0), (0.9, 0.2, -0.2)),
        Found(CASE, 20, (5.0, 0.0, 0.0), (0.0, 0.0, 0.3)),
        Found(CASE, 60, (5.0, 0.0, 0.0), None),
        Found(CASE, 12, (5.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ]
    assert [is_inside(one) for one in found] == [True, False, False, True]
    figures = figures_of(found)
    assert (figures.traces, figures.images_median, figures.inside, figures.away) == (4, 16, 0.5, 0.25)
    assert 0.05 < figures.inside_from < 0.5


def test_everybody_meets_the_same_places(field: Field) -> None:
    (_, first), (_, longer) = field.trials(TISSUE, 3, [50.0, 200.0])
    ((_, again),) = field.trials(TISSUE, 3, [200.0])
    np.testing.assert_allclose(longer.specimen.tile, again.specimen.tile, atol=1e-3)
    assert longer.setup == again.setup
    assert np.array_equal(first.start, again.start)
    assert (np.abs(first.start) <= REACH).all()


def test_the_program_needs_fewer_images_than_plain_nelder_mead(field: Field) -> None:
    searches, found = Searches.on(field), {}
    for method in (Method.OURS, Method.DEEPSCORE):
        case = replace(CASE, method=method)
        ((_, trial),) = field.trials(TISSUE, 0, [case.dwell_ns])
        found[method] = searches.run(case, trial)
    assert all(map(is_inside, found.values()))
    assert found[Method.OURS].images < found[Method.DEEPSCORE].images <= 60


def test_what_was_measured_is_kept_and_told(tmp_path: Path) -> None:
    found = [
        Found(replace(CASE, index=n, method=method), 10 + n, (1.0, 0.0, 0.0), (0.1 * n, 0.0, 0.0))
        for n in range(12)
        for method in Method
    ]
    assert read(tmp_path / "none.json") == []
    write(tmp_path / "some.json", found)
    assert read(tmp_path / "some.json") == found
    assert re.search(r"\| DeepScore, trilateration.* \| 12 \| 16 / 20 \| 91\.7 ", markdown(found))
    write_page(tmp_path / "page.md", found, tmp_path / "plots")
    assert "plots/images.svg" in (tmp_path / "page.md").read_text()
    assert (tmp_path / "plots" / "images.svg").stat().st_size > 1000
