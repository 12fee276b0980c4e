"""The last layers of networks trained on from pairs: what changes, what does not, and when it ends."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from hardware.optics import probe_otf
from models.deepfocus import DeepFocus
from models.networks import PairPolarNet
from models.source_networks import PAIR_NETWORKS, PixelScore
from models.training.recalibrated import KnownPair, Teaching, recalibrate
from models.training.recalibration import Example, Look, Tuning, tune
from models.training.recipe import TrainingError
from models.weights import SHIPPED, Weights, load_into
from tests.models.scenes import CONDITION, Microscope

SHORT = Tuning(seed=1, most_steps=40, batch=8, learning_rate=1e-3, look_every=10, patience=20)


def examples(edge: int, count: int, seed: int, spread: float) -> list[Example]:
    """Patches whose contrast tells the target."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        target = rng.uniform(-spread, spread, 3)
        noise = rng.standard_normal((2, 2, edge, edge)).astype(np.float32)
        noise[:, 0] *= np.float32(np.exp(target[0]))
        found.append(Example(noise, target, 2.2))
    return found


@pytest.fixture(scope="module")
def shipped() -> PairPolarNet:
    path = SHIPPED / "deepfocus.safetensors"
    network = PairPolarNet()
    load_into(network, Weights.load(path, PairPolarNet.architecture), path)
    return network


def changed(before: torch.nn.Module, after: torch.nn.Module) -> set[str]:
    """Names of tensors that differ."""
    pairs = zip(before.state_dict().items(), after.state_dict().values(), strict=True)
    return {name for (name, old), new in pairs if not torch.equal(old, new)}


def test_only_the_last_three_layers_of_deepfocus_change(shipped: PairPolarNet):
    tuned = tune(shipped, examples(160, 6, 0, 1.0), examples(160, 3, 1, 1.0), SHORT)
    assert tuned.improved
    assert {name.rpartition(".")[0] for name in changed(shipped, tuned.network)} <= {
        "trunk.3",
        "trunk.3.norm",
        "head.0",
        "head.2",
    }


def test_the_same_pairs_give_the_same_weights(shipped: PairPolarNet):
    run = partial(tune, shipped, examples(160, 4, 0, 1.0), examples(160, 2, 1, 1.0), SHORT)
    assert not changed(run().network, run().network)


def test_the_networks_of_the_source_learn_by_their_full_layers():
    torch.manual_seed(0)
    network = PAIR_NETWORKS["i2s-128"]()
    tuned = tune(network, examples(128, 24, 0, 3.0), examples(128, 8, 1, 3.0), SHORT)
    assert tuned.best.held_out < tuned.looks[0].held_out
    assert all(name.startswith("head.") for name in changed(network, tuned.network))


def test_training_ends_when_held_out_pairs_are_read_no_better(shipped: PairPolarNet):
    same = examples(160, 4, 0, 1.0)
    other = [Example(e.patches, -e.target, e.blur_px) for e in same]
    looks: list[Look] = []
    tuned = tune(
        shipped, same, other, Tuning(1, 1000, 8, 1e-3, look_every=5, patience=4), seen=looks.append
    )
    assert looks[-1].step < 1000
    assert looks == list(tuned.looks)
    assert looks[-1].step - tuned.best.step >= 4 * 5


def test_what_cannot_be_trained_on_is_refused(shipped: PairPolarNet):
    one = examples(160, 1, 0, 1.0)
    with pytest.raises(TrainingError, match="no pairs"):
        tune(shipped, [], one, SHORT)
    with pytest.raises(TrainingError, match="PixelScore"):
        tune(PixelScore(), one, one, SHORT)


def test_weights_for_a_microscope_carry_their_card_and_are_believed_with_care(tmp_path: Path):
    microscope = Microscope(width_px=352, height_px=352)
    truths = [np.array(t) for t in ([3.0, 1.0, 0.0], [-4.0, 0.0, 2.0], [6.0, -2.0, 1.0])]
    pairs = [KnownPair(*microscope.pair(truth), CONDITION, truth) for truth in truths]
    tuning = Tuning(most_steps=20, batch=4, look_every=10)
    out = tmp_path / "own.safetensors"
    told = recalibrate(None, Teaching(pairs[:2], pairs[2:], "rays"), tuning, probe_otf, out)
    card = Weights.load(out).card
    assert card["recalibration"]["data"] == "rays"
    assert card["recalibration"]["held_out_error_after_um"] == list(told.after_um)
    assert (
        card["calibration"]["spread"]
        >= Weights.load(SHIPPED / "deepfocus.safetensors").card["calibration"]["spread"]
    )
    estimate = DeepFocus.load(out).estimate(pairs[2].plus, pairs[2].minus, CONDITION)
    assert estimate.mean == pytest.approx(truths[2], abs=1.0)
