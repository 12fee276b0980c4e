"""The networks of Schubert 2022: sizes, sharing of weights, inference form, and what they answer in."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.estimate import AberrationEstimate, PairCondition
from models.images import ImagesRefused
from models.source_focus import SourceFocus, SourceScore, combined
from models.source_networks import (
    CONVOLUTIONS,
    PAIR_NETWORKS,
    SCORE_NETWORK,
    ImageToScalar,
    PixelScore,
    ScoreNet,
    architecture_of,
    folded,
    weighted_mean,
)
from models.weights import Weights, WeightsError
from tests.models.scenes import CONDITION, Microscope

ERROR_UM = [3.0, 4.0, 5.0]


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def lived_in(network: nn.Module, like: Tensor) -> nn.Module:
    """The network with statistics of batches, and scales and offsets of both signs."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            module.momentum = None  # statistics of all that was seen, not mainly of none
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(like + 0.3 * torch.randn_like(like))
    return network.eval()


# -- sizes as the source lists them ------------------------------------------------------

FULL_LAYERS = {128: (140, 100, 50), 256: (1260, 250, 50), 384: (3500, 250, 50), 512: (6860, 250, 50)}


@pytest.mark.parametrize("patch_px", FULL_LAYERS)
@pytest.mark.parametrize("scored", [False, True])
def test_full_layers_and_shapes_are_as_listed(patch_px: int, scored: bool):
    network = ImageToScalar(patch_px, scored=scored).eval()
    outputs = 4 if scored else 3
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)]
    widths = (*FULL_LAYERS[patch_px], outputs)
    assert [(m.in_features, m.out_features) for m in linear] == list(pairwise(widths))
    with torch.no_grad():
        assert network(torch.zeros(1, 2, patch_px, patch_px)).shape == (1, outputs)


def test_parameters_are_as_many_as_the_layers_hold():
    convolutions = sum(i * o * k * k + o + 2 * o for i, o, k, _ in CONVOLUTIONS)
    full = sum((a + 1) * b for a, b in ((6860, 250), (250, 50), (50, 3)))
    assert count(ImageToScalar(512)) == convolutions + full == 1_816_773
    assert 0.4e6 < count(PixelScore()) < 0.6e6  # "about 0.5 million"
    assert sum(p.numel() for p in PixelScore().head.parameters()) == 64 * 20 + 20 + 20 * 4 + 4


def test_deepscore_gives_two_scores_through_2520_values():
    network = ScoreNet().eval()
    assert [m.in_features for m in network.modules() if isinstance(m, nn.Linear)] == [2520, 250, 50]
    with torch.no_grad():
        assert network(torch.zeros(1, 512, 512)).shape == (1, 2)


def test_pixel_scores_keep_the_shape_of_the_input():
    with torch.no_grad():
        assert PixelScore()(torch.zeros(1, 2, 48, 32)).shape == (1, 48 * 32, 4)


# -- the same numbers in other forms -----------------------------------------------------


def in_three_dimensions(network: ImageToScalar) -> nn.Sequential:
    """The source's form: 3-D kernels of depth 1 over both images, ReLU before pooling."""
    layers: list[nn.Module] = []
    for block, (channels, out, kernel, pool) in zip(network.convolutions, CONVOLUTIONS, strict=True):
        conv, norm = nn.Conv3d(channels, out, (1, kernel, kernel)), nn.BatchNorm3d(out)
        conv.load_state_dict({"weight": block.conv.weight[:, :, None], "bias": block.conv.bias})
        norm.load_state_dict(block.norm.state_dict())
        layers += [conv, norm, nn.ReLU(), nn.MaxPool3d((1, pool, pool)), nn.Dropout(0.1)]
    return nn.Sequential(*layers, nn.Flatten(), network.head).eval()


def test_two_dimensions_give_the_numbers_of_three():
    pairs = torch.randn(2, 2, 128, 128)
    network = lived_in(ImageToScalar(128), pairs)
    with torch.no_grad():
        two, three = network(pairs), in_three_dimensions(network)(pairs[:, None])
    assert torch.allclose(two, three, atol=1e-5)
    assert two.std(0).min() > 1e-4  # not by being constant


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (ImageToScalar(128, antisymmetric=True), (2, 2, 128, 128)),
        (ImageToScalar(256, scored=True), (1, 2, 256, 256)),
        (PixelScore(), (1, 2, 32, 32)),
        (ScoreNet(), (1, 512, 512)),
    ],
)
def test_the_inference_form_gives_the_same_numbers(network: nn.Module, shape: tuple[int, ...]):
    images = torch.randn(shape)
    lived_in(network, images)
    with torch.no_grad():
        assert torch.allclose(folded(network)(images), network(images), atol=1e-5)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded(network).modules())
    assert network.training is False


@pytest.mark.parametrize("name", [n for n in PAIR_NETWORKS if "128" in n])
def test_swapping_the_images_negates_antisymmetric_answers_only(name: str):
    network = PAIR_NETWORKS[name]().eval()
    pairs = torch.randn(2, 2, 128, 128)
    with torch.no_grad():
        one, swapped = network(pairs), network(pairs.flip(1))
    odd = torch.allclose(one[..., :3], -swapped[..., :3], atol=1e-5)
    assert odd == name.endswith("-antisymmetric")
    if odd:
        assert torch.allclose(one[..., 3:], swapped[..., 3:], atol=1e-5)


def test_weights_are_the_softmax_of_the_scores():
    answers = torch.tensor([[[1.0, 2.0, 3.0, 0.0], [5.0, 6.0, 7.0, math.log(3.0)]]])
    assert torch.allclose(weighted_mean(answers), torch.tensor([[4.0, 5.0, 6.0]]))


# -- as estimators -----------------------------------------------------------------------


class Says(ImageToScalar):
    """Answers one correction, and keeps what it was asked about."""

    def __init__(self, correction: list[float]) -> None:
        super().__init__(128)
        self.register_buffer("correction", torch.tensor([correction]))

    def forward(self, pairs: Tensor) -> Tensor:
        type(self).seen = pairs
        return self.correction.expand(len(pairs), -1)


def test_corrections_become_aberrations_in_the_image_frame():
    focus = SourceFocus("i2s-128", Says([-3.0, -0.5, 1.5]), np.array(ERROR_UM))
    estimate = focus.estimate(*Microscope(width_px=256, height_px=200).pair(np.zeros(3)), CONDITION)
    assert estimate.mean == pytest.approx([3.0, 2.0, 6.0])
    assert Says.seen.shape == (10, 2, 128, 128)
    assert estimate.patch_means.shape == estimate.patch_sds.shape == (10, 3)


def test_greys_of_eight_bits_are_seen_from_minus_one_to_one():
    focus = SourceFocus("i2s-128", Says([0.0, 0.0, 0.0]), np.array(ERROR_UM))
    plus, minus = Microscope(width_px=128, height_px=128).pair(np.zeros(3))
    focus.estimate(plus, minus, CONDITION)
    expected = torch.from_numpy(np.stack([plus, minus]) / 127.5 - 1).float()
    assert torch.allclose(Says.seen, expected.expand(10, -1, -1, -1), atol=1e-6)


def test_other_grey_scales_are_seen_alike():
    focus = SourceFocus("i2s-128", Says([0.0, 0.0, 0.0]), np.array(ERROR_UM))
    pair = Microscope(width_px=256, height_px=200).pair(np.zeros(3))
    seen = []
    for kind, factor in ((np.uint16, 100), (np.float32, 0.01)):
        focus.estimate(*((image * float(factor)).astype(kind) for image in pair), CONDITION)
        seen.append(Says.seen)
    assert torch.allclose(seen[0], seen[1], atol=1e-3)


def test_finer_pixels_are_binned_and_others_refused():
    focus = SourceFocus("i2s-128", Says([0.0, 0.0, 0.0]), np.array(ERROR_UM))
    pair = Microscope(width_px=300, height_px=300).pair(np.zeros(3))

    def at(**changes: float) -> AberrationEstimate:
        settings = {"pixel_size_nm": 10.0, "perturbation_um": 5.0, "convergence_mrad": 9.0}
        return focus.estimate(*pair, PairCondition(**{**settings, "dose_per_nm2": 5.0, **changes}))

    assert np.array_equal(at(pixel_size_nm=5.0).mean, np.zeros(3))
    with pytest.raises(ValueError, match="pixels of 20 nm"):
        at(pixel_size_nm=20.0)
    with pytest.raises(ValueError, match="perturbation of 8 um; take 5 um"):
        at(perturbation_um=8.0)
    with pytest.raises(ImagesRefused):
        at(pixel_size_nm=3.0)


def test_spread_of_patches_widens_the_answer_and_errors_in_common_stay():
    error_um = np.array(ERROR_UM)
    means = np.array([[0.0, 0.0, 0.0], [40.0, 0.0, 0.0], [20.0, 0.0, 0.0]])
    estimate = combined(means, np.full(3, 1 / 3), error_um)
    assert estimate.mean == pytest.approx([20.0, 0.0, 0.0])
    assert estimate.sd == pytest.approx([20.0 / math.sqrt(3), 2.0, 2.5])  # standard error of the mean
    alone = combined(means, np.array([0.0, 1.0, 0.0]), error_um)
    assert alone.mean == pytest.approx([40.0, 0.0, 0.0])


def saved(name: str, path: Path, card: dict[str, object]) -> Path:
    network = ScoreNet() if name == SCORE_NETWORK else PAIR_NETWORKS[name]()
    Weights(architecture_of(name), network.state_dict(), card).save(path)
    return path


def test_weights_say_which_network_they_are_of(tmp_path: Path):
    for name in ("i2s-128", "patch-score-128-antisymmetric", "pixel-score-128"):
        path = saved(name, tmp_path / f"{name}.safetensors", {"patch_error_um": ERROR_UM})
        assert SourceFocus.load(path).name == name
    score = saved(SCORE_NETWORK, tmp_path / "score.safetensors", {})
    assert SourceScore.load(score).name == SCORE_NETWORK
    with pytest.raises(WeightsError, match="weights of 'schubert2022-source-deepscore-1'"):
        SourceFocus.load(score)


@pytest.mark.parametrize("error_um", [None, [1.0], [1.0, -1.0, 1.0], [1.0, 1.0, math.inf], "three"])
def test_a_card_without_the_error_of_a_patch_is_refused(tmp_path: Path, error_um: object):
    path = saved("i2s-128", tmp_path / "x.safetensors", {"patch_error_um": error_um})
    with pytest.raises(WeightsError, match="error of a patch"):
        SourceFocus.load(path)


def test_deepscore_is_the_sum_of_the_least_scores(monkeypatch: pytest.MonkeyPatch):
    scores = torch.tensor([[4.0, 0.5], [3.0, 2.0]] * 5)
    monkeypatch.setattr(ScoreNet, "forward", lambda self, images: scores[: len(images)])
    image = Microscope(width_px=640, height_px=520).image(np.zeros(3), take=1)
    assert SourceScore(ScoreNet()).score(image, 10.0) == pytest.approx(3.5)
