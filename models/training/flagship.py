"""How the flagship DeepFocus network is trained."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from models.networks import PairPolarNet
from models.training.pairs import ImageBatch, ProbeOtf, Ranges, SimulatedImages, Span
from models.training.recipe import Limits, Loss, Recipe
from models.training.replay import Replayed
from models.training.textures import TextureBank, TextureSource

PERTURBATION_UM = 5.0
FREEDOM = 4.0  # degrees of freedom of Student's t: its tails forgive what no network can know
PLAIN_SHARE, LINES_SHARE = 0.5, 0.25


def student(error: Tensor, covariance: Tensor) -> Tensor:
    """Negative log-likelihood (n,) of errors (n, 3) under Student's t, constants left out."""
    distance2 = (error[:, None] @ torch.linalg.solve(covariance, error[..., None]))[:, 0, 0]
    return 0.5 * torch.logdet(covariance) + 0.5 * (FREEDOM + 3) * torch.log1p(distance2 / FREEDOM)


def pair_loss(network: nn.Module, batch: ImageBatch, fraction: float) -> Loss:
    """The likelihood makes the covariance honest.

    The plain error, and the error of each direction, keep hard places from being given up as merely
    uncertain; in the first 1 % they stand alone.
    """
    assert isinstance(network, PairPolarNet)
    target = batch.aberration_um / PERTURBATION_UM
    mean, covariance, along = network(batch.images, batch.blur_px)
    plain = (mean - target).abs()
    lines = (along - target @ network.directions.T).abs().mean()
    share = min(1.0, max(0.0, (fraction - 0.01) / 0.02))
    total = PLAIN_SHARE * plain.mean() + LINES_SHARE * lines
    total = total + share * student(mean - target, covariance).mean() / 3
    return Loss(total, PERTURBATION_UM * plain[:, 0].detach().mean())


def replayed(
    otf: ProbeOtf, textures: TextureSource, ranges: Ranges, seed: int, device: torch.device
) -> Replayed:
    return Replayed(SimulatedImages(otf, textures, ranges, seed, device), seed)


def held_out_errors(network: PairPolarNet, otf: ProbeOtf, ranges: Ranges, seed: int) -> dict[str, Any]:
    """Errors of single patches of textures that were not trained on, as entries of a card."""
    network.eval()
    textures = TextureBank(TEXTURE_PX, 100, seed + UNSEEN, renewed=0)
    with torch.inference_mode():
        batch = SimulatedImages(otf, textures, ranges, seed + UNSEEN).batch(512)
        mean, covariance, _ = network(batch.images, batch.blur_px)
    errors = (PERTURBATION_UM * mean - batch.aberration_um).abs()
    stated = PERTURBATION_UM * covariance.diagonal(dim1=1, dim2=2).sqrt()
    return {
        "held_out_patch_error_um": errors.median(0).values.tolist(),
        "held_out_patch_z": (errors / stated).quantile(0.6827, dim=0).tolist(),
    }


TEXTURE_PX, UNSEEN = 192, 1_000_003

FLAGSHIP_RECIPE = Recipe(
    "deepfocus",
    "the aberration of an image pair, direction by direction from its power spectra",
    PairPolarNet.architecture,
    PairPolarNet,
    Ranges(
        PairPolarNet.patch_px,
        (PERTURBATION_UM, -PERTURBATION_UM),
        nominal_pixel_nm=20.0,
        pixel_nm=Span(14.0, 29.0, True),
        binned=2,
    ),
    texture_px=TEXTURE_PX,
    loss=pair_loss,
    calibrate=held_out_errors,
    limits=Limits(minutes=80.0),
    source=replayed,
)
