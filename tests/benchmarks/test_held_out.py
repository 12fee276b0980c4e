"""The held-out set: fixed, apart from the training, and imaged as its machines say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.held_out import HeldOutKind, fingerprint, kinds, machines, scene
from benchmarks.held_out.kinds import PAINTERS
from hardware.types import FrameSettings
from models.training.textures import LAYERS

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = FrameSettings(512, 384, pixel_size_nm=10.0, dwell_ns=200.0)
SOURCE = {path: path.read_text("utf-8") for path in (ROOT / "benchmarks" / "held_out").glob("*.py")}


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_a_kind_is_what_was_fixed(kind: HeldOutKind) -> None:
    """To change a kind is to have another held-out set: figures before and after cannot be compared."""
    tile = kind.tile(np.random.default_rng(0))
    np.testing.assert_allclose(fingerprint(tile), kind.seen, atol=0.02)
    assert tile.dtype == np.float32
    assert abs(float(tile.mean())) < 1e-3
    assert 0.25 < float(tile.std()) < 1.01
    for axis in (0, 1):
        seam = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
        assert seam < 3 * np.abs(np.diff(tile, axis=axis)).mean() + 0.02


def test_no_kind_is_of_the_training_and_none_is_painted_with_its_code() -> None:
    assert not set(kinds()) & {layer.__name__ for layer in LAYERS}
    assert not any("models.training" in text for text in SOURCE.values())
    training = (ROOT / "models").rglob("*.py")
    assert not any("benchmarks" in path.read_text("utf-8") for path in training)


def test_the_file_names_every_painter_and_every_machine_can_be_drawn() -> None:
    assert set(kinds()) == set(PAINTERS)
    rng = np.random.default_rng(0)
    drawn = {name: machine.draw(rng) for name, machine in machines().items()}
    assert drawn["wide_angle"].machine.convergence_mrad == pytest.approx(
        1.2 * drawn["wide_angle"].believed_mrad
    )
    assert drawn["usual"].machine.convergence_mrad == drawn["usual"].believed_mrad
    assert drawn["quarter_dose"].machine.current_na < 0.3 * drawn["usual"].machine.current_na
    assert drawn["gaussian"].machine.falloff == np.inf


def test_a_scene_is_the_same_for_the_same_seed_but_for_the_noise_of_a_take() -> None:
    focus = np.zeros(3)
    one, again, other = (scene("tin_balls", "usual", seed) for seed in (3, 3, 4))
    image = one.image(focus, SETTINGS)
    assert image.shape == (384, 512)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, again.image(focus, SETTINGS))
    assert np.any(image != one.image(focus, SETTINGS, take=1))
    assert other.microscope != one.microscope


def test_a_pair_is_as_sharp_as_its_defocus_says_and_told_with_the_believed_angle() -> None:
    place = scene("crystals", "narrow_angle", 5)
    plus, minus = place.pair([5.0, 0.0, 0.0], 5.0, SETTINGS)
    steps = [np.abs(np.diff(image.astype(float), axis=0)).mean() for image in (plus, minus)]
    assert steps[1] > steps[0]
    condition = place.condition(5.0, SETTINGS)
    assert condition.convergence_mrad == pytest.approx(place.microscope.machine.convergence_mrad / 0.8)
