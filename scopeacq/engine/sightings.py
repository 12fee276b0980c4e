"""Where a tile really lies, seen in the images that focusing took anyway: no dose, no time.

Short moves of a stage miss by tenths of a micrometre, and nothing reads that back. The two
focus images show the tile just before it is scanned; against its last slice they tell the
error, which the beam shift then takes out. The lens moves the image with the working
distance; the profile says how far, and what it says wrongly cancels in the mean of a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from hardware.types import Frame, Image, PixelShape
from scopeacq.engine.locating import field_shift_um, section_correction, wafer_to_stage
from scopeacq.engine.rig import Rig
from scopeacq.journal.records import PlaneKey, TileRegistered
from scopeacq.plan.geometry import Affine, Point, Tile, rotation, shaped
from scopeacq.plan.scan_law import scan_law
from scopeacq.storage.storage import StorageError
from scopeacq.vision.registration import Displacement, RegistrationRefused, View, displacement

BINNING = 2
"""Focus images are blurred by 40 nm and more: every second pixel tells all there is."""
HAIR_PX = 1e-3
"""Pixel sizes are found from affines, whose numbers are rounded."""


def find_tile(rig: Rig, key: PlaneKey, tile: Tile, frames: Sequence[Frame]) -> None:
    """Journal where the tile lies, if it has a last slice and its focus images show it."""
    last = _last_slice(rig, key, tile)
    if last is None or not frames:
        return
    back = section_correction(rig, tile.section).inverse()
    place = wafer_to_stage(rig)
    views = [View.of(frame, place, field_shift_um(rig, frame)).moved(back) for frame in frames]
    try:
        seen = [_seen(rig, view, last, tile.centre_um) for view in views]
        rig.record(_mean(key, seen))
    except RegistrationRefused as refused:
        rig.record(TileRegistered(key, 0.0, 0.0, 0.0, str(refused)))


def _last_slice(rig: Rig, key: PlaneKey, tile: Tile) -> View | None:
    """The tile's last slice, believed to lie exactly in its place."""
    try:
        image = rig.store.read(PlaneKey(key.cycle - 1, key.section, key.tile))
    except StorageError:
        return None
    pixel_um = rig.plan.imaging(key.section).pixel_size_nm * 1e-3
    return View(image, _in_place(image, tile, pixel_um, scan_law(rig.plan.instrument).shape))


def _in_place(image: Image, tile: Tile, pixel_um: float, shape: PixelShape) -> Affine:
    linear = rotation(tile.rotation_deg) @ shaped(shape) @ np.diag([pixel_um, -pixel_um])
    middle = np.array([(image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2])
    return np.column_stack([linear, np.asarray(tile.centre_um) - linear @ middle])


def _seen(rig: Rig, view: View, last: View, at_um: Point) -> Displacement:
    settings = rig.plan.project.registration
    near = settings.model_copy(update={"max_shift_um": settings.tile_max_shift_um})
    pixel_nm = max(BINNING * view.pixel_size_nm, last.pixel_size_nm)
    return displacement(_binned(view, pixel_nm), _binned(last, pixel_nm), at_um, near)


def _binned(view: View, pixel_nm: float) -> View:
    """The same view in coarser pixels of this size."""
    bins = pixel_nm / view.pixel_size_nm
    rows, columns = (int(edge / bins + HAIR_PX) for edge in view.image.shape)
    whole = view.image[: int(rows * bins + HAIR_PX), : int(columns * bins + HAIR_PX)]
    image = cast(Image, cv2.resize(whole, None, fx=1 / bins, fy=1 / bins, interpolation=cv2.INTER_AREA))
    half = (bins - 1) / 2
    to_wafer = np.column_stack(
        [view.to_wafer[:, :2] * bins, view.to_wafer[:, 2] + view.to_wafer[:, :2] @ (half, half)]
    )
    return View(image, to_wafer)


def _mean(key: PlaneKey, seen: Sequence[Displacement]) -> TileRegistered:
    return TileRegistered(
        key,
        float(np.mean([s.dx_um for s in seen])),
        float(np.mean([s.dy_um for s in seen])),
        min(s.correlation for s in seen),
        "",
    )
