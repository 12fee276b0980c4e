"""How DeepScore is trained, and how far its verdicts are to be believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from models.blur_network import BlurAnswer, BlurNet
from models.deepscore import SHARP_FROM, UNSHARP_BELOW
from models.training.blur_spectra import SimulatedSpectra, SpectraBatch
from models.training.pairs import LAG_PX, ProbeOtf, Ranges, SimulatedImages, Span
from models.training.recipe import Limits, Loss, Recipe
from models.training.textures import TextureBank, TextureSource

MARGIN_UM = 1.0
UNSEEN = 1_000_003  # added to the seed of the training
HELD_OUT_PX, HELD_OUT_TEXTURES, HELD_OUT_IMAGES = 640, 16, 160
FAR_UM = 2.5


def sizes_um(aberration_um: Tensor) -> Tensor:
    """``sqrt(z^2 + a^2)``, and the larger and the smaller of |z| and |a| [um], (n, 3)."""
    defocus, astigmatism = aberration_um[:, 0].abs(), torch.linalg.vector_norm(aberration_um[:, 1:], dim=1)
    larger, smaller = torch.maximum(defocus, astigmatism), torch.minimum(defocus, astigmatism)
    return torch.stack([torch.hypot(defocus, astigmatism), larger, smaller], 1)


def is_inside(aberration_um: Tensor) -> Tensor:
    """Whether all components are within the depth of focus, (n,) bool."""
    return aberration_um.abs().amax(1) <= MARGIN_UM


def blur_loss(network: nn.Module, batch: SpectraBatch, fraction: float) -> Loss:
    """Laplace likelihood of the sizes, half the plain error added, and the verdict's cross entropy.

    Only the plain error counts in the first 3 %, so that nothing is given up as merely uncertain.
    """
    answer: BlurAnswer = network(batch.power, batch.blur_px, batch.patches)
    truth = sizes_um(batch.aberration_um)
    error = (answer.sizes - torch.log1p(truth)).abs()
    inside = is_inside(batch.aberration_um).float()
    total = 0.5 * error.mean() + nnf.binary_cross_entropy_with_logits(answer.inside, inside)
    if fraction < 0.03:
        total = total + 0.01 * answer.log_scales.square().mean()
    else:
        total = total + (error * torch.exp(-answer.log_scales) + answer.log_scales).mean()
    error_um = (torch.expm1(answer.sizes[:, 0].detach()) - truth[:, 0]).abs().mean()
    return Loss(total, error_um)


def blur_source(
    otf: ProbeOtf, textures: TextureSource, ranges: Ranges, seed: int, _: torch.device
) -> SimulatedSpectra:
    """What :data:`BLUR_RECIPE` trains on; made on the CPU, being small."""
    return SimulatedSpectra(otf, textures, ranges, seed, BlurNet().spectra)


def calibrate_blur(network: BlurNet, otf: ProbeOtf, ranges: Ranges, seed: int) -> dict[str, Any]:
    """Errors on whole images of unseen textures, as entries of a card."""
    network.eval()
    textures = TextureBank(HELD_OUT_PX + 2 * LAG_PX, HELD_OUT_TEXTURES, seed + UNSEEN, renewed=0)
    whole = replace(ranges, patch_px=HELD_OUT_PX, blank=0.0, defocus_um=12.0, astig_um=8.0, near=0.75)
    images = SimulatedImages(otf, textures, whole, seed + UNSEEN).batch(HELD_OUT_IMAGES)
    edge, corners = network.patch_px, range(0, HELD_OUT_PX - network.patch_px + 1, network.patch_px // 2)
    squares = [images.images[:, 0, y : y + edge, x : x + edge] for y in corners for x in corners]
    with torch.inference_mode():
        power = torch.stack([network.spectra(place) for place in torch.stack(squares, 1)])
        patches = torch.full((len(power),), float(len(squares)))
        answer = network.judge(power, images.convergence_mrad / images.pixel_nm, patches)
    return _figures(answer, images.aberration_um)


def _figures(answer: BlurAnswer, aberration_um: Tensor) -> dict[str, Any]:
    inside, certain = is_inside(aberration_um), torch.sigmoid(answer.inside)
    far = sizes_um(aberration_um)[:, 0] > FAR_UM
    error = (answer.sizes - torch.log1p(sizes_um(aberration_um))).abs()[:, 0]
    return {
        "held_out_log_error": float(error.mean()),
        "held_out_within_one_sd": float((error < 2**0.5 * answer.log_scales[:, 0].exp()).float().mean()),
        "held_out_auc": auc(certain[inside], certain[~inside]),
        f"held_out_auc_beyond_{FAR_UM:g}_um": auc(certain[inside], certain[far]),
        "held_out_unsharp_called_sharp": float((certain[~inside] >= SHARP_FROM).float().mean()),
        "held_out_sharp_called_unsharp": float((certain[inside] < UNSHARP_BELOW).float().mean()),
    }


def auc(higher: Tensor, lower: Tensor) -> float:
    """Area under the ROC: how often a member of the first set lies above one of the second."""
    difference = higher[:, None] - lower[None, :]
    return float((difference > 0).float().mean() + 0.5 * (difference == 0).float().mean())


BLUR_RECIPE = Recipe(
    "deepscore",
    "how blurred one image is, and whether it is within the depth of focus",
    BlurNet.architecture,
    BlurNet,
    Ranges(
        BlurNet.patch_px,
        (0.0,),
        nominal_pixel_nm=10.0,
        pixel_nm=Span(7.0, 14.0, True),
        binned=1,
        odd_pixels=1.0,
        convergence_mrad=Span(5.0, 14.0, True),
        floor_nm=Span(3.0, 7.0),
        dwell_ns=Span(30.0, 1000.0, True),
        shift_px=0.0,
    ),
    texture_px=384,
    loss=blur_loss,
    calibrate=calibrate_blur,
    source=blur_source,
    limits=Limits(steps=6_500),
    batch=64,
    bank=2,
)
