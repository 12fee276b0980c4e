"""How the flagship DeepFocus network is trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks import PairPolarNet
from models.training.flagship_calibration import calibrate_flagship
from models.training.pairs import ImageBatch, ProbeOtf, Ranges, SimulatedImages, Span
from models.training.recipe import Limits, Loss, Recipe
from models.training.replay import Replayed
from models.training.textures import TextureSource

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
    answers = network(batch.images, batch.blur_px)
    plain = (answers[0] - target).abs()
    share = min(1.0, max(0.0, (fraction - 0.01) / 0.02))
    return Loss(
        answers_loss(answers, target, network.directions, share),
        PERTURBATION_UM * plain[:, 0].detach().mean(),
    )


def answers_loss(
    answers: tuple[Tensor, Tensor, Tensor], target: Tensor, directions: Tensor, share: float = 1.0
) -> Tensor:
    """Of answers of the network to targets (n, 3) in perturbations; ``share``: that of the likelihood."""
    mean, covariance, along = answers
    plain = (mean - target).abs().mean()
    lines = (along - target @ directions.T).abs().mean()
    likelihood = student(mean - target, covariance).mean() / 3
    return PLAIN_SHARE * plain + LINES_SHARE * lines + share * likelihood


def replayed(
    otf: ProbeOtf, textures: TextureSource, ranges: Ranges, seed: int, device: torch.device
) -> Replayed:
    return Replayed(SimulatedImages(otf, textures, ranges, seed, device), seed)


FLAGSHIP_RANGES = Ranges(
    PairPolarNet.patch_px,
    (PERTURBATION_UM, -PERTURBATION_UM),
    nominal_pixel_nm=20.0,
    pixel_nm=Span(14.0, 29.0, True),
    binned=2,
)

FLAGSHIP_RECIPE = Recipe(
    "deepfocus",
    "the aberration of an image pair, direction by direction from its power spectra",
    PairPolarNet.architecture,
    PairPolarNet,
    FLAGSHIP_RANGES,
    texture_px=192,
    loss=pair_loss,
    calibrate=calibrate_flagship,
    limits=Limits(minutes=80.0),
    source=replayed,
)
