"""Overviews with sections at known places, kept in a folder as those of a run are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from scopeacq.plan.overviews import Overview, add_overview, write_placement
from scopeacq.plan.placement import Placement
from scopeacq.sections.candidates import Ring
from scopeacq.sections.outlines import Outline, fill, turned
from scopeacq.storage.files import DiskFiles

BLOCK_PX = np.array([[-30.0, -22.0], [30.0, -22.0], [24.0, 22.0], [-24.0, 22.0]])
OUTLINES_PX: tuple[Outline, ...] = tuple(
    turned(BLOCK_PX, 40.0 * k) + np.array([90 + 105 * (k % 5), 90 + 120 * (k // 5)]) for k in range(15)
)
PIXEL_UM = 4.0


def greys(wafer: int = 200, section: int = 90, seed: int = 0) -> NDArray[np.uint8]:
    """A picture of 600 x 500 px with fifteen sections, noise and vignetting."""
    mask = np.zeros((500, 600), np.uint8)
    for outline in OUTLINES_PX:
        fill(mask, outline)
    share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    y, x = np.mgrid[:500, :600] / 600 - 0.4
    noise = np.random.default_rng(seed).normal(0, 4, share.shape)
    grey = (wafer + share * (section - wafer)) * (1 - 0.25 * (x**2 + y**2)) + noise
    return np.asarray(np.clip(grey, 0, 255), np.uint8)


def placed(pixel_um: float = PIXEL_UM, *, mirrored: bool = False) -> Placement:
    """Somewhere on the wafer, a little turned."""
    straight = Placement.centred(600, 500, pixel_um, (300.0, -200.0)).turned((0.0, 0.0), 20.0)
    return straight.flipped((0.0, 0.0)) if mirrored else straight


def overview_in(folder: Path, picture: NDArray[np.uint8], placement: Placement) -> Overview:
    """A picture added to the overviews of a run, as wide as ``placement`` says."""
    source = folder.parent / "wafer.png"
    cv2.imwrite(str(source), picture)
    overview = replace(add_overview(source, folder, 1000.0, DiskFiles()).overview, placement=placement)
    write_placement(overview, DiskFiles())
    return overview


def true_rings(placement: Placement) -> list[Ring]:
    """The sections of a picture on the wafer [um]."""
    return [tuple(placement.wafer_um((float(x), float(y))) for x, y in outline) for outline in OUTLINES_PX]


def same(one: Ring, other: Ring) -> float:
    """Intersection over union."""
    a, b = shapely.Polygon(one), shapely.Polygon(other)
    return float(a.intersection(b).area / a.union(b).area)
