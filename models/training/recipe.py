"""What it takes to train a network, as plain values: data, loss, schedule, limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from models.training.augmentation import Augmentation
from models.training.pairs import ProbeOtf, Ranges, SimulatedImages
from models.training.section_augmentation import SectionAugmentation
from models.training.section_scenes import SceneRanges
from models.training.textures import TextureSource


class TrainingError(ValueError):
    """A training cannot begin as it was asked for; says why."""


@dataclass(frozen=True, slots=True)
class Loss:
    """``total`` to minimise; ``error``: to watch, in the unit of the recipe."""

    total: Tensor
    error: Tensor | float


@dataclass(frozen=True, slots=True)
class Cosine:
    """Learning rate over its maximum: some steps up, then half a cosine down over the training."""

    warmup_steps: int = 100
    least: float = 0.01

    def factor(self, step: int, fraction: float) -> float:
        falling = 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
        return min(1.0, (step + 1) / self.warmup_steps) * (self.least + (1 - self.least) * falling)


@dataclass(frozen=True, slots=True)
class StepDecay:
    """Learning rate over its maximum: multiplied by ``decay`` every so many steps, as in the source."""

    decay: float = 0.99
    every_steps: int = 2000

    def factor(self, step: int, fraction: float) -> float:
        return float(self.decay ** (step // self.every_steps))


Schedule = Cosine | StepDecay


@dataclass(frozen=True, slots=True)
class Limits:
    """When a training ends: after so many steps or minutes, whichever comes first.

    Limited by steps alone it is reproducible.

    Raises:
        TrainingError: neither is given, or one is not positive.
    """

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = [limit for limit in (self.steps, self.minutes) if limit is not None]
        if not given or min(given) <= 0:
            raise TrainingError("a training needs a positive number of steps or minutes")

    def fraction(self, step: int, elapsed_s: float) -> float:
        """How much of the training is done; from 1 on it is over."""
        by_steps = step / self.steps if self.steps else 0.0
        by_time = elapsed_s / (60.0 * self.minutes) if self.minutes else 0.0
        return max(by_steps, by_time)


class SeededSource(Protocol):
    """Endless training data that follow from a generator, which is seeded anew for each step."""

    rng: torch.Generator

    def batch(self, count: int) -> Any:
        """``count`` examples: a dataclass of tensors, by default an ``ImageBatch``."""
        ...


class MakesSource(Protocol):
    """Makes the training data of a recipe, on a device where that is worth it."""

    def __call__(
        self, otf: ProbeOtf, textures: TextureSource, ranges: Any, seed: int, device: torch.device, /
    ) -> SeededSource: ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train one network.

    ``source`` makes the data; ``loss(network, batch, fraction)`` gets what it gives on the
    network's device, and the fraction of the training done;
    ``calibrate(network, otf, ranges, seed)`` returns what the card must say of the result, from
    images that were not trained on. With an ``augmentation`` the network sees greys.
    ``bank`` textures of ``texture_px`` are kept. ``running_mean`` is the decay of the mean of the
    parameters that is written; 0 for the last ones. Gradients are clipped to a norm of ``clip``.
    ``error_unit``: that of a loss's ``error``. ``data`` tells readers of the card what the images are.
    """

    name: str
    about: str
    architecture: str
    build: Callable[[], nn.Module]
    ranges: Ranges | SceneRanges
    texture_px: int
    loss: Callable[[nn.Module, Any, float], Loss]
    calibrate: Callable[[Any, ProbeOtf, Any, int], dict[str, Any]]
    source: MakesSource = SimulatedImages
    limits: Limits = Limits(minutes=20.0)
    batch: int = 48
    bank: int = 600
    learning_rate: float = 2e-3
    schedule: Schedule = Cosine()
    running_mean: float = 0.995
    clip: float = 5.0
    weight_decay: float = 0.01
    augmentation: Augmentation | SectionAugmentation | None = None
    error_unit: str = "um"
    data: str = "Simulated on the fly: procedural textures, probe by `hardware.optics.probe_otf`."


@dataclass(frozen=True, slots=True)
class Run:
    """How a recipe is carried out this time.

    ``device``: "auto" (a GPU where there is one), "cpu" or "cuda". ``start_from``: weights of the
    same network to start with. ``trainable``: the layers that change, by their names in the
    network or the first parts of these; all by default. The others also keep their statistics.
    """

    seed: int = 1
    device: str = "auto"
    threads: int = 1
    start_from: Path | None = None
    trainable: tuple[str, ...] = ()
