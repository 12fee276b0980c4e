"""Reads the TIFF stack that serves as a specimen, and refuses what cannot serve."""

from __future__ import annotations

import logging
import math
import struct
import zlib
from logging.handlers import BufferingHandler
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

MAX_VOXELS = 2**28  # 1 GiB as float32
MIN_EDGE_PX = 32
# what tifffile and its decoders raise on damaged files
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    RuntimeError,
    struct.error,
    zlib.error,
)


class BadSpecimen(ValueError):
    """A file that cannot serve as a specimen; one sentence says why and what to do."""


def read_volume(path: Path) -> NDArray[np.number]:
    """A greyscale TIFF image or stack as (slices, rows, columns), in the file's dtype.

    Raises :class:`BadSpecimen` when the file cannot serve.
    """
    complaints = BufferingHandler(capacity=1000)
    logging.getLogger("tifffile").addHandler(complaints)
    try:
        with tifffile.TiffFile(path) as file:
            volume = _read_series(path, file)
    except BadSpecimen:
        raise
    except FileNotFoundError as error:
        raise BadSpecimen(f"Specimen {path} does not exist: check the path.") from error
    except IsADirectoryError as error:
        raise BadSpecimen(f"Specimen {path} is a folder: name a TIFF file.") from error
    except _UNREADABLE as error:
        raise BadSpecimen(
            f"Specimen {path} is not a readable TIFF file ({error}): export it anew."
        ) from error
    finally:
        logging.getLogger("tifffile").removeHandler(complaints)
    # tifffile only logs a broken chain of pages, and gives the pages before the break
    if any("invalid page offset" in record.getMessage() for record in complaints.buffer):
        raise BadSpecimen(f"Specimen {path} is truncated: copy it anew.")
    if not 0 < volume.std(dtype=np.float64) < math.inf:
        raise BadSpecimen(f"Specimen {path} has no texture or numbers that are not finite: choose another.")
    return volume.reshape(-1, *volume.shape[-2:])


def _read_series(path: Path, file: tifffile.TiffFile) -> NDArray[np.number]:
    """The first image series, refused from its header where it cannot serve."""
    if not file.series:
        raise BadSpecimen(f"Specimen {path} holds no image: choose another TIFF file.")
    series = file.series[0]
    if series.keyframe.samplesperpixel != 1 or series.dtype is None or series.dtype.kind not in "uif":
        raise BadSpecimen(f"Specimen {path} is not greyscale: convert it to 8 or 16 bit grey.")
    if len(series.shape) > 3 and math.prod(series.shape[:-3]) != 1:
        raise BadSpecimen(f"Specimen {path} has the shape {series.shape}: save one stack of z, y, x.")
    if len(series.shape) < 2 or min(series.shape[-2:]) < MIN_EDGE_PX:
        raise BadSpecimen(f"Specimen {path} is smaller than {MIN_EDGE_PX} px: choose larger images.")
    if math.prod(series.shape) > MAX_VOXELS:
        raise BadSpecimen(f"Specimen {path} has more than {MAX_VOXELS} voxels: crop or bin it.")
    return series.asarray()
