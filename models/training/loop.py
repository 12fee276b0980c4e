"""The training loop: limited by steps or time, reproducible by seed, resumable from its checkpoint."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.threads import threads
from models.training.card import account, machine_of, model_card, settings_of
from models.training.checkpoint import Progress
from models.training.pairs import ProbeOtf
from models.training.recipe import Loss, Recipe, Run, SeededSource, TrainingError
from models.training.textures import TextureBank, TextureSource
from models.weights import Weights, load_into

SAVE_EVERY_S = 60.0
TELL_EVERY = 20


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """How far a training is. ``loss`` and ``error`` are means over the last steps.

    ``fraction`` is the done part of its limit of steps or time, whichever is nearer.
    """

    step: int
    elapsed_s: float
    fraction: float
    loss: float
    error: float
    learning_rate: float


def train(
    recipe: Recipe,
    run: Run,
    *,
    otf: ProbeOtf,
    out: Path,
    command: str = "",
    textures: TextureSource | None = None,
    progress: Callable[[TrainProgress], None] = lambda _: None,
) -> Path:
    """Carry a recipe out and write its weights to ``out``, with a model card (``.md``) beside them.

    A checkpoint ``<out>.checkpoint`` is kept beside ``out``; a training that finds one goes on
    from there, also with other limits. On a CPU and limited by steps the same seed gives the
    same weights, bit by bit. After an interruption textures are drawn anew.

    Args:
        recipe: what to train, and on what.
        run: seed, device, threads, weights to start from.
        otf: transfer function of the probe (``hardware.optics.probe_otf``).
        out: the file of weights to write (safetensors).
        command: what the card names as having made it.
        textures: specimens; by default procedural ones.
        progress: called every few steps on this thread.

    Returns:
        ``out``.

    Raises:
        TrainingError: no such layer or device.
        WeightsError: the checkpoint is damaged or of a training with other settings, or the
            weights to start from cannot be used.
    """
    device = device_of(run.device)
    out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = out.with_name(out.name + ".checkpoint")
    with threads(run.threads), torch.random.fork_rng():
        state = _begun(recipe, run, device)
        if checkpoint.exists():
            state.load(checkpoint, recipe.architecture)
        textures = textures or TextureBank(recipe.texture_px, recipe.bank, run.seed)
        source = recipe.source(otf, textures, recipe.ranges, run.seed, device)
        for told in _steps(recipe, run, source, state, device):
            progress(told)
            if _due(checkpoint):
                state.save(checkpoint, recipe.architecture)
        mean = state.mean.cpu()
        figures = recipe.calibrate(mean, otf, recipe.ranges, run.seed)
    machine = machine_of(device, run.threads)
    card = account(recipe, state.settings, machine, command, state.step, state.elapsed_s) | figures
    Weights(recipe.architecture, mean.state_dict(), card).save(out)
    out.with_suffix(".md").write_text(model_card(out.name, recipe, mean, card), encoding="utf-8")
    checkpoint.unlink(missing_ok=True)
    return out


def device_of(name: str) -> torch.device:
    """The device called "auto" (a GPU where there is one), "cpu" or "cuda".

    Raises:
        TrainingError: there is no such device here.
    """
    has_gpu = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if has_gpu else "cpu")
    if name == "cpu" or (name == "cuda" and has_gpu):
        return torch.device(name)
    raise TrainingError(f"there is no device {name!r} on this computer; give auto or cpu")


def _begun(recipe: Recipe, run: Run, device: torch.device) -> Progress:
    """A training before its first step."""
    torch.manual_seed(run.seed)
    network = recipe.build()
    if run.start_from is not None:
        load_into(network, Weights.load(run.start_from, recipe.architecture), run.start_from)
    network.to(device)
    _freeze_all_but(network, run.trainable)
    changing = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(changing, recipe.learning_rate, weight_decay=recipe.weight_decay)
    mean = copy.deepcopy(network).requires_grad_(False)
    return Progress(network, mean, optimizer, settings_of(recipe, run))


def _freeze_all_but(network: nn.Module, layers: tuple[str, ...]) -> None:
    """Let only ``layers`` be trained, all when none is named; the others also keep their statistics.

    Raises:
        TrainingError: the network has no such layer.
    """
    network.train()
    if not layers:
        return
    names = [name for name, _ in network.named_parameters()]
    for layer in layers:
        if not any(_within(layer, name) for name in names):
            known = ", ".join(sorted({name.partition(".")[0] for name in names}))
            raise TrainingError(f"the network has no layer {layer!r} to train; it has {known}")
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(any(_within(layer, name) for layer in layers))
    for module in network.modules():
        parameters = list(module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            module.eval()


def _within(layer: str, parameter: str) -> bool:
    return f"{parameter}.".startswith(f"{layer}.")


def _steps(
    recipe: Recipe, run: Run, source: SeededSource, state: Progress, device: torch.device
) -> Iterator[TrainProgress]:
    """Train until a limit is reached; tells every few steps and at the end."""
    losses: list[Loss] = []
    fraction = recipe.limits.fraction(state.step, state.elapsed_s)
    while fraction < 1.0:
        started = time.monotonic()
        _seed_step(run.seed, state.step, source)
        rate = recipe.learning_rate * recipe.schedule.factor(state.step, fraction)
        losses.append(_step(recipe, _moved(source.batch(recipe.batch), device), state, fraction, rate))
        state.step += 1
        state.elapsed_s += time.monotonic() - started
        fraction = recipe.limits.fraction(state.step, state.elapsed_s)
        if state.step % TELL_EVERY == 0 or fraction >= 1.0:
            loss = float(sum(step.total for step in losses)) / len(losses)
            error = float(sum(step.error for step in losses)) / len(losses)
            yield TrainProgress(state.step, state.elapsed_s, fraction, loss, error, rate)
            losses = []


def _seed_step(seed: int, step: int, source: SeededSource) -> None:
    """Let all that a step draws follow from the seed and its number, also after an interruption."""
    number = int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0]) >> 1
    torch.manual_seed(number)
    source.rng.manual_seed(number)


def _moved(batch: Any, device: torch.device) -> Any:
    return type(batch)(*(getattr(batch, field.name).to(device) for field in fields(batch)))


def _step(recipe: Recipe, batch: Any, state: Progress, fraction: float, rate: float) -> Loss:
    """One step of the optimizer; returns its loss without the graph."""
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    augmented = batch if recipe.augmentation is None else recipe.augmentation(batch)
    loss = recipe.loss(state.network, augmented, fraction)
    state.optimizer.zero_grad()
    loss.total.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.network.parameters(), recipe.clip)
    state.optimizer.step()
    _follow(state.mean, state.network, min(recipe.running_mean, state.step / (state.step + 10)))
    return Loss(loss.total.detach(), loss.error)


def _follow(mean: nn.Module, network: nn.Module, decay: float) -> None:
    """Exponential running mean of the parameters; statistics of batches are copied."""
    with torch.no_grad():
        for old, new in zip(mean.parameters(), network.parameters(), strict=True):
            old.lerp_(new, 1 - decay)
        for counted, now in zip(mean.buffers(), network.buffers(), strict=True):
            counted.copy_(now)


def _due(checkpoint: Path) -> bool:
    return not checkpoint.exists() or time.time() - checkpoint.stat().st_mtime > SAVE_EVERY_S
