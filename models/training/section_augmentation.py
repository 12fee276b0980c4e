"""The augmentations of Schubert 2022, section 2.2, on greys from -0.5 to 0.5 and their labels together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as nnf
from torch import Tensor

from models.training.section_labels import Label

SMALLEST_GAMMA = 0.05


@dataclass(frozen=True, slots=True)
class SectionBatch:
    """``greys`` (n, 1, y, x) float32 from -0.5 to 0.5; ``labels`` (n, y, x) uint8 of ``Label``."""

    greys: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class SectionAugmentation:
    """Random changes, each made to a share of the places; the numbers are the source's.

    ``shift`` relative to the edge and ``scale`` to the size, evenly up to so much either way; rotations are
    of any angle. Elastic shifts [px] are white noise smoothed by ``elastic_sd_px``, ``elastic_px`` times as
    large. Gamma, contrast (centred on 1) and brightness (on 0) are normal; each change of grey has the same
    ``probability``.
    """

    moved: float = 0.95
    shift: float = 0.0625
    scale: float = 0.2
    flipped: float = 0.5
    elastic: float = 0.5
    elastic_sd_px: float = 2.0
    elastic_px: float = 5.0
    probability: float = 0.75
    noise_sd: float = 0.1
    gamma_sd: float = 0.25
    contrast_sd: float = 0.25
    brightness_sd: float = 0.25

    def __call__(self, batch: SectionBatch) -> SectionBatch:
        """Draws from torch's own generator."""
        return self.grey_changed(self.displaced(batch))

    def displaced(self, batch: SectionBatch) -> SectionBatch:
        """Moved, turned, scaled, flipped and bent; greys by cubic interpolation, mirrored at the border."""
        greys = batch.greys
        grid = nnf.affine_grid(self._affines(greys), list(greys.shape), align_corners=False)
        grid = grid + self._elastic_shifts(greys)
        moved = nnf.grid_sample(greys, grid, "bicubic", "reflection", align_corners=False)
        labels = batch.labels[:, None].float()
        # labels are not mirrored: what lies beyond the picture is not known
        beyond = labels - Label.IGNORE
        found = nnf.grid_sample(beyond, grid, "nearest", "zeros", align_corners=False) + Label.IGNORE
        return SectionBatch(moved.clamp(-0.5, 0.5), found[:, 0].round().to(torch.uint8))

    def _affines(self, like: Tensor) -> Tensor:
        """From places of the new picture to those of the old one, (n, 2, 3)."""
        n = len(like)
        angle = math.pi * _evenly(like, n)
        zoom = 1 + self.scale * _evenly(like, n)
        c, s = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        shift = 2 * self.shift * _evenly(like, n, 2)
        turned = torch.stack([torch.stack([c, -s, shift[:, 0]], 1), torch.stack([s, c, shift[:, 1]], 1)], 1)
        still = torch.eye(2, 3, device=like.device).expand(n, 2, 3)
        affines = torch.where(_chosen(like, self.moved).view(n, 1, 1), turned, still)
        flips = 1 - 2 * torch.stack([_chosen(like, self.flipped) for _ in range(2)], 1).float()
        return affines * flips[:, :, None]

    def _elastic_shifts(self, like: Tensor) -> Tensor:
        """(n, y, x, 2) in the units of a sampling grid, after Simard et al. 2003."""
        n, _, height, width = like.shape
        reach = math.ceil(3 * self.elastic_sd_px)
        x = torch.arange(-reach, reach + 1, device=like.device)
        bell = torch.exp(-0.5 * (x / self.elastic_sd_px) ** 2)
        bell = (bell / bell.sum()).view(1, 1, 1, -1)
        noise = _evenly(like, 2 * n, 1, height, width)
        smooth = nnf.conv2d(nnf.conv2d(noise, bell, padding="same"), bell.mT, padding="same")
        px = torch.tensor([2 / width, 2 / height], device=like.device)
        bent = _chosen(like, self.elastic).view(n, 1, 1, 1)
        return self.elastic_px * bent * smooth.view(n, 2, height, width).movedim(1, 3) * px

    def grey_changed(self, batch: SectionBatch) -> SectionBatch:
        """With noise, another gamma, contrast and brightness."""
        grey = batch.greys
        grey = self._some(grey, grey + self.noise_sd * torch.randn_like(grey))
        gamma = (1 + self.gamma_sd * _normal(grey)).clamp_min(SMALLEST_GAMMA)
        low, high = (f(grey, (1, 2, 3), keepdim=True) for f in (torch.amin, torch.amax))
        extent = (high - low).clamp_min(1e-6)
        grey = self._some(grey, low + extent * ((grey - low) / extent) ** gamma)
        mean = grey.mean((1, 2, 3), keepdim=True)
        contrast, brightness = 1 + self.contrast_sd * _normal(grey), self.brightness_sd * _normal(grey)
        return replace(batch, greys=self._some(grey, contrast * (grey - mean) + mean + brightness))

    def _some(self, before: Tensor, after: Tensor) -> Tensor:
        return torch.where(_chosen(before, self.probability).view(-1, 1, 1, 1), after, before)


def _chosen(like: Tensor, share: float) -> Tensor:
    """Whether each of the places is changed, (n,)."""
    return torch.rand(len(like), device=like.device) < share


def _evenly(like: Tensor, *shape: int) -> Tensor:
    """Numbers from -1 to 1."""
    return 2 * torch.rand(shape, device=like.device) - 1


def _normal(like: Tensor) -> Tensor:
    """Normal numbers, one per place."""
    return torch.randn(len(like), 1, 1, 1, device=like.device)
