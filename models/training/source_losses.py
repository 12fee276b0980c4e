"""What the networks of Schubert 2022, section 3.2, are to answer, and its losses."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from models.source_focus import ABERRATION_PER_CORRECTION, UM_PER_UNIT
from models.source_networks import PairNetwork, weighted_mean
from models.training.pairs import ImageBatch
from models.training.recipe import Loss

PATCHES = 5  # per image pair when patches are scored
ALPHA = 0.25


def correction_of(batch: ImageBatch) -> Tensor:
    """What the source's networks are to answer, (n, 3) in um and stigmator units."""
    return batch.aberration_um / batch.aberration_um.new_tensor(ABERRATION_PER_CORRECTION)


def aberration_of(correction: Tensor) -> Tensor:
    """The aberrations [um] that corrections (n, 3) cancel."""
    return correction * correction.new_tensor(ABERRATION_PER_CORRECTION)


def random_patches(images: Tensor, count: int, edge: int) -> Tensor:
    """Patches (n, count, m, edge, edge) at random places of images (n, m, h, w), alike for the m images.

    Draws from torch's own generator.
    """
    n, _, height, width = images.shape
    tops = torch.randint(height - edge + 1, (n, count)).tolist()
    lefts = torch.randint(width - edge + 1, (n, count)).tolist()
    cut = [
        torch.stack([image[:, y : y + edge, x : x + edge] for y, x in zip(ys, xs, strict=True)])
        for image, ys, xs in zip(images, tops, lefts, strict=True)
    ]
    return torch.stack(cut)


def scalar_loss(network: nn.Module, batch: ImageBatch, fraction: float) -> Loss:
    """L1 between corrections and targets, um and stigmator units alike."""
    error = (network(batch.images) - correction_of(batch)).abs()
    return Loss(error.mean(), error[:, 0].detach().mean())


def patch_score_loss(network: nn.Module, batch: ImageBatch, fraction: float) -> Loss:
    """The scored loss of five random patches of each place."""
    edge = cast(PairNetwork, network).patch_px
    patches = random_patches(batch.images, PATCHES, edge)
    answers = network(patches.flatten(0, 1)).unflatten(0, (-1, PATCHES))
    return scored_loss(answers, correction_of(batch))


def pixel_score_loss(network: nn.Module, batch: ImageBatch, fraction: float) -> Loss:
    """The scored loss of all pixels."""
    return scored_loss(network(batch.images), correction_of(batch))


def scored_loss(answers: Tensor, target: Tensor) -> Loss:
    """(1 - alpha) L1 of the weighted mean + L1 of the single answers (Schubert 2022, eq. 3.1).

    Args:
        answers: corrections and score, (n, k, 4).
        target: (n, 3).
    """
    of_mean = (weighted_mean(answers) - target).abs()
    of_each = (answers[..., :3] - target[:, None]).abs()
    return Loss((1 - ALPHA) * of_mean.mean() + of_each.mean(), of_mean[:, 0].detach().mean())


def deepscore_loss(network: nn.Module, batch: ImageBatch, fraction: float) -> Loss:
    """L1 of both scores against |wd| and |stig x| + |stig y|."""
    error = (network(batch.images[:, 0]) - sharpness_of(batch)).abs()
    return Loss(error.mean(), error[:, 0].detach().mean())


def sharpness_of(batch: ImageBatch) -> Tensor:
    """What the source's DeepScore is to answer, (n, 2): |wd| [um] and |stig x| + |stig y| [a.u.]."""
    size = batch.aberration_um.abs()
    return torch.stack([size[:, 0], (size[:, 1] + size[:, 2]) / UM_PER_UNIT], 1)
