"""How the networks of Schubert 2022, section 3.2, are trained: its losses, optimizer and augmentations.

The images are simulated for one microscope like the source's. Where it is silent: the learning
rate is AdamW's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from models.source_focus import NOMINAL_PIXEL_NM, PERTURBATION_UM, UM_PER_UNIT
from models.source_networks import (
    FULL_LAYERS,
    PAIR_NETWORKS,
    PIXEL_PATCHES_PX,
    SCORE_NETWORK,
    SCORE_PATCH_PX,
    ScoreNet,
    architecture_of,
)
from models.training.augmentation import Augmentation
from models.training.pairs import ImageBatch, Ranges, Span
from models.training.recipe import Limits, Loss, Recipe, StepDecay
from models.training.source_figures import calibrate_source_pairs, calibrate_source_score
from models.training.source_losses import deepscore_loss, patch_score_loss, pixel_score_loss, scalar_loss

TEXTURES_PX = {128: 144, 256: 270, 384: 400, 512: 540, 768: 800, 1024: 1080}
"""Edges of textures for edges of images [px]: a little larger, with small prime factors."""

BANK_PX2 = 12_000_000  # of all textures that are kept

LossFunction = Callable[[nn.Module, ImageBatch, float], Loss]


def _ranges(patch_px: int, perturbations_um: tuple[float, ...]) -> Ranges:
    """The source's microscope and range of aberrations (+-20 um, +-5 a.u.), drawn evenly."""
    return Ranges(
        patch_px,
        perturbations_um,
        nominal_pixel_nm=NOMINAL_PIXEL_NM,
        pixel_nm=Span(NOMINAL_PIXEL_NM, NOMINAL_PIXEL_NM),
        binned=1,
        defocus_um=20.0,
        astig_um=5.0 * UM_PER_UNIT,
        near=0.0,
        odd_pixels=0.0,
        convergence_mrad=Span(8.6, 9.2),
        floor_nm=Span(3.5, 6.0),
        current_na=Span(1.5, 1.8),
    )


def _recipe(name: str, image_px: int, perturbations_um: tuple[float, ...]) -> partial[Recipe]:
    texture_px = TEXTURES_PX[image_px]
    return partial(
        Recipe,
        name=name,
        architecture=architecture_of(name),
        ranges=_ranges(image_px, perturbations_um),
        texture_px=texture_px,
        bank=min(600, max(16, BANK_PX2 // texture_px**2)),
        learning_rate=1e-3,
        schedule=StepDecay(0.99, 2000),
        running_mean=0.0,
        augmentation=Augmentation(),
    )


def _pair_recipe(
    name: str, image_px: int, about: str, loss: LossFunction, steps: int, batch: int = 4
) -> Recipe:
    recipe = _recipe(name, image_px, (PERTURBATION_UM, -PERTURBATION_UM))
    return recipe(
        about=about,
        build=PAIR_NETWORKS[name],
        loss=loss,
        calibrate=calibrate_source_pairs,
        limits=Limits(steps=steps),
        batch=batch,
    )


def _pair_recipes(mark: str, remark: str) -> list[Recipe]:
    """The source's recipes for networks on pairs whose names end in ``mark``."""
    scalar, patch, pixel = (
        f"Schubert 2022: {what}{remark}"
        for what in ("a correction per patch", "the same with a score", "a correction and score per pixel")
    )
    return [
        *(_pair_recipe(f"i2s-{px}{mark}", px, scalar, scalar_loss, 1_000_000, 8) for px in FULL_LAYERS),
        *(
            _pair_recipe(f"patch-score-{px}{mark}", 2 * px, patch, patch_score_loss, 500_000)
            for px in FULL_LAYERS
        ),
        *(
            _pair_recipe(f"pixel-score-{px}{mark}", px, pixel, pixel_score_loss, 200_000)
            for px in PIXEL_PATCHES_PX
        ),
    ]


_DEEPSCORE = _recipe(SCORE_NETWORK, SCORE_PATCH_PX, (0.0,))(
    about="Schubert 2022: DeepScore, how far one image is from focus",
    build=ScoreNet,
    loss=deepscore_loss,
    calibrate=calibrate_source_score,
    limits=Limits(steps=1_000_000),
    batch=8,
)

SOURCE_RECIPES = {
    recipe.name: recipe
    for recipe in (
        *_pair_recipes("", ""),
        *_pair_recipes("-antisymmetric", "; swapping the images negates it (ours)"),
        _DEEPSCORE,
    )
}
