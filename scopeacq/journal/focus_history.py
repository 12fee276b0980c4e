"""Past corrections of focus, from a run's journal: their traces, and how focus lies on the wafer."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from scopeacq.focus.surface import Surface, robust_surface, spans_plane
from scopeacq.journal.records import Correction, FocusDone, FocusTried, Record, SurfaceRefused
from scopeacq.journal.tile_ledger import TilePlace
from scopeacq.plan.geometry import Point
from scopeacq.plan.runfolder import Plan

MOST_KEPT = 1000
"""Of the refused corrections, and of the applied ones: a run makes millions."""
CYCLES_KEPT = 3
LEAST_TILES = 4
"""A plane always goes through three."""


@dataclass(slots=True)
class FocusHistory:
    """A fold over the journal, bounded by the wafer's tiles."""

    _refused: deque[Correction] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    _applied: deque[Correction] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    _wds_um: OrderedDict[int, dict[TilePlace, float]] = field(default_factory=OrderedDict)
    _no_surface: dict[int, str] = field(default_factory=dict)

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        match record:
            case FocusDone(key, applied, after=after):
                (self._applied if applied else self._refused).append(record)
                if applied:
                    self._cycle(key.cycle)[key.section, key.tile] = after.wd_um
            case FocusTried(applied=applied):
                (self._applied if applied else self._refused).append(record)
            case SurfaceRefused(cycle, reason):
                self._no_surface = {cycle: reason}
            case _:
                pass

    def corrections(self) -> Iterator[Correction]:
        """What is kept, of the run and by hand: the refused ones first, each kind from the newest on."""
        return chain(reversed(self._refused), reversed(self._applied))

    @property
    def refused(self) -> int:
        """How many of the corrections kept were refused."""
        return len(self._refused)

    def wafer(self, plan: Plan) -> WaferFocus | None:
        """How focus lies on the wafer in the newest cycle with enough tiles; None before there is one."""
        cycle = next((c for c in reversed(self._wds_um) if len(self._wds_um[c]) >= LEAST_TILES), None)
        if cycle is None:
            return None
        limit_um = plan.project.focus.surface_residual_um
        return _wafer_focus(plan, cycle, self._wds_um[cycle], limit_um, self._no_surface.get(cycle, ""))

    def _cycle(self, cycle: int) -> dict[TilePlace, float]:
        if cycle not in self._wds_um:
            self._wds_um[cycle] = {}
            while len(self._wds_um) > CYCLES_KEPT:
                self._wds_um.popitem(last=False)
        return self._wds_um[cycle]


@dataclass(frozen=True, slots=True)
class FocusedTile:
    """Where a tile lies on the wafer, its working distance, and how far that is off the plane [um]."""

    section: str
    tile: int
    place_um: Point
    wd_um: float
    residual_um: float
    outlier: bool


@dataclass(frozen=True, slots=True)
class WaferFocus:
    """The working distances of one cycle and the plane through them.

    ``limit_um``: a tile farther off the plane is an outlier. ``refused``: why the run trusted no plane.
    """

    cycle: int
    tiles: tuple[FocusedTile, ...]
    surface: Surface | None
    limit_um: float
    refused: str

    @property
    def outliers(self) -> tuple[FocusedTile, ...]:
        """The worst first."""
        return tuple(sorted((t for t in self.tiles if t.outlier), key=lambda t: -abs(t.residual_um)))


def _wafer_focus(
    plan: Plan, cycle: int, wds_um: dict[TilePlace, float], limit_um: float, refused: str
) -> WaferFocus:
    known = {
        (tile.section, tile.index): tile.centre_um
        for section in plan.wafer.sections
        for tile in section.grid_tiles(plan.project.imaging)
        if (tile.section, tile.index) in wds_um
    }
    places, wds = list(known.values()), [wds_um[place] for place in known]
    surface = robust_surface(places, wds) if spans_plane(places) else None
    on_plane = [surface.wd_um(p) for p in places] if surface is not None else wds
    residuals = [wd - expected for wd, expected in zip(wds, on_plane, strict=True)]
    tiles = tuple(
        FocusedTile(section, tile, place, wd, residual, abs(residual) > limit_um)
        for ((section, tile), place), wd, residual in zip(known.items(), wds, residuals, strict=True)
    )
    return WaferFocus(cycle, tiles, surface, limit_um, refused)
