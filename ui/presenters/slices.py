"""What the view of slices shows: which slice is looked at, what is there of it, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from scopeacq.journal.journal import PlaneRow
from scopeacq.journal.records import PlaneKey
from scopeacq.journal.slice_book import PlaneMark, SliceBook
from scopeacq.plan.geometry import Affine, Point
from scopeacq.plan.runfolder import Plan
from scopeacq.storage import takes
from scopeacq.storage.plane_windows import PlaneShape, Take
from ui.presenters.slice_scene import (
    AS_RECORDED,
    Box,
    Frame,
    Placed,
    around,
    planned_frame,
    section_frame,
)
from ui.presenters.tone import Badge, Sign, Tone

UM = "\N{MICRO SIGN}m"
UNKNOWN = "\N{EN DASH}"
UNREADABLE = "Cannot be shown"


@dataclass(frozen=True, slots=True)
class Looked:
    """A cycle of a section, or of one of its tiles. ``take``: one that is not the chosen one."""

    section: str
    cycle: int = 0
    tile: int | None = None
    take: int | None = None
    difference: bool = False


@dataclass(frozen=True, slots=True)
class SliceRead:
    """What the files say of one cycle of a section.

    ``unread``: why a tile's images cannot be used; ``trouble``: why nothing is known at all. ``moves``: by
    how many pixels tiles are put together better than where the stage had them.
    """

    rows: tuple[PlaneRow, ...] = ()
    shapes: Mapping[int, PlaneShape] = field(default_factory=dict)
    unread: Mapping[int, str] = field(default_factory=dict)
    trouble: str = ""
    moves: Mapping[int, Point] = field(default_factory=dict)

    def takes(self, tile: int) -> list[PlaneRow]:
        """The durable takes of a tile, in order."""
        return [row for row in self.rows if row.key.tile == tile and row.durable is not None]

    def shown(self, tile: int, take: int | None = None) -> PlaneRow | None:
        """The take that is shown: the one asked for, else the chosen one, else the last one."""
        takes = self.takes(tile)
        asked = [row for row in takes if row.take == take]
        chosen = [row for row in takes if row.chosen]
        found = asked or chosen or takes
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Hole:
    """A tile without a picture, and why."""

    key: PlaneKey
    corners: tuple[Point, ...]
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class SliceScene:
    """A slice as it is painted."""

    looked: Looked
    planes: tuple[Placed, ...] = ()
    holes: tuple[Hole, ...] = ()

    @property
    def empty(self) -> str:
        """Why there is nothing at all, a sentence; empty where there is something."""
        if self.planes or self.holes:
            return ""
        if not self.looked.section:
            return "The wafer has no sections yet. Draw them in the view of the wafer."
        return "The plan images no tile of this section."

    @property
    def box(self) -> Box:
        """What all tiles cover; a single pixel for none."""
        boxes = [plane.frame.box(plane.shape.shape_yx) for plane in self.planes]
        corners = [corner for box in boxes for corner in box.corners()]
        corners += [corner for hole in self.holes for corner in hole.corners]
        return around(corners or [(0, 0), (1, 1)])

    def without(self, planes: Iterable[Placed], title: str, why: str) -> SliceScene:
        """The same with holes where some planes are."""
        gone = tuple(planes)
        left = tuple(plane for plane in self.planes if plane not in gone)
        return replace(self, planes=left, holes=(*self.holes, *(_hole_for(p, title, why) for p in gone)))

    def tile_at(self, at: Point) -> int | None:
        """The tile at a point of the scene; where tiles overlap the later one, which lies on top."""
        for plane in reversed(self.planes):
            x, y = plane.frame.back(at)
            height, width = plane.shape.shape_yx
            if 0 <= x < width and 0 <= y < height:
                return plane.take.key.tile
        for hole in self.holes:
            box = around(hole.corners)
            if box.left <= at[0] < box.right and box.top <= at[1] < box.bottom:
                return hole.key.tile
        return None


def scene_of(
    plan: Plan, book: SliceBook, looked: Looked, read: SliceRead, problems: Mapping[Take, str]
) -> SliceScene:
    """The planes of a slice at their places, and its holes with their reasons.

    ``problems``: takes whose files turned out to be damaged or gone, and what is wrong.
    """
    tiles = tiles_of(book, looked)
    planes = planes_of(plan, tiles, looked, read)
    there = {plane.take.key.tile for plane in planes}
    holes = [_hole(plan, book, looked, read, tile) for tile in tiles if tile not in there]
    scene = SliceScene(looked, tuple(planes), tuple(holes))
    for plane in planes:
        if plane.take in problems:
            scene = scene.without([plane], UNREADABLE, problems[plane.take])
    return scene


def planes_of(plan: Plan, tiles: Iterable[int], looked: Looked, read: SliceRead) -> list[Placed]:
    """The planes of some tiles that are there, at their places."""
    planes = []
    for tile in tiles:
        row, shape = read.shown(tile, looked.take), read.shapes.get(tile)
        if row is not None and shape is not None:
            take = Take(row.key, row.take, row.chosen)
            frame = frame_of(plan, looked, row)
            planes.append(Placed(take, shape, frame.moved(read.moves.get(tile, (0.0, 0.0)))))
    return planes


def tiles_of(book: SliceBook, looked: Looked) -> tuple[int, ...]:
    """The tiles that are looked at."""
    return book.tiles.get(looked.section, ()) if looked.tile is None else (looked.tile,)


def pixel_um_of(plan: Plan, looked: Looked) -> float:
    """The edge of a pixel of the scene."""
    sections = (s for s in plan.wafer.sections if s.id == looked.section)
    imaging = next((s.imaging(plan.project.imaging) for s in sections), plan.project.imaging)
    return imaging.pixel_size_nm / 1000


def frame_of(plan: Plan, looked: Looked, row: PlaneRow) -> Frame:
    """Where a plane lies by what is recorded of it."""
    if looked.tile is not None:
        return AS_RECORDED
    section, imaging = plan.wafer.section(looked.section), plan.imaging(looked.section)
    if row.exposed is None or len(row.exposed.to_wafer) != 6:
        return planned_frame(section, imaging, row.key.tile)
    return section_frame(_affine(row.exposed.to_wafer), section, imaging.pixel_size_nm / 1000)


def _affine(numbers: tuple[float, ...]) -> Affine:
    return np.array(numbers, float).reshape(2, 3)


def _hole(plan: Plan, book: SliceBook, looked: Looked, read: SliceRead, tile: int) -> Hole:
    imaging, key = plan.imaging(looked.section), PlaneKey(looked.cycle, looked.section, tile)
    frame = AS_RECORDED
    if looked.tile is None:
        frame = planned_frame(plan.wafer.section(looked.section), imaging, tile)
    corners = frame.box((imaging.tile_height_px, imaging.tile_width_px)).corners()
    unread = read.trouble or read.unread.get(tile, "")
    title = UNREADABLE if unread else book.mark(key).value.capitalize()
    return Hole(key, corners, title, unread or book.why(key))


def _hole_for(plane: Placed, title: str, why: str) -> Hole:
    return Hole(plane.take.key, plane.frame.box(plane.shape.shape_yx).corners(), title, why)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known of a plane."""

    name: str
    value: str
    tip: str = ""


def facts_of(row: PlaneRow | None, of_takes: int, depth_nm: float) -> list[Fact]:
    """What is known of a take, to be read and copied; nothing of one that is not there."""
    if row is None:
        return []
    named = f"{row.take + 1} of {of_takes}" + ("" if row.chosen else ", not accepted")
    return [
        Fact("Take", named, "How often the tile was scanned in this cycle"),
        *_judged(row),
        *_optics(row),
        *_scan(row),
        Fact("Depth", f"{depth_nm:.1f} nm", "Milled away above this slice, by the delivered charge"),
        Fact("File", _file(row), "Inside the folder of images"),
    ]


def _file(row: PlaneRow) -> str:
    if row.durable is None:
        return UNKNOWN
    return takes.grid_path(row.durable.path) if row.chosen else row.durable.path


def _judged(row: PlaneRow) -> list[Fact]:
    if row.judged is None:
        return [Fact("Verdict", "not judged yet", "Every scan is judged before its slice is milled")]
    judged = row.judged
    return [
        Fact("Verdict", judged.verdict.value, "What the program made of the image by itself"),
        Fact("Score", f"{judged.score_um:.2f} {UM}", "Blur of the image, as the defocus that makes it"),
        Fact("Mean, SD", f"{judged.mean:.1f}, {judged.sd:.1f}", "Of the grey values of the whole tile"),
        Fact("Dark", f"{judged.dark_fraction:.1%}", "Part of the tile that is as dark as bare wafer"),
    ]


def _optics(row: PlaneRow) -> list[Fact]:
    if row.exposed is None:
        return []
    optics = row.exposed.optics
    return [
        Fact("wd", f"{optics.wd_um:.2f} {UM}", "Working distance during the scan"),
        Fact("stig x, y", f"{optics.stig_x:.3f}, {optics.stig_y:.3f}", "Stigmators during the scan [a.u.]"),
    ]


def _scan(row: PlaneRow) -> list[Fact]:
    facts = []
    if row.exposing is not None:
        settings = row.exposing.settings
        size = f"{settings.width_px} \N{MULTIPLICATION SIGN} {settings.height_px} px"
        facts = [
            Fact(
                "Dose",
                f"{row.exposing.electron_dose_per_nm2:.1f} e\N{SUPERSCRIPT MINUS}/nm\N{SUPERSCRIPT TWO}",
            ),
            Fact("Frame", size, "Columns and rows of the tile"),
            Fact(
                "Pixel, dwell",
                f"{settings.pixel_size_nm:g} nm, {settings.dwell_ns:g} ns",
                "How it was scanned",
            ),
        ]
    if (
        row.exposed is not None
        and row.exposed.stage.x_um is not None
        and row.exposed.stage.y_um is not None
    ):
        stage = row.exposed.stage
        facts.append(Fact("Stage", f"{stage.x_um:.2f}, {stage.y_um:.2f} {UM}", "x and y, read back"))
    if row.scanned_at_s is not None:
        at = datetime.fromtimestamp(row.scanned_at_s).astimezone()
        facts.append(Fact("Time", f"{at:%Y-%m-%d %H:%M:%S}", "When the scan was entered in the journal"))
    return facts


TONES: Mapping[PlaneMark, Tone] = {
    PlaneMark.SHARP: Tone.GOOD,
    PlaneMark.RETAKEN: Tone.ACTIVE,
    PlaneMark.ACCEPTED: Tone.GOOD,
    PlaneMark.OPEN: Tone.QUIET,
    PlaneMark.PENDING: Tone.CAUTION,
    PlaneMark.LEFT_OUT: Tone.QUIET,
    PlaneMark.WAIVED: Tone.CAUTION,
    PlaneMark.DROPPED: Tone.UNKNOWN,
    PlaneMark.MISSING: Tone.ALARM,
}
SIGNS: Mapping[PlaneMark, Sign] = {
    PlaneMark.SHARP: Sign.CHECK,
    PlaneMark.RETAKEN: Sign.CHECK,
    PlaneMark.ACCEPTED: Sign.CHECK,
    PlaneMark.OPEN: Sign.HOURGLASS,
    PlaneMark.PENDING: Sign.HOURGLASS,
    PlaneMark.LEFT_OUT: Sign.INFO,
    PlaneMark.WAIVED: Sign.WARNING,
    PlaneMark.DROPPED: Sign.INFO,
    PlaneMark.MISSING: Sign.CROSS,
}


def marks_of(book: SliceBook, looked: Looked) -> tuple[PlaneMark, ...]:
    """The state of each cycle of what is looked at."""
    return tuple(book.slice_mark(looked.section, cycle, looked.tile) for cycle in range(book.cycles))


def badge_of(mark: PlaneMark, damaged: bool) -> Badge:
    """How the state of a plane is shown. ``damaged``: its file is not what was written."""
    if damaged:
        return Badge(Tone.ALARM, Sign.WARNING, "Damaged")
    return Badge(TONES[mark], SIGNS[mark], mark.value.capitalize())


def why_of(book: SliceBook, looked: Looked, tile: int | None, damage: str) -> str:
    """Why the slice or one tile of it is as it is, what is wrong with its file, or what to do here."""
    if tile is None:
        return "Click a tile for what is known of it; double-click shows it alone."
    return damage or book.why(PlaneKey(looked.cycle, looked.section, tile))


def facts_text(looked: Looked, tile: int | None, mark: PlaneMark, why: str, facts: list[Fact]) -> str:
    """All that is known of a plane as lines, for the clipboard."""
    place = f"Section {looked.section}, cycle {looked.cycle + 1}"
    place += "" if tile is None else f", tile {tile + 1}"
    lines = [place, f"State\t{mark.value}", *([f"Reason\t{why}"] if why and tile is not None else [])]
    return "\n".join([*lines, *(f"{fact.name}\t{fact.value}" for fact in facts)])


def stepped(looked: Looked, cycle: int, book: SliceBook) -> Looked:
    """The same at another cycle, kept inside the run; the chosen take is shown there."""
    within = min(max(cycle, 0), max(book.cycles - 1, 0))
    return looked if within == looked.cycle else replace(looked, cycle=within, take=None)
