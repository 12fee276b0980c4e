"""What a run will cost: time, electron dose, mill charge, bytes. Pure; all figures are per the plan.

Bare times follow from dwell times and charges. What comes on top (moves, settling, pumping) is a
:class:`Pace`; :data:`BARE` is none, for comparison with published plans.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hardware.types import FrameSettings
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.mill_rate import charge_uc_per_azimuth, depth_nm
from scopeacq.plan.project import FocusPolicy, FocusSettings, ImagingSettings, Project
from scopeacq.plan.wafer import Section, Wafer
from scopeacq.route.stops import travel_per_cycle_s

PYRAMID = 4 / 3
"""Bytes of all levels of a pyramid that halves both axes, per byte of level 0."""

USUAL_FOCUS_ITERATIONS = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that an instrument takes beside dwell and mill time.

    ``travel``: how many times as long as by its profile the stage travels from section to section.
    """

    tile_s: float = 2.0
    focus_iteration_s: float = 1.0
    registration_s: float = 2.0
    mill_pass_s: float = 60.0
    recovery_s: float = 120.0
    travel: float = 1.0


BARE = Pace(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Times [s] are of one cycle, except ``total_s``. Doses [e-/nm^2] are of one cycle at one spot.

    ``imaging_dose_per_nm2`` is that of a tile, of the section whose tiles get most.
    ``dose_most_per_nm2`` is an upper bound: every retake and every focus iteration allowed, all on
    the same spot. ``bytes_most`` counts planes uncompressed, with their pyramids, each taken once.
    ``voxels`` counts what lies in the grids, overlaps once.
    """

    cycles: int
    sections: int
    planes_per_cycle: int
    imaging_s: float
    focus_s: float
    registration_s: float
    travel_s: float
    milling_s: float
    recovery_s: float
    imaging_dose_per_nm2: float
    dose_most_per_nm2: float
    charge_uc_per_azimuth: float
    pass_s: float
    depth_nm: float
    slice_bytes: int
    voxels: int

    @property
    def cycle_s(self) -> float:
        imaging_s = self.imaging_s + self.focus_s + self.registration_s + self.travel_s
        return imaging_s + self.milling_s + self.recovery_s

    @property
    def total_s(self) -> float:
        return self.cycle_s * self.cycles

    @property
    def planes(self) -> int:
        return self.planes_per_cycle * self.cycles

    @property
    def bytes_most(self) -> int:
        return self.slice_bytes * self.cycles

    @property
    def milled_nm(self) -> float:
        return self.depth_nm * self.cycles

    def finish(self, now: datetime, cycles_done: int = 0) -> datetime:
        """The clock time at which a run that goes on now with no pause would end."""
        return now + timedelta(seconds=self.cycle_s * max(self.cycles - cycles_done, 0))


def estimate(project: Project, wafer: Wafer, instrument: Instrument, pace: Pace = Pace()) -> Estimate:
    """What the plan costs; see :class:`Estimate`."""
    milling, current_na = project.milling, instrument.electron.probe_current_na
    imaged = [s for s in wafer.sections if s.imaged(project.imaging)]
    kinds = _tiles_of_each_kind(project, imaged)
    sections, tiles = len(imaged), sum(kinds.values())
    charge_uc = charge_uc_per_azimuth(instrument.mill, milling)
    azimuths = len(milling.azimuths_deg)
    all_azimuths_s = azimuths * charge_uc * 1e3 / instrument.mill.ion_current_na
    passes = azimuths * milling.rounds
    return Estimate(
        cycles=project.cycles,
        sections=sections,
        planes_per_cycle=tiles,
        imaging_s=sum(n * (kind.frame(0.0).duration_s + pace.tile_s) for kind, n in kinds.items()),
        focus_s=_corrections(project.focus, sections, tiles) * _correction_s(project.focus, pace),
        registration_s=_registration_s(project, wafer, pace),
        travel_s=pace.travel * travel_per_cycle_s(project, wafer, instrument.stage),
        milling_s=all_azimuths_s + passes * pace.mill_pass_s,
        recovery_s=pace.recovery_s + (project.recovery.charge_decay_s if pace != BARE else 0.0),
        imaging_dose_per_nm2=_tile_dose_per_nm2(project, wafer, current_na),
        dose_most_per_nm2=_dose_most_per_nm2(project, wafer, current_na),
        charge_uc_per_azimuth=charge_uc,
        pass_s=all_azimuths_s / passes,
        depth_nm=depth_nm(instrument.mill, milling, charge_uc * azimuths),
        slice_bytes=math.ceil(sum(n * kind.plane_bytes for kind, n in kinds.items()) * PYRAMID),
        voxels=project.cycles * sum(_pixels(s, project.imaging) for s in imaged),
    )


def _tiles_of_each_kind(project: Project, sections: Iterable[Section]) -> Counter[ImagingSettings]:
    """How many tiles are imaged with which settings."""
    kinds: Counter[ImagingSettings] = Counter()
    for section in sections:
        kinds[section.imaging(project.imaging)] += len(section.imaged(project.imaging))
    return kinds


def _corrections(focus: FocusSettings, sections: int, tiles: int) -> int:
    match focus.policy:
        case FocusPolicy.EVERY_TILE:
            return tiles
        case FocusPolicy.EVERY_NTH_TILE:
            return math.ceil(tiles / focus.every_n_tiles)
        case FocusPolicy.FIRST_OF_SECTION | FocusPolicy.BY_SCORE:
            return sections


def _correction_s(focus: FocusSettings, pace: Pace) -> float:
    """Two images per iteration; after a mill two iterations are usual."""
    iterations = min(USUAL_FOCUS_ITERATIONS, focus.max_iterations)
    return iterations * (2 * focus.frame(0.0).duration_s + pace.focus_iteration_s)


def _registration_frames(project: Project) -> tuple[FrameSettings, FrameSettings]:
    """How fiducials and sections are imaged to be found again."""
    r = project.registration
    return (
        FrameSettings(r.width_px, r.height_px, r.pixel_size_nm, r.dwell_ns),
        FrameSettings(r.width_px, r.height_px, r.section_pixel_size_nm, r.section_dwell_ns),
    )


def _registration_s(project: Project, wafer: Wafer, pace: Pace) -> float:
    fiducial, section = _registration_frames(project)
    return len(wafer.fiducials) * (fiducial.duration_s + pace.registration_s) + len(wafer.sections) * (
        section.duration_s + pace.registration_s
    )


def _tile_dose_per_nm2(project: Project, wafer: Wafer, current_na: float) -> float:
    """Of the kind of tile that gets most."""
    kinds = wafer.kinds_of_tiles(project.imaging)
    return max(kind.frame(0.0).electron_dose_per_nm2(current_na) for kind in kinds)


def _dose_most_per_nm2(project: Project, wafer: Wafer, current_na: float) -> float:
    _, section = _registration_frames(project)
    takes = 1 + project.imaging.retakes
    focus = (project.focus.frame(0.0), project.focus.coarse_frame(0.0))
    pair = sum(2 * frame.electron_dose_per_nm2(current_na) for frame in focus)
    return (
        takes * _tile_dose_per_nm2(project, wafer, current_na)
        + takes * project.focus.max_iterations * pair
        + section.electron_dose_per_nm2(current_na)
    )


def _pixels(section: Section, project_imaging: ImagingSettings) -> int:
    """What the imaged tiles of a section cover, overlaps of neighbours once."""
    i = section.imaging(project_imaging)
    there = {divmod(index, i.grid_columns) for index in section.imaged(project_imaging)}
    right = {(row, column) for row, column in there if (row, column + 1) in there}
    below = {(row, column) for row, column in there if (row + 1, column) in there}
    blocks = {(row, column) for row, column in right & below if (row + 1, column + 1) in there}
    once = len(there) * i.tile_width_px * i.tile_height_px
    twice = len(right) * i.tile_height_px + len(below) * i.tile_width_px
    return once - twice * i.overlap_px + len(blocks) * i.overlap_px**2
