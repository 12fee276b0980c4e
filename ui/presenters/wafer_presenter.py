"""The fold that makes the map of a run: plan and journal in, :class:`WaferMap` out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from scopeacq.journal.dose_ledger import DoseLedger, Milled
from scopeacq.journal.progress import Progress
from scopeacq.journal.records import (
    BurnEnd,
    CycleDone,
    DoseBooked,
    GatePassed,
    MillBegin,
    MillEnd,
    MillHeartbeat,
    PlaneKey,
    Purpose,
    Record,
    RunOpened,
    SectionDropped,
    SurfaceFitted,
)
from scopeacq.journal.tile_curves import Points, TileCurves, mean_of
from scopeacq.journal.tile_ledger import TileLedger
from scopeacq.plan.geometry import Point
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Section
from scopeacq.telling.status import SectionPhase
from ui.presenters.focus_plane import FocusPlane
from ui.presenters.hover import History
from ui.presenters.sections import Grid, SectionShown, TileShown, TileState, phase_of, tile_state
from ui.presenters.wafer_map import Hit, WaferMap

MILLS = (GatePassed, MillBegin, MillHeartbeat, MillEnd, SectionDropped)
"""Records after which depths have changed."""


@dataclass
class WaferPresenter:
    """Folds a journal's records into a :class:`WaferMap`; only what a record touches is made anew."""

    plan: Plan
    _ledger: TileLedger = field(default_factory=TileLedger)
    _curves: TileCurves = field(default_factory=TileCurves)
    _milled: dict[str, Milled] = field(default_factory=dict)
    _shown: dict[str, SectionShown] = field(default_factory=dict)
    _plane: FocusPlane | None = None
    _finished: bool = False

    def __post_init__(self) -> None:
        self._progress = Progress.of(self.plan)
        self._doses = DoseLedger(self.plan)

    def apply(self, records: Iterable[Record]) -> None:
        """Take more of the journal into account; a cycle or process that begins makes all anew."""
        cycle = self._progress.cycle
        mills = False
        for record in records:
            touched = set(self._touched(record))
            if not touched <= self._progress.sections.keys():
                # pre-flight refuses a plan that lacks what its run has worked on; the map shows the rest
                continue
            self._doses.apply(record)
            mills = mills or isinstance(record, MILLS)
            if isinstance(record, CycleDone) and record.cycle + 1 >= self.plan.project.cycles:
                self._finished = True  # no cycle follows: the last slice stays in view
                continue
            self._progress.apply(record)
            self._ledger.apply(record)
            self._curves.apply(record)
            self._note_plane(record)
            for section in touched:
                self._shown.pop(section, None)
            if isinstance(record, RunOpened | BurnEnd):
                self._shown.clear()
        if self._progress.cycle != cycle:
            self._shown.clear()
        if mills:
            self._count_milled()

    def history(self, hit: Hit) -> History:
        """How the numbers of a section or a tile went over the cycles."""
        section = self._shown.get(hit.section)
        milled = self._milled.get(hit.section, Milled())
        tiles = range(len(section.tiles) if section else 0) if hit.tile is None else (hit.tile,)
        curves = [self._curves.of(hit.section, tile) for tile in tiles]
        return History(
            mean_of(curve.score() for curve in curves),
            mean_of(curve.dose() for curve in curves),
            mean_of(curve.wd() for curve in curves),
            milled.depth_nm,
        )

    def shown(self, stage_um: Point | None = None) -> WaferMap:
        """The map as it is now."""
        return WaferMap(
            tuple(self._section(s) for s in self.plan.wafer.sections),
            self.plan.wafer.fiducials,
            self._progress.place.under(self.plan.wafer.mount),
            stage_um,
            self._progress.cycle,
            finished=self._finished,
            plane=self._plane,
        )

    def _touched(self, record: Record) -> Iterator[str]:
        """Sections that a record says something about."""
        section = getattr(record, "section", None)
        key = getattr(record, "key", None) or getattr(record, "plane", None)
        if isinstance(section, str):
            yield section
        if isinstance(key, PlaneKey):
            yield key.section
        if isinstance(record, DoseBooked) and record.purpose is Purpose.MANUAL:
            yield from self._doses.sections_at((record.x_um, record.y_um))

    def _note_plane(self, record: Record) -> None:
        if isinstance(record, SurfaceFitted):
            self._plane = FocusPlane.of(record, self.plan.project.focus.surface_residual_um)

    def _count_milled(self) -> None:
        """Depths and ions of all sections, after more was milled."""
        self._milled = self._doses.milled()
        for name, shown in self._shown.items():
            self._shown[name] = replace(
                shown, milled_nm=self._depth_nm(name), ions_per_nm2=self._ions(name)
            )

    def _depth_nm(self, section: str) -> float:
        return _last(self._milled.get(section, Milled()).depth_nm)

    def _ions(self, section: str) -> float:
        return _last(self._milled.get(section, Milled()).ions_per_nm2)

    def _section(self, section: Section) -> SectionShown:
        if section.id not in self._shown:
            self._shown[section.id] = self._made(section)
        return self._shown[section.id]

    def _made(self, section: Section) -> SectionShown:
        state, imaging = self._progress.sections[section.id], self.plan.project.imaging
        phase = SectionPhase.SKIPPED if state.passed_over else phase_of(section, imaging)
        grid = Grid.of(section.imaging(imaging))
        tiles = tuple(self._tile(section.id, n) for n in range(grid.rows * grid.columns))
        return SectionShown(
            section,
            grid,
            SectionPhase.DROPPED if state.dropped else phase,
            self._depth_nm(section.id),
            tiles,
            self._ions(section.id),
            self._doses.looks_per_nm2.get(section.id, 0.0),
            self._doses.by_hand_per_nm2.get(section.id, 0.0),
            self._doses.burned_per_nm2.get(section.id, 0.0),
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
            account.wd_cycle,
        )


def _last(points: Points) -> float:
    return points[-1][1] if points else 0.0
