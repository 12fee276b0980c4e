"""Training: textures, simulated pairs, a short training, going on after an interruption."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hardware.optics import StigmatorFrame, astigmatism_in_image, probe_otf
from models.deepfocus import DeepFocus
from models.training import (
    RECIPES,
    Limits,
    Recipe,
    Run,
    StepDecay,
    TrainingError,
    TrainProgress,
    train,
)
from models.training.augmentation import Augmentation, greyed
from models.training.flagship_calibration import calibrate_flagship
from models.training.pairs import NO_EFFECTS, ImageBatch
from models.training.source_losses import aberration_of, correction_of, random_patches, scored_loss
from models.training.textures import TextureBank
from models.weights import Weights, WeightsError
from tests.models.scenes import CONDITION, Microscope


@pytest.fixture(scope="module")
def textures() -> TextureBank:
    return TextureBank(192, 24, seed=3, renewed=0)


def test_textures_are_standardised_periodic_and_reproducible(textures):
    rng = torch.Generator().manual_seed(0)
    drawn = textures.draw(16, rng)
    assert drawn.shape == (16, 192, 192)
    assert torch.allclose(drawn.mean((1, 2)), torch.zeros(16), atol=1e-4)
    assert torch.allclose(drawn.std((1, 2)), torch.ones(16), atol=1e-3)
    steps_inside = (drawn[:, 1:] - drawn[:, :-1]).abs().mean()
    steps_across = (drawn[:, 0] - drawn[:, -1]).abs().mean()
    assert steps_across < 1.5 * steps_inside
    again = TextureBank(192, 24, seed=3, renewed=0).draw(16, torch.Generator().manual_seed(0))
    assert torch.equal(drawn, again)


@pytest.fixture(scope="module")
def easy(textures) -> Recipe:
    """What a few seconds of training get a hold on: small batches, defocus only, few held-out frames."""
    recipe = RECIPES["deepfocus"]
    simple = replace(recipe.ranges, astig_um=0.1, blank=0.0, near=0.0, odd_pixels=0.0, effects=NO_EFFECTS)
    few = partial(calibrate_flagship, n_frames=24)
    return replace(recipe, batch=8, ranges=simple, limits=Limits(steps=60), calibrate=few)


def test_short_training_learns_and_its_weights_load(tmp_path: Path, textures, easy):
    told: list[TrainProgress] = []
    out = tmp_path / "new" / "short.safetensors"
    train(easy, Run(seed=4), otf=probe_otf, out=out, textures=textures, progress=told.append)
    assert told[-1].loss < told[0].loss
    assert told[-1].error < told[0].error
    assert {path.name for path in out.parent.iterdir()} == {"short.safetensors", "short.md"}
    estimate = DeepFocus.load(out).estimate(*Microscope().pair(np.zeros(3)), CONDITION)
    assert estimate.mean.shape == (3,)


def nothing_to_say(*_: object) -> dict[str, Any]:
    return {"patch_error_um": [9.0, 9.0, 9.0]}


SMALL = replace(
    RECIPES["i2s-128"],
    ranges=replace(RECIPES["i2s-128"].ranges, patch_px=128, effects=NO_EFFECTS),
    bank=4,
    batch=2,
    limits=Limits(steps=24),
    calibrate=nothing_to_say,
)
CPU = Run(seed=4, device="cpu")


def trained(recipe: Recipe, run: Run, out: Path, **arguments: Any) -> Weights:
    train(recipe, run, otf=probe_otf, out=out, **arguments)
    return Weights.load(out, recipe.architecture)


def test_training_by_steps_is_repeatable_bit_by_bit(tmp_path: Path):
    one, again = (trained(SMALL, CPU, tmp_path / f"{i}.safetensors") for i in range(2))
    other = trained(SMALL, replace(CPU, seed=5), tmp_path / "other.safetensors")
    assert all(torch.equal(tensor, again.tensors[name]) for name, tensor in one.tensors.items())
    assert not torch.equal(one.tensors["head.0.weight"], other.tensors["head.0.weight"])
    assert one.card["steps"] == 24


class Interrupted(Exception):
    pass


def interrupt(told: TrainProgress) -> None:
    """Called from the second time on it ends the training; the first one was followed by a checkpoint."""
    if told.step > 20:
        raise Interrupted


def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path: Path):
    still = TextureBank(144, 4, seed=4, renewed=0)
    whole = trained(SMALL, CPU, tmp_path / "whole.safetensors", textures=still)
    out = tmp_path / "later.safetensors"
    with pytest.raises(Interrupted):
        trained(SMALL, CPU, out, textures=still, progress=interrupt)
    assert not out.exists()
    resumed = trained(SMALL, CPU, out, textures=still)
    assert all(torch.equal(tensor, resumed.tensors[name]) for name, tensor in whole.tensors.items())
    assert not out.with_name(out.name + ".checkpoint").exists()


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path):
    out = tmp_path / "later.safetensors"
    with pytest.raises(Interrupted):
        trained(SMALL, CPU, out, progress=interrupt)
    with pytest.raises(WeightsError, match=r"begun with seed 4, not 5.*remove it"):
        trained(SMALL, replace(CPU, seed=5), out)
    with pytest.raises(WeightsError, match="begun with batch 2, not 3"):
        trained(replace(SMALL, batch=3), CPU, out)


def test_damaged_checkpoint_is_refused(tmp_path: Path):
    out = tmp_path / "later.safetensors"
    out.with_name(out.name + ".checkpoint").write_bytes(b"half a checkpoint")
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        trained(SMALL, CPU, out)


def test_fine_tuning_changes_the_named_layers_only(tmp_path: Path):
    start = tmp_path / "start.safetensors"
    before = trained(SMALL, CPU, start)
    tuned = replace(SMALL, schedule=StepDecay(0.95, 1000))
    run = replace(CPU, start_from=start, trainable=("head",))
    after = trained(tuned, run, tmp_path / "tuned.safetensors")
    for name, tensor in before.tensors.items():  # statistics of batches are among them
        assert torch.equal(tensor, after.tensors[name]) == (not name.startswith("head.")), name


def test_layers_and_devices_that_do_not_exist_are_refused(tmp_path: Path):
    with pytest.raises(TrainingError, match=r"no layer 'hea' to train; it has convolutions, head"):
        trained(SMALL, replace(CPU, trainable=("hea",)), tmp_path / "x")
    with pytest.raises(TrainingError, match="no device 'tpu'"):
        trained(SMALL, replace(CPU, device="tpu"), tmp_path / "x")
    with pytest.raises(TrainingError, match="steps or minutes"):
        Limits()


def test_the_model_card_says_how_the_weights_came_to_be(tmp_path: Path):
    out = tmp_path / "carded.safetensors"
    trained(SMALL, CPU, out, command="scopeacq train i2s-128 --config mine.toml")
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    for fact in (
        "scopeacq train i2s-128 --config mine.toml",
        "seed 4",
        "24 steps",
        torch.__version__,
        "1 thread",
        "108,123 parameters",
        "| `defocus_um` | 20 |",
        "| `patch_error_um` | 9, 9, 9 |",
    ):
        assert fact in card


def test_the_learning_rate_falls_as_the_source_says():
    decay = StepDecay()
    assert [decay.factor(step, 0.0) for step in (0, 1999, 2000, 4000)] == [1.0, 1.0, 0.99, 0.99**2]


def test_a_limit_is_reached_by_steps_or_by_time():
    limits = Limits(steps=100, minutes=2.0)
    assert limits.fraction(50, 6.0) == 0.5
    assert limits.fraction(50, 90.0) == 0.75
    assert Limits(minutes=1.0).fraction(10**9, 30.0) == 0.5


# -- the source's losses and augmentations -----------------------------------------------


def batch_of(images: torch.Tensor) -> ImageBatch:
    each = torch.zeros(len(images))
    return ImageBatch(images, torch.zeros(len(images), 3), *([each] * (len(fields(ImageBatch)) - 2)))


def test_augmentations_are_made_as_often_and_as_strongly_as_told():
    torch.manual_seed(0)
    plain = batch_of(1 + 0.1 * torch.randn(400, 2, 16, 16))
    as_seen = greyed(plain).images
    assert torch.allclose(as_seen, 2 * 143.0 / 255.0 * plain.images - 1, atol=1e-6)
    nothing = Augmentation(0.0, 0.0, 0.0, 0.0)
    assert torch.allclose(nothing(plain).images, as_seen, atol=1e-6)
    noise = replace(nothing, noise_sd=0.2)(plain).images - as_seen
    touched = noise.std((1, 2, 3)) > 0.01
    assert touched.float().mean() == pytest.approx(0.75, abs=0.07)
    assert noise[touched].std() == pytest.approx(0.2, rel=0.02)
    brighter = replace(nothing, brightness_sd=0.25)(plain).images - as_seen
    offsets = brighter.mean((1, 2, 3))
    assert torch.allclose(brighter, offsets[:, None, None, None].expand_as(brighter), atol=1e-5)
    assert offsets[offsets.abs() > 1e-4].std() == pytest.approx(0.25, rel=0.15)
    bent = replace(nothing, gamma_sd=0.25)(plain).images
    for extreme in (torch.amin, torch.amax):  # gamma keeps the darkest and the brightest pixel
        assert torch.allclose(extreme(bent, (1, 2, 3)), extreme(as_seen, (1, 2, 3)), atol=1e-5)


def test_the_scored_loss_is_equation_3_1():
    answers = torch.tensor([[[1.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, math.log(3.0)]]])
    target = torch.tensor([[2.0, 0.0, 0.0]])
    # weights 1/4 and 3/4: mean 2.5, off by 0.5 in one of three; each answer off by 1
    loss = scored_loss(answers, target)
    assert float(loss.total) == pytest.approx(0.75 * 0.5 / 3 + 1.0 / 3)
    assert float(loss.error) == pytest.approx(0.5)


def test_patches_are_cut_at_one_place_from_both_images():
    ramp = torch.arange(64.0 * 64).reshape(64, 64)
    patches = random_patches(torch.stack([ramp, ramp + 0.5])[None], 5, 16)
    assert patches.shape == (1, 5, 2, 16, 16)
    assert torch.equal(patches[:, :, 1], patches[:, :, 0] + 0.5)
    assert len({float(patch[0, 0, 0]) for patch in patches[0]}) > 1
    assert torch.equal(patches[0, 0, 0, 1] - patches[0, 0, 0, 0], torch.full((16,), 64.0))


@pytest.mark.parametrize("name", ["i2s-128-antisymmetric", "patch-score-128", "pixel-score-128"])
def test_a_step_of_each_kind_of_the_source_lowers_its_loss_on_the_same_data(name):
    recipe = RECIPES[name]
    torch.manual_seed(1)
    network = recipe.build().train()
    edge = recipe.ranges.patch_px
    batch = replace(batch_of(torch.randn(2, 2, edge, edge)), aberration_um=5 + torch.rand(2, 3))
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    losses = []
    for _ in range(4):
        torch.manual_seed(2)  # the same patches and the same dropout
        loss = recipe.loss(network, batch, 0.0).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_targets_are_the_corrections_of_the_source():
    """A correction in um and stigmator units, in a frame with y up, cancels the aberration."""
    optics = StigmatorFrame()
    ax, ay = astigmatism_in_image(0.5, -1.5, optics, scan_rot_deg=0.0)
    aberration = torch.tensor([[3.0, ax, ay]])
    correction = correction_of(replace(batch_of(torch.zeros(1, 2, 4, 4)), aberration_um=aberration))
    assert torch.allclose(correction, torch.tensor([[-3.0, -0.5, 1.5]]))
    assert torch.allclose(aberration_of(correction), aberration)
