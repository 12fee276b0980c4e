"""How far a trained network is to be believed: measured on images it has not seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.consensus import Consensus, combine
from models.networks import LAPLACE_SD, PairSpectraNet
from models.spectra import tiles
from models.training.pairs import LAG_PX, ProbeOtf, Ranges, SimulatedImages, Span
from models.training.textures import TextureBank

Floats = NDArray[np.float64]

UNSEEN = 1_000_003  # added to the seed of the training
GRID = 2  # patches along each axis of a held-out image
TEXTURES, FRAMES = 16, 128
ONE_SD = 0.6827  # share of a normal distribution within one standard deviation
COMMON = tuple(float(c) for c in np.geomspace(0.01, 3.0, 40))
FLOOR_UM = 0.03
UNIT_UM = 5.0


def calibrate_pairs(network: PairSpectraNet, otf: ProbeOtf, ranges: Ranges, seed: int) -> dict[str, Any]:
    """The :class:`~models.consensus.Consensus` that makes spreads honest, as entries of a card."""
    network.eval()
    blank = _blank_sds(network, otf, ranges, seed).tolist()
    truth, means, sds = _held_out_frames(network, otf, ranges, seed)
    spread = max(1.0, float(np.quantile(np.abs(means - truth[:, None]) / sds, ONE_SD)))
    trial = Consensus(spread, COMMON[0], FLOOR_UM, (blank[0], blank[1], blank[2]))
    for common in COMMON:
        trial = replace(trial, common=common)
        if np.quantile(_deviations(truth, means, sds, trial), ONE_SD) <= 1.0:
            break
    consensus = {"spread": spread, "common": trial.common, "floor_um": FLOOR_UM, "blank_um": blank}
    final = _deviations(truth, means, sds, trial)
    return {
        "consensus": consensus,
        "held_out_z_quantiles": np.quantile(final, (0.5, ONE_SD, 0.95)).tolist(),
    }


def _bare(ranges: Ranges) -> Ranges:
    """The same ranges without any contrast and without shifts."""
    return replace(ranges, blank=0.0, contrast=Span(0.0, 1e-6), shift_px=0.0)


def _blank_sds(network: PairSpectraNet, otf: ProbeOtf, ranges: Ranges, seed: int) -> Floats:
    """Median standard deviations (3,) [um] that the network gives to noise."""
    textures = TextureBank(ranges.patch_px + 2 * LAG_PX, 1, seed + UNSEEN, renewed=0)
    with torch.inference_mode():
        batch = SimulatedImages(otf, textures, _bare(ranges), seed + UNSEEN).batch(64)
        _, log_scale = network(batch.images, batch.blur_px)
    return np.asarray(UNIT_UM * LAPLACE_SD * log_scale.exp().median(0).values.double().numpy())


def _held_out_frames(
    network: PairSpectraNet, otf: ProbeOtf, ranges: Ranges, seed: int
) -> tuple[Floats, Floats, Floats]:
    """True aberrations (f, 3), answers and spreads (f, patches, 3) [um] of whole images."""
    edge = ranges.patch_px
    whole = replace(ranges, patch_px=GRID * edge, odd_pixels=0.0, blank=0.0)
    textures = TextureBank(GRID * edge + 4 * LAG_PX, TEXTURES, seed + UNSEEN, renewed=0)
    source = SimulatedImages(otf, textures, whole, seed + UNSEEN)
    frames = [_frame(network, source, edge) for _ in range(FRAMES)]
    truth, means, log_scales = (torch.stack(part).double().numpy() for part in zip(*frames, strict=True))
    return truth, UNIT_UM * means, UNIT_UM * LAPLACE_SD * np.exp(log_scales)


def _frame(network: PairSpectraNet, source: SimulatedImages, edge: int) -> tuple[Tensor, Tensor, Tensor]:
    batch = source.batch(1)
    pairs = tiles(batch.images, edge)[0].transpose(0, 1)
    with torch.inference_mode():
        mean, log_scale = network(pairs, batch.blur_px.expand(len(pairs)))
    return batch.aberration_um[0], mean, log_scale


def _deviations(truth: Floats, means: Floats, sds: Floats, consensus: Consensus) -> Floats:
    """|error| over the claimed standard deviation, (f, 3)."""
    estimates = [combine(m, s, consensus) for m, s in zip(means, sds, strict=True)]
    return np.array([np.abs(e.mean - t) / e.sd for e, t in zip(estimates, truth, strict=True)])
