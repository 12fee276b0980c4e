"""Pictures for the report: chosen tiles through the cycles, and the worst scans at full resolution."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from hardware.types import Image
from scopeacq.journal.records import PlaneKey
from scopeacq.journal.thinned import evenly
from scopeacq.storage.storage import ImageStore, StorageError
from scopeacq.telling.report_data import WorstPlane

SECTIONS, CYCLES = 8, 8
"""Rows and columns of the contact sheet."""
THUMBNAIL_PX = 224
CROP_PX = 256
JPEG_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a data URI, with its caption."""

    uri: str
    caption: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first tile of one section through the cycles."""

    section: str
    pictures: tuple[Picture, ...]


def contact_sheets(store: ImageStore, sections: Sequence[str], cycles: int) -> list[Sheet]:
    """Pictures of some sections in some cycles, evenly chosen; planes that are absent are left out."""
    sheets = []
    for section in evenly(list(sections), SECTIONS):
        pictures = [_thumbnail(store, PlaneKey(c, section, 0)) for c in evenly(list(range(cycles)), CYCLES)]
        if present := tuple(p for p in pictures if p is not None):
            sheets.append(Sheet(section, present))
    return sheets


def _thumbnail(store: ImageStore, key: PlaneKey) -> Picture | None:
    try:
        return Picture(_jpeg(smaller(store.read(key), THUMBNAIL_PX)), f"cycle {key.cycle + 1}")
    except StorageError:
        return None


def smaller(image: Image, edge_px: int) -> Image:
    """An image with at most ``edge_px`` along its longer edge; never enlarged."""
    scale = min(edge_px / max(image.shape), 1.0)
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    return cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def worst_crops(store: ImageStore, planes: Sequence[WorstPlane]) -> list[Picture]:
    """The middle of the given scans at full resolution, the worst first."""
    pictures = []
    for plane in sorted(planes, reverse=True):
        try:
            image = store.read_take(plane.key, plane.take)
        except StorageError:
            continue
        key = plane.key
        caption = (
            f"{key.section}, cycle {key.cycle + 1}, tile {key.tile + 1}, take {plane.take + 1}: "
            f"{plane.score_um:.2f} \u00b5m, {plane.verdict.value}"
        )
        pictures.append(Picture(_jpeg(_middle(image)), caption))
    return pictures


def _middle(image: Image) -> Image:
    rows, columns = (max((n - CROP_PX) // 2, 0) for n in image.shape)
    return image[rows : rows + CROP_PX, columns : columns + CROP_PX]


def _stretched(image: Image) -> Image:
    """Grey values between the 0.5th and 99.5th percentile spread over 8 bits."""
    low, high = np.percentile(image, (0.5, 99.5))
    grey = np.clip((image.astype(np.float32) - low) * (255 / max(high - low, 1)), 0, 255)
    return np.asarray(grey, np.uint8)


def _jpeg(image: Image) -> str:
    """A picture, stretched, as a data URI."""
    _, data = cv2.imencode(".jpg", _stretched(image), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
