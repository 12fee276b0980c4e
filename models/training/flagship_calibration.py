"""How far the flagship is to be believed: measured on images of textures that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.alignment import aligned
from models.consensus import Answer, Consensus, combine
from models.deepfocus import LONGEST_SHIFT_PX, Calibration, DeepFocus, stated
from models.likelihood import Texture
from models.networks import PairPolarNet
from models.refinement import Place, refine
from models.training.pairs import LAG_PX, ProbeOtf, Ranges, SimulatedImages, Span
from models.training.textures import TextureBank

Floats = NDArray[np.float64]
Pixels = NDArray[np.float32]

UNIT_UM = 5.0
UNSEEN = 1_000_003  # added to the seed of the training
FRAME_PX = 320
TEXTURES, FRAMES, BARE = 24, 160, 64
ONE_SD = 0.6827  # share of a normal distribution within one standard deviation
FLOOR, REFINED_FLOOR = 0.004, 0.002  # perturbations


@dataclass(frozen=True, slots=True)
class Frame:
    """A held-out pair of binned, aligned images, its blur radius [px] and its truth in perturbations."""

    images: tuple[Pixels, Pixels]
    blur_px: float
    truth: Floats


def calibrate_flagship(
    network: PairPolarNet, otf: ProbeOtf, ranges: Ranges, seed: int, n_frames: int = FRAMES
) -> dict[str, Any]:
    """What a card must say for :class:`~models.deepfocus.Calibration`, and how honest that is."""
    network.eval()
    blank = blank_sds(network, otf, ranges, seed)
    trial = Consensus(1.0, FLOOR, blank)
    estimator = DeepFocus(network, Calibration(trial, 1.0, REFINED_FLOOR))
    frames = _frames(otf, replace(ranges, blank=0.0), seed, n_frames)
    said = [estimator.patch_answers(frame.images, frame.blur_px) for frame in frames]
    trial = replace(trial, spread=max(1.0, float(np.quantile(_all_z(said, frames, trial), ONE_SD))))
    refined, fitting = _refined(said, frames, trial)
    return {
        "calibration": {
            "spread": trial.spread,
            "floor": trial.floor,
            "blank": list(blank),
            "refined_spread": max(1.0, float(np.quantile(refined[:, 1], ONE_SD))),
            "refined_floor": REFINED_FLOOR,
        },
        "held_out_refined_share": fitting,
        "held_out_refined_error_um": [UNIT_UM * float(v) for v in np.median(refined[:, 0], axis=0)],
        "held_out_patch_error_um": _median_error(said, frames, lambda m, _: m),
        "held_out_frame_error_um": _median_error(
            said, frames, lambda m, c: combine(m, c, trial).mean[None]
        ),
        "held_out_z_quantiles": np.quantile(_all_z(said, frames, trial), (0.5, ONE_SD, 0.95)).tolist(),
    }


def _median_error(
    said: list[tuple[Floats, Floats]], frames: list[Frame], answers: Callable[[Floats, Floats], Floats]
) -> list[float]:
    """Median absolute errors (3,) [um]."""
    errors = [np.abs(answers(*one) - frame.truth) for one, frame in zip(said, frames, strict=True)]
    return [float(v) for v in UNIT_UM * np.median(np.concatenate(errors), axis=0)]


def _all_z(said: list[tuple[Floats, Floats]], frames: list[Frame], consensus: Consensus) -> Floats:
    """|error| over the stated standard deviation (f, 3) of all frames."""
    answers = [combine(*patches, consensus) for patches in said]
    return np.array([_z(answer, frame.truth) for answer, frame in zip(answers, frames, strict=True)])


def _z(answer: Answer, truth: Floats) -> Floats:
    return np.asarray(np.abs(answer.mean - truth) / np.sqrt(np.diag(answer.covariance)))


def _refined(
    said: list[tuple[Floats, Floats]], frames: list[Frame], consensus: Consensus
) -> tuple[Floats, float]:
    """|error| and |error| over the stated standard deviation (f, 2, 3) of what the likelihood makes of the
    patches' answers; where it fits, which is a share of all frames."""
    found = []
    for patches, frame in zip(said, frames, strict=True):
        answer = combine(*patches, consensus)
        refined = refine(Place.of(frame.images, frame.blur_px), answer.mean, answer.covariance)
        if refined is not None and refined.texture is Texture.SMOOTH:
            z = _z(Answer(refined.mean, stated(refined, 1.0, REFINED_FLOOR), np.ones(1, bool)), frame.truth)
            found.append((np.abs(refined.mean - frame.truth), z))
    return np.array(found), len(found) / len(frames)


def blank_sds(
    network: PairPolarNet, otf: ProbeOtf, ranges: Ranges, seed: int
) -> tuple[float, float, float]:
    """Median standard deviations (3,) in perturbations that the network gives to noise."""
    bare = replace(ranges, blank=0.0, contrast=Span(0.0, 1e-6), shift_px=0.0)
    textures = TextureBank(ranges.patch_px + 2 * LAG_PX, 1, seed + UNSEEN, renewed=0)
    with torch.inference_mode():
        batch = SimulatedImages(otf, textures, bare, seed + UNSEEN).batch(BARE)
        _, covariance, _ = network(batch.images, batch.blur_px)
    z, x, y = covariance.diagonal(dim1=1, dim2=2).sqrt().median(0).values.tolist()
    return z, x, y


def _frames(otf: ProbeOtf, ranges: Ranges, seed: int, count: int) -> list[Frame]:
    """Held-out frames; shifted images are aligned as the estimator does it."""
    whole = replace(ranges, patch_px=FRAME_PX, odd_pixels=0.0)
    textures = TextureBank(FRAME_PX + 4 * LAG_PX, TEXTURES, seed + UNSEEN, renewed=0)
    source = SimulatedImages(otf, textures, whole, seed + UNSEEN)
    frames = []
    for _ in range(count):
        batch = source.batch(1)
        one, other = batch.images[0].numpy()
        images = aligned(one, other, (LONGEST_SHIFT_PX, LONGEST_SHIFT_PX))
        truth = batch.aberration_um[0].double().numpy() / UNIT_UM
        frames.append(Frame(images, float(batch.blur_px[0]), truth))
    return frames
