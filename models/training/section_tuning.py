"""The section network taught an operator's wafer from a few outlines, beside the drawn wafers it knows."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch._dynamo  # else the first optimizer loads it: 800 modules, while others want the interpreter
from numpy.typing import NDArray

from models.polygons import Polygon, area
from models.sections import SHIPPED_SECTIONS, USUAL_EDGE_PX, KnownWafer, SectionFinder, network_of
from models.threads import threads
from models.training.recipe import Cosine, Limits, TrainingError
from models.training.section_augmentation import SectionAugmentation, SectionBatch
from models.training.section_labels import Label, Labels
from models.training.section_pieces import PATCH_PX, OwnWafer, tuning_labels
from models.training.section_recipes import DrawnWafers, section_loss
from models.training.section_scenes import SceneRanges
from models.training.textures import TextureBank
from models.weights import Weights

TEXTURES = 40
AUGMENTATION = SectionAugmentation(scale=0.1, elastic=0.25, probability=0.25)
"""Of the own pieces: milder than the source's, whose networks are trained from nothing."""
WARMUP_STEPS = 10
LEAST_AREA_PX = 9.0
SURELY_NONE = 0.1
"""Probability of a section below which a network is sure that there is none."""


@dataclass(frozen=True, slots=True)
class TuningSettings:
    """``own`` and ``drawn``: pieces of the operator's wafer and of drawn ones in each step.

    ``kept_back``: the share of the outlined sections that only judges; ``judged_every``: so many steps.
    """

    limits: Limits = Limits(steps=300, minutes=8.0)
    seed: int = 1
    cores: int = 1
    own: int = 6
    drawn: int = 2
    learning_rate: float = 1e-3
    weight_decay: float = 0.5e-4
    kept_back: float = 0.2
    judged_every: int = 50


@dataclass(frozen=True, slots=True)
class TuneProgress:
    """How far it is. ``kept_back_iou``: of the sections kept back, judged last; ``best_iou`` so far."""

    step: int
    elapsed_s: float
    fraction: float
    loss: float
    kept_back_iou: float
    best_iou: float


def usual_scale(sections: Sequence[Polygon]) -> float:
    """By how much to resize a picture so that its sections are of the size that the network knows best."""
    return USUAL_EDGE_PX / math.sqrt(float(np.median([area(outline) for outline in sections])))


class SectionTuning:
    """One fine-tuning. Whoever iterates over :meth:`steps` may stop at any time; the best is kept.

    ``scale``: by how much pictures of this wafer are to be resized for :meth:`finder`.

    Args:
        picture: the wafer's greys, shape (y, x), uint8.
        sections: outlines (n, 2) of (column, row) [px].
        background: outlines within which there is no section.
        doubtful: shape (y, x), bool: what may be a section that nobody has outlined, and is therefore no
            background where it lies in the rim of one that is.
        settings: limits, seed and mixture; limited by steps alone the same seed gives the same weights.
        start: weights to begin with, by default the shipped ones.

    Raises:
        TrainingError: fewer than two sections are outlined, one lies beside the picture or has no area, or
            nothing is left to tell them from.
        WeightsError: the weights cannot be used.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        sections: Sequence[Polygon],
        background: Sequence[Polygon] = (),
        doubtful: NDArray[np.bool_] | None = None,
        settings: TuningSettings = TuningSettings(),
        start: Path | None = None,
    ) -> None:
        _require_usable(picture, sections)
        self.settings = settings
        self.scale = usual_scale(sections)
        self._sections = [_scaled(outline, self.scale) for outline in sections]
        greys = _resized(picture, self.scale)
        doubts = np.zeros_like(picture) if doubtful is None else doubtful.astype(np.uint8)
        beside = [_scaled(outline, self.scale) for outline in background]
        self._doubtful = _resized(doubts, self.scale) > 0
        self._labels = tuning_labels(self._doubtful, self._sections, beside)
        _require_two_classes(self._labels)
        self._wafer = _known_wafer(greys, self._labels, self._sections)
        self._picture = 255 - greys if self._wafer.bright else greys
        self._start = start or SHIPPED_SECTIONS
        # few pieces of one wafer would spoil the statistics of many
        self._network = network_of(Weights.load(self._start), self._start).eval()
        self._best, self._best_iou = copy.deepcopy(self._network), -1.0

    def best(self) -> Weights:
        """The weights that did best on the sections kept back, with an account of how they came to be."""
        card = {
            "name": "sections",
            "tuned_from": self._start.name,
            "tuned_on_sections": len(self._sections),
            "settings": asdict(self.settings),
            "scale": self.scale,
            "wafer": asdict(self._wafer),
            "kept_back_iou": self._best_iou,
        }
        return Weights(self._best.size.architecture, self._best.state_dict(), card)

    def finder(self) -> SectionFinder:
        """The best so far, to look at what it finds; pictures are to be resized by ``scale`` for it."""
        return SectionFinder(copy.deepcopy(self._best), self._wafer)

    def steps(self) -> Iterator[TuneProgress]:
        """Train until a limit is reached; tells after each step."""
        started, rng = time.monotonic(), torch.Generator().manual_seed(self.settings.seed)
        own, drawn = self._sources(rng)
        rate, decay = self.settings.learning_rate, self.settings.weight_decay
        optimizer = torch.optim.AdamW(self._network.parameters(), rate, weight_decay=decay)
        kept_back_iou, fraction, step = self._judge(own), 0.0, 0
        while fraction < 1.0:
            with threads(self.settings.cores), torch.random.fork_rng():
                torch.manual_seed(_number(rng))
                _set_rate(optimizer, rate * Cosine(WARMUP_STEPS).factor(step, fraction))
                loss = self._step(optimizer, own.batch(self.settings.own), drawn.batch(self.settings.drawn))
                step += 1
                fraction = self.settings.limits.fraction(step, time.monotonic() - started)
                if step % self.settings.judged_every == 0 or fraction >= 1.0:
                    kept_back_iou = self._judge(own)
            elapsed_s = time.monotonic() - started
            yield TuneProgress(step, elapsed_s, fraction, loss, kept_back_iou, self._best_iou)

    def _sources(self, rng: torch.Generator) -> tuple[OwnWafer, DrawnWafers]:
        textures = TextureBank(PATCH_PX // 2, TEXTURES, self.settings.seed)
        drawn = DrawnWafers(textures, SceneRanges(PATCH_PX), self.settings.seed)
        drawn.rng = rng
        count = max(1, round(self.settings.kept_back * len(self._sections)))
        shuffled = torch.randperm(len(self._sections), generator=rng).tolist()
        judged = [self._sections[k] for k in shuffled[:count]]
        return OwnWafer(self._picture, self._with_sure_background(), self._sections, judged, rng), drawn

    def _with_sure_background(self) -> Labels:
        """The labels, and background where nothing is labelled and the start is sure of no section.

        Without it the network forgets what lies far from all labels: debris, and what is no wafer.
        """
        found = SectionFinder(self._network).probability(self._picture, cores=self.settings.cores)
        none = (self._labels == Label.IGNORE) & ~self._doubtful & (found < SURELY_NONE)
        return np.where(none, np.uint8(Label.BACKGROUND), self._labels)

    def _step(self, optimizer: torch.optim.Optimizer, own: SectionBatch, drawn: SectionBatch) -> float:
        own = AUGMENTATION(own)
        both = SectionBatch(torch.cat([own.greys, drawn.greys]), torch.cat([own.labels, drawn.labels]))
        loss = section_loss(self._network, both, 0.0)
        optimizer.zero_grad()
        loss.total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return float(loss.total.detach())

    def _judge(self, own: OwnWafer) -> float:
        """Intersection over union on the sections kept back; what does best is kept."""
        with torch.inference_mode():
            reached = own.judged(self._network)
        if reached > self._best_iou:
            self._best_iou = reached
            self._best.load_state_dict(self._network.state_dict())
        return reached


def _require_usable(picture: NDArray[np.uint8], sections: Sequence[Polygon]) -> None:
    if picture.ndim != 2 or not picture.size:
        raise TrainingError(f"sections are learned in a grey picture, not in one of shape {picture.shape}")
    if len(sections) < 2:
        raise TrainingError("outline at least two sections, one to learn from and one to judge by")
    high = np.array(picture.shape[::-1])
    for number, outline in enumerate(sections, 1):
        if (outline.max(0) < 0).any() or (outline.min(0) > high).any():
            raise TrainingError(f"outlined section {number} lies beside the picture; correct its place")
        if area(outline) < LEAST_AREA_PX:
            raise TrainingError(f"outlined section {number} has hardly any area; draw it anew")


def _require_two_classes(labels: Labels) -> None:
    if not (labels == Label.SECTION).any():
        raise TrainingError("no pixel is labelled as section; outline sections within the picture")
    if not (labels == Label.BACKGROUND).any():
        raise TrainingError("all that is labelled is section; outline some background, too")


def _known_wafer(greys: NDArray[np.uint8], labels: Labels, sections: Sequence[Polygon]) -> KnownWafer:
    """What the outlined sections are like; the usual one is that of median area."""
    inside, beside = (float(greys[labels == kind].mean()) for kind in (Label.SECTION, Label.BACKGROUND))
    areas = np.array([area(outline) for outline in sections])
    usual = sections[int(np.abs(areas - np.median(areas)).argmin())]
    middle = usual.mean(0)
    return KnownWafer(inside > beside, tuple((float(x), float(y)) for x, y in usual - middle))


def _scaled(outline: Polygon, scale: float) -> Polygon:
    """In a picture resized by ``scale``: pixels are counted from the centre of the first one."""
    return np.asarray((outline + 0.5) * scale - 0.5)


def _resized(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = [max(1, round(n * scale)) for n in reversed(picture.shape)]
    return np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _number(rng: torch.Generator) -> int:
    return int(torch.randint(2**62, (), generator=rng))
