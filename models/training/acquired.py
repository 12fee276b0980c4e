"""Training on pairs that a microscope took, instead of simulated ones: a table and its images.

``pairs.csv`` has a row for each pair and the columns of :class:`Row`; an image is a TIFF file of two pages
beside it, the one at ``wd`` plus the perturbation first.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from models.alignment import aligned
from models.spectra import binned
from models.training.pairs import ImageBatch, ProbeOtf
from models.training.ranges import Ranges
from models.training.recipe import SeededSource, TrainingError
from models.training.textures import TextureSource

TABLE = "pairs.csv"
MOST_ROWS, MOST_TABLE_BYTES, MOST_IMAGE_BYTES = 100_000, 64 << 20, 1 << 30
LONGEST_SHIFT_PX = 48


@dataclass(frozen=True, slots=True)
class Row:
    """A pair. ``wd_um``, ``stig_x`` and ``stig_y``: optics less those in focus, as they were set.

    ``defocus_um``, ``astig_x_um`` and ``astig_y_um``: its true aberration in the image frame.
    """

    image: str
    place: int
    pixel_size_nm: float
    perturbation_um: float
    convergence_mrad: float
    dose_per_nm2: float
    wd_um: float
    stig_x: float
    stig_y: float
    defocus_um: float
    astig_x_um: float
    astig_y_um: float


COLUMNS = tuple(field.name for field in fields(Row))


def read_rows(folder: Path) -> list[Row]:
    """The table of a ground truth. Raises ``TrainingError`` where it cannot be used."""
    path = folder / TABLE
    try:
        if path.stat().st_size > MOST_TABLE_BYTES:
            raise TrainingError(f"{path} is far too large")
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(
            f"{path} cannot be read ({error}); give the folder of a ground truth"
        ) from error
    if not 1 <= len(lines) <= MOST_ROWS:
        raise TrainingError(f"{path} has {len(lines)} pairs; take some first")
    adapter = TypeAdapter(Row)
    rows = list[Row]()
    for number, line in enumerate(lines, start=2):
        try:
            rows.append(adapter.validate_python(line))
        except ValidationError as error:
            where = error.errors()[0]["loc"][-1]
            raise TrainingError(f"{path}, line {number}: {where} is missing or no such value") from error
        _check(rows[-1], path, number)
    return rows


def _check(row: Row, path: Path, number: int) -> None:
    values = [value for name in COLUMNS[2:] if isinstance(value := getattr(row, name), float)]
    positive = (row.pixel_size_nm, row.perturbation_um, row.convergence_mrad)
    if not np.isfinite(values).all() or min(positive) <= 0:
        raise TrainingError(f"{path}, line {number}: a value is not finite, or not positive")
    if row.image != Path(row.image).name or row.image in ("", ".", ".."):
        raise TrainingError(f"{path}, line {number}: images lie beside the table")


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A pair as training sees it: two aligned images (2, h, w), their mean about 1; pixels are binned."""

    images: NDArray[np.float32]
    row: Row
    pixel_nm: float
    contrast: float


def seen(folder: Path, row: Row, ranges: Ranges) -> Seen:
    """A pair from its file. Raises ``TrainingError`` where that cannot be used."""
    factor = max(1, round(ranges.nominal_pixel_nm / row.pixel_size_nm))
    one, other = (binned(page, factor) for page in _pages(folder / row.image))
    room = min(one.shape) - ranges.patch_px
    if room < 0:
        raise TrainingError(f"{row.image} is smaller than patches of {ranges.patch_px * factor} px")
    longest = min(LONGEST_SHIFT_PX, room)
    images = np.stack(aligned(one, other, (longest, longest)))
    mean = float(images.mean())
    if not mean > 0:
        raise TrainingError(f"{row.image} is black")
    images /= np.float32(mean)
    return Seen(images, row, row.pixel_size_nm * factor, float(images.std()))


def _pages(path: Path) -> NDArray[np.generic]:
    try:
        if path.stat().st_size > MOST_IMAGE_BYTES:
            raise TrainingError(f"{path} is far too large")
        with tifffile.TiffFile(path) as file:
            pages: NDArray[np.generic] = file.asarray()
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        MemoryError,
        tifffile.TiffFileError,
    ) as error:
        raise TrainingError(f"{path} cannot be read ({error})") from error
    if pages.ndim != 3 or len(pages) != 2 or pages.dtype not in (np.uint8, np.uint16):
        raise TrainingError(f"{path} is no pair of grey images of 8 or 16 bits")
    return pages


class AcquiredPairs:
    """A :class:`~models.training.recipe.SeededSource`: patches at random places of acquired pairs."""

    def __init__(self, pairs: list[Seen], ranges: Ranges, seed: int) -> None:
        self._pairs, self._ranges = pairs, ranges
        self.rng = torch.Generator().manual_seed(seed)

    def batch(self, count: int) -> ImageBatch:
        """``count`` patches."""
        picked = [self._pairs[n] for n in torch.randint(len(self._pairs), (count,), generator=self.rng)]
        rows = [pair.row for pair in picked]
        perturbation_um = _column([row.perturbation_um for row in rows])
        mrad = _column([row.convergence_mrad for row in rows])
        pixel_nm = _column([pair.pixel_nm for pair in picked])
        return ImageBatch(
            torch.stack([self._patch(pair) for pair in picked]),
            torch.tensor([[row.defocus_um, row.astig_x_um, row.astig_y_um] for row in rows]),
            mrad * perturbation_um / pixel_nm,
            perturbation_um,
            mrad,
            pixel_nm,
            _column([row.dose_per_nm2 for row in rows]),
            _column([pair.contrast for pair in picked]),
        )

    def _patch(self, pair: Seen) -> Tensor:
        edge = self._ranges.patch_px
        top, left = (
            int(torch.randint(n - edge + 1, (1,), generator=self.rng)) for n in pair.images.shape[1:]
        )
        return torch.from_numpy(pair.images[:, top : top + edge, left : left + edge])


def _column(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


@dataclass(frozen=True, slots=True)
class FromFolder:
    """Makes the data of a recipe from a ground truth: a :class:`~models.training.recipe.MakesSource`."""

    folder: Path

    def __call__(
        self, otf: ProbeOtf, textures: TextureSource, ranges: Ranges, seed: int, device: torch.device
    ) -> SeededSource:
        """Raises ``TrainingError`` where the folder cannot be used."""
        rows = read_rows(self.folder)
        return AcquiredPairs([seen(self.folder, row, ranges) for row in rows], ranges, seed)
