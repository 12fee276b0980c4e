"""What of a plan a run that has begun needs as it was.

Sections that were imaged cannot vanish from the wafer, and frames cannot change their size, while a run
goes on: its images and its journal are of those that there were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hardware.types import FrameSettings
from scopeacq.journal import records as r
from scopeacq.journal.records import PlaneKey, Record
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError

_FRAME_KEYS = {
    "tile_width_px": "width_px",
    "tile_height_px": "height_px",
    "pixel_size_nm": "pixel_size_nm",
    "bit_depth": "bit_depth",
}
"""What a run's images have in common: keys of [imaging], and the frame's names for them."""

ADVICE = "Put back what was changed, or begin a new run with it."


@dataclass(slots=True)
class Begun:
    """A fold over the journal: sections and tiles it names, the last frame scanned, the last plane written.

    ``opened``: whether a program ever ran it; a journal may hold what an operator did by hand before.
    ``azimuths``: how many were milled from.
    """

    opened: bool = False
    sections: set[str] = field(default_factory=set)
    tiles: set[tuple[str, int]] = field(default_factory=set)
    frame: FrameSettings | None = None
    written: PlaneKey | None = None
    azimuths: int = 0

    def apply(self, record: Record) -> None:
        match record:
            case r.RunOpened():
                self.opened = True
            case r.PlaneExposing(key, _, frame):
                self.sections.add(key.section)
                self.tiles.add((key.section, key.tile))
                self.frame = frame
            case r.PlaneDurable(key):
                self.written = key
            case r.MillBegin(key):
                self.azimuths = max(self.azimuths, key.azimuth + 1)
            case r.SectionRegistered() | r.SectionSkipped() | r.SectionDropped() | r.Wish():
                self.sections.add(record.section)
            case _:
                pass

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
    yield from _changed_frame(plan, begun)
    if (azimuths := len(plan.project.milling.azimuths_deg)) < begun.azimuths:
        yield f"milling.azimuths_deg lists {azimuths} now, and this run has milled from {begun.azimuths}"
    yield from _missing_images(plan, begun)


def fixed(begun: Begun) -> dict[tuple[str, ...], str]:
    """Values of the project that a run which has begun keeps, by their keys, and why."""
    if begun.frame is None:
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


def _changed_frame(plan: Plan, begun: Begun) -> Iterator[str]:
    if begun.frame is None:
        return
    for key in _FRAME_KEYS:
        before, wanted = getattr(begun.frame, _FRAME_KEYS[key]), getattr(plan.project.imaging, key)
        if before != wanted:
            yield f"imaging.{key} is {wanted:g} now and was {before:g} when this run began"


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
