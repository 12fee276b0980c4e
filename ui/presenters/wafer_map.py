"""The wafer as it is shown: sections, tiles, stage and route, and what lies under a point.

Frozen values made from a plan and the fold over its journal; nothing here knows of a screen. Places are
in the wafer frame unless a name says stage.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from scopeacq.geometry import Point, Rigid
from scopeacq.progress import Progress
from scopeacq.project import ImagingSettings
from scopeacq.records import CycleDone, PlaneKey, Record, RunOpened
from scopeacq.runfolder import Plan
from scopeacq.status import SectionPhase
from scopeacq.tile_ledger import TileLedger
from scopeacq.wafer import Fiducial, Section, Wafer
from scopeacq.wafer_checks import WAFER_RADIUS_UM
from ui.presenters.sections import Grid, SectionShown, TileShown, TileState, inside, phase_of, tile_state

AS_MOUNTED = Rigid()
"""Where the wafer lies before it was ever found by its fiducials."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a point."""

    section: str
    tile: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What the operator has chosen: sections, and one tile when it was clicked from near."""

    sections: frozenset[str] = frozenset()
    tile: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where an operator asks the stage to go, before anybody has confirmed it or checked the path."""

    stage_um: Point
    wafer_um: Point
    text: str


@dataclass(frozen=True, slots=True)
class WaferMap:
    """All that the viewport shows. ``stage_um``: where the beam looks now, None when nobody has read it.

    ``finished``: every cycle is done, and ``cycle`` is the last one.
    """

    sections: tuple[SectionShown, ...] = ()
    fiducials: tuple[Fiducial, ...] = ()
    wafer_to_stage: Rigid = AS_MOUNTED
    stage_um: Point | None = None
    cycle: int = 0
    radius_um: float = WAFER_RADIUS_UM
    finished: bool = False

    def section(self, section_id: str) -> SectionShown | None:
        return next((s for s in self.sections if s.id == section_id), None)

    @property
    def route_um(self) -> tuple[Point, ...]:
        """Centres of the sections in the order of imaging, without those that are done."""
        done = (SectionPhase.DROPPED, SectionPhase.INACTIVE)
        left = (s for s in self.sections if s.phase not in done)
        return tuple(s.section.roi_centre_um for s in left)

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


@dataclass
class WaferPresenter:
    """Folds a journal's records into a :class:`WaferMap`; only what a record touches is made anew."""

    plan: Plan
    milled_nm: Mapping[str, float] = field(default_factory=dict)
    _ledger: TileLedger = field(default_factory=TileLedger)
    _shown: dict[str, SectionShown] = field(default_factory=dict)
    _finished: bool = False

    def __post_init__(self) -> None:
        self._grid = Grid.of(self.plan.project.imaging)
        self._progress = Progress.of(self.plan)

    def apply(self, records: Iterable[Record]) -> None:
        """Take more of the journal into account; a cycle or process that begins makes all anew."""
        cycle = self._progress.cycle
        for record in records:
            touched = set(_touched(record))
            if not touched <= self._progress.sections.keys():
                # pre-flight refuses a plan that lacks what its run has worked on; the map shows the rest
                continue
            if isinstance(record, CycleDone) and record.cycle + 1 >= self.plan.project.cycles:
                self._finished = True  # no cycle follows: the last slice stays in view
                continue
            self._progress.apply(record)
            self._ledger.apply(record)
            for section in touched:
                self._shown.pop(section, None)
            if isinstance(record, RunOpened):
                self._shown.clear()
        if self._progress.cycle != cycle:
            self._shown.clear()

    def depths(self, milled_nm: Mapping[str, float]) -> None:
        """Milled depth of each section, as :class:`scopeacq.status.Status` has it."""
        self.milled_nm = milled_nm
        for section, shown in self._shown.items():
            self._shown[section] = replace(shown, milled_nm=milled_nm.get(section, 0.0))

    def shown(self, stage_um: Point | None = None) -> WaferMap:
        """The map as it is now."""
        place = self._progress.wafer or self._progress.last_wafer
        return WaferMap(
            tuple(self._section(s) for s in self.plan.wafer.sections),
            self.plan.wafer.fiducials,
            Rigid(place.x_um, place.y_um, place.rotation_deg) if place else AS_MOUNTED,
            stage_um,
            self._progress.cycle,
            finished=self._finished,
        )

    def _section(self, section: Section) -> SectionShown:
        if section.id not in self._shown:
            self._shown[section.id] = self._made(section)
        return self._shown[section.id]

    def _made(self, section: Section) -> SectionShown:
        state = self._progress.sections[section.id]
        phase = SectionPhase.SKIPPED if state.skipped else phase_of(section, self._grid)
        tiles = tuple(self._tile(section.id, n) for n in range(self._grid.rows * self._grid.columns))
        return SectionShown(
            section,
            self._grid,
            SectionPhase.DROPPED if state.dropped else phase,
            self.milled_nm.get(section.id, 0.0),
            tiles,
        )

    def _tile(self, section: str, index: int) -> TileShown:
        imaged = index in self._progress.tiles[section]
        plane = self._progress.planes.get(PlaneKey(self._progress.cycle, section, index))
        account = self._ledger.account(section, index)
        return TileShown(
            tile_state(plane) if imaged else TileState.INACTIVE,
            account.score_um,
            account.electron_dose_per_nm2,
            account.wd_um,
            account.cycle,
        )


def _touched(record: Record) -> Iterator[str]:
    """Sections that a record says something about."""
    section = getattr(record, "section", None)
    key = getattr(record, "key", None) or getattr(record, "plane", None)
    if isinstance(section, str):
        yield section
    if isinstance(key, PlaneKey):
        yield key.section


def edited(shown: WaferMap, wafer: Wafer, imaging: ImagingSettings) -> WaferMap:
    """The map of a wafer that is being edited, with what is known of the sections that it still has."""
    known, grid = {s.id: s for s in shown.sections}, Grid.of(imaging)
    return replace(
        shown,
        sections=tuple(_with(known.get(s.id), s, grid) for s in wafer.sections),
        fiducials=wafer.fiducials,
    )


def _with(known: SectionShown | None, section: Section, grid: Grid) -> SectionShown:
    if known is not None and known.section == section and known.grid == grid:
        return known
    count = grid.rows * grid.columns
    if known is None or (known.grid.rows, known.grid.columns) != (grid.rows, grid.columns):
        known = SectionShown(section, grid, tiles=(TileShown(),) * count)
    tiles = tuple(_activated(tile, section.images(n)) for n, tile in enumerate(known.tiles))
    editable = known.phase in (SectionPhase.ACTIVE, SectionPhase.INACTIVE)
    phase = phase_of(section, grid) if editable else known.phase
    return replace(known, section=section, grid=grid, phase=phase, tiles=tiles)


def _activated(tile: TileShown, imaged: bool) -> TileShown:
    """A tile after its activity was edited; what was not edited stays the very same."""
    if imaged == (tile.state is not TileState.INACTIVE):
        return tile
    return replace(tile, state=TileState.OPEN if imaged else TileState.INACTIVE)
