"""The network of DeepFocus: small, on power spectra, where blur shows as what it is, and symmetric."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from models.polar import PolarSpectra
from models.processor import fastest_products

FLOOR = 1e-7  # of the mean power: keeps the logarithm of a constant patch finite
SWAPPED = (1.0, -1.0, 1.0, 1.0, 1.0)  # what swapping the images makes of the channels
LOG_PRECISION = (-8.0, 8.0)  # of one direction
LEAST_INFORMATION = 1e-4  # of a patch without any: a standard deviation of 100 perturbations


def closed(maps: Tensor, reach: int) -> Tensor:
    """Maps (n, channels, angles, radii) closed to a ring: ``reach`` more angles at either end."""
    return torch.cat([maps[:, :, -reach:], maps, maps[:, :, :reach]], 2)


class RingConv(nn.Module):
    """Convolution over (angle, radius): around the ring of angles, its kernel mirror-symmetric in them.

    Turning or mirroring the image turns or mirrors the answer exactly. Followed by batch norm and ReLU.
    """

    def __init__(self, channels: int, out: int, angles: int, radii: int, stride: int) -> None:
        super().__init__()
        scale = math.sqrt(2.0 / (channels * angles * radii))
        self.half_kernel = nn.Parameter(scale * torch.randn(out, channels, angles // 2 + 1, radii))
        self.norm = nn.BatchNorm2d(out)
        self._reach = angles // 2
        self._stride, self._padding = (1, stride), (0, radii // 2)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, out, angles, radii / stride) of maps (n, channels, angles, radii)."""
        conv = nnf.conv2d(closed(maps, self._reach), self._kernel, None, self._stride, self._padding)
        return nnf.relu(self.norm(conv))

    @property
    def _kernel(self) -> Tensor:
        return torch.cat([self.half_kernel, self.half_kernel[:, :, :-1].flip(2)], 2)

    def folded(self) -> nn.Conv2d:
        """The convolution of maps closed to a ring, for inference: batch norm within its kernel."""
        norm = self.norm
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        return self.with_kernel(
            self._kernel * scale[:, None, None, None], norm.bias - norm.running_mean * scale
        )

    def with_kernel(self, kernel: Tensor, bias: Tensor) -> nn.Conv2d:
        """The same convolution by another kernel, which is laid out for the processor."""
        out, channels, angles, radii = kernel.shape
        conv = nn.Conv2d(channels, out, (angles, radii), self._stride, self._padding)
        conv.weight = nn.Parameter(kernel.contiguous(memory_format=torch.channels_last))
        conv.bias = nn.Parameter(bias)
        return conv


class PairFeatures(nn.Module):
    """What the network sees of patch pairs, over angle and radius.

    The mean and the half difference of both log power spectra, the log coherent cross power, the log
    coherence, and the frequency times the blur radius of the perturbation, in which the optics have
    no other scale.
    """

    def __init__(self, spectra: PolarSpectra) -> None:
        super().__init__()
        self.spectra = spectra

    def forward(self, images: Tensor, blur_px: Tensor) -> Tensor:
        """Of images (n, 2, s, s): (n, 5, angles, radii)."""
        first, second, coherent = self._logs(images)
        mean = 0.5 * (first + second)
        phase = (0.3 * self.spectra.radius * blur_px[:, None, None]).expand_as(mean)
        difference, coherence = 0.5 * (first - second), 0.5 * (coherent - mean)
        return torch.stack([0.5 * mean + 1.0, difference, 0.5 * coherent + 1.0, coherence, phase], 1)

    def _logs(self, images: Tensor) -> Tensor:
        """Log powers of the first and the second image and coherent ones, (3, n, angles, radii).

        Each image has whole planes of its own: vectorised functions round by position, and swapping
        must change nothing but the sign.
        """
        one, other = self.spectra.transform(images)
        powers = [self.spectra.power(one), self.spectra.power(other)]
        cells = torch.stack([*powers, self.spectra.coherent_power(one, other)])
        levels = cells.mean(1)
        level = (0.5 * (levels[0] + levels[1])).clamp_min(1e-30)
        return torch.log(cells / level + FLOOR).transpose(1, 2).reshape(3, -1, *self.spectra.shape)


class PairPolarNet(nn.Module):
    """Aberration of patch pairs in units of the perturbation p, with its covariance.

    With blur radii ``alpha b`` of the two images along direction phi, ``b^2`` is
    ``(z +- p)^2 + a^2 + 2 (z +- p) (ax cos 2 phi + ay sin 2 phi)``, and the difference of both over
    ``4 p`` is ``D(phi) = z + ax cos 2 phi + ay sin 2 phi``: linear in what is sought. One small
    network, the same for all directions, reads D and its precision from the spectra along phi and
    its neighbours; z, ax and ay follow by weighted least squares. Swapping the images negates the
    answer, turning and mirroring the image turns and mirrors it: by construction, not by training.
    """

    architecture = "pair-polar-1"
    patch_px = 160
    angles, radii, band = 24, 48, (2.0, 54.0)

    directions: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = PairFeatures(PolarSpectra(self.patch_px, self.angles, self.radii, self.band))
        self.trunk = nn.Sequential(
            RingConv(5, 24, 3, 5, 2),
            RingConv(24, 32, 3, 3, 2),
            RingConv(32, 48, 3, 3, 2),
            RingConv(48, 64, 3, 3, 1),
        )
        self.head = nn.Sequential(
            nn.Conv2d(64, 96, (1, -(-self.radii // 8))), nn.ReLU(), nn.Conv2d(96, 2, 1)
        )
        double = 2 * self.features.spectra.angle
        directions = torch.stack([torch.ones_like(double), torch.cos(double), torch.sin(double)], 1)
        self.register_buffer("directions", directions, persistent=False)

    def forward(self, images: Tensor, blur_px: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Answers for patch pairs.

        Args:
            images: (n, 2, s, s), the image at + perturbation first; any scale of grey.
            blur_px: (n,) radius of the probe disk at one perturbation [px].

        Returns:
            mean (n, 3) and covariance (n, 3, 3) of defocus, astig x, astig y over the
            perturbation, and what each direction says, D (n, angles).
        """
        return self.answers(self.shallow(images, blur_px))

    def shallow(self, images: Tensor, blur_px: Tensor) -> Tensor:
        """What the last three layers see of patch pairs, and of the same pairs swapped.

        Of :meth:`forward`'s arguments (2, n, channels, angles, radii).
        """
        features = self.features(images, blur_px)
        orders = (features, features * torch.tensor(SWAPPED)[:, None, None])
        return torch.stack([self.trunk[:-1](maps) for maps in orders])

    def answers(self, shallow: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What :meth:`forward` returns, by the last three layers alone."""
        one, other = (self.head(self.trunk[-1](maps))[..., 0] for maps in shallow)
        return _answer(one, other, self.directions)


def _answer(one: Tensor, other: Tensor, directions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, covariance and D, from what is said (n, 2, angles) of pairs and of the same pairs swapped.

    The former add up to D and its log precision along each direction, weighted least squares do the rest.
    """
    along, log_precision = one[:, 0] - other[:, 0], (one[:, 1] + other[:, 1]).clamp(*LOG_PRECISION)
    precision = log_precision.exp()
    information = torch.einsum("na,ai,aj->nij", precision, directions, directions)
    covariance = torch.linalg.inv(information + LEAST_INFORMATION * torch.eye(3))
    mean = covariance @ ((precision * along) @ directions)[:, :, None]
    return mean[..., 0], covariance, along


class FoldedPolarNet(nn.Module):
    """A trained :class:`PairPolarNet` for inference.

    Batch norms are folded into kernels, kernels are laid out once for the processor, and both orders
    of the images go through in one pass over maps that are closed to a ring once. The first
    convolution is linear: it gives what the orders share and what swapping negates. In ``bfloat16``
    the later ones move answers by 3e-4 of their range and by 5 % of their standard deviations at
    most; in ``float32`` all is equal within rounding.
    """

    directions: Tensor

    def __init__(self, network: PairPolarNet, dtype: torch.dtype) -> None:
        super().__init__()
        network = copy.deepcopy(network).eval()
        self.patch_px, self.features, self._dtype = network.patch_px, network.features, dtype
        layers = [layer for layer in network.trunk if isinstance(layer, RingConv)]
        first, *others = (layer.folded() for layer in layers)
        self._reach = len(layers)  # each convolution takes one angle from either end
        odd = first.weight * (torch.tensor(SWAPPED) < 0)[:, None, None]
        assert first.bias is not None
        bias = torch.cat([first.bias, torch.zeros_like(first.bias)])
        self.first = layers[0].with_kernel(torch.cat([first.weight - odd, odd]), bias)
        trunk = [module for conv in others for module in (conv, nn.ReLU(inplace=True))]
        self.trunk = nn.Sequential(*trunk).to(dtype)
        wide, *rest = (_linear(m) if isinstance(m, nn.Conv2d) else m for m in network.head)
        self.wide, self.head = wide.to(dtype), nn.Sequential(*rest)
        self.register_buffer("directions", network.directions, persistent=False)
        self.requires_grad_(False)

    def forward(self, images: Tensor, blur_px: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As :meth:`PairPolarNet.forward`."""
        features = closed(self.features(images, blur_px), self._reach)
        shared, negated = self.first(features).chunk(2, 1)
        maps = self.trunk(torch.cat([shared + negated, shared - negated]).relu_().to(self._dtype))
        along_radii = self.wide(maps.permute(0, 2, 3, 1).flatten(2)).float()
        one, other = self.head(along_radii).transpose(1, 2).chunk(2)
        return _answer(one, other, self.directions)


def _linear(conv: nn.Conv2d) -> nn.Linear:
    """A convolution over all that is left of the radii, of (angles, radii x channels)."""
    assert conv.bias is not None
    linear = nn.Linear(conv.weight[0].numel(), len(conv.weight))
    linear.weight = nn.Parameter(conv.weight[:, :, 0].transpose(1, 2).flatten(1))
    linear.bias = nn.Parameter(conv.bias)
    return linear


def folded(network: PairPolarNet, dtype: torch.dtype | None = None) -> FoldedPolarNet:
    """The network for inference, by default in the type that this processor is fastest in."""
    return FoldedPolarNet(network, dtype or fastest_products())
