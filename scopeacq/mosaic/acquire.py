"""Acquiring the overview of a wafer with the instrument in hand.

Each tile is written durably before the stage goes on, and laid into a picture that can be looked at from
the first tile on. Whatever ends the work, asking again goes on with what is missing. When all tiles are
there they are fitted together and laid anew, once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from hardware.errors import BadFrame
from hardware.types import Frame, Image, StagePose
from scopeacq.manual import Manual
from scopeacq.mosaic.composing import Composition, Progress, compose, lay, open_picture
from scopeacq.mosaic.kept_tiles import KeptTiles, Tile
from scopeacq.mosaic.layout import MosaicLayout, Spot, layout_of
from scopeacq.plan.overviews import ENDING, TILES, Overview, free_path, keep_place, tiles_folder
from scopeacq.plan.placement import Placement
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import DiskFiles, FileLayer, temporary_for

LOG = logging.getLogger(__name__)

NAME = "wafer"
RETAKES = 2
"""So often a frame that was lost is taken again."""
LEVELS_SHARE = 4 / 3
"""A picture with its smaller levels over the picture alone."""
TAKING_SHARE = 0.85
"""How far the work is when all tiles are taken."""


@dataclass(frozen=True, slots=True)
class TakenTile:
    """A tile as it is laid into the growing picture: the ``number``-th ``of`` all."""

    number: int
    of: int
    image: Image
    placement: Placement


@dataclass(frozen=True, slots=True)
class MosaicReport:
    """What came of it.

    ``taken_before``: tiles of an earlier try. ``links``: overlaps that fit together; ``links_dropped``:
    those that contradict the others. Residuals are None where no tiles show the same. ``shading``: the
    largest gain over the least, less 1. ``electron_dose_per_nm2``: of each tile. ``duration_s``: of the
    instrument's time.
    """

    picture: str
    width_px: int
    height_px: int
    pixel_um: float
    tiles: int
    taken_before: int
    links: int
    links_dropped: int
    residual_px: float | None
    largest_residual_px: float | None
    shading: float
    electron_dose_per_nm2: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Mosaic:
    """The picture, and how it came about."""

    overview: Overview
    report: MosaicReport


@dataclass(frozen=True, slots=True)
class _Taking:
    """Tiles that an earlier try had taken, and how long the others took."""

    taken_before: int
    duration_s: float


def acquire_mosaic(
    manual: Manual,
    told: Callable[[TakenTile], None] = lambda _: None,
    progress: Progress = lambda _: None,
    files: FileLayer | None = None,
) -> Mosaic:
    """Take what is missing of the project's overview, and make the picture.

    ``told`` each tile as it is laid, those of an earlier try as well; ``progress`` the share that is done.

    Raises:
        SettingsError: the overview shows nothing of the wafer, or the disk has no room for it.
        OutOfRange: a tile lies beyond the stage's reach; nothing was moved.
        HardwareError: whatever else the devices say, ``Halted`` when the operator wanted an end. What was
            taken stays.
        OSError: the disk refuses; likewise.
    """
    layout = _reachable_layout(manual)
    path = _path_under_way(manual.plan.folder.overviews)
    kept = KeptTiles(tiles_folder(path), layout, files or DiskFiles())
    _require_room(manual, kept)
    begun_s, before = manual.devices.clock.now_s(), sum(kept.read(s) is not None for s in layout.spots)
    _grow(manual, kept, path, told, lambda share: progress(TAKING_SHARE * share))
    taken_s = manual.devices.clock.now_s() - begun_s
    composition = _finish(kept, path, lambda share: progress(TAKING_SHARE + (1 - TAKING_SHARE) * share))
    overview = Overview.read(path)
    kept.clear()
    return Mosaic(overview, _report(manual, layout, overview, composition, _Taking(before, taken_s)))


def _reachable_layout(manual: Manual) -> MosaicLayout:
    plan = manual.plan
    layout = layout_of(plan.project.overview, manual.place)
    if not layout.spots:
        raise SettingsError(
            plan.folder.project_file,
            ["the overview lies beyond the wafer"],
            "Correct overview.centre_x_um and overview.centre_y_um.",
        )
    for spot in layout.spots:
        manual.devices.stage.check(StagePose(*layout.stage_um(spot)))
    return layout


def _path_under_way(folder: Path) -> Path:
    """The picture whose tiles are being taken, or the next one."""
    begun = sorted(folder.glob(f"{NAME}*{TILES}"))
    return (
        begun[0].with_name(begun[0].name.removesuffix(TILES) + ENDING) if begun else free_path(folder, NAME)
    )


def _require_room(manual: Manual, kept: KeptTiles) -> None:
    """Two pictures with their smaller levels, the growing one and the final one, and all tiles."""
    layout, plan = kept.layout, manual.plan
    tile_bytes = layout.frame.width_px * layout.frame.height_px
    needed = 2 * LEVELS_SHARE * layout.width_px * layout.height_px + len(layout.spots) * tile_bytes
    free = kept.files.free_bytes(kept.folder)
    if free < needed:
        raise SettingsError(
            plan.folder.project_file,
            [f"the overview needs {needed / 1e9:.1f} GB of room, and the disk has {free / 1e9:.1f} GB"],
            "Free some space, or give [overview] fewer tiles or larger pixels.",
        )


def _grow(
    manual: Manual, kept: KeptTiles, path: Path, told: Callable[[TakenTile], None], progress: Progress
) -> None:
    """Take all tiles, and lay them where the stage says that they lie."""
    layout = kept.layout
    tiles = (kept.read(spot) or _taken(manual, kept, spot) for spot in layout.spots)
    first = next(tiles)  # before anything is written: the first move may be refused
    with open_picture(layout, path) as picture:
        keep_place(path, layout.placement, kept.files)
        for number, tile in enumerate(chain([first], tiles), 1):
            lay(picture, layout, tile.image, layout.corner_px(tile.centre_um))
            told(TakenTile(number, len(layout.spots), tile.image, layout.tile_placement(tile.centre_um)))
            progress(number / len(layout.spots))
        picture.sync()


def _taken(manual: Manual, kept: KeptTiles, spot: Spot) -> Tile:
    """Go to a spot, scan it, and keep it."""
    manual.go(manual.way_to(*kept.layout.stage_um(spot)))
    centre_um = manual.looks_at_um()
    return kept.keep(spot, _scanned(manual, kept.layout), centre_um)


def _scanned(manual: Manual, layout: MosaicLayout) -> Frame:
    """A frame; one that was lost is taken again, a few times."""
    for left in reversed(range(RETAKES + 1)):
        try:
            return manual.grab(layout.frame)
        except BadFrame as error:
            if not left:
                raise
            LOG.warning("A tile of the overview is taken again: %s", error)
    raise AssertionError("the last try returns or raises")


def _finish(kept: KeptTiles, path: Path, progress: Progress) -> Composition:
    """Lay all tiles anew where they fit together; that picture takes the place of the growing one."""
    temporary = temporary_for(path)
    composition = compose(kept.layout, kept.wanted, temporary, progress)
    kept.files.publish(temporary, path, replace=True)
    return composition


def _report(
    manual: Manual, layout: MosaicLayout, overview: Overview, composition: Composition, taking: _Taking
) -> MosaicReport:
    fit = composition.fit
    width_px, height_px = overview.size_px
    current_na = manual.plan.instrument.electron.probe_current_na
    return MosaicReport(
        picture=overview.path.name,
        width_px=width_px,
        height_px=height_px,
        pixel_um=overview.placement.pixel_um,
        tiles=len(layout.spots),
        taken_before=taking.taken_before,
        links=len(fit.used),
        links_dropped=len(fit.dropped),
        residual_px=fit.rms_px,
        largest_residual_px=float(fit.residuals_px.max()) if fit.used else None,
        shading=composition.shading.unevenness,
        electron_dose_per_nm2=layout.frame.electron_dose_per_nm2(current_na),
        duration_s=taking.duration_s,
    )
