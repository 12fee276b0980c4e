"""How the flagship DeepFocus network is trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks import PairPolarNet
from models.training.pairs import ImageBatch

PERTURBATION_UM = 5.0
FREEDOM = 4.0  # degrees of freedom of Student's t: its tails forgive what no network can know
PLAIN_SHARE, LINES_SHARE = 0.5, 0.25


def student(error: Tensor, covariance: Tensor) -> Tensor:
    """Negative log-likelihood (n,) of errors (n, 3) under Student's t, constants left out."""
    distance2 = (error[:, None] @ torch.linalg.solve(covariance, error[..., None]))[:, 0, 0]
    return 0.5 * torch.logdet(covariance) + 0.5 * (FREEDOM + 3) * torch.log1p(distance2 / FREEDOM)


def pair_loss(network: nn.Module, batch: ImageBatch, fraction: float) -> tuple[Tensor, Tensor]:
    """The loss, and the mean absolute error of defocus [um] to watch.

    The likelihood makes the covariance honest. The plain error, and the error of each direction,
    keep hard places from being given up as merely uncertain; in the first 3 % they stand alone.
    """
    assert isinstance(network, PairPolarNet)
    target = batch.aberration_um / PERTURBATION_UM
    mean, covariance, along = network(batch.images, batch.blur_px)
    plain = (mean - target).abs()
    lines = (along - target @ network.directions.T).abs().mean()
    total = PLAIN_SHARE * plain.mean() + LINES_SHARE * lines
    share = min(1.0, max(0.0, (fraction - 0.01) / 0.02))
    total = total + share * student(mean - target, covariance).mean() / 3
    return total, PERTURBATION_UM * plain[:, 0].detach().mean()
