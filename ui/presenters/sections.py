"""Sections and tiles as they are shown: states in words, and where everything of a section lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from scopeacq.journal.progress import PlaneState
from scopeacq.journal.records import Verdict
from scopeacq.plan.geometry import Point, turn
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.wafer import Section
from scopeacq.telling.status import SectionPhase


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
    TileState.INACTIVE: "\N{CIRCLED DIVISION SLASH}",
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
    """One tile. Dose of the whole run; score and working distance as last seen, None before that.

    ``cycle``: of the score and the picture; ``wd_cycle``: of the working distance.
    """

    state: TileState = TileState.OPEN
    score_um: float | None = None
    dose_per_nm2: float = 0.0
    wd_um: float | None = None
    cycle: int | None = None
    wd_cycle: int | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """The tiles of a section in the section's own frame: rows run down, columns to the right.

    ``tile_px``: height and width of a tile's image, 0 where nobody knows.
    """

    rows: int
    columns: int
    tile_um: Point
    step_um: Point
    tile_px: tuple[int, int] = (0, 0)

    @staticmethod
    def of(imaging: ImagingSettings) -> Grid:
        pixel_um = imaging.pixel_size_nm * 1e-3
        tile = imaging.tile_width_px * pixel_um, imaging.tile_height_px * pixel_um
        overlap_um = imaging.overlap_px * pixel_um
        step = tile[0] - overlap_um, tile[1] - overlap_um
        size_px = imaging.tile_height_px, imaging.tile_width_px
        return Grid(imaging.grid_rows, imaging.grid_columns, tile, step, size_px)

    @property
    def pixel_nm(self) -> float | None:
        """The edge of a pixel, None where nobody knows."""
        height, _ = self.tile_px
        return round(1e3 * self.tile_um[1] / height, 6) if height else None

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
    """One section with its tiles, row by row.

    ``ions_per_nm2``: delivered by milling; ``looks_per_nm2``: electrons by which it was found again,
    ``by_hand_per_nm2``: by frames by hand, the most that one place of it can have borne.
    ``burned_per_nm2``: ions that marks of calibrations may have laid on it.
    """

    section: Section
    grid: Grid
    phase: SectionPhase = SectionPhase.ACTIVE
    milled_nm: float = 0.0
    tiles: tuple[TileShown, ...] = ()
    ions_per_nm2: float = 0.0
    looks_per_nm2: float = 0.0
    by_hand_per_nm2: float = 0.0
    burned_per_nm2: float = 0.0

    @property
    def id(self) -> str:
        return self.section.id

    @property
    def radius_um(self) -> float:
        """Everything of the section lies within this of its ROI's centre."""
        x, y = self.section.roi_centre_um
        corners = (math.hypot(u - x, v - y) for u, v in self.section.outline_um)
        return max(max(corners), math.hypot(*self.grid.size_um) / 2)

    def images(self, tile: int) -> bool:
        """Whether a tile of the grid is imaged, by its index."""
        return tile < len(self.tiles) and self.tiles[tile].state is not TileState.INACTIVE

    def to_local(self, wafer_um: Point) -> Point:
        """From the wafer into the frame of the section's grid."""
        x, y = self.section.roi_centre_um
        return turn((wafer_um[0] - x, wafer_um[1] - y), -self.section.rotation_deg)

    def from_local(self, local_um: Point) -> Point:
        """From the frame of the section's grid onto the wafer."""
        x, y = turn(local_um, self.section.rotation_deg)
        return self.section.roi_centre_um[0] + x, self.section.roi_centre_um[1] + y


def phase_of(section: Section, imaging: ImagingSettings) -> SectionPhase:
    """Active or left out by the plan, as far as the plan says; ``imaging`` is the project's."""
    return SectionPhase.ACTIVE if section.imaged(imaging) else SectionPhase.INACTIVE


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
