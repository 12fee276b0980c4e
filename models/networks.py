"""The network of DeepFocus: small, on power spectra, where blur shows as what it is, and symmetric."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from models.polar import PolarSpectra

FLOOR = 1e-7  # of the mean power: keeps the logarithm of a constant patch finite
LOG_PRECISION = (-8.0, 8.0)  # of one direction
LEAST_INFORMATION = 1e-4  # of a patch without any: a standard deviation of 100 perturbations


class Ring(nn.Module):
    """Closes maps (n, channels, angles, radii) along the angles: ``reach`` more of them at either end."""

    def __init__(self, reach: int) -> None:
        super().__init__()
        self._reach = reach

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([maps[:, :, -self._reach :], maps, maps[:, :, : self._reach]], 2)


class RingConv(nn.Module):
    """Convolution over (angle, radius): around the ring of angles, its kernel mirror-symmetric in them.

    Turning or mirroring the image turns or mirrors the answer exactly. Followed by batch norm and ReLU.
    """

    def __init__(self, channels: int, out: int, angles: int, radii: int, stride: int) -> None:
        super().__init__()
        scale = math.sqrt(2.0 / (channels * angles * radii))
        self.half_kernel = nn.Parameter(scale * torch.randn(out, channels, angles // 2 + 1, radii))
        self.norm = nn.BatchNorm2d(out)
        self._ring = Ring(angles // 2)
        self._stride, self._padding = (1, stride), (0, radii // 2)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, out, angles, radii / stride) of maps (n, channels, angles, radii)."""
        conv = nnf.conv2d(self._ring(maps), self._kernel, None, self._stride, self._padding)
        return nnf.relu(self.norm(conv))

    @property
    def _kernel(self) -> Tensor:
        return torch.cat([self.half_kernel, self.half_kernel[:, :, :-1].flip(2)], 2)

    def folded(self) -> nn.Module:
        """The same for inference: batch norm within the kernel, which is laid out for the processor."""
        norm, kernel = self.norm, self._kernel
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        out, channels, angles, radii = kernel.shape
        conv = nn.Conv2d(channels, out, (angles, radii), self._stride, self._padding)
        packed = (kernel * scale[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        conv.weight, conv.bias = nn.Parameter(packed), nn.Parameter(norm.bias - norm.running_mean * scale)
        return nn.Sequential(self._ring, conv, nn.ReLU())


class PairPolarNet(nn.Module):
    """Aberration of patch pairs in units of the perturbation p, with its covariance.

    With blur radii ``alpha b`` of the two images along direction phi, ``b^2`` is
    ``(z +- p)^2 + a^2 + 2 (z +- p) (ax cos 2 phi + ay sin 2 phi)``, and the difference of both over
    ``4 p`` is ``D(phi) = z + ax cos 2 phi + ay sin 2 phi``: linear in what is sought. One small
    network, the same for all directions, reads D and its precision from the spectra along phi and
    its neighbours; z, ax and ay follow by weighted least squares. Swapping the images negates the
    answer, turning and mirroring the image turns and mirrors it: by construction, not by training.

    It sees, over angle and radius, the mean and the half difference of both log power spectra, the
    log coherent cross power, the log coherence, and the frequency times the blur radius of the
    perturbation, in which the optics have no other scale.
    """

    architecture = "pair-polar-1"
    patch_px = 160
    angles, radii, band = 24, 48, (2.0, 54.0)

    directions: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.spectra = PolarSpectra(self.patch_px, self.angles, self.radii, self.band)
        self.trunk = nn.Sequential(
            RingConv(5, 24, 3, 5, 2),
            RingConv(24, 32, 3, 3, 2),
            RingConv(32, 48, 3, 3, 2),
            RingConv(48, 64, 3, 3, 1),
        )
        self.head = nn.Sequential(
            nn.Conv2d(64, 96, (1, -(-self.radii // 8))), nn.ReLU(), nn.Conv2d(96, 2, 1)
        )
        double = 2 * self.spectra.angle
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
        along, log_precision = self._lines(images, blur_px)
        weighted = log_precision.exp()[:, :, None] * self.directions
        information = weighted.transpose(1, 2) @ self.directions + LEAST_INFORMATION * torch.eye(3)
        covariance = torch.linalg.inv(information)
        mean = covariance @ (weighted.transpose(1, 2) @ along[:, :, None])
        return mean[..., 0], covariance, along

    def _lines(self, images: Tensor, blur_px: Tensor) -> tuple[Tensor, Tensor]:
        """D and its log precision along each direction, both (n, angles)."""
        mean, difference, known = self._features(images, blur_px)
        one = self.head(self.trunk(torch.cat([mean, difference, known], 1)))[..., 0]
        other = self.head(self.trunk(torch.cat([mean, -difference, known], 1)))[..., 0]
        return one[:, 0] - other[:, 0], (one[:, 1] + other[:, 1]).clamp(*LOG_PRECISION)

    def _features(self, images: Tensor, blur_px: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Even (n, 1), odd (n, 1) and swap-blind (n, 3) channels.

        Each image goes through tensors of its own: vectorised functions round by position,
        and swapping must change nothing but the sign.
        """
        spectra = [self.spectra.transform(images[:, i : i + 1].contiguous()) for i in (0, 1)]
        powers = [self.spectra.power(s) for s in spectra]
        levels = [p.mean((1, 2, 3), keepdim=True) for p in powers]
        level = (0.5 * (levels[0] + levels[1])).clamp_min(1e-30)
        one, other = (torch.log(p / level + FLOOR) for p in powers)
        coherent = torch.log(self.spectra.coherent_power(*spectra) / level + FLOOR)
        phase = 0.3 * self.spectra.radius * blur_px.view(-1, 1, 1, 1).expand(-1, 1, self.angles, 1)
        coherence = coherent - 0.5 * (one + other)
        known = torch.cat([0.5 * coherent + 1.0, 0.5 * coherence, phase], 1)
        return 0.25 * (one + other) + 1.0, 0.5 * (one - other), known


def folded(network: PairPolarNet) -> PairPolarNet:
    """The same network for inference, equal within rounding: batch norms folded, kernels laid out once."""
    packed = copy.deepcopy(network).eval().requires_grad_(False)
    layers = (layer.folded() if isinstance(layer, RingConv) else layer for layer in packed.trunk)
    packed.trunk = nn.Sequential(*layers)
    return packed
