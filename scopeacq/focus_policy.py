"""Before which tiles focus is corrected, and which tiles carry the focus surface. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scopeacq.geometry import Tile
from scopeacq.project import FocusPolicy, FocusSettings

SURFACE_POINTS = 4
"""A plane has three unknowns; the fourth point shows whether they fit."""


@dataclass(frozen=True, slots=True)
class TileSituation:
    """What is known of a tile that is about to be scanned.

    ``position``: how many tiles of its section come before it in this cycle.
    ``surface_point``: whether the focus surface of this cycle is fitted through this tile.
    ``surface_known``: whether that surface has been fitted in this cycle.
    ``section_score_um``: score of the section's newest plane in this cycle, None before the first.
    ``unsharp_before``: whether the tile is retaken because it was not sharp.
    """

    position: int
    surface_point: bool
    surface_known: bool
    section_score_um: float | None = None
    unsharp_before: bool = False


@dataclass(frozen=True, slots=True)
class FocusDecision:
    """Whether to correct before the tile, and why, as a clause."""

    correct: bool
    reason: str


def decide(focus: FocusSettings, tile: TileSituation) -> FocusDecision:
    """Correct focus before this tile, or trust the wafer's focus surface?"""
    if tile.unsharp_before:
        return FocusDecision(True, "the last take was not sharp")
    if focus.policy is FocusPolicy.EVERY_TILE:
        return FocusDecision(True, "every tile is corrected")
    if tile.surface_point:
        return FocusDecision(True, "the focus surface is fitted through this tile")
    if not tile.surface_known:
        return FocusDecision(True, "no focus surface is known in this cycle")
    return _by_policy(focus, tile)


def _by_policy(focus: FocusSettings, tile: TileSituation) -> FocusDecision:
    match focus.policy:
        case FocusPolicy.EVERY_NTH_TILE:
            due = tile.position % focus.every_n_tiles == 0
            return FocusDecision(due, f"every {focus.every_n_tiles}. tile of a section is corrected")
        case FocusPolicy.FIRST_OF_SECTION:
            return FocusDecision(tile.position == 0, "the first tile of a section is corrected")
        case FocusPolicy.BY_SCORE:
            score = tile.section_score_um
            due = score is not None and score > focus.score_trigger_um
            return FocusDecision(due, f"tiles are corrected after a score above {focus.score_trigger_um:g} um")
        case _:
            return FocusDecision(True, "every tile is corrected")


def surface_tiles(tiles: Sequence[Tile], count: int = SURFACE_POINTS) -> tuple[Tile, ...]:
    """The tiles through which the focus surface of a cycle is fitted: far apart, of many sections.

    Farthest-point sampling, first over sections (their first tile each), then over tiles where
    there are too few sections. Empty when no plane can be fitted (fewer than three tiles, or all
    on a line): then every tile must be corrected.
    """
    raise NotImplementedError
