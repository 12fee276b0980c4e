"""Pictures as microscopes and cameras leave them, and how large their pixels are, where a file says so.

TIFF (OME, ImageJ and the headers of electron microscopes say it), PNG, JPEG; CZI when ``pylibCZIrw`` is
installed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from hardware.vendor_tiff import FrameMetadata, frame_metadata
from scopeacq.storage.pyramid_tiff import (
    Pixels,
    UnreadablePicture,
    read_picture,
    require_copiable,
    squeezed,
    unreadable,
)

READABLE = ("*.tif", "*.tiff", "*.png", "*.jpg", "*.jpeg", "*.czi")

SQUARE_WITHIN = 0.01
"""Edges of a pixel that differ by more are no square."""
_UM = {
    "nm": 1e-3,
    "um": 1.0,
    "\N{MICRO SIGN}m": 1.0,
    "\N{GREEK SMALL LETTER MU}m": 1.0,
    "\\u00b5m": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "mm": 1e3,
    "cm": 1e4,
    "m": 1e6,
}
"""Units of length that files name, in um. Others, as pixels and inches, say nothing of a wafer."""
_CZI_CHANNELS = {"Gray8": 1, "Gray16": 1, "Bgr24": 3, "Bgr48": 3}


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """``pixels``: shape (y, x) or (y, x, 3). ``pixel_um``: the edge of one, None where nothing is said."""

    pixels: Pixels
    pixel_um: float | None


def read_source(path: Path) -> SourcePicture:
    """Raises ``UnreadablePicture``."""
    match path.suffix.lower():
        case ".czi":
            return _read_czi(path)
        case ".tif" | ".tiff":
            pixels = read_picture(path)
            with unreadable(), tifffile.TiffFile(path) as file:
                return SourcePicture(pixels, _square_um(_tiff_edges_um(file)))
        case _:
            return SourcePicture(read_picture(path), None)


def _square_um(edges_um: tuple[float, float] | None) -> float | None:
    """The edge of a square pixel; None where nothing is said, or nothing that a length can be."""
    if edges_um is None or not all(math.isfinite(edge) and edge > 0 for edge in edges_um):
        return None
    x, y = edges_um
    if abs(x - y) > SQUARE_WITHIN * max(x, y):
        raise UnreadablePicture(f"its pixels are no squares but {x:g} x {y:g} um; save it with square ones")
    return math.sqrt(x * y)


def _tiff_edges_um(file: tifffile.TiffFile) -> tuple[float, float] | None:
    if file.ome_metadata:
        return _ome_edges_um(file.ome_metadata)
    if file.imagej_metadata:
        return _imagej_edges_um(file.pages.first, str(file.imagej_metadata.get("unit", "")))
    return _microscope_edges_um(file)


def _microscope_edges_um(file: tifffile.TiffFile) -> tuple[float, float] | None:
    match frame_metadata(file):
        case FrameMetadata(pixel_width_nm=float(width_nm), pixel_height_nm=float(height_nm)):
            return width_nm * 1e-3, height_nm * 1e-3
        case _:
            return None


def _ome_edges_um(xml: str) -> tuple[float, float] | None:
    """The schema of OME: ``PhysicalSizeX``, in micrometres unless ``PhysicalSizeXUnit`` says otherwise."""
    match tifffile.xml2dict(xml):
        case {"OME": {"Image": {"Pixels": dict(told)}}} | {"OME": {"Image": [{"Pixels": dict(told)}, *_]}}:
            units = [_UM.get(str(told.get(f"PhysicalSize{axis}Unit", "um")), math.nan) for axis in "XY"]
            x, y = (float(told.get(f"PhysicalSize{axis}", math.nan)) for axis in "XY")
            return x * units[0], y * units[1]
        case _:
            return None


def _imagej_edges_um(page: tifffile.TiffPage, unit: str) -> tuple[float, float] | None:
    """Pixels per unit stand in the resolution tags."""
    if unit.lower() not in _UM:
        return None
    (x, per_x), (y, per_y) = (page.tags[f"{axis}Resolution"].value for axis in "XY")
    um = _UM[unit.lower()]
    return um * per_x / x, um * per_y / y


def _read_czi(path: Path) -> SourcePicture:
    try:
        from pylibCZIrw import czi
    except ImportError:
        raise UnreadablePicture(
            "CZI is read by pylibCZIrw, which is missing; install scopeacq[czi] or save the picture as TIFF"
        ) from None
    with unreadable(), czi.open_czi(str(path)) as file:
        _require_one_plane(file.total_bounding_box)
        kind = file.pixel_types.get(0)
        if kind not in _CZI_CHANNELS:
            raise UnreadablePicture("the picture is neither grey nor colour of 8 or 16 bit")
        box = file.total_bounding_rectangle
        bytes_per_pixel = _CZI_CHANNELS[kind] * (2 if kind in ("Gray16", "Bgr48") else 1)
        require_copiable(box.w * box.h * bytes_per_pixel)
        pixels = file.read(plane={"C": 0})
        if pixels.shape[2] == 3:
            pixels = pixels[..., ::-1]
        return SourcePicture(
            squeezed(np.ascontiguousarray(pixels)), _square_um(_czi_edges_um(file.metadata))
        )


def _require_one_plane(bounds: dict[str, tuple[int, int]]) -> None:
    planes = math.prod(end - begin for axis, (begin, end) in bounds.items() if axis not in ("X", "Y"))
    if planes != 1:
        raise UnreadablePicture(f"the file is a stack of {planes} pictures; save one of them")


def _czi_edges_um(metadata: dict[str, Any]) -> tuple[float, float] | None:
    """Distances stand in metres, whatever unit they are shown in."""
    edges = dict(_czi_distances(metadata))
    return (1e6 * edges["X"], 1e6 * edges["Y"]) if {"X", "Y"} <= set(edges) else None


def _czi_distances(metadata: dict[str, Any]) -> Iterator[tuple[str, float]]:
    match metadata:
        case {"ImageDocument": {"Metadata": {"Scaling": {"Items": {"Distance": [*distances]}}}}}:
            for distance in distances:
                yield str(distance["@Id"]), float(distance["Value"])
        case _:
            return
