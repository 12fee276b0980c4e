"""Training: textures, simulated pairs, a short training, going on after an interruption."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hardware.optics import probe_otf
from models.deepfocus import DeepFocus
from models.training import TrainProgress, train
from models.training.pairs import NO_EFFECTS
from models.training.recipes import RECIPES
from models.training.textures import TextureBank
from models.weights import WeightsError
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


def test_unknown_network_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="deepfocus, deepscore"):
        train("nothing", otf=probe_otf, out=tmp_path / "x", minutes=1)


@pytest.fixture
def easy(monkeypatch) -> None:
    """A problem that a few seconds of training get a hold on: small batches, defocus only."""
    recipe = RECIPES["deepfocus"]
    simple = replace(recipe.ranges, astig_um=0.1, blank=0.0, near=0.0, odd_pixels=0.0, effects=NO_EFFECTS)
    monkeypatch.setitem(RECIPES, "deepfocus", replace(recipe, batch=8, ranges=simple))


def test_short_training_learns_and_its_weights_load(tmp_path: Path, textures, easy):
    told: list[TrainProgress] = []
    out = train(
        "deepfocus",
        otf=probe_otf,
        out=tmp_path / "new" / "short.safetensors",
        minutes=20 / 60,
        seed=4,
        textures=textures,
        progress=told.append,
    )
    # how many steps fit into the time depends on the machine: ask for a start, not for a result
    assert told[-1].loss < told[0].loss - 0.3
    assert told[-1].error_um < told[0].error_um
    assert list(out.parent.iterdir()) == [out]
    estimate = DeepFocus.load(out).estimate(*Microscope().pair(np.array([15.0, 0.0, 0.0])), CONDITION)
    assert estimate.mean[0] > 0.0


class Interrupted(Exception):
    pass


def test_training_goes_on_from_its_checkpoint(tmp_path: Path, textures, easy):
    out = tmp_path / "later.safetensors"
    told: list[TrainProgress] = []

    def stop_after_two(progress: TrainProgress) -> None:
        told.append(progress)
        if len(told) == 2:  # the checkpoint was written after the first
            raise Interrupted

    arguments: dict[str, Any] = {"otf": probe_otf, "out": out, "seed": 4, "textures": textures}
    with pytest.raises(Interrupted):
        train("deepfocus", minutes=1.0, progress=stop_after_two, **arguments)
    assert not out.exists()
    with pytest.raises(WeightsError, match="begun with seed 4, not 5"):
        train("deepfocus", minutes=1.0, **{**arguments, "seed": 5})
    train("deepfocus", minutes=(told[1].elapsed_s + 5.0) / 60, progress=told.append, **arguments)
    assert told[2].step == told[1].step
    assert told[2].elapsed_s > told[0].elapsed_s
    assert DeepFocus.load(out).name == "DeepFocus"


def test_damaged_checkpoint_is_refused(tmp_path: Path, textures):
    out = tmp_path / "later.safetensors"
    out.with_name(out.name + ".checkpoint").write_bytes(b"half a checkpoint")
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        train("deepfocus", otf=probe_otf, out=out, minutes=1, textures=textures)
