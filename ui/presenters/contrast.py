"""Grey values as they are shown: between two limits, or as the difference of two slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.types import Image

BINS = 128
SAMPLE_PX = 40_000
"""Pixels of a block that are counted at most."""
EQUAL = 128
"""The grey of a difference of nothing."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Grey values that are shown as black and as white."""

    low: float = 0.0
    high: float = 255.0

    def widened(self) -> Contrast:
        """The same with white above black."""
        return self if self.high > self.low else Contrast(self.low, self.low + 1)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of grey values between 0 and ``top``."""

    counts: tuple[int, ...]
    top: float


def as_shown(pixels: Image, contrast: Contrast) -> NDArray[np.uint8]:
    """Grey values of the screen; shape as ``pixels``."""
    limits = contrast.widened()
    values = np.arange(np.iinfo(pixels.dtype).max + 1, dtype=np.float32)
    table = np.clip((values - limits.low) * (255 / (limits.high - limits.low)), 0, 255).astype(np.uint8)
    shown: NDArray[np.uint8] = table[pixels]
    return shown


def difference_as_shown(pixels: Image, before: Image, contrast: Contrast) -> NDArray[np.uint8]:
    """How a slice differs from another: grey where equal, brighter where it is brighter."""
    limits = contrast.widened()
    signed = pixels.astype(np.float32) - before
    grey = signed * (127 / (limits.high - limits.low)) + EQUAL
    shown: NDArray[np.uint8] = np.clip(grey, 0, 255).astype(np.uint8)
    return shown


def fitting(blocks: Sequence[Image]) -> Contrast | None:
    """Limits at the 0.5th and 99.5th percentile of some blocks; None for none."""
    if not blocks:
        return None
    low, high = np.percentile(np.concatenate([_sampled(block) for block in blocks]), (0.5, 99.5))
    return Contrast(float(low), float(high)).widened()


def histogram_of(blocks: Sequence[Image]) -> Histogram | None:
    """How often each grey value comes in some blocks; None for none."""
    if not blocks:
        return None
    top = float(np.iinfo(blocks[0].dtype).max)
    counts, _ = np.histogram(np.concatenate([_sampled(block) for block in blocks]), BINS, (0, top))
    return Histogram(tuple(int(n) for n in counts), top)


def _sampled(block: Image) -> Image:
    step = max(int(np.sqrt(block.size / SAMPLE_PX)), 1)
    sampled: Image = block[::step, ::step].ravel()
    return sampled
