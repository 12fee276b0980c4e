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
from numpy.typing import NDArray
from torch import Tensor

from models.polygons import Polygon, area
from models.section_network import SectionUNet
from models.sections import SHIPPED_SECTIONS, USUAL_EDGE_PX, SectionFinder, as_greys, network_of
from models.threads import threads
from models.training.recipe import Cosine, Limits, TrainingError
from models.training.section_augmentation import SectionAugmentation, SectionBatch
from models.training.section_labels import Label, Labels, sparse_labels
from models.training.section_recipes import DrawnWafers, iou, section_loss
from models.training.section_scenes import SceneRanges
from models.training.textures import TextureBank
from models.weights import Weights

PATCH_PX = 256
TEXTURES = 40


@dataclass(frozen=True, slots=True)
class TuningSettings:
    """``own`` and ``drawn``: pieces of the operator's wafer and of drawn ones in each step.

    ``kept_back``: the share of the outlined sections that only judges; ``judged_every``: so many steps.
    """

    limits: Limits = Limits(steps=300, minutes=10.0)
    seed: int = 1
    cores: int = 1
    own: int = 6
    drawn: int = 1
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

    Args:
        picture: the wafer's greys, shape (y, x), uint8.
        sections: outlines (n, 2) of (column, row) [px].
        background: outlines within which there is no section.
        doubtful: shape (y, x), bool: what may be a section that nobody has outlined, and is therefore no
            background where it lies in the rim of one that is.
        settings: limits, seed and mixture; limited by steps alone the same seed gives the same weights.
        start: weights to begin with, by default the shipped ones.

    Raises:
        TrainingError: fewer than two sections are outlined, or one lies beside the picture.
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
        self._picture, self._sections = _resized(picture, self.scale), [self.scale * s for s in sections]
        doubts = np.zeros_like(picture) if doubtful is None else doubtful.astype(np.uint8)
        self._labels = _labels(
            _resized(doubts, self.scale) > 0,
            self._sections,
            [self.scale * outline for outline in background],
        )
        self._start = start or SHIPPED_SECTIONS
        self._network = network_of(self._start)
        self._best, self._best_iou = copy.deepcopy(self._network), -1.0

    def best(self) -> Weights:
        """The weights that did best on the sections kept back, with an account of how they came to be."""
        card = {
            "name": "sections",
            "tuned_from": self._start.name,
            "tuned_on_sections": len(self._sections),
            "settings": asdict(self.settings),
            "scale": self.scale,
            "kept_back_iou": self._best_iou,
        }
        return Weights(self._best.size.architecture, self._best.state_dict(), card)

    def finder(self) -> SectionFinder:
        """The best so far, to look at what it finds; pictures are to be resized by ``scale`` for it."""
        return SectionFinder(copy.deepcopy(self._best))

    def steps(self) -> Iterator[TuneProgress]:
        """Train until a limit is reached; tells after each step."""
        started, rng = time.monotonic(), torch.Generator().manual_seed(self.settings.seed)
        own, drawn = self._sources(rng)
        self._network.train()
        optimizer = torch.optim.AdamW(
            self._network.parameters(), self.settings.learning_rate, weight_decay=self.settings.weight_decay
        )
        kept_back_iou, fraction, step = self._judge(own), 0.0, 0
        while fraction < 1.0:
            with threads(self.settings.cores), torch.random.fork_rng():
                torch.manual_seed(_number(rng))
                _set_rate(optimizer, self.settings.learning_rate * Cosine(10).factor(step, fraction))
                loss = self._step(optimizer, own.batch(self.settings.own), drawn.batch(self.settings.drawn))
                step += 1
                fraction = self.settings.limits.fraction(step, time.monotonic() - started)
                if step % self.settings.judged_every == 0 or fraction >= 1.0:
                    kept_back_iou = self._judge(own)
            elapsed_s = time.monotonic() - started
            yield TuneProgress(step, elapsed_s, fraction, loss, kept_back_iou, self._best_iou)

    def _sources(self, rng: torch.Generator) -> tuple[_OwnWafer, DrawnWafers]:
        textures = TextureBank(PATCH_PX // 2, TEXTURES, self.settings.seed)
        drawn = DrawnWafers(textures, SceneRanges(PATCH_PX), self.settings.seed)
        drawn.rng = rng
        count = max(1, round(self.settings.kept_back * len(self._sections)))
        shuffled = torch.randperm(len(self._sections), generator=rng).tolist()
        judged = [self._sections[k] for k in shuffled[:count]]
        return _OwnWafer(self._picture, self._labels, self._sections, judged, rng), drawn

    def _step(self, optimizer: torch.optim.Optimizer, own: SectionBatch, drawn: SectionBatch) -> float:
        own = SectionAugmentation()(own)
        both = SectionBatch(torch.cat([own.greys, drawn.greys]), torch.cat([own.labels, drawn.labels]))
        loss = section_loss(self._network, both, 0.0)
        optimizer.zero_grad()
        loss.total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return float(loss.total.detach())

    def _judge(self, own: _OwnWafer) -> float:
        """Intersection over union on the sections kept back; what does best is kept."""
        self._network.eval()
        with torch.inference_mode():
            reached = own.judged(self._network)
        self._network.train()
        if reached > self._best_iou:
            self._best_iou = reached
            self._best.load_state_dict(self._network.state_dict())
        return reached


class _OwnWafer:
    """Labelled pieces of one picture around its outlined sections; some sections only judge."""

    def __init__(
        self,
        picture: NDArray[np.uint8],
        labels: Labels,
        sections: Sequence[Polygon],
        judged: Sequence[Polygon],
        rng: torch.Generator,
    ) -> None:
        pad = PATCH_PX
        self._picture = np.pad(picture, pad, mode="symmetric")
        self._labels = np.pad(labels, pad, constant_values=Label.IGNORE)
        self._judged_labels = self._labels.copy()
        self._rng = rng
        self._centres = [outline.mean(0) + pad for outline in sections]
        self._judged_centres = [outline.mean(0) + pad for outline in judged]
        for outline in judged:
            self._hide(outline + pad)

    def _hide(self, outline: Polygon) -> None:
        """Let a section and its rim be judged, and not trained on."""
        low, high = outline.min(0).astype(int) - 12, outline.max(0).astype(int) + 13
        self._labels[low[1] : high[1], low[0] : high[0]] = Label.IGNORE

    def batch(self, count: int) -> SectionBatch:
        """Pieces that hold an outlined section somewhere."""
        chosen = torch.randint(len(self._centres), (count,), generator=self._rng).tolist()
        shifts = (torch.rand((count, 2), generator=self._rng) - 0.5).numpy() * 0.6 * PATCH_PX
        return self._cut(self._labels, [self._centres[k] + s for k, s in zip(chosen, shifts, strict=True)])

    def judged(self, network: SectionUNet) -> float:
        batch = self._cut(self._judged_labels, self._judged_centres)
        middle = slice(PATCH_PX // 4, -PATCH_PX // 4)
        found = torch.cat([network(greys).argmax(1) for greys in torch.split(batch.greys, 4)])
        return iou(found[:, middle, middle], batch.labels.long()[:, middle, middle])

    def _cut(self, labels: Labels, centres: Sequence[Polygon]) -> SectionBatch:
        greys: list[Tensor] = []
        found: list[Tensor] = []
        for x, y in centres:
            top, left = (
                int(np.clip(round(c) - PATCH_PX // 2, 0, n - PATCH_PX))
                for c, n in zip((y, x), labels.shape, strict=True)
            )
            window = slice(top, top + PATCH_PX), slice(left, left + PATCH_PX)
            greys.append(as_greys(self._picture[window]))
            found.append(torch.from_numpy(labels[window].copy()))
        return SectionBatch(torch.stack(greys)[:, None], torch.stack(found))


def _labels(
    doubtful: NDArray[np.bool_], sections: Sequence[Polygon], background: Sequence[Polygon]
) -> Labels:
    """Sparse labels, whose rim leaves out what may be a section that nobody has outlined."""
    labels = sparse_labels(doubtful.shape, sections)
    outlined = (labels == Label.SECTION) | (labels == Label.SEAM)
    near = cv2.dilate(outlined.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    labels[doubtful & ~near] = Label.IGNORE
    said = sparse_labels(doubtful.shape, (), background)
    labels[(said == Label.BACKGROUND) & ~outlined] = Label.BACKGROUND
    return labels


def _require_usable(picture: NDArray[np.uint8], sections: Sequence[Polygon]) -> None:
    if len(sections) < 2:
        raise TrainingError("outline at least two sections, one to learn from and one to judge by")
    low, high = np.zeros(2), np.array(picture.shape[::-1])
    for number, outline in enumerate(sections, 1):
        if (outline.max(0) < low).any() or (outline.min(0) > high).any():
            raise TrainingError(f"outlined section {number} lies beside the picture; correct its place")


def _resized(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = [max(1, round(n * scale)) for n in reversed(picture.shape)]
    return np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _number(rng: torch.Generator) -> int:
    return int(torch.randint(2**62, (), generator=rng))
