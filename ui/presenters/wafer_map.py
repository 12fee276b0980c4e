"""The wafer as it is shown: sections, tiles, stage and route, and what lies under a point.

Frozen values made from a plan and the fold over its journal; nothing here knows of a screen. Places are
in the wafer frame unless a name says stage.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scopeacq.plan.geometry import Point, Rigid, inside
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.wafer import Fiducial, Section, Wafer
from scopeacq.plan.wafer_checks import WAFER_RADIUS_UM
from scopeacq.telling.status import SectionPhase
from ui.presenters.focus_plane import FocusPlane
from ui.presenters.map_items import Item, ItemKind
from ui.presenters.sections import Grid, SectionShown, TileShown, TileState, phase_of

AS_MOUNTED = Rigid()
"""The frames of wafer and stage are one: without landmarks, and before it was ever found."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a point."""

    section: str
    tile: int | None = None

    @property
    def text(self) -> str:
        """As an operator reads it; tiles count from 1."""
        return self.section if self.tile is None else f"{self.section}, tile {self.tile + 1}"


@dataclass(frozen=True, slots=True)
class Selection:
    """What the operator has chosen: sections, and of these single tiles when that was done from near.

    ``items``: found sections, labels and marks.
    """

    sections: frozenset[str] = frozenset()
    tiles: frozenset[tuple[str, int]] = frozenset()
    items: frozenset[Item] = frozenset()

    @property
    def found(self) -> frozenset[str]:
        """The found sections among them."""
        return self.named(ItemKind.FOUND)

    def named(self, kind: ItemKind) -> frozenset[str]:
        """The names of the chosen items of a kind."""
        return frozenset(item.name for item in self.items if item.kind is kind)

    @staticmethod
    def of_tiles(tiles: Iterable[tuple[str, int]]) -> Selection:
        """Single tiles with their sections."""
        chosen = frozenset(tiles)
        return Selection(frozenset(section for section, _ in chosen), chosen)


@dataclass(frozen=True, slots=True)
class Target:
    """Where an operator asks the stage to go, before anybody has confirmed it or checked the path."""

    stage_um: Point
    wafer_um: Point
    text: str


@dataclass(frozen=True, slots=True)
class WaferMap:
    """All that the viewport shows.

    ``stage_um``: where the beam looks now, None when nobody has read it; ``field_um``: width and height of
    what it scans there, None when nobody said so. ``finished``: every cycle is done, and ``cycle`` is the
    last one. ``plane``: of focus, None before the first was fitted.
    """

    sections: tuple[SectionShown, ...] = ()
    fiducials: tuple[Fiducial, ...] = ()
    wafer_to_stage: Rigid = AS_MOUNTED
    stage_um: Point | None = None
    cycle: int = 0
    radius_um: float = WAFER_RADIUS_UM
    finished: bool = False
    field_um: Point | None = None
    plane: FocusPlane | None = None

    def section(self, section_id: str) -> SectionShown | None:
        return next((s for s in self.sections if s.id == section_id), None)

    @property
    def route_um(self) -> tuple[Point, ...]:
        """Centres of the sections in the order of imaging, without those that are done."""
        done = (SectionPhase.DROPPED, SectionPhase.INACTIVE)
        left = (s for s in self.sections if s.phase not in done)
        return tuple(s.section.roi_centre_um for s in left)

    def images(self, selection: Selection) -> bool:
        """Whether some of what is chosen is imaged."""
        chosen = {s.id: s for s in self.sections if s.id in selection.sections}
        if selection.tiles:
            return any(chosen[name].images(tile) for name, tile in selection.tiles if name in chosen)
        return any(shown.section.active for shown in chosen.values())

    def hit(self, stage_um: Point) -> Hit | None:
        """The topmost section (and its tile) at a point of the stage frame."""
        wafer_um = self.wafer_to_stage.inverse().apply(stage_um)
        for shown in reversed(self.sections):
            centre = shown.section.roi_centre_um
            if math.dist(wafer_um, centre) > shown.radius_um:
                continue
            tile = shown.grid.tile_at(*shown.to_local(wafer_um))
            if tile is not None or inside(wafer_um, shown.section.outline_um):
                return Hit(shown.id, tile)
        return None

    def target(self, stage_um: Point) -> Target:
        """A point to go to, named by what lies there."""
        hit = self.hit(stage_um)
        place = f"x {stage_um[0]:.1f}, y {stage_um[1]:.1f} \N{MICRO SIGN}m"
        if hit is not None:
            tile = "" if hit.tile is None else f", tile {hit.tile + 1}"
            place = f"section {hit.section}{tile} ({place})"
        return Target(stage_um, self.wafer_to_stage.inverse().apply(stage_um), place)

    def coordinates(self, stage_um: Point) -> str:
        """A point in both frames, as text to be read and copied."""
        x, y = stage_um
        text = f"Stage  x {x:,.2f}  y {y:,.2f} \N{MICRO SIGN}m"
        if self.wafer_to_stage == AS_MOUNTED:
            return text
        u, v = self.wafer_to_stage.inverse().apply(stage_um)
        return f"{text}    Wafer  x {u:,.2f}  y {v:,.2f} \N{MICRO SIGN}m"

    def within(self, one_um: Point, other_um: Point) -> frozenset[str]:
        """Sections whose centres lie in a rectangle of the stage frame."""
        (left, right), (low, high) = (sorted(pair) for pair in zip(one_um, other_um, strict=True))
        centres = ((s.id, self.wafer_to_stage.apply(s.section.roi_centre_um)) for s in self.sections)
        return frozenset(i for i, (x, y) in centres if left <= x <= right and low <= y <= high)

    def tiles_within(self, one_um: Point, other_um: Point) -> frozenset[tuple[str, int]]:
        """Tiles whose centres lie in a rectangle of the stage frame."""
        (left, right), (low, high) = (sorted(pair) for pair in zip(one_um, other_um, strict=True))
        found: set[tuple[str, int]] = set()
        for shown in self.sections:
            x, y = self.wafer_to_stage.apply(shown.section.roi_centre_um)
            reach = shown.radius_um
            if not (left - reach <= x <= right + reach and low - reach <= y <= high + reach):
                continue
            for tile in range(shown.grid.rows * shown.grid.columns):
                x, y = self.wafer_to_stage.apply(shown.from_local(shown.grid.offset_um(tile)))
                if left <= x <= right and low <= y <= high:
                    found.add((shown.id, tile))
        return frozenset(found)

    def grid_bounds_um(self, ids: Iterable[str]) -> tuple[Point, float, float] | None:
        """Centre, width and height in the stage frame of the grid of a single section, else None."""
        shown = [s for s in self.sections if s.id in set(ids)]
        if len(shown) != 1:
            return None
        edge_um = math.hypot(*shown[0].grid.size_um)
        return self.wafer_to_stage.apply(shown[0].section.roi_centre_um), edge_um, edge_um

    def bounds_um(self, ids: Iterable[str]) -> tuple[Point, float, float] | None:
        """Centre, width and height in the stage frame of some sections, None for none of them."""
        wanted = set(ids)
        shown = [s for s in self.sections if s.id in wanted]
        if not shown:
            return None
        discs = [(*self.wafer_to_stage.apply(s.section.roi_centre_um), s.radius_um) for s in shown]
        left, right = min(x - r for x, _, r in discs), max(x + r for x, _, r in discs)
        low, high = min(y - r for _, y, r in discs), max(y + r for _, y, r in discs)
        return ((left + right) / 2, (low + high) / 2), right - left, high - low


def edited(shown: WaferMap, wafer: Wafer, imaging: ImagingSettings) -> WaferMap:
    """The map of a wafer that is being edited, with what is known of the sections that it still has."""
    known = {s.id: s for s in shown.sections}
    return replace(
        shown,
        sections=tuple(_with(known.get(s.id), s, imaging) for s in wafer.sections),
        fiducials=wafer.fiducials,
    )


def _with(known: SectionShown | None, section: Section, imaging: ImagingSettings) -> SectionShown:
    grid = Grid.of(section.imaging(imaging))
    if known is not None and known.section == section and known.grid == grid:
        return known
    count = grid.rows * grid.columns
    if known is None or (known.grid.rows, known.grid.columns) != (grid.rows, grid.columns):
        known = SectionShown(section, grid, tiles=(TileShown(),) * count)
    imaged = section.imaged(imaging)
    tiles = tuple(_activated(tile, n in imaged) for n, tile in enumerate(known.tiles))
    editable = known.phase in (SectionPhase.ACTIVE, SectionPhase.INACTIVE)
    phase = phase_of(section, imaging) if editable else known.phase
    return replace(known, section=section, grid=grid, phase=phase, tiles=tiles)


def _activated(tile: TileShown, imaged: bool) -> TileShown:
    """A tile after its activity was edited; what was not edited stays the very same."""
    if imaged == (tile.state is not TileState.INACTIVE):
        return tile
    return replace(tile, state=TileState.OPEN if imaged else TileState.INACTIVE)
