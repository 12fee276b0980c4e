"""Images seen more than once: making one takes longer than learning from it."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import fields, replace

import torch

from models.training.pairs import ImageBatch
from models.training.recipe import SeededSource

FRESH_SHARE = 1 / 3
KEPT_BATCHES = 400


class Replayed:
    """A source of images, a third of each batch fresh, the rest picked from those of late.

    Args:
        source: where fresh images come from.
        seed: of what is picked.
    """

    def __init__(self, source: SeededSource, seed: int) -> None:
        self._source = source
        self._picks = random.Random(seed)
        self._kept: deque[ImageBatch] = deque(maxlen=KEPT_BATCHES)
        self.rng = source.rng

    def batch(self, count: int) -> ImageBatch:
        """``count`` places; fewer while there are none to pick from."""
        fresh = self._source.batch(max(1, round(FRESH_SHARE * count)))
        times = min(len(self._kept), round(1 / FRESH_SHARE) - 1)
        picked = self._picks.sample(list(self._kept), times)
        self._kept.append(replace(fresh, images=fresh.images.half()))
        return _joined([fresh, *picked])


def _joined(parts: list[ImageBatch]) -> ImageBatch:
    columns = ([getattr(part, field.name).float() for part in parts] for field in fields(ImageBatch))
    return ImageBatch(*(torch.cat(column) for column in columns))
