"""Polar spectra, and the network on them: symmetries that hold for any weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.networks import PairPolarNet, folded
from models.polar import PolarSpectra
from models.weights import SHIPPED, Weights, load_into
from tests.models.scenes import Microscope

ANGLES = 24
RANGE = 14.0  # perturbations of 5 um: +-35 um are trained


@pytest.fixture(scope="module")
def spectra() -> PolarSpectra:
    return PolarSpectra(160, ANGLES, 48, (2.0, 54.0))


def images(seed: int, count: int = 2, images_each: int = 2) -> torch.Tensor:
    """Rough random fields, stronger at low frequencies."""
    white = torch.randn((count, images_each, 160, 160), generator=torch.Generator().manual_seed(seed))
    return white + 0.05 * white.cumsum(-1).cumsum(-2)


def power_of(spectra: PolarSpectra, fields: torch.Tensor) -> torch.Tensor:
    """Of fields (n, 1, 160, 160): (angles, radii, n)."""
    return spectra.power(spectra.transform(fields)[0]).unflatten(0, spectra.shape)


def test_power_of_white_noise_is_flat(spectra):
    white = torch.randn((64, 1, 160, 160), generator=torch.Generator().manual_seed(1))
    power = power_of(spectra, white).mean(-1)
    expected = float(spectra.window.square().mean())
    assert float((power[:, 8:] / expected - 1).abs().max()) < 0.25
    assert float(power.mean()) == pytest.approx(expected, rel=0.01)


def test_a_quarter_turn_shifts_the_angles_by_half(spectra):
    field = images(2, 1, 1)
    turned = power_of(spectra, torch.rot90(field, 1, (-2, -1)))
    assert torch.allclose(power_of(spectra, field).roll(ANGLES // 2, 0), turned, rtol=1e-4)


def test_a_wave_shows_at_its_angle_and_radius(spectra):
    y, x = torch.meshgrid(torch.arange(160.0), torch.arange(160.0), indexing="ij")
    angle, radius = spectra.angle[5], spectra.radius[20]
    wave = torch.cos(radius * (torch.cos(angle) * x + torch.sin(angle) * y))
    assert divmod(int(power_of(spectra, wave[None, None]).argmax()), 48) == (5, 20)


def test_coherent_power_forgives_a_shift_and_tells_noise(spectra):
    field = images(3, 1, 1)
    noise = torch.randn((1, 1, 160, 160), generator=torch.Generator().manual_seed(9))
    one, shifted, unrelated = spectra.transform(torch.cat([field, field.roll(2, -1), noise], 1))
    power = spectra.power(one)
    assert torch.allclose(spectra.coherent_power(one, one), power, rtol=1e-4)
    assert float((spectra.coherent_power(one, shifted) / power).median()) > 0.9
    chance = spectra.coherent_power(one, unrelated) / (power * spectra.power(unrelated)).sqrt()
    assert float(chance.unflatten(0, spectra.shape)[:, 24:].median()) < 0.4


@pytest.fixture(scope="module")
def network() -> PairPolarNet:
    torch.manual_seed(4)
    return PairPolarNet().eval()


@pytest.fixture(scope="module")
def pair() -> torch.Tensor:
    return images(5)


def answer(network: PairPolarNet, pair: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.inference_mode():
        mean, covariance, _ = network(pair, torch.full((len(pair),), 2.2))
    return mean, covariance


def test_swapping_the_images_negates_the_answer_exactly(network, pair):
    mean, covariance = answer(network, pair)
    swapped, same = answer(network, pair.flip(1))
    assert torch.equal(swapped, -mean)
    assert torch.equal(same, covariance)


@pytest.mark.parametrize(
    ("moved", "signs"),
    [
        (lambda p: torch.rot90(p, 1, (-2, -1)), (1, -1, -1)),  # the stigmator frame turns by 180 degrees
        (lambda p: p.flip(-1), (1, 1, -1)),
        (lambda p: p.flip(-2), (1, 1, -1)),
        (lambda p: p.transpose(-2, -1), (1, -1, 1)),
        (lambda p: p.flip(-1).flip(-2), (1, 1, 1)),
    ],
)
def test_turning_and_mirroring_the_image_turns_and_mirrors_the_answer(network, pair, moved, signs):
    mean, covariance = answer(network, pair)
    turned, spread = answer(network, moved(pair))
    sign = torch.tensor(signs, dtype=torch.float32)
    scale = float(mean.abs().max())
    assert torch.allclose(turned, sign * mean, atol=1e-4 * scale)
    assert torch.allclose(spread, sign[:, None] * covariance * sign, rtol=1e-3, atol=1e-4)


def test_grey_scale_and_polarity_do_not_matter(network, pair):
    mean, covariance = answer(network, pair)
    other, spread = answer(network, 40.0 - 7.0 * pair)
    assert torch.allclose(other, mean, atol=1e-4 * float(mean.abs().max()))
    assert torch.allclose(spread, covariance, rtol=1e-3)


def test_the_form_for_inference_answers_the_same(network, pair):
    with torch.no_grad():  # statistics as a training leaves them
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0.0, 0.3)
                module.running_var.uniform_(0.5, 2.0)
    mean, covariance = answer(network, pair)
    packed_mean, packed_covariance = answer(folded(network, torch.float32), pair)
    assert torch.allclose(packed_mean, mean, rtol=1e-4, atol=1e-5 * float(mean.abs().max()))
    assert torch.allclose(packed_covariance, covariance, rtol=1e-4)


@pytest.mark.parametrize(("dtype", "share"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-3)])
def test_as_shipped_and_for_inference_it_answers_the_same_within_a_share_of_the_range(dtype, share):
    trained, path = PairPolarNet(), SHIPPED / "deepfocus.safetensors"
    load_into(trained, Weights.load(path, PairPolarNet.architecture), path)
    microscope = Microscope(width_px=480, height_px=480)
    states = [(0.0, 0.0, 0.0), (3.0, 1.0, -2.0), (10.0, -12.0, 12.0), (-30.0, 2.0, 2.0)]
    pairs = [microscope.pair(np.array(state), shift_px=(0, 0)) for state in states]
    binned = torch.nn.functional.avg_pool2d(torch.tensor(np.array(pairs), dtype=torch.float32), 2)
    squares = binned[..., 40:200, 40:200]
    mean, covariance = answer(trained.eval(), squares)
    quick_mean, quick_covariance = answer(folded(trained, dtype), squares)
    assert float((quick_mean - mean).abs().max()) < share * RANGE
    sds, quick_sds = (c.diagonal(dim1=1, dim2=2).sqrt() for c in (covariance, quick_covariance))
    assert torch.allclose(quick_sds, sds, rtol=20 * share)
