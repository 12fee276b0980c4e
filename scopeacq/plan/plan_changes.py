"""What of a plan a run that has begun needs as it was.

Sections that were imaged cannot vanish from the wafer, and frames cannot change their size, while a run
goes on: its images and its journal are of those that there were.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from hardware.types import FrameSettings
from scopeacq.journal import records as r
from scopeacq.journal.records import MillKey, PlaneKey, Record
from scopeacq.journal.wafer_place import WaferPlace
from scopeacq.plan.geometry import Rigid, Tile
from scopeacq.plan.mill_settings import MillSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError

_FRAME_KEYS = {
    "tile_width_px": "width_px",
    "tile_height_px": "height_px",
    "pixel_size_nm": "pixel_size_nm",
    "bit_depth": "bit_depth",
}
"""What the images of a section have in common: keys of [imaging], and the frame's names for them."""

_GUN_KEYS = (
    *("x_um", "y_um", "z_um", "glancing_deg", "gun_elevation_deg"),
    *("raster_um_per_volt", "raster_y_um_per_volt", "raster_x_hz", "raster_y_hz"),
)
"""What all passes of a cycle have in common: keys of [mill]. Its plan of charges stands in the journal."""

AFFINE_NUMBERS = 6
MOST_TURN_DEG = 10.0
"""Images that are turned by more are no longer of one stack."""

ADVICE = "Put back what was changed, or begin a new run with it."


@dataclass(slots=True)
class Begun:
    """A fold over the journal: sections and tiles it names, where these lie, the last plane written.

    ``frames``: the last one of each section; ``places``: centre and turn of the last take of each tile.
    ``opened``: whether a program ever ran it; a journal may hold what an operator did by hand before.
    ``azimuths``: how many were milled from. ``mills_ahead``: passes of a cycle that has passed its gate
    and is not milled to its end. ``place``: how the wafer was mounted, and where it was found.
    ``gun_hv_due``: whether a cleaning has taken the ion gun's high voltage off, and nobody gave it back.
    """

    opened: bool = False
    sections: set[str] = field(default_factory=set)
    tiles: set[tuple[str, int]] = field(default_factory=set)
    frames: dict[str, FrameSettings] = field(default_factory=dict)
    places: dict[tuple[str, int], Rigid] = field(default_factory=dict)
    written: PlaneKey | None = None
    azimuths: int = 0
    mills_ahead: set[MillKey] = field(default_factory=set)
    place: WaferPlace = field(default_factory=WaferPlace)
    gun_hv_due: bool = False

    def apply(self, record: Record) -> None:
        self.place.apply(record)
        match record:
            case r.RunOpened():
                self.opened = True
            case r.PlaneExposing(key, _, frame):
                self.sections.add(key.section)
                self.tiles.add((key.section, key.tile))
                self.frames[key.section] = frame
            case r.PlaneExposed(key) if len(record.to_wafer) == AFFINE_NUMBERS:
                self._note_place(key, record.to_wafer)
            case r.PlaneDurable(key):
                self.written = key
            case r.MillBegin(key):
                self.azimuths = max(self.azimuths, key.azimuth + 1)
            case r.GatePassed(cycle, mill=mill):
                self.mills_ahead = {key for key, _ in mill.passes(cycle)}
            case r.MillDone(key):
                self.mills_ahead.discard(key)
            case r.CleaningBegin(_, gun_hv_on):
                self.gun_hv_due = self.gun_hv_due or gun_hv_on
            case r.ImagingRecovered():
                self.gun_hv_due = False
            case r.SectionRegistered() | r.SectionSkipped() | r.SectionDropped() | r.Wish():
                self.sections.add(record.section)
            case _:
                pass

    def _note_place(self, key: PlaneKey, to_wafer: tuple[float, ...]) -> None:
        if (frame := self.frames.get(key.section)) is not None:
            a, b, x, c, d, y = to_wafer
            u, v = (frame.width_px - 1) / 2, (frame.height_px - 1) / 2
            turn_deg = math.degrees(math.atan2(c, a))
            centre_um = a * u + b * v + x, c * u + d * v + y
            self.places[key.section, key.tile] = Rigid(*centre_um, turn_deg)

    def noting(self, records: Iterable[Record]) -> Iterator[Record]:
        """``records``, each applied as it passes."""
        for record in records:
            self.apply(record)
            yield record


def refuse_changes(plan: Plan, records: Iterable[Record]) -> None:
    """Raise ``SettingsError`` when a run that has begun cannot go on with its plan. Touches nothing."""
    begun = Begun()
    for record in records:
        begun.apply(record)
    if problems := list(changes(plan, begun)):
        raise SettingsError(plan.folder.root, problems, ADVICE)


def changes(plan: Plan, begun: Begun) -> Iterator[str]:
    """What the plan has changed that a run that has begun needs as it was, a sentence each."""
    if gone := sorted(begun.sections - {s.id for s in plan.wafer.sections}):
        yield (
            f"wafer.geojson no longer holds {', '.join(gone)}, which this run has worked on: sections are "
            "neither removed nor renamed while a run goes on"
        )
    yield from _left_out(plan, begun)
    yield from _changed_frames(plan, begun)
    yield from _moved(plan, begun)
    if (azimuths := len(plan.project.milling.azimuths_deg)) < begun.azimuths:
        yield f"milling.azimuths_deg lists {azimuths} now, and this run has milled from {begun.azimuths}"
    yield from _missing_images(plan, begun)


def gun_changes(before: MillSettings, after: MillSettings, begun: Begun) -> Iterator[str]:
    """What another gun would do to a cycle that is being milled, a sentence each.

    Azimuths that are cut by two poses of the gun do not even each other out.
    """
    others = [key for key in _GUN_KEYS if getattr(before, key) != getattr(after, key)]
    if begun.mills_ahead and others:
        yield (
            f"mill.{others[0]} cannot be changed now: a cycle of this run is being milled, and all "
            "its passes go by the same gun; finish that first"
        )


def fixed(begun: Begun) -> dict[tuple[str, ...], str]:
    """Values of the project that a run which has begun keeps, by their keys, and why."""
    if not begun.frames:
        return {}
    why = "Fixed: this run's images are of this kind."
    return {("imaging", key): why for key in _FRAME_KEYS}


def _left_out(plan: Plan, begun: Begun) -> Iterator[str]:
    """Tiles that were imaged and no longer are: by themselves, with their section, or by the grid."""
    imaged: dict[str, set[int]] = defaultdict(set)
    for name, tile in begun.tiles:
        imaged[name].add(tile)
    for section in (s for s in plan.wafer.sections if s.id in imaged):
        if gone := sorted(imaged[section.id] - {t.index for t in section.tiles(plan.project.imaging)}):
            yield (
                f"tile {gone[0] + 1} of section {section.id} is no longer imaged and was before: "
                "what was begun is imaged to the end, or accepted as missing under [gate] in project.toml"
            )


def _changed_frames(plan: Plan, begun: Begun) -> Iterator[str]:
    """Another size or depth of images, said once for all sections that are imaged as the project says."""
    said: dict[str, None] = {}
    for section in (s for s in plan.wafer.sections if s.id in begun.frames):
        imaging, frame = section.imaging(plan.project.imaging), begun.frames[section.id]
        for key, name in _FRAME_KEYS.items():
            before, wanted = getattr(frame, name), getattr(imaging, key)
            own = section.grid is not None and getattr(section.grid, key, None) is not None
            where = f"grid.{key} of section {section.id}" if own else f"imaging.{key}"
            if before != wanted:
                said[f"{where} is {wanted:g} now and was {before:g} when this run began"] = None
    yield from said


def _moved(plan: Plan, begun: Begun) -> Iterator[str]:
    """Tiles that the grid has put elsewhere or turned, and a stack of images along with them: one each."""
    placed = {section for section, _ in begun.places}
    for section in (s for s in plan.wafer.sections if s.id in placed):
        imaging = section.imaging(plan.project.imaging)
        edge_um = min(imaging.tile_width_px, imaging.tile_height_px) * imaging.pixel_size_nm * 1e-3
        imaged = (t for t in section.tiles(plan.project.imaging) if (t.section, t.index) in begun.places)
        moves = (_move(tile, begun.places[tile.section, tile.index], edge_um / 2) for tile in imaged)
        yield from islice(filter(None, moves), 1)


def _move(tile: Tile, before: Rigid, most_um: float) -> str:
    """How a tile lies otherwise than its images were taken; empty where that does not matter."""
    off_um = math.dist((before.x_um, before.y_um), tile.centre_um)
    turned_deg = abs(math.remainder(tile.rotation_deg - before.rotation_deg, 360.0))
    if off_um > most_um:
        how = f"lies {off_um:.0f} um from where its images were taken"
    elif turned_deg > MOST_TURN_DEG:
        how = f"is turned by {turned_deg:.0f} degrees against its images"
    else:
        return ""
    return (
        f"tile {tile.index + 1} of section {tile.section} {how}: the grid of a section stays while a run "
        "goes on"
    )


def _missing_images(plan: Plan, begun: Begun) -> Iterator[str]:
    images = plan.folder.images(plan.project)
    if not images.parent.is_dir():
        yield f"the folder of images {images.parent} does not exist: mount its disk, or make the folder"
    elif begun.written is not None:
        image = images / begun.written.section / str(begun.written.tile)
        if not image.is_dir():
            yield (
                f"{images} does not hold the images that this run has taken: mount their disk, or "
                "correct storage.images"
            )
