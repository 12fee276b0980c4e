"""Where the tiles of a mosaic lie, and in which order they are taken. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hardware.types import FrameSettings
from scopeacq.plan.geometry import Point, Rigid, full_turn_deg
from scopeacq.plan.overview_settings import OverviewSettings
from scopeacq.plan.placement import Placement
from scopeacq.plan.wafer_checks import WAFER_RADIUS_UM


@dataclass(frozen=True, slots=True)
class Spot:
    """One tile: its row from the top, its column from the left, its centre on the wafer [um]."""

    row: int
    column: int
    centre_um: Point


@dataclass(frozen=True, slots=True)
class MosaicLayout:
    """``spots`` in the order of taking; ``placement`` of the whole picture of ``width_px x height_px``.

    ``mount``: from the wafer to the stage. The picture is upright on the wafer, and around the tiles it has
    a margin for those that lie askew.
    """

    frame: FrameSettings
    overlap_px: int
    mount: Rigid
    spots: tuple[Spot, ...]
    width_px: int
    height_px: int
    placement: Placement

    def stage_um(self, spot: Spot) -> Point:
        """Where the stage goes for a tile."""
        return self.mount.apply(spot.centre_um)

    def corner_px(self, centre_um: Point) -> Point:
        """The pixel (column, row) of the picture at which the first pixel of a tile lies."""
        column, row = self.placement.px(centre_um)
        return column - (self.frame.width_px - 1) / 2, row - (self.frame.height_px - 1) / 2

    def tile_placement(self, centre_um: Point) -> Placement:
        """Where a single tile lies on the wafer."""
        frame = self.frame
        return Placement.centred(frame.width_px, frame.height_px, frame.pixel_size_nm * 1e-3, centre_um)


def layout_of(settings: OverviewSettings, mount: Rigid) -> MosaicLayout:
    """Row by row, every other one backwards, so that the stage never travels back over a whole row.

    The scan is turned by ``mount``, so that rows of pixels run along the wafer's x however it lies. Tiles
    that lie beyond the wafer altogether are left out.
    """
    step_px = settings.tile_width_px - settings.overlap_px, settings.tile_height_px - settings.overlap_px
    pixel_um = settings.pixel_size_nm * 1e-3
    middle_um = settings.centre_x_um, settings.centre_y_um
    margins_px = 3 * settings.overlap_px  # the last tile's own overlap, and as much on either side
    width_px = settings.columns * step_px[0] + margins_px
    height_px = settings.rows * step_px[1] + margins_px
    return MosaicLayout(
        settings.frame(full_turn_deg(mount.rotation_deg)),
        settings.overlap_px,
        mount,
        tuple(
            spot
            for spot in _serpentine(settings, (step_px[0] * pixel_um, step_px[1] * pixel_um), middle_um)
            if _shows_wafer(spot.centre_um, settings)
        ),
        width_px,
        height_px,
        Placement.centred(width_px, height_px, pixel_um, middle_um),
    )


def neighbours(spots: Sequence[Spot]) -> Iterator[tuple[int, int]]:
    """Indices of tiles that share an edge: each with the one to its right and the one below."""
    by_place = {(spot.row, spot.column): index for index, spot in enumerate(spots)}
    for (row, column), index in by_place.items():
        for beside in ((row, column + 1), (row + 1, column)):
            if beside in by_place:
                yield index, by_place[beside]


def _serpentine(settings: OverviewSettings, step_um: Point, middle_um: Point) -> Iterator[Spot]:
    for row in range(settings.rows):
        y_um = middle_um[1] - (row - (settings.rows - 1) / 2) * step_um[1]
        columns = range(settings.columns)
        for column in columns if row % 2 == 0 else reversed(columns):
            x_um = middle_um[0] + (column - (settings.columns - 1) / 2) * step_um[0]
            yield Spot(row, column, (x_um, y_um))


def _shows_wafer(centre_um: Point, settings: OverviewSettings) -> bool:
    """Whether the point of a tile that is nearest to the wafer's centre lies on the wafer."""
    pixel_um = settings.pixel_size_nm * 1e-3
    half_um = settings.tile_width_px * pixel_um / 2, settings.tile_height_px * pixel_um / 2
    nearest = (max(abs(c) - half, 0.0) for c, half in zip(centre_um, half_um, strict=True))
    return math.hypot(*nearest) <= WAFER_RADIUS_UM
