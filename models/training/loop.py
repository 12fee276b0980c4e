"""The training loop: by time, reproducible by seed, resumable from its checkpoint."""

from __future__ import annotations

import copy
import math
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.training.checkpoint import Progress
from models.training.pairs import ImageSource, ProbeOtf, SimulatedImages
from models.training.recipes import RECIPES, Recipe
from models.training.textures import TextureBank, TextureSource
from models.weights import Weights

MEAN_DECAY = 0.995
SAVE_EVERY_S = 60.0
TELL_EVERY = 20


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """How far a training is. ``loss`` and ``error_um`` are means over the last steps."""

    step: int
    elapsed_s: float
    total_s: float
    loss: float
    error_um: float


def train(
    name: str,
    *,
    otf: ProbeOtf,
    out: Path,
    minutes: float,
    seed: int = 1,
    textures: TextureSource | None = None,
    progress: Callable[[TrainProgress], None] = lambda _: None,
) -> Path:
    """Train the network ``name`` for a time on one thread and write its weights to ``out``.

    A checkpoint ``<out>.checkpoint`` is kept beside ``out``; a training that finds one goes on
    from there.

    Args:
        name: a key of ``RECIPES``.
        otf: transfer function of the probe (``hardware.optics.probe_otf``).
        out: the file of weights to write (safetensors).
        minutes: time to train, that before an interruption included.
        seed: for weights, textures, aberrations and noise.
        textures: specimens; by default procedural ones.
        progress: called every few steps on this thread.

    Returns:
        ``out``.

    Raises:
        ValueError: no such network.
        WeightsError: the checkpoint is damaged, or of another network or seed.
    """
    if name not in RECIPES:
        raise ValueError(f"no network {name!r} to train; there are {', '.join(sorted(RECIPES))}")
    recipe = RECIPES[name]
    out.parent.mkdir(parents=True, exist_ok=True)
    with one_thread():
        textures = textures or TextureBank(recipe.texture_px, recipe.bank, seed)
        source = SimulatedImages(otf, textures, recipe.ranges, seed)
        state = _fresh(recipe, seed)
        checkpoint = out.with_name(out.name + ".checkpoint")
        if checkpoint.exists():
            state.load(checkpoint, recipe.architecture, source.rng)
        for told in _steps(recipe, source, state, 60.0 * minutes):
            progress(told)
            if _due(checkpoint):
                state.save(checkpoint, recipe.architecture, source.rng)
        card = _card(name, minutes, seed, state) | recipe.calibrate(state.mean, otf, recipe.ranges, seed)
    Weights(recipe.architecture, state.mean.state_dict(), card).save(out)
    checkpoint.unlink(missing_ok=True)
    return out


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: two trainings on two threads beat one on both. Restored afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fresh(recipe: Recipe, seed: int) -> Progress:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = recipe.build()
    optimizer = torch.optim.AdamW(network.parameters(), recipe.learning_rate)
    return Progress(network, copy.deepcopy(network).requires_grad_(False), optimizer, seed)


def _steps(recipe: Recipe, source: ImageSource, state: Progress, total_s: float) -> Iterator[TrainProgress]:
    """Train until ``total_s`` is over; tells every few steps."""
    state.network.train()
    losses, errors = [], []
    while state.elapsed_s < total_s:
        started = time.monotonic()
        fraction = state.elapsed_s / total_s
        for group in state.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _cosine(fraction, state.step)
        loss = recipe.loss(state.network, source.batch(recipe.batch), fraction)
        state.optimizer.zero_grad()
        loss.total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
        state.optimizer.step()
        _follow(state.mean, state.network, min(MEAN_DECAY, state.step / (state.step + 10)))
        state.step += 1
        state.elapsed_s += time.monotonic() - started
        losses.append(float(loss.total.detach()))
        errors.append(loss.error_um)
        if state.step % TELL_EVERY == 0:
            yield TrainProgress(state.step, state.elapsed_s, total_s, _mean(losses), _mean(errors))
            losses, errors = [], []


def _cosine(fraction: float, step: int) -> float:
    """Learning rate over its maximum: 100 steps up, then half a cosine down over the time."""
    return min(1.0, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0))))


def _follow(mean: nn.Module, network: nn.Module, decay: float) -> None:
    """Exponential running mean of the parameters; statistics of batches are copied."""
    with torch.no_grad():
        for old, new in zip(mean.parameters(), network.parameters(), strict=True):
            old.lerp_(new, 1 - decay)
        for counted, now in zip(mean.buffers(), network.buffers(), strict=True):
            counted.copy_(now)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _due(checkpoint: Path) -> bool:
    return not checkpoint.exists() or time.time() - checkpoint.stat().st_mtime > SAVE_EVERY_S


def _card(name: str, minutes: float, seed: int, state: Progress) -> dict[str, Any]:
    """How the weights came to be."""
    return {
        "name": name,
        "command": f"scopeacq train {name} --minutes {minutes:g} --seed {seed}",
        "seed": seed,
        "steps": state.step,
        "seconds": round(state.elapsed_s),
        "torch": torch.__version__,
        "machine": f"{platform.machine()}, one thread",
    }
