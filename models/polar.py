"""Power spectra in polar coordinates, where a turned image is a shifted map."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn


class PolarSpectra(nn.Module):
    """Power spectra of Hann-windowed square patches, averaged into cells of angle x radius.

    Angles run over half a turn, which is all that the power of a real image has. Turning the
    image by a quarter and mirroring it permute the cells exactly. A cell reaches to its
    neighbours, and to one frequency at least, so that all of the band counts and speckle is tamed.

    Args:
        patch_px: edge of the patches.
        angles: number of directions over 180 degrees, a multiple of 4.
        radii: number of cells along the radius.
        band: lowest and highest radius [cycles per patch].
    """

    window: Tensor
    members: Tensor
    firsts: Tensor
    even: Tensor
    odd: Tensor
    radius: Tensor
    angle: Tensor

    def __init__(self, patch_px: int, angles: int, radii: int, band: tuple[float, float]) -> None:
        super().__init__()
        self.patch_px, self.shape = patch_px, (angles, radii)
        self._reach = math.ceil(band[1]) + 2
        hann = torch.hann_window(patch_px, periodic=False)  # as symmetric as the image
        self.register_buffer("window", hann[:, None] * hann[None, :], persistent=False)
        steps = torch.linspace(*band, radii, dtype=torch.float64)
        angle = math.pi / angles * (torch.arange(angles, dtype=torch.float64) + 0.5)
        even, odd = self._shares(steps, angle)
        members = even.nonzero()
        self.register_buffer("members", members[:, 1].contiguous(), persistent=False)
        firsts = torch.searchsorted(members[:, 0].contiguous(), torch.arange(len(even)))
        self.register_buffer("firsts", firsts, persistent=False)
        self.register_buffer("even", even[even != 0], persistent=False)
        self.register_buffer("odd", odd[even != 0], persistent=False)
        self.register_buffer("radius", (2 * math.pi / patch_px * steps).float(), persistent=False)
        self.register_buffer("angle", angle.float(), persistent=False)

    def _shares(self, radii: Tensor, angles: Tensor) -> tuple[Tensor, Tensor]:
        """How much of each frequency is in each cell: (cells, frequencies), rows sum to 1.

        Of a frequency only one of k and -k is at hand. The second matrix has the shares of those that
        stand for -k with a minus sign: imaginary parts change sign from k to -k.
        """
        reach = self._reach
        ky = torch.arange(-reach, reach + 1, dtype=torch.float64)[:, None]
        kx = torch.arange(0, reach + 1, dtype=torch.float64)[None, :]
        once = torch.where((kx + 0 * ky).flatten() == 0, 0.5, 1.0)  # the axis kx = 0 stands there twice
        kx, ky = (kx + 0 * ky).flatten(), (ky + 0 * kx).flatten()
        length = max(1.0, float(radii[1] - radii[0]))
        itself, opposite = [], []
        for angle in angles.tolist():
            along = math.cos(angle) * kx + math.sin(angle) * ky
            across = -math.sin(angle) * kx + math.cos(angle) * ky
            width = (radii * math.pi / len(angles)).clamp_min(1.0)[:, None]
            near = once * (1 - across.abs() / width).clamp_min(0.0)
            itself.append(near * (1 - (along - radii[:, None]).abs() / length).clamp_min(0.0))
            opposite.append(near * (1 - (-along - radii[:, None]).abs() / length).clamp_min(0.0))
        ahead, behind = torch.cat(itself), torch.cat(opposite)
        total = (ahead + behind).sum(1, keepdim=True)
        return ((ahead + behind) / total).float(), ((ahead - behind) / total).float()

    def transform(self, images: Tensor) -> Tensor:
        """Real and imaginary parts within the band of images (n, m, s, s), shape (m, 2, frequencies, n)."""
        centred = (images - images.mean((-2, -1), keepdim=True)).mul_(self.window)
        spectra = torch.view_as_real(torch.fft.rfft2(centred, norm="ortho"))
        planes = spectra[..., : self._reach + 1, :].permute(
            1, 4, 2, 3, 0
        )  # patches last: cells add up rows
        band = torch.cat([planes[:, :, -self._reach :], planes[:, :, : self._reach + 1]], 2)
        return band.flatten(2, 3)

    def averaged(self, maps: Tensor, odd: bool = False) -> Tensor:
        """Means over the cells, (angles * radii, n), of real (frequencies, n).

        ``odd``: the maps change sign from k to -k.
        """
        shares = self.odd if odd else self.even
        return nnf.embedding_bag(self.members, maps, self.firsts, mode="sum", per_sample_weights=shares)

    def power(self, spectrum: Tensor) -> Tensor:
        """Mean power |F|^2 per cell of one (2, frequencies, n)."""
        real, imaginary = spectrum.square()
        return self.averaged(real + imaginary)

    def coherent_power(self, one: Tensor, other: Tensor) -> Tensor:
        """|<F1 F2*>| per cell: white noise averages away in it, and the sign of the contrast with it."""
        (a, b), (c, d) = one, other
        # in separate products, so that swapping the images negates the imaginary part exactly
        real, imaginary = self.averaged(a * c + b * d), self.averaged(b * c - a * d, odd=True)
        return torch.sqrt(real.square() + imaginary.square() + 1e-30)
