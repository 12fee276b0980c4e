"""The augmentations of Schubert 2022, section 3.2, on the greys that its networks see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.source_focus import as_grey
from models.training.pairs import ImageBatch

MEAN_GREY = 143.0
"""Grey (of 255) of a simulated image's mean, that of the twin's tissue."""

SMALLEST_GAMMA = 0.05


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of greys from -1 to 1, each made to a share ``probability`` of the places.

    Noise is drawn per pixel; gamma (centred on 1), contrast (on 1) and brightness (on 0) once per
    place, alike for its images. The source gives no probability for the last two.
    """

    noise_sd: float = 0.2
    gamma_sd: float = 0.25
    contrast_sd: float = 0.25
    brightness_sd: float = 0.25
    probability: float = 0.75

    def __call__(self, batch: ImageBatch) -> ImageBatch:
        """The batch with its images, of mean 1, turned into greys and changed.

        Draws from torch's own generator.
        """
        grey = greyed(batch).images
        grey = torch.where(self._chosen(grey), grey + self.noise_sd * torch.randn_like(grey), grey)
        grey = torch.where(self._chosen(grey), self._gamma(grey), grey)
        grey = torch.where(self._chosen(grey), self._brightness(grey), grey)
        return replace(batch, images=grey)

    def _chosen(self, grey: Tensor) -> Tensor:
        return torch.rand(len(grey), 1, 1, 1, device=grey.device) < self.probability

    def _gamma(self, grey: Tensor) -> Tensor:
        """A power of the greys, which are brought to 0..1 for it and back."""
        low, high = (f(grey, (1, 2, 3), keepdim=True) for f in (torch.amin, torch.amax))
        extent = (high - low).clamp_min(1e-6)
        gamma = (1 + self.gamma_sd * _normal(grey)).clamp_min(SMALLEST_GAMMA)
        return low + extent * ((grey - low) / extent) ** gamma

    def _brightness(self, grey: Tensor) -> Tensor:
        mean = grey.mean((1, 2, 3), keepdim=True)
        contrast = 1 + self.contrast_sd * _normal(grey)
        return contrast * (grey - mean) + mean + self.brightness_sd * _normal(grey)


def greyed(batch: ImageBatch) -> ImageBatch:
    """The batch with its images, of mean 1, as the source's networks see them, from -1 to 1."""
    return replace(batch, images=as_grey((MEAN_GREY * batch.images).clamp(0.0, 255.0)))


def _normal(like: Tensor) -> Tensor:
    """Normal numbers, one per place."""
    return torch.randn(len(like), 1, 1, 1, device=like.device)
