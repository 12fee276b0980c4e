"""The wafer as it is shown: sections, tiles, stage and route, and what lies under a point.

Frozen values made from a plan and the fold over its journal; nothing here knows of a screen. Places are
in the wafer frame unless a name says stage.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from scopeacq.geometry import Point, Rigid, turn
from scopeacq.progress import PlaneState, Progress
from scopeacq.project import ImagingSettings
from scopeacq.records import PlaneKey, Record, RunOpened, Verdict
from scopeacq.runfolder import Plan
from scopeacq.status import SectionPhase
from scopeacq.tile_ledger import TileAccount, TileLedger
from scopeacq.wafer import Fiducial, Section, Wafer
from scopeacq.wafer_checks import WAFER_RADIUS_UM

AS_MOUNTED = Rigid()
"""Where the wafer lies before it was ever found by its fiducials."""


class TileState(Enum):
    """What a tile is in this cycle, in words."""

    OPEN = "to be imaged"
    SCANNING = "scan begun"
    WRITING = "being written and judged"
    SHARP = "sharp"
    BLANK = "no texture"
    WAFER = "wafer shows"
    UNSHARP = "not sharp"
    CANNOT_TELL = "cannot tell whether sharp"
    FAULTY = "faulty frame"
    LOST = "lost, to be taken again"
    WAIVED = "accepted by policy"
    INACTIVE = "not imaged"


GLYPHS: Mapping[TileState, str] = {
    TileState.OPEN: "",
    TileState.SCANNING: "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}",
    TileState.WRITING: "\N{HORIZONTAL ELLIPSIS}",
    TileState.SHARP: "\N{CHECK MARK}",
    TileState.BLANK: "\N{EN DASH}",
    TileState.WAFER: "\N{WHITE CIRCLE}",
    TileState.UNSHARP: "\N{MULTIPLICATION X}",
    TileState.CANNOT_TELL: "?",
    TileState.FAULTY: "!",
    TileState.LOST: "!",
    TileState.WAIVED: "\N{ALMOST EQUAL TO}",
    TileState.INACTIVE: "",
}
"""Beside the colours, which not everybody can tell apart."""

_OF_VERDICT = {
    Verdict.SHARP: TileState.SHARP,
    Verdict.BLANK: TileState.BLANK,
    Verdict.WAFER: TileState.WAFER,
    Verdict.UNSHARP: TileState.UNSHARP,
    Verdict.CANNOT_TELL: TileState.CANNOT_TELL,
    Verdict.FAULTY: TileState.FAULTY,
}


@dataclass(frozen=True, slots=True)
class TileShown:
    """One tile. Dose of the whole run; score and working distance as last seen, None before that."""

    state: TileState = TileState.OPEN
    score_um: float | None = None
    dose_per_nm2: float = 0.0
    wd_um: float | None = None
    cycle: int | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """The tiles of a section in the section's own frame: rows run down, columns to the right."""

    rows: int
    columns: int
    tile_um: Point
    step_um: Point

    @staticmethod
    def of(imaging: ImagingSettings) -> Grid:
        pixel_um = imaging.pixel_size_nm * 1e-3
        tile = imaging.tile_width_px * pixel_um, imaging.tile_height_px * pixel_um
        overlap_um = imaging.overlap_px * pixel_um
        step = tile[0] - overlap_um, tile[1] - overlap_um
        return Grid(imaging.grid_rows, imaging.grid_columns, tile, step)

    @property
    def size_um(self) -> Point:
        """Width and height of all tiles together."""
        return (
            (self.columns - 1) * self.step_um[0] + self.tile_um[0],
            (self.rows - 1) * self.step_um[1] + self.tile_um[1],
        )

    def offset_um(self, index: int) -> Point:
        """Centre of a tile from the grid's centre, x right and y up."""
        row, column = divmod(index, self.columns)
        return (
            (column - (self.columns - 1) / 2) * self.step_um[0],
            -(row - (self.rows - 1) / 2) * self.step_um[1],
        )

    def tile_at(self, x_um: float, y_um: float) -> int | None:
        """The tile whose centre is nearest to a point of the section's frame, None beside all tiles."""
        width, height = self.size_um
        if abs(x_um) > width / 2 or abs(y_um) > height / 2:
            return None
        column = round(x_um / self.step_um[0] + (self.columns - 1) / 2)
        row = round(-y_um / self.step_um[1] + (self.rows - 1) / 2)
        return min(max(row, 0), self.rows - 1) * self.columns + min(max(column, 0), self.columns - 1)


@dataclass(frozen=True, slots=True)
class SectionShown:
    """One section with its tiles, row by row."""

    section: Section
    grid: Grid
    phase: SectionPhase = SectionPhase.ACTIVE
    milled_nm: float = 0.0
    tiles: tuple[TileShown, ...] = ()

    @property
    def id(self) -> str:
        return self.section.id

    @property
    def radius_um(self) -> float:
        """Everything of the section lies within this of its ROI's centre."""
        x, y = self.section.roi_centre_um
        corners = (math.hypot(u - x, v - y) for u, v in self.section.outline_um)
        return max(max(corners), math.hypot(*self.grid.size_um) / 2)

    def to_local(self, wafer_um: Point) -> Point:
        """From the wafer into the frame of the section's grid."""
        x, y = self.section.roi_centre_um
        return turn((wafer_um[0] - x, wafer_um[1] - y), -self.section.rotation_deg)

    def from_local(self, local_um: Point) -> Point:
        """From the frame of the section's grid onto the wafer."""
        x, y = turn(local_um, self.section.rotation_deg)
        return self.section.roi_centre_um[0] + x, self.section.roi_centre_um[1] + y


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
    """All that the viewport shows. ``stage_um``: where the beam looks now, None when nobody has read it."""

    sections: tuple[SectionShown, ...] = ()
    fiducials: tuple[Fiducial, ...] = ()
    wafer_to_stage: Rigid = AS_MOUNTED
    stage_um: Point | None = None
    cycle: int = 0
    radius_um: float = WAFER_RADIUS_UM

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


def inside(point: Point, outline: tuple[Point, ...]) -> bool:
    """Whether a point lies in a polygon, by how often a ray to the right crosses it."""
    x, y = point
    crossed = False
    for (x0, y0), (x1, y1) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            crossed = not crossed
    return crossed


def phase_of(section: Section, grid: Grid) -> SectionPhase:
    """Active or left out by the plan, as far as the plan says."""
    imaged = any(section.images(n) for n in range(grid.rows * grid.columns))
    return SectionPhase.ACTIVE if imaged else SectionPhase.INACTIVE


def tile_state(plane: PlaneState | None) -> TileState:
    """What a tile is, from its plane in the current cycle."""
    if plane is None:
        return TileState.OPEN
    if plane.waived:
        return TileState.WAIVED
    if plane.chosen is not None:
        return _OF_VERDICT[plane.verdict] if plane.verdict is not None else TileState.WRITING
    if not plane.takes:
        return TileState.OPEN
    last = plane.takes[-1]
    if last.lost:
        return TileState.LOST
    if last.judged is not None:
        return _OF_VERDICT[last.judged.verdict]
    return TileState.WRITING if last.exposed else TileState.SCANNING


@dataclass
class WaferPresenter:
    """Folds a journal's records into a :class:`WaferMap`; only what a record touches is made anew."""

    plan: Plan
    milled_nm: Mapping[str, float] = field(default_factory=dict)
    _ledger: TileLedger = field(default_factory=TileLedger)
    _shown: dict[str, SectionShown] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._grid = Grid.of(self.plan.project.imaging)
        self._progress = Progress.of(self.plan)

    def apply(self, records: Iterable[Record]) -> None:
        """Take more of the journal into account; a cycle or process that begins makes all anew."""
        cycle = self._progress.cycle
        for record in records:
            self._progress.apply(record)
            self._ledger.apply(record)
            for section in _touched(record):
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
        account: TileAccount = self._ledger.account(section, index)
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
