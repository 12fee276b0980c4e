"""Textures to train on: procedural layers, and windows of real images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from models.training.ranges import Span
from models.training.stacks import MixedTextures, RealTextures
from models.training.textures import LAYERS, Canvas, TextureBank, random_texture


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def photograph(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Rough grey, brighter towards the right."""
    rough = np.random.default_rng(seed).integers(0, 60, (shape[0] // 4, shape[1] // 4))
    return (np.kron(rough, np.ones((4, 4))) + np.linspace(0, 120, shape[1] // 4 * 4)).astype(np.uint8)


@pytest.mark.parametrize("layer", dict.fromkeys(LAYERS), ids=lambda layer: layer.__name__)
def test_layers_are_finite_have_texture_and_come_again_for_the_same_seed(
    layer: Callable[[Canvas], Tensor],
) -> None:
    one, again, other = (layer(Canvas(128, 2.0, generator(seed))) for seed in (1, 1, 2))
    assert one.shape == (128, 128)
    assert bool(torch.isfinite(one).all())
    assert float(one.std()) > 1e-4
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_some_textures_are_bare_for_the_most_part() -> None:
    rng = generator(3)
    quiet = []
    for _ in range(60):
        steps = random_texture(96, rng).diff(dim=0).abs()
        quiet.append(float((steps < 0.2 * steps.mean()).float().mean()))
    assert sum(share > 0.5 for share in quiet) >= 3
    assert sum(share < 0.2 for share in quiet) >= 10


def test_windows_of_real_images_are_standardised_periodic_and_reproducible() -> None:
    textures = RealTextures([photograph((400, 500)), photograph((420, 420), 1)], 96, Span(1.5, 3.0))
    drawn = textures.draw(6, generator())
    assert drawn.shape == (6, 96, 96)
    assert drawn.dtype == torch.float32
    torch.testing.assert_close(drawn.mean((1, 2)), torch.zeros(6), atol=1e-4, rtol=0)
    torch.testing.assert_close(drawn.std((1, 2)), torch.ones(6), atol=1e-3, rtol=0)
    for axis in (1, 2):
        seam = (drawn.select(axis, 0) - drawn.select(axis, -1)).abs().mean()
        assert seam < 2 * drawn.diff(dim=axis).abs().mean()
    assert torch.equal(drawn, textures.draw(6, generator()))
    assert not torch.equal(drawn[0], drawn[1])


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ([], "at least one"),
        ([photograph((100, 400))], "at least 324 x 324 px"),
        ([np.zeros((400, 400, 3))], "grey images"),
        ([np.full((400, 400), np.nan)], "NaN"),
    ],
)
def test_images_that_cannot_serve_are_refused(images: list[np.ndarray], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        RealTextures(images, 96, Span(1.5, 3.0))


def test_a_mixture_draws_its_share_from_the_other_source() -> None:
    usual, other = (TextureBank(64, 1, seed, renewed=0) for seed in (1, 2))

    def is_other(texture: Tensor) -> bool:
        """Turning and mirroring keep the sorted values."""
        of_usual = usual.draw(1, generator()).flatten().sort().values
        return not torch.allclose(texture.flatten().sort().values, of_usual)

    drawn = MixedTextures(usual, other, 0.25).draw(200, generator(5))
    assert np.mean([is_other(texture) for texture in drawn]) == pytest.approx(0.25, abs=0.1)
    with pytest.raises(ValueError, match="64 and 96 px do not mix"):
        MixedTextures(usual, TextureBank(96, 1, 0), 0.5)
