"""The networks of Schubert 2022, section 3.2, layer by layer: to compare with, and to fine-tune.

Images are greys scaled from 0..255 to -1..1, at 10 nm. Pairs (n, 2, s, s) hold the image at
+ perturbation first. Answers are *corrections* in the units of the source (um, a.u., a.u.);
:mod:`models.source_focus` turns them into aberrations.

The source shares weights between the two images by 3-D kernels of depth 1. Here the two are
entries of a 2-D batch: the same weights and numbers, several times faster. Pooling comes before
ReLU, which gives the same numbers from fewer of them. Where the source is silent: dropout drops
single values, and the U-Net has no layer between its last block and the 1 x 1 convolutions.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

DROPOUT = 0.1
CONVOLUTIONS = (  # channels in, out, kernel, pooling
    (1, 20, 5, 2),
    (20, 30, 5, 2),
    (30, 40, 4, 2),
    (40, 50, 4, 2),
    (50, 60, 2, 2),
    (60, 70, 1, 2),
    (70, 70, 1, 1),
)
FULL_LAYERS = {128: (140, 100, 50), 256: (1260, 250, 50), 384: (3500, 250, 50), 512: (6860, 250, 50)}
"""Widths before the outputs, by the edge of the patches [px]."""

SCORE_CONVOLUTIONS = tuple(
    (i, o, 3, 2) for i, o in ((1, 20), (20, 30), (30, 40), (40, 50), (50, 60), (60, 70))
)
SCORE_FULL_LAYERS = (2520, 250, 50)
SCORE_PATCH_PX = 512

PIXEL_PATCHES_PX = (128, 384)
"""Edges that the pixel-score network is trained on; 384 in the source, and any multiple of 4 will do."""


def conv_layer(channels: int, out: int, kernel: int, pool: int) -> nn.Sequential:
    """Valid convolution, batch normalization, max pooling, ReLU, dropout."""
    layers = OrderedDict[str, nn.Module](
        conv=nn.Conv2d(channels, out, kernel),
        norm=nn.BatchNorm2d(out),
        pool=nn.MaxPool2d(pool),
        relu=nn.ReLU(),
        dropout=nn.Dropout(DROPOUT),
    )
    return nn.Sequential(layers)


def full_layers(widths: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Fully connected layers with ReLU between them."""
    layers: list[nn.Module] = []
    for width, out in pairwise(widths):
        layers += [nn.Linear(width, out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], outputs))


def channels_last(network: nn.Module) -> None:
    """Let convolutions hold their weights, and so compute, with the channels last: faster on CPUs."""
    for layer in network.modules():
        match layer:
            case nn.Conv2d(weight=weight):
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
            case nn.Conv3d(weight=weight):
                weight.data = weight.data.contiguous(memory_format=torch.channels_last_3d)


def with_channel(images: Tensor) -> Tensor:
    """Images (n, ..., h, w) as (n, 1, ..., h, w) by strides of channels last, without a copy.

    Of a single channel torch cannot tell where it comes, and takes the slower order.
    """
    images = images.contiguous()
    one = images[:, None]
    return one.as_strided(one.shape, (images.stride(0), 1, *images.stride()[1:]))


def antisymmetrized(one: Tensor, other: Tensor) -> Tensor:
    """Answers (..., 3 or 4) of a network to a pair and to the swapped pair, as one answer.

    Ours, not the source's: swapping the images negates the correction, as in the physics, and
    leaves the score alone.
    """
    return torch.cat([one[..., :3] - other[..., :3], one[..., 3:] + other[..., 3:]], -1)


def weighted_mean(answers: Tensor) -> Tensor:
    """Corrections (n, 3) from k answers each, (n, k, 4): weights are the softmax of the scores."""
    weights = answers[..., 3:].softmax(dim=1)
    return (weights * answers[..., :3]).sum(1)


class ImageToScalar(nn.Module):
    """One correction per patch pair; with ``scored`` also a score (the patch-score network).

    Args:
        patch_px: edge of the patches, a key of ``FULL_LAYERS``.
        scored: a fourth output, the logarithm of the patch's weight.
        antisymmetric: see :func:`antisymmetrized`; the convolutions are shared, so that only
            the full layers run twice.
    """

    def __init__(self, patch_px: int, *, scored: bool = False, antisymmetric: bool = False) -> None:
        super().__init__()
        self.patch_px, self.antisymmetric = patch_px, antisymmetric
        self.convolutions = nn.Sequential(*(conv_layer(*sizes) for sizes in CONVOLUTIONS))
        self.head = full_layers(FULL_LAYERS[patch_px], 4 if scored else 3)
        channels_last(self)

    def forward(self, pairs: Tensor) -> Tensor:
        """Corrections (n, 3), or with their score (n, 4), of pairs (n, 2, s, s)."""
        return self.answers(self.shallow(pairs))

    def shallow(self, pairs: Tensor) -> Tensor:
        """What the last three, fully connected layers see (n, channels, 2, h, w) of pairs (n, 2, s, s)."""
        maps: Tensor = self.convolutions(with_channel(pairs.flatten(0, 1)))
        # channel before image, as the source's 3-D maps are flattened
        pairs_of_maps: Tensor = maps.unflatten(0, (-1, 2))  # type: ignore[no-untyped-call]
        return pairs_of_maps.transpose(1, 2)

    def answers(self, shallow: Tensor) -> Tensor:
        """What :meth:`forward` returns, by the last three layers alone."""
        answer: Tensor = self.head(shallow.flatten(1))
        swapped = shallow.flip(2)
        return antisymmetrized(answer, self.head(swapped.flatten(1))) if self.antisymmetric else answer

    def patch_answers(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Corrections (n, 3) and scores (n,), which are 0 where the network gives none."""
        answer = self(pairs)
        return answer[:, :3], answer[:, 3:].sum(1)


def _planar_convolution(channels: int, out: int) -> tuple[nn.Module, ...]:
    conv = nn.Conv3d(channels, out, (1, 3, 3), padding=(0, 1, 1))
    return conv, nn.GroupNorm(8, out), nn.ReLU()


def _planar_block(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(*_planar_convolution(channels, out), *_planar_convolution(out, out))


class PlanarUNet(nn.Module):
    """A 3-D U-Net of three planar blocks that sees each image of a pair by itself.

    Zero padding keeps the size; upsampling is by nearest neighbours and a convolution. The group
    normalization spans both images, for which alone this stays in three dimensions.
    """

    def __init__(self, filters: int = 32) -> None:
        super().__init__()
        a, b, c = filters, 2 * filters, 4 * filters
        self.down = nn.ModuleList([_planar_block(1, a), _planar_block(a, b), _planar_block(b, c)])
        self.resize = nn.ModuleList([self._resize(c, b), self._resize(b, a)])
        self.up = nn.ModuleList([_planar_block(2 * b, b), _planar_block(2 * a, a)])
        self.pool = nn.MaxPool3d((1, 2, 2))

    @staticmethod
    def _resize(channels: int, out: int) -> nn.Sequential:
        return nn.Sequential(nn.Upsample(scale_factor=(1, 2, 2)), *_planar_convolution(channels, out))

    def forward(self, images: Tensor) -> Tensor:
        """Maps (n, filters, d, h, w) of images (n, 1, d, h, w); h and w are multiples of 4."""
        kept = [self.down[0](images)]
        for block in self.down[1:]:
            kept.append(block(self.pool(kept[-1])))
        maps: Tensor = kept.pop()
        for resize, block in zip(self.resize, self.up, strict=True):
            maps = block(torch.cat([resize(maps), kept.pop()], 1))
        return maps


class PixelScore(nn.Module):
    """A correction and a score per pixel, by a U-Net and two 1 x 1 convolutions over both images."""

    def __init__(self, patch_px: int = 384, *, antisymmetric: bool = False) -> None:
        super().__init__()
        self.patch_px, self.antisymmetric = patch_px, antisymmetric
        self.unet = PlanarUNet()
        self.head = nn.Sequential(nn.Conv2d(64, 20, 1), nn.ReLU(), nn.Conv2d(20, 4, 1))
        channels_last(self)

    def forward(self, pairs: Tensor) -> Tensor:
        """Corrections and score (n, h * w, 4) of each pixel of pairs (n, 2, h, w)."""
        one, other = self.unet(with_channel(pairs)).unbind(2)
        answer = self._pixels(one, other)
        return antisymmetrized(answer, self._pixels(other, one)) if self.antisymmetric else answer

    def _pixels(self, one: Tensor, other: Tensor) -> Tensor:
        pixels: Tensor = self.head(torch.cat([one, other], 1))
        return pixels.flatten(2).transpose(1, 2)

    def patch_answers(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """The weighted mean (n, 3) of the pixels of each patch; patches count alike, with scores of 0."""
        return weighted_mean(self(pairs)), pairs.new_zeros(len(pairs))


class ScoreNet(nn.Module):
    """The source's DeepScore: how far one image is from focus, for wd and for the stigmators."""

    patch_px = SCORE_PATCH_PX

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(*(conv_layer(*sizes) for sizes in SCORE_CONVOLUTIONS))
        self.head = full_layers(SCORE_FULL_LAYERS, 2)
        channels_last(self)

    def forward(self, images: Tensor) -> Tensor:
        """Scores (n, 2) of images (n, s, s): |wd| [um] and |stig x| + |stig y| [a.u.]."""
        scores: Tensor = self.head(self.convolutions(with_channel(images)).flatten(1))
        return scores


PairNetwork = ImageToScalar | PixelScore
SourceNetwork = PairNetwork | ScoreNet


def _pair_networks(antisymmetric: bool) -> dict[str, Callable[[], PairNetwork]]:
    mark = "-antisymmetric" if antisymmetric else ""
    networks: dict[str, Callable[[], PairNetwork]] = {}
    for px in FULL_LAYERS:
        networks[f"i2s-{px}{mark}"] = partial(ImageToScalar, px, antisymmetric=antisymmetric)
    for px in FULL_LAYERS:
        build = partial(ImageToScalar, px, scored=True, antisymmetric=antisymmetric)
        networks[f"patch-score-{px}{mark}"] = build
    for px in PIXEL_PATCHES_PX:
        networks[f"pixel-score-{px}{mark}"] = partial(PixelScore, px, antisymmetric=antisymmetric)
    return networks


PAIR_NETWORKS = _pair_networks(antisymmetric=False) | _pair_networks(antisymmetric=True)
"""How each of the source's networks on pairs is built, by name."""

SCORE_NETWORK = "source-deepscore"


def architecture_of(name: str) -> str:
    """What files of weights of the network ``name`` say that they hold."""
    return f"schubert2022-{name}-1"


N = TypeVar("N", bound=nn.Module)


def folded(network: N) -> N:
    """A copy for inference: batch normalization within the convolutions, channels last.

    Equal to the network in ``eval()`` up to rounding.
    """
    copied = copy.deepcopy(network).eval()
    for layer in copied.modules():
        match layer:
            case nn.Sequential(conv=nn.Conv2d() as conv, norm=nn.BatchNorm2d() as norm):
                layer.conv, layer.norm = fuse_conv_bn_eval(conv, norm), nn.Identity()
    channels_last(copied)
    return copied
