"""Spectra that DeepScore is trained on, held against spectra of images that were really blurred."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from hardware.optics import probe_otf
from models.blur_network import BlurNet
from models.training import blur_spectra
from models.training.blur_recipe import BLUR_RECIPE, is_inside, sizes_um
from models.training.blur_spectra import SimulatedSpectra
from models.training.ranges import NO_EFFECTS, Span
from models.training.textures import TextureBank

PIXEL_UM, ALPHA_RAD, EDGE = 0.01, 8.9e-3, 640
EXACT = replace(
    BLUR_RECIPE.ranges,
    pixel_nm=Span(10.0, 10.0),
    convergence_mrad=Span(8.9, 8.9),
    convergence_error=0.0,
    effects=NO_EFFECTS,
)


@pytest.fixture(scope="module")
def network() -> BlurNet:
    return BlurNet()


def source(network: BlurNet, seed: int, monkeypatch: pytest.MonkeyPatch) -> SimulatedSpectra:
    monkeypatch.setattr(blur_spectra, "STOCK", 4)
    return SimulatedSpectra(probe_otf, TextureBank(384, 1, seed), EXACT, seed, network.spectra)


def spectrum_of(network: BlurNet, spectrum: torch.Tensor) -> torch.Tensor:
    """Of overlapping patches of the image with this half spectrum."""
    image = torch.fft.irfft2(spectrum, s=(EDGE, EDGE))
    corners = range(0, EDGE - network.patch_px + 1, network.patch_px // 2)
    size = network.patch_px
    return network.spectra(
        torch.stack([image[y : y + size, x : x + size] for y in corners for x in corners])
    )


@pytest.mark.parametrize("aberration_um", [(20.0, 0.0, 0.0), (5.0, 4.0, 0.0), (2.0, 0.0, -3.0)])
def test_the_probe_acts_on_cells_as_on_images(network, monkeypatch, aberration_um):
    """Its zeros are as deep as window and cells let them be: within a tenth of a decade at the first."""
    k = [2 * math.pi * frequency(EDGE) for frequency in (torch.fft.rfftfreq, torch.fft.fftfreq)]
    kx, ky = k[0][None, :], k[1][:, None]
    white = torch.randn((EDGE, EDGE), generator=torch.Generator().manual_seed(0))
    field = torch.fft.rfft2(white) * (torch.sqrt(kx**2 + ky**2) + 0.02) ** -1.5
    blur = probe_otf(kx / PIXEL_UM, ky / PIXEL_UM, *aberration_um, ALPHA_RAD, 0.0, torch)
    seen = torch.log10(spectrum_of(network, field * blur) / spectrum_of(network, field))
    maker = source(network, 1, monkeypatch)
    optics = torch.tensor([aberration_um]), torch.tensor([ALPHA_RAD]), torch.tensor([PIXEL_UM])
    made = torch.log10(maker.probe_power(*optics)[0])
    above_noise = made.mean(0) > -2.5
    np.testing.assert_allclose(made.mean(0)[above_noise], seen.mean(0)[above_noise], atol=0.12)


def test_batches_are_finite_reproducible_and_of_every_size(network, monkeypatch):
    batches = [source(network, seed, monkeypatch).batch(200) for seed in (1, 1, 2)]
    assert torch.equal(batches[0].power, batches[1].power)
    assert not torch.equal(batches[0].power, batches[2].power)
    assert bool(torch.isfinite(batches[0].power).all())
    assert float(batches[0].power.min()) > 0
    assert batches[0].blur_px.numpy() == pytest.approx(0.89)
    inside = is_inside(batches[0].aberration_um).float().mean()
    assert 0.1 < float(inside) < 0.5
    blur_um = sizes_um(batches[0].aberration_um)[:, 0]
    assert float(blur_um.min()) < 0.6
    assert float(blur_um.max()) > 20.0


def test_sizes_are_those_of_the_unordered_pair():
    sizes = sizes_um(torch.tensor([[-3.0, 2.4, 3.2], [4.0, -3.0, 0.0]]))
    assert sizes[0].tolist() == pytest.approx([5.0, 4.0, 3.0])
    assert sizes[1].tolist() == pytest.approx([5.0, 4.0, 3.0])


def test_more_blur_leaves_less_power(network, monkeypatch):
    maker = source(network, 1, monkeypatch)
    one = torch.full((3,), ALPHA_RAD), torch.full((3,), PIXEL_UM)
    blurs = torch.tensor([[1.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 6.0]])
    means = maker.probe_power(blurs, *one).mean((1, 2))
    assert means.tolist() == sorted(means.tolist(), reverse=True)
