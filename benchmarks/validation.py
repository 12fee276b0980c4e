"""Textures to set limits on: neither those that networks are judged on, nor those they were trained on.

Procedural ones of seeds that no training reaches, several side by side, and real images of spinal cord
where these lie beside the repository, shrunk until their pixels are sharp.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.focus.machine import Floats
from benchmarks.focus.textures import SPINAL_CORD
from benchmarks.held_out import Kind
from models.training.textures import random_texture

FIRST_SEED = 1 << 40
PIECE_PX = 512
SHRUNK = (
    ("sub-rat1_sample-data1_SEM", 2),
    ("sub-rat5_sample-data14_SEM", 2),
    ("sub-rat7_sample-Maxo03img60_SEM", 4),
)


@dataclass(frozen=True)
class Pieces:
    """Procedural textures of the training's kinds, ``rows`` x ``columns`` of them side by side."""

    rows: int
    columns: int

    @property
    def name(self) -> str:
        return f"{self.rows * self.columns} procedural textures"

    def tile(self, rng: np.random.Generator) -> Floats:
        """See :meth:`benchmarks.held_out.Kind.tile`."""
        seeds = FIRST_SEED + rng.integers(1 << 20, size=(self.rows, self.columns))
        shape = 1024 // self.rows, 1280 // self.columns
        edge = max(PIECE_PX, *shape)
        pieces = [[_texture(edge, int(seed))[: shape[0], : shape[1]] for seed in row] for row in seeds]
        return np.asarray(np.block(pieces), np.float32)


def _texture(edge_px: int, seed: int) -> Floats:
    return np.asarray(random_texture(edge_px, torch.Generator().manual_seed(seed)).numpy(), np.float32)


@dataclass(frozen=True)
class Shrunk:
    """A real image, ``factor`` x ``factor`` pixels of it one of 10 nm, made periodic by mirrors."""

    path: Path
    factor: int

    @property
    def name(self) -> str:
        return self.path.stem

    def tile(self, rng: np.random.Generator) -> Floats:
        """See :meth:`benchmarks.held_out.Kind.tile`; each time another part of it lies in the middle."""
        image = cv2.imread(str(self.path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise OSError(f"{self.path} cannot be read as an image")
        size = (image.shape[1] // self.factor, image.shape[0] // self.factor)
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        mirrored = np.block([[small, small[:, ::-1]], [small[::-1], small[::-1, ::-1]]])
        moved = np.roll(mirrored, rng.integers(mirrored.shape), axis=(0, 1))
        return np.asarray((moved - moved.mean()) / moved.std(), np.float32)


def validation_kinds() -> Iterator[Kind]:
    """All that there are."""
    yield from (Pieces(1, 1), Pieces(1, 2), Pieces(2, 2), Pieces(2, 4))
    for stem, factor in SHRUNK:
        path = SPINAL_CORD / f"{stem}.png"
        if path.exists():
            yield Shrunk(path, factor)
