"""Held-out figures of the networks of Schubert 2022, for their model cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from models.source_focus import UM_PER_UNIT
from models.source_networks import PairNetwork, ScoreNet
from models.spectra import tiles
from models.training.augmentation import greyed
from models.training.flagship_calibration import UNSEEN
from models.training.pairs import LAG_PX, ImageBatch, ProbeOtf, Ranges, SimulatedImages
from models.training.source_losses import aberration_of, sharpness_of
from models.training.textures import TextureBank

TEXTURES, IMAGES, CHUNK = 16, 96, 8


def calibrate_source_pairs(
    network: PairNetwork, otf: ProbeOtf, ranges: Ranges, seed: int
) -> dict[str, Any]:
    """Errors of single patches of a source's network on unseen textures, as entries of a card."""
    network.eval()
    errors = []
    for batch in _unseen(otf, ranges, seed):
        pairs = tiles(batch.images, network.patch_px)[:, :, 0]
        with torch.inference_mode():
            corrections, _ = network.patch_answers(pairs)
        errors.append(aberration_of(corrections) - batch.aberration_um)
    error_um = torch.cat(errors).double()
    mae_um = error_um.abs().mean(0)
    return {
        "patch_error_um": error_um.square().mean(0).sqrt().tolist(),
        "held_out_mae_wd_um": float(mae_um[0]),
        "held_out_mae_stig": float(mae_um[1:].mean()) / UM_PER_UNIT,
    }


def calibrate_source_score(network: ScoreNet, otf: ProbeOtf, ranges: Ranges, seed: int) -> dict[str, Any]:
    """Errors of both scores of the source's DeepScore on unseen textures, as entries of a card."""
    network.eval()
    errors = []
    for batch in _unseen(otf, ranges, seed):
        with torch.inference_mode():
            errors.append((network(batch.images[:, 0]) - sharpness_of(batch)).abs())
    wd_um, stig = torch.cat(errors).mean(0).tolist()
    return {"held_out_mae_wd_um": wd_um, "held_out_mae_stig": stig}


def _unseen(otf: ProbeOtf, ranges: Ranges, seed: int) -> Iterator[ImageBatch]:
    """Images of textures that were not trained on, as greys, a few at a time."""
    textures = TextureBank(ranges.patch_px + 2 * LAG_PX, TEXTURES, seed + UNSEEN, renewed=0)
    source = SimulatedImages(otf, textures, ranges, seed + UNSEEN)
    for _ in range(IMAGES // CHUNK):
        yield greyed(source.batch(CHUNK))
