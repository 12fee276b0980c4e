"""Before which tiles focus is corrected, and which tiles carry the focus surface. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hardware.types import FrameSettings
from scopeacq.focus.surface import spans_plane
from scopeacq.plan.geometry import Point, Tile
from scopeacq.plan.project import FocusPolicy, FocusSettings

SURFACE_POINTS = 4
"""A plane has three unknowns; the fourth point shows whether they fit."""


@dataclass(frozen=True, slots=True)
class TileSituation:
    """What is known of a tile that is about to be scanned.

    ``position``: how many tiles of its section come before it in this cycle.
    ``surface_known``: whether the focus surface has been fitted in this cycle.
    ``section_score_um``: score of the section's newest plane, nan or None when there is none.
    ``retake``: whether the last take was not accepted.
    """

    position: int
    surface_known: bool
    section_score_um: float | None = None
    retake: bool = False


def correction_due(focus: FocusSettings, tile: TileSituation) -> bool:
    """Whether focus is corrected before this tile; otherwise it trusts the wafer's focus surface.

    Without a surface nothing can be trusted, and what was not sharp is always corrected.
    """
    if tile.retake or not tile.surface_known:
        return True
    match focus.policy:
        case FocusPolicy.EVERY_TILE:
            return True
        case FocusPolicy.EVERY_NTH_TILE:
            return tile.position % focus.every_n_tiles == 0
        case FocusPolicy.FIRST_OF_SECTION:
            return tile.position == 0
        case FocusPolicy.BY_SCORE:
            return tile.section_score_um is not None and tile.section_score_um > focus.score_trigger_um


def surface_tiles(tiles: Sequence[Tile], count: int = SURFACE_POINTS) -> tuple[Tile, ...]:
    """The tiles through which a cycle's focus surface is fitted: far apart, of as many sections as can be.

    Farthest-point sampling over the first tiles of all sections, then, where there are fewer sections
    than ``count``, over all tiles. Empty when no plane can be fitted (fewer than three tiles, or all on
    a line): then every tile must be corrected.
    """
    first_of_each = {tile.section: tile for tile in reversed(tiles)}
    chosen = _spread(list(first_of_each.values())[::-1], (), count)
    chosen = _spread(tiles, chosen, count)
    if not spans_plane([tile.centre_um for tile in chosen]):
        chosen = _spread(tiles, (), len(tiles))
    return chosen if spans_plane([tile.centre_um for tile in chosen]) else ()


def focus_fields(tile: FrameSettings, image: FrameSettings) -> tuple[Point, ...]:
    """Where focus images of a tile may be taken: its middle, then as far towards each corner as they fit.

    Offsets from the tile's centre [um], x along its columns and y against its rows. Fields do not
    overlap: only the middle where the tile is not three times as wide and high as the image.
    """
    reach_x, reach_y = (
        1e-3 * (whole * tile.pixel_size_nm - part * image.pixel_size_nm) / 2
        for whole, part in ((tile.width_px, image.width_px), (tile.height_px, image.height_px))
    )
    width_um, height_um = (1e-3 * n * image.pixel_size_nm for n in (image.width_px, image.height_px))
    if reach_x < width_um or reach_y < height_um:
        return ((0.0, 0.0),)
    corners = [(x * reach_x, y * reach_y) for x, y in ((1, 1), (-1, -1), (-1, 1), (1, -1))]
    return ((0.0, 0.0), *corners)


def _spread(tiles: Sequence[Tile], chosen: tuple[Tile, ...], count: int) -> tuple[Tile, ...]:
    """``chosen`` and more of ``tiles``, each as far as can be from those before, ``count`` in all.

    The first is the one farthest from the middle.
    """
    left = [tile for tile in tiles if tile not in chosen]
    while left and len(chosen) < count:
        before = [tile.centre_um for tile in chosen] or [_middle([tile.centre_um for tile in left])]
        farthest = max(left, key=lambda tile: min(math.dist(tile.centre_um, point) for point in before))
        left.remove(farthest)
        chosen = (*chosen, farthest)
    return chosen


def _middle(points: Sequence[Point]) -> Point:
    x, y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    return x, y
