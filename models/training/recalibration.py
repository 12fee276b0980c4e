"""The last three layers of a network on pairs, trained on from pairs that one microscope took.

After Schubert 2022, section 3.4: all before them is kept, since textures and blur look alike on every
microscope. What the kept layers say of each patch is computed once, so that a step costs little.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.networks import PairPolarNet
from models.source_networks import ImageToScalar
from models.threads import threads
from models.training.flagship import answers_loss
from models.training.recipe import StepDecay, TrainingError


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """Patches of one pair and what it was taken at.

    ``patches`` (n, 2, s, s) float32 as the network sees them; ``target`` (3,) in the network's units;
    ``blur_px``: radius of the probe disk at one perturbation.
    """

    patches: NDArray[np.float32]
    target: NDArray[np.float64]
    blur_px: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the last layers are trained; the schedule is the source's.

    Every ``look_every`` steps the held-out pairs are asked; after ``patience`` looks without a better
    answer it ends.
    """

    seed: int = 0
    most_steps: int = 50_000
    batch: int = 64
    learning_rate: float = 1e-4
    schedule: StepDecay = field(default_factory=lambda: StepDecay(0.95, 1000))
    look_every: int = 25
    patience: int = 12


@dataclass(frozen=True, slots=True)
class Look:
    """Losses on the batches since the last look and on held-out pairs."""

    step: int
    training: float
    held_out: float


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """The network of the best look, and all looks; the first is before the first step."""

    network: nn.Module
    looks: tuple[Look, ...]

    @property
    def best(self) -> Look:
        return min(self.looks, key=lambda look: look.held_out)

    @property
    def improved(self) -> bool:
        """Whether held-out pairs are read better than before."""
        return self.best.held_out < self.looks[0].held_out


class LastLayers(Protocol):
    """The end of a network that is trained on."""

    @property
    def layers(self) -> Sequence[nn.Module]:
        """Those that change."""
        ...

    def kept(self, example: Example) -> Tensor:
        """What the kept layers say of its patches, (n, ...)."""
        ...

    def loss(self, kept: Tensor, target: Tensor) -> Tensor:
        """Of the answers to what the kept layers say (n, ...), with targets (n, 3)."""
        ...


@dataclass(frozen=True)
class PolarLast:
    """Of DeepFocus: its last convolution and the two layers that read each direction."""

    network: PairPolarNet

    @property
    def layers(self) -> Sequence[nn.Module]:
        return (self.network.trunk[-1], self.network.head)

    def kept(self, example: Example) -> Tensor:
        blur = torch.full((len(example.patches),), example.blur_px)
        return self.network.shallow(torch.from_numpy(example.patches), blur).transpose(0, 1)

    def loss(self, kept: Tensor, target: Tensor) -> Tensor:
        return answers_loss(self.network.answers(kept.transpose(0, 1)), target, self.network.directions)


@dataclass(frozen=True)
class SourceLast:
    """Of the source's networks on patches: the three fully connected layers, by L1."""

    network: ImageToScalar

    @property
    def layers(self) -> Sequence[nn.Module]:
        return (self.network.head,)

    def kept(self, example: Example) -> Tensor:
        return self.network.shallow(torch.from_numpy(example.patches))

    def loss(self, kept: Tensor, target: Tensor) -> Tensor:
        return (self.network.answers(kept)[:, :3] - target).abs().mean()


def last_layers(network: nn.Module) -> LastLayers:
    """Raises ``TrainingError`` for a network that has no such end."""
    match network:
        case PairPolarNet():
            return PolarLast(network)
        case ImageToScalar():
            return SourceLast(network)
        case _:
            raise TrainingError(
                f"{type(network).__name__} cannot be trained on from pairs; only networks on patches can"
            )


def tune(
    network: nn.Module,
    training: Sequence[Example],
    held_out: Sequence[Example],
    tuning: Tuning,
    seen: Callable[[Look], None] = lambda _: None,
) -> Tuned:
    """A copy of a network whose last layers were trained on; on a CPU the same input gives the same bits.

    Args:
        network: trained before; it is left as it is.
        training: pairs to learn from.
        held_out: pairs of other places, that decide when to end and which weights are the best.
        tuning: how.
        seen: told each look, on this thread; what it raises ends the training.

    Raises:
        TrainingError: there are no pairs, or the network has no such layers.
    """
    if not training or not held_out:
        raise TrainingError("there are no pairs to learn from, or none to judge that by; take more")
    network = copy.deepcopy(network).eval()  # statistics of batches are kept
    last = last_layers(network)
    with threads(1), torch.random.fork_rng():
        torch.manual_seed(tuning.seed)
        best, looks = network, list[Look]()
        for look in _looks(last, _kept(last, training), _kept(last, held_out), tuning):
            if not looks or look.held_out < min(one.held_out for one in looks):
                best = copy.deepcopy(network)
            looks.append(look)
            seen(look)
            if _idle(looks) >= tuning.patience:
                break
    return Tuned(best, tuple(looks))


def _idle(looks: Sequence[Look]) -> int:
    """How many looks were taken since the best one."""
    losses = [look.held_out for look in looks]
    return len(losses) - 1 - losses.index(min(losses))


def _kept(last: LastLayers, examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
    """What the kept layers say of all patches (n, ...), and their targets (n, 3)."""
    with torch.no_grad():
        maps = torch.cat([last.kept(example) for example in examples])
    targets = np.concatenate([np.tile(e.target, (len(e.patches), 1)) for e in examples])
    return maps, torch.from_numpy(targets).float()


def _looks(
    last: LastLayers, training: tuple[Tensor, Tensor], held_out: tuple[Tensor, Tensor], tuning: Tuning
) -> Iterator[Look]:
    changing = [parameter for layer in last.layers for parameter in layer.parameters()]
    optimizer = torch.optim.AdamW(changing, tuning.learning_rate)
    yield Look(0, math.nan, _judged(last, held_out))
    losses: list[float] = []
    for step in range(1, tuning.most_steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = tuning.learning_rate * tuning.schedule.factor(step, 0.0)
        picked = torch.randint(len(training[0]), (tuning.batch,))
        loss = last.loss(training[0][picked], training[1][picked])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % tuning.look_every == 0:
            yield Look(step, float(np.mean(losses)), _judged(last, held_out))
            losses = []


def _judged(last: LastLayers, held_out: tuple[Tensor, Tensor]) -> float:
    with torch.no_grad():
        return float(last.loss(*held_out))
