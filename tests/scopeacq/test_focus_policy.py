from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.types import FrameSettings
from scopeacq.focus.focus_policy import TileSituation, correction_due, focus_fields, surface_tiles
from scopeacq.plan.geometry import Tile
from scopeacq.plan.project import FocusPolicy, FocusSettings

TRUSTED = TileSituation(position=1, surface_known=True, section_score_um=0.2)


def due(policy: FocusPolicy, tile: TileSituation) -> bool:
    return correction_due(FocusSettings(policy=policy, every_n_tiles=3), tile)


@pytest.mark.parametrize("policy", FocusPolicy)
def test_without_a_surface_or_after_an_unsharp_take_every_policy_corrects(policy: FocusPolicy) -> None:
    assert due(policy, replace(TRUSTED, surface_known=False))
    assert due(policy, replace(TRUSTED, retake=True))


def test_policies_choose_their_tiles() -> None:
    chosen = {p: [n for n in range(7) if due(p, replace(TRUSTED, position=n))] for p in FocusPolicy}
    assert chosen == {
        FocusPolicy.EVERY_TILE: [0, 1, 2, 3, 4, 5, 6],
        FocusPolicy.EVERY_NTH_TILE: [0, 3, 6],
        FocusPolicy.FIRST_OF_SECTION: [0],
        FocusPolicy.BY_SCORE: [],
    }


@pytest.mark.parametrize(
    ("score_um", "wanted"), [(None, False), (math.nan, False), (1.4, False), (1.6, True)]
)
def test_by_score_follows_the_last_score(score_um: float | None, wanted: bool) -> None:
    assert due(FocusPolicy.BY_SCORE, replace(TRUSTED, section_score_um=score_um)) is wanted


def tiles(*places: tuple[str, float, float]) -> list[Tile]:
    return [Tile(section, n, (x, y), 0.0) for n, (section, x, y) in enumerate(places)]


def test_the_surface_goes_through_spread_sections() -> None:
    corners = [("A", 0.0, 0.0), ("B", 9.0, 0.0), ("C", 9.0, 9.0), ("D", 0.0, 9.0)]
    crowd = [(f"X{n}", 4.0 + 0.1 * n, 4.5) for n in range(9)]
    assert {t.section for t in surface_tiles(tiles(*crowd, *corners))} == {"A", "B", "C", "D"}


def test_few_sections_give_several_tiles_each() -> None:
    two = tiles(("A", 0.0, 0.0), ("A", 1.0, 0.0), ("A", 0.0, 1.0), ("B", 5.0, 5.0), ("B", 6.0, 5.0))
    chosen = surface_tiles(two)
    assert len(chosen) == 4
    assert {t.section for t in chosen} == {"A", "B"}


@pytest.mark.parametrize(
    "places",
    [
        [],
        [("A", 0.0, 0.0)],
        [("A", 0.0, 0.0), ("B", 5.0, 5.0)],
        [("A", float(n), 2.0 * n) for n in range(6)],
    ],
)
def test_where_no_plane_can_be_fitted_no_tile_is_chosen(places: list[tuple[str, float, float]]) -> None:
    assert surface_tiles(tiles(*places)) == ()


@given(
    st.lists(
        st.tuples(st.sampled_from("ABCDEF"), st.integers(-50, 50), st.integers(-50, 50)),
        min_size=0,
        max_size=20,
    )
)
def test_chosen_tiles_are_distinct_and_as_many_sections_as_possible(
    places: list[tuple[str, int, int]],
) -> None:
    given_tiles = tiles(*((s, float(x), float(y)) for s, x, y in places))
    chosen = surface_tiles(given_tiles)
    assert len(set(chosen)) == len(chosen)
    if chosen and len(chosen) == 4:
        assert len({t.section for t in chosen}) == min(4, len({t.section for t in given_tiles}))


def frame(width_px: int, height_px: int, pixel_nm: float = 10.0) -> FrameSettings:
    return FrameSettings(width_px, height_px, pixel_nm, 50.0)


@given(st.integers(64, 8000), st.integers(64, 8000), st.integers(64, 2048), st.integers(64, 2048))
def test_fields_of_focus_lie_inside_the_tile_and_apart(
    tile_width: int, tile_height: int, width: int, height: int
) -> None:
    """Where the tile is too small for several there is one, however large the focus images are."""
    fields = focus_fields(frame(tile_width, tile_height), frame(width, height))
    assert fields[0] == (0.0, 0.0)
    assert len(set(fields)) == len(fields)
    for n, (x, y) in enumerate(fields[1:], 1):
        assert 2 * abs(x) + 0.01 * width <= 0.01 * tile_width + 1e-9
        assert 2 * abs(y) + 0.01 * height <= 0.01 * tile_height + 1e-9
        for u, v in fields[:n]:
            assert abs(x - u) >= 0.01 * width - 1e-9 or abs(y - v) >= 0.01 * height - 1e-9


def test_a_usual_tile_has_five_fields() -> None:
    assert len(focus_fields(frame(6000, 6000), frame(1024, 768))) == 5
    assert len(focus_fields(frame(1500, 1500), frame(1024, 768))) == 1
