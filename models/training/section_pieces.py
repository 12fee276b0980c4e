"""Pieces of an operator's own wafer to learn from, around the sections that are outlined."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.polygons import Polygon
from models.section_network import SectionUNet
from models.sections import as_greys
from models.training.section_augmentation import SectionBatch
from models.training.section_labels import RIM_PX, Label, Labels, sparse_labels
from models.training.section_recipes import iou

PATCH_PX = 128
SHIFT = 0.3
"""How far a section lies from the middle of its piece at most, relative to the edge of that."""
ELSEWHERE = 1 / 3
"""The share of pieces from anywhere on the wafer."""
NEAR_PX = 3
"""So near to an outline everything but its inside is background, whatever it looks like."""


class OwnWafer:
    """Labelled pieces of one picture around its outlined sections; some sections only judge."""

    def __init__(
        self,
        picture: NDArray[np.uint8],
        labels: Labels,
        sections: Sequence[Polygon],
        judged: Sequence[Polygon],
        rng: torch.Generator,
    ) -> None:
        pad = PATCH_PX
        self._picture = np.pad(picture, pad, mode="symmetric")
        self._labels = np.pad(labels, pad, constant_values=Label.IGNORE)
        self._judged_labels = self._labels.copy()
        self._rng = rng
        self._centres = [outline.mean(0) + pad for outline in sections]
        self._judged_centres = [outline.mean(0) + pad for outline in judged]
        for outline in judged:
            self._hide(outline + pad)

    def _hide(self, outline: Polygon) -> None:
        """Let a section and its rim be judged, and not trained on."""
        low, high = outline.min(0).astype(int) - RIM_PX, outline.max(0).astype(int) + RIM_PX + 2
        self._labels[low[1] : high[1], low[0] : high[0]] = Label.IGNORE

    def batch(self, count: int) -> SectionBatch:
        """Pieces that hold an outlined section somewhere, and some from elsewhere."""
        chosen = torch.randint(len(self._centres), (count,), generator=self._rng).tolist()
        shifts = (torch.rand((count, 2), generator=self._rng) - 0.5).numpy() * 2 * SHIFT * PATCH_PX
        near = np.stack([self._centres[k] for k in chosen]) + shifts
        size = np.array(self._labels.shape[::-1]) - 2 * PATCH_PX
        anywhere = torch.rand((count, 2), generator=self._rng).numpy() * size + PATCH_PX
        elsewhere = torch.rand((count, 1), generator=self._rng).numpy() < ELSEWHERE
        return self._cut(self._labels, list(np.where(elsewhere, anywhere, near)))

    def judged(self, network: SectionUNet) -> float:
        batch = self._cut(self._judged_labels, self._judged_centres)
        middle = slice(PATCH_PX // 4, -PATCH_PX // 4)
        found = torch.cat([network(greys).argmax(1) for greys in torch.split(batch.greys, 4)])
        return iou(found[:, middle, middle], batch.labels.long()[:, middle, middle])

    def _cut(self, labels: Labels, centres: Sequence[Polygon]) -> SectionBatch:
        greys: list[Tensor] = []
        found: list[Tensor] = []
        for x, y in centres:
            top, left = (
                int(np.clip(round(c) - PATCH_PX // 2, 0, n - PATCH_PX))
                for c, n in zip((y, x), labels.shape, strict=True)
            )
            window = slice(top, top + PATCH_PX), slice(left, left + PATCH_PX)
            greys.append(as_greys(self._picture[window]))
            found.append(torch.from_numpy(labels[window].copy()))
        return SectionBatch(torch.stack(greys)[:, None], torch.stack(found))


def tuning_labels(
    doubtful: NDArray[np.bool_], sections: Sequence[Polygon], background: Sequence[Polygon]
) -> Labels:
    """Sparse labels, whose rim leaves out what may be a section that nobody has outlined."""
    labels = sparse_labels(doubtful.shape, sections)
    outlined = (labels == Label.SECTION) | (labels == Label.SEAM)
    near = cv2.dilate(outlined.astype(np.uint8), np.ones((2 * NEAR_PX + 1,) * 2, np.uint8)) > 0
    labels[doubtful & ~near] = Label.IGNORE
    said = sparse_labels(doubtful.shape, (), background)
    labels[(said == Label.BACKGROUND) & ~outlined] = Label.BACKGROUND
    return labels
