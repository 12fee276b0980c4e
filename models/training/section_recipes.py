"""How the section network is trained on drawn wafers: a small one for minutes, and the source's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from models.processor import fastest_products
from models.section_network import SectionUNet, UNetSize
from models.sections import as_greys
from models.training.pairs import ProbeOtf
from models.training.ranges import Span
from models.training.recipe import Cosine, Limits, Loss, Recipe, StepDecay
from models.training.section_augmentation import SectionAugmentation, SectionBatch
from models.training.section_labels import Label, dense_labels
from models.training.section_layouts import LayoutRanges
from models.training.section_scenes import SceneRanges, draw_scene
from models.training.textures import TextureBank, TextureSource

CLASS_WEIGHTS = (1.0, 2.0, 4.0)
"""Of background, section and seam; the first two are the source's."""
TEXTURES_AT_ONCE = 12
UNSEEN = 1_000_003  # added to the seed of the training
HELD_OUT = 160


class DrawnWafers:
    """Endless pieces of drawn wafers; see :class:`SceneRanges`."""

    def __init__(self, textures: TextureSource, ranges: SceneRanges, seed: int) -> None:
        self.rng = torch.Generator().manual_seed(seed)
        self._textures, self._ranges = textures, ranges

    def batch(self, count: int) -> SectionBatch:
        textures = [texture.numpy() for texture in self._textures.draw(TEXTURES_AT_ONCE, self.rng)]
        rng = np.random.default_rng(int(torch.randint(2**62, (), generator=self.rng)))
        scenes = [draw_scene(self._ranges, textures, rng) for _ in range(count)]
        greys = torch.stack([as_greys(picture) for picture, _ in scenes])[:, None]
        labels = torch.stack([torch.from_numpy(dense_labels(instances)) for _, instances in scenes])
        return SectionBatch(greys, labels)


def drawn_wafers(
    _: ProbeOtf, textures: TextureSource, ranges: SceneRanges, seed: int, __: torch.device
) -> DrawnWafers:
    """What the recipes train on; drawn on the CPU."""
    return DrawnWafers(textures, ranges, seed)


def section_loss(network: nn.Module, batch: SectionBatch, _: float) -> Loss:
    """Weighted cross entropy of the labelled pixels; the error is one less the IoU of sections."""
    assert isinstance(network, SectionUNet)
    classes, device = network.size.classes, batch.greys.device
    labels = batch.labels.long()
    if classes == 2:
        labels[labels == Label.SEAM] = Label.BACKGROUND
    products = fastest_products() if device.type == "cpu" else torch.float32
    with torch.autocast(device.type, products, enabled=products is not torch.float32):
        logits = network(batch.greys.contiguous(memory_format=torch.channels_last))
    weights = torch.tensor(CLASS_WEIGHTS[:classes], device=device)
    total = nnf.cross_entropy(logits.float(), labels, weights, ignore_index=Label.IGNORE)
    return Loss(total, 1 - iou(logits.detach().argmax(1), labels))


def iou(found: Tensor, labels: Tensor) -> float:
    """Intersection over union of the pixels of sections, among those that are labelled."""
    known = labels != Label.IGNORE
    ours, theirs = (found == Label.SECTION) & known, labels == Label.SECTION
    return float((ours & theirs).sum() / (ours | theirs).sum().clamp_min(1))


def calibrate_sections(network: nn.Module, _: ProbeOtf, ranges: SceneRanges, seed: int) -> dict[str, Any]:
    """Figures on drawn wafers that were not trained on, as entries of a card."""
    network.eval()
    textures = TextureBank(ranges.patch_px // 2, 32, seed + UNSEEN, renewed=0)
    batch = DrawnWafers(textures, ranges, seed + UNSEEN).batch(HELD_OUT)
    with torch.inference_mode():
        found = torch.cat([network(greys).argmax(1) for greys in torch.split(batch.greys, 8)])
    labels = batch.labels.long()
    seam = labels == Label.SEAM
    return {
        "held_out_iou": iou(found, labels),
        "held_out_seams_kept_apart": float((found[seam] != Label.SECTION).float().mean()),
    }


SOURCE_RANGES = SceneRanges(256, LayoutRanges(Span(24.0, 120.0, True), gap_px=Span(-2.0, 6.0)))
"""Pieces as large as the source's, and sections twice as large as ours."""


def _recipe(name: str, about: str, size: UNetSize, ranges: SceneRanges) -> Callable[..., Recipe]:
    """What both recipes share."""

    def build() -> SectionUNet:
        return SectionUNet(size)

    def recipe(**settings: Any) -> Recipe:
        return Recipe(
            name,
            about,
            size.architecture,
            build,
            ranges,
            texture_px=ranges.patch_px // 2,
            loss=section_loss,
            calibrate=calibrate_sections,
            source=drawn_wafers,
            batch=8,
            bank=200,
            weight_decay=0.5e-4,
            error_unit="of the section pixels",
            data="Pieces of wafers, drawn on the fly.",
            **settings,
        )

    return recipe


SECTION_RECIPES = (
    _recipe("sections", "where sections lie in a picture of a wafer", UNetSize(), SceneRanges())(
        limits=Limits(steps=4600),
        learning_rate=2e-3,
        schedule=Cosine(),
        # drawn wafers lie any way round already
        augmentation=SectionAugmentation(moved=0.0, flipped=0.0, elastic=0.0, probability=0.2),
    ),
    _recipe(
        "sections-source",
        "Schubert 2022: where sections lie in a picture of a wafer",
        UNetSize(64, 5, 2),
        SOURCE_RANGES,
    )(
        limits=Limits(steps=180_000),
        learning_rate=1e-3,
        schedule=StepDecay(0.9, 1000),
        running_mean=0.0,
        augmentation=SectionAugmentation(),
    ),
)
