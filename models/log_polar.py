"""Power spectra over angle and logarithm of the frequency, where more blur is a shifted map."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

NEAREST = 1.5  # cycles per patch: below, the window's own width hides what a patch holds
HANN_CELLS = 2.25  # neighbouring frequencies of a Hann window count as one


class LogPolarSpectra(nn.Module):
    """Mean power spectra of Hann-windowed square patches on cells of angle x log radius.

    Angles run over half a turn, which is all that the power of a real image has; radii run to the
    highest frequency along the axes, each the same factor above the last. White noise of variance
    v has the power v in all cells.

    Args:
        patch_px: edge of the patches.
        angles: number of directions over 180 degrees.
        radii: number of cells along the radius.
        lowest: the first radius [cycles per patch].

    Attributes:
        k: radii [rad/px], shape (radii,).
        angle: directions [rad] from x towards y, shape (angles,).
        count: independent frequencies in each cell of one patch, shape (angles, radii).
    """

    window: Tensor
    cells: Tensor
    k: Tensor
    angle: Tensor
    count: Tensor

    def __init__(self, patch_px: int, angles: int, radii: int, lowest: float = 2.0) -> None:
        super().__init__()
        self.patch_px, self.shape = patch_px, (angles, radii)
        hann = torch.hann_window(patch_px, periodic=True)
        self.register_buffer("window", hann[:, None] * hann[None, :], persistent=False)
        self.step = math.log(patch_px / 2 / lowest) / (radii - 1)
        radius = lowest * torch.exp(self.step * torch.arange(radii, dtype=torch.float64))
        angle = math.pi / angles * (torch.arange(angles, dtype=torch.float64) + 0.5)
        shares = [self._shares(float(a), float(r)) for a in angle for r in radius]
        self.register_buffer("cells", self._sparse(shares), persistent=False)
        self.register_buffer("k", (2 * math.pi / patch_px * radius).float(), persistent=False)
        self.register_buffer("angle", angle.float(), persistent=False)
        alike = torch.tensor([1.0 / float((share**2).sum()) for _, share in shares])
        count = (alike / HANN_CELLS).clamp_min(1.0).view(self.shape)
        self.register_buffer("count", count, persistent=False)

    def cell_sds(self, radius: float) -> tuple[float, float]:
        """Standard deviations of a cell along and across its radius [all in cycles per patch]."""
        return max(0.5 * radius * self.step, 0.5), max(0.5 * radius * math.pi / self.shape[0], 0.5)

    def _shares(self, angle: float, radius: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Frequencies that a cell averages, as indices into a flat ``rfft2``, and their shares.

        A Gaussian over the cell, at least half a frequency wide, cut off at two standard deviations.
        """
        n, width = self.patch_px, self.patch_px // 2 + 1
        along_sd, across_sd = self.cell_sds(radius)
        reach = math.ceil(2 * max(along_sd, across_sd)) + 1
        row, column = round(radius * math.sin(angle)), round(radius * math.cos(angle))
        ky = np.arange(max(row - reach, -n // 2), min(row + reach, n // 2 - 1) + 1)[:, None]
        kx = np.arange(max(column - reach, -n // 2), min(column + reach, n // 2) + 1)[None, :]
        along = math.cos(angle) * kx + math.sin(angle) * ky - radius
        across = math.cos(angle) * ky - math.sin(angle) * kx
        distance = (along / along_sd) ** 2 + (across / across_sd) ** 2
        used = (distance < 4.0) & (kx**2 + ky**2 > NEAREST**2)
        share = np.exp(-0.5 * distance[used])
        # the power at -k is that at k, which alone stands in an rfft2
        index = (np.where(kx < 0, -ky, ky) % n * width + np.abs(kx))[used]
        return index, share / share.sum()

    def _sparse(self, shares: list[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> Tensor:
        rows = np.concatenate([np.full(len(index), cell) for cell, (index, _) in enumerate(shares)])
        indices = np.stack([rows, np.concatenate([index for index, _ in shares])])
        values = torch.from_numpy(np.concatenate([share for _, share in shares])).float()
        size = (len(shares), self.patch_px * (self.patch_px // 2 + 1))
        return torch.sparse_coo_tensor(
            torch.from_numpy(indices), values, size, check_invariants=True
        ).coalesce()

    def forward(self, patches: Tensor) -> Tensor:
        """Mean power (angles, radii) of patches (p, s, s) of one image."""
        centred = (patches - patches.mean((-2, -1), keepdim=True)) * self.window
        spectra = torch.fft.rfft2(centred, norm="ortho")
        power = (spectra.real.square() + spectra.imag.square()).mean(0) / self.window.square().mean()
        averaged: Tensor = torch.sparse.mm(self.cells, power.reshape(-1, 1))
        return averaged.view(self.shape)
