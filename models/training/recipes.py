"""What each network is trained on and for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks import PairSpectraNet
from models.training.blur_recipe import BLUR_RECIPE
from models.training.calibration import calibrate_pairs
from models.training.pairs import ImageBatch, Ranges, Span
from models.training.recipe import Loss, Recipe
from models.training.source_recipes import SOURCE_RECIPES

PERTURBATION_UM = 5.0


def laplace(error: Tensor, log_scale: Tensor, fraction: float) -> Tensor:
    """Laplace negative log-likelihood with half the plain error added; only that in the first 3 %.

    The plain error keeps hard places from being given up as merely uncertain.
    """
    plain = 0.5 * error.mean()
    if fraction < 0.03:
        return plain + 0.01 * log_scale.square().mean()
    return plain + (error * torch.exp(-log_scale) + log_scale).mean()


def _pair_loss(network: nn.Module, batch: ImageBatch, fraction: float) -> Loss:
    mean, log_scale = network(batch.images, batch.blur_px)
    error = (mean - batch.aberration_um / PERTURBATION_UM).abs()
    return Loss(laplace(error, log_scale, fraction), PERTURBATION_UM * error[:, 0].detach().mean())


_OURS = (
    Recipe(
        "deepfocus",
        "the aberration of an image pair, from its power spectra",
        PairSpectraNet.architecture,
        PairSpectraNet,
        Ranges(
            PairSpectraNet.patch_px,
            (PERTURBATION_UM, -PERTURBATION_UM),
            nominal_pixel_nm=20.0,
            pixel_nm=Span(14.0, 29.0, True),
            binned=2,
        ),
        texture_px=192,
        loss=_pair_loss,
        calibrate=calibrate_pairs,
    ),
    BLUR_RECIPE,
)

RECIPES = {recipe.name: recipe for recipe in _OURS} | SOURCE_RECIPES
"""All that can be trained, by name."""
