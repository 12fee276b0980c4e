"""A picture from another microscope as an overview: its scale, its place, whether it is mirrored.

Scale and place come from landmarks where there are enough of them, else from the file or from the operator.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations
from pathlib import Path

from scopeacq.plan.geometry import Point
from scopeacq.plan.overviews import Overview, keep_overview, read_overview_source
from scopeacq.plan.placement import SIMILAR_FROM, Landmark, Placement, PlacementRefused, fitted_either_way
from scopeacq.plan.plane_fits import SAME_SPOT_UM
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import FileLayer
from scopeacq.storage.source_pictures import SourcePicture

SAME_SPOT_PX = 1.0
SCALES_AGREE = 0.05
"""Landmarks and file that differ by more in the size of a pixel are told."""

WAFER_CENTRE: Point = (0.0, 0.0)


class ScaleFrom(Enum):
    """Who said how large a pixel is."""

    FILE = "the file"
    OPERATOR = "the operator"
    LANDMARKS = "the landmarks"


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """A picture to import. ``pixel_um``: the edge of a pixel, None where file or landmarks say it.

    ``mirrored``: the picture shows the wafer as in a mirror.
    """

    source: Path
    pixel_um: float | None = None
    mirrored: bool = False
    landmarks: tuple[Landmark, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was imported. ``worst_um``: the largest residual of the landmarks, None where there are none.

    ``notes``: what an operator should know, a sentence each.
    """

    picture: str
    width_px: int
    height_px: int
    pixel_um: float
    scale_from: ScaleFrom
    mirrored: bool
    landmarks: int
    worst_um: float | None
    notes: tuple[str, ...]


def import_overview(order: ImportOrder, folder: Path, files: FileLayer) -> tuple[Overview, ImportReport]:
    """Copy a picture into the run and place it.

    Raises:
        SettingsError: it is no picture, nobody knows its scale, or its landmarks cannot place it.
        OSError: the disk refuses; nothing was added.
    """
    picture = read_overview_source(order.source)
    scale_from = _scale_from(order, picture)
    try:
        placement, worst_um = _placed(order, picture)
    except PlacementRefused as refusal:
        raise SettingsError(order.source, [str(refusal)], "The picture was not added.") from None
    overview = keep_overview(order.source, picture, placement, folder, files)
    width_px, height_px = overview.size_px
    report = ImportReport(
        overview.path.name,
        width_px,
        height_px,
        placement.pixel_um,
        scale_from,
        placement.mirrored,
        len(order.landmarks),
        worst_um,
        tuple(_notes(order, picture, placement)),
    )
    return overview, report


def _scale_from(order: ImportOrder, picture: SourcePicture) -> ScaleFrom:
    if len(order.landmarks) >= SIMILAR_FROM:
        return ScaleFrom.LANDMARKS
    if order.pixel_um is not None:
        return ScaleFrom.OPERATOR
    if picture.pixel_um is not None:
        return ScaleFrom.FILE
    raise SettingsError(
        order.source,
        ["the picture does not say how large its pixels are"],
        f"Give --pixel-um, or at least {SIMILAR_FROM} landmarks with --landmarks.",
    )


def _placed(order: ImportOrder, picture: SourcePicture) -> tuple[Placement, float | None]:
    """Where the picture lies, and the largest residual of its landmarks. Raises ``PlacementRefused``."""
    height_px, width_px = picture.pixels.shape[:2]
    upright = Placement.centred(width_px, height_px, order.pixel_um or picture.pixel_um or 1.0)
    now = upright.flipped(WAFER_CENTRE) if order.mirrored else upright
    if not order.landmarks:
        return now, None
    _require_apart(order.landmarks)
    return fitted_either_way(order.landmarks, now)


def _require_apart(landmarks: Sequence[Landmark]) -> None:
    for (n, one), (m, other) in combinations(enumerate(landmarks, 1), 2):
        if math.dist(one.px, other.px) < SAME_SPOT_PX:
            where = f"one spot of the picture, {one.px[0]:g},{one.px[1]:g}"
        elif math.dist(one.wafer_um, other.wafer_um) < SAME_SPOT_UM:
            where = f"one spot of the wafer, {one.wafer_um[0]:g},{one.wafer_um[1]:g}"
        else:
            continue
        raise PlacementRefused(f"Landmarks {n} and {m} lie on {where}; choose them far apart.")


def _notes(order: ImportOrder, picture: SourcePicture, placement: Placement) -> Iterator[str]:
    if placement.mirrored and not order.mirrored:
        yield "The landmarks show that the picture is mirrored; it is placed as seen in a mirror."
    if order.mirrored and not placement.mirrored:
        yield "The landmarks show that the picture is not mirrored; it is placed as it is."
    if len(order.landmarks) == SIMILAR_FROM:
        yield "Two landmarks cannot show whether the picture is mirrored; a third one would."
    said_um = order.pixel_um or picture.pixel_um
    if said_um is not None and abs(math.log(placement.pixel_um / said_um)) > SCALES_AGREE:
        yield (
            f"By the landmarks a pixel is {placement.pixel_um:.4g} um wide, and was said to be "
            f"{said_um:.4g} um; the landmarks are believed, so check them."
        )
