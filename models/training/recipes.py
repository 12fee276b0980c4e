"""What each network is trained on and for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks import ImageSpectraNet, PairSpectraNet
from models.spectra import tiles
from models.training.calibration import calibrate_pairs, calibrate_score
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


def _blur_loss(network: nn.Module, batch: ImageBatch, fraction: float) -> Loss:
    mean, log_scale = network(tiles(batch.images, ImageSpectraNet.patch_px)[:, 0])
    blur_um = torch.linalg.vector_norm(batch.aberration_um, dim=1)
    error = (mean - torch.log1p(blur_um)).abs()
    error_um = (torch.expm1(mean.detach()) - blur_um).abs().mean()
    return Loss(laplace(error, log_scale, fraction), error_um)


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
    Recipe(
        "deepscore",
        "how blurred one image is, from its power spectrum",
        ImageSpectraNet.architecture,
        ImageSpectraNet,
        Ranges(
            2 * ImageSpectraNet.patch_px,
            (0.0,),
            nominal_pixel_nm=10.0,
            pixel_nm=Span(8.0, 12.5, True),
            binned=1,
            defocus_um=12.0,
            astig_um=8.0,
            near=0.75,
            floor_nm=Span(3.5, 6.0),
            odd_pixels=0.0,
            shift_px=0.0,
        ),
        texture_px=400,
        loss=_blur_loss,
        batch=24,
        bank=300,
        calibrate=calibrate_score,
    ),
)

RECIPES = {recipe.name: recipe for recipe in _OURS} | SOURCE_RECIPES
"""All that can be trained, by name."""
